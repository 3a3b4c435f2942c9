"""The bytes of runs, to the repository's DVC remote and from it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from repro.data.locate import Missing, ensure
from repro.data.store import ObjectStore
from repro.git.objects import read_file
from repro.git.repository import Repository
from repro.model.data import Artifact, DataEntry
from repro.model.ids import RunId
from repro.share.needs import Need

__all__ = [
    "Brought",
    "Unsent",
    "bring_bytes",
    "default_remote",
    "object_store",
    "present_bytes",
    "send_bytes",
]

OnBytes = Callable[[int, int], None]


class Unsent(NamedTuple):
    """What came of sending the bytes of some runs.

    Attributes:
        remote: Name of the DVC remote, None when there is none.
        n_sent: Objects that it did not have before.
        shared: Every object asked for that it has now.
        reasons: Why, for each run that needs an object which it does not have.
    """

    remote: str | None
    n_sent: int
    shared: frozenset[str]
    reasons: Mapping[RunId, str]


class Brought(NamedTuple):
    """What came of bringing the bytes of some runs.

    Attributes:
        size_bytes: Of the entries that lacked something and are whole now.
        n_entries: How many these are.
        missing: Path and reason of what could not be had, by run.
    """

    size_bytes: int
    n_entries: int
    missing: Mapping[RunId, tuple[tuple[str, str], ...]]


def object_store(repo: Repository) -> ObjectStore:
    """Returns the repository's object store."""
    return ObjectStore(f"{repo.state_dir}/store")


def default_remote(repo: Repository) -> str | None:
    """Returns the name of the DVC remote that data goes to, None when there is none."""
    from repro.data.dvc_remotes import remote_names

    return next(iter(remote_names(repo.top)), None)


def send_bytes(
    repo: Repository, needs: Iterable[Need], *, on_progress: OnBytes | None = None
) -> Unsent:
    """Sends what runs need to the DVC remote, as far as it lacks it.

    Raises:
        OSError: The object store cannot be read.
    """
    from repro.data.dvc_remotes import send

    needs = [need for need in needs if need.entries]
    hashes = list(dict.fromkeys(value for need in needs for value in need.hashes))
    if not hashes:
        return Unsent(None, 0, frozenset(), {})
    store = object_store(repo)
    entries = _distinct(needs)
    # What DVC's cache or the working tree still has, and the store lacks, is sent too.
    ensure(entries, store=store, top=repo.top, allow_remote=False)
    inside = [entry.path for entry in entries]
    sent = send(repo.top, hashes, store, inside=inside, on_progress=on_progress)
    reasons = {}
    for need in needs:
        failed = sorted(need.hashes & sent.failed.keys())
        if failed:
            paths = {entry.hash: entry.path for entry in need.entries}
            more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
            reasons[need.run] = f"{paths[failed[0]]}: {sent.failed[failed[0]]}{more}"
    shared = frozenset(hashes) - sent.failed.keys()
    return Unsent(sent.remote, len(sent.sent), shared, reasons)


def present_bytes(repo: Repository, needs: Sequence[Need]) -> dict[str, str]:
    """Returns the name of a DVC remote that has it, for each object that one has whole."""
    from repro.data.dvc_remotes import present

    hashes = list(dict.fromkeys(value for need in needs for value in need.hashes))
    if not hashes:
        return {}
    inside = [entry.path for entry in _distinct(needs)]
    return present(repo.top, hashes, inside=inside, store=object_store(repo))


def bring_bytes(
    repo: Repository, needs: Sequence[Need], *, on_progress: OnBytes | None = None
) -> Brought:
    """Brings what runs need into the object store, from wherever it is.

    Raises:
        OSError: The object store cannot be written.
    """
    store = object_store(repo)
    entries = [entry for entry in _distinct(needs) if store.missing(entry.hash)]
    missing = ensure(entries, store=store, top=repo.top, on_progress=on_progress)
    if missing:
        missing = _ask_by_their_own_files(repo, needs, missing, on_progress=on_progress)
    reasons = {item.path: _why_missing(item.looked_in) for item in missing}
    lacking = {entry.hash for entry in entries if store.missing(entry.hash)}
    whole = [entry for entry in entries if entry.hash not in lacking]
    by_run = {}
    for need in needs:
        rows = [
            (entry.path, _reason(entry.path, reasons))
            for entry in need.entries
            if entry.hash in lacking
        ]
        if rows:
            by_run[need.run] = tuple(dict.fromkeys(rows))
    return Brought(sum(entry.size_bytes for entry in whole), len(whole), by_run)


def _ask_by_their_own_files(
    repo: Repository,
    needs: Sequence[Need],
    missing: Sequence[Missing],
    *,
    on_progress: OnBytes | None,
) -> tuple[Missing, ...]:
    """Tries again with what the DVC files of each run tell of places; returns what is missing."""
    store = object_store(repo)
    found = {item.path: item for item in missing}
    for need in needs:
        entries = [x for x in need.entries if isinstance(x, DataEntry) and x.pointer is not None]
        lacking = [entry for entry in entries if store.missing(entry.hash)]
        if lacking:
            still = ensure(
                lacking,
                store=store,
                top=repo.top,
                read_pointer=partial(read_file, repo, need.commit),
                on_progress=on_progress,
            )
            found |= {item.path: item for item in still}
    return tuple(found.values())


def _why_missing(looked_in: Sequence[str]) -> str:
    """Returns what the DVC remotes said, which were asked last, if there are any."""
    said = looked_in[-1].partition("DVC remotes (")[2] if looked_in else ""
    return said.removesuffix(")") or "it is not here, and there is no DVC remote to ask"


def _reason(path: str, reasons: Mapping[str, str]) -> str:
    if path in reasons:
        return reasons[path]
    below = (reason for name, reason in reasons.items() if name.startswith(f"{path}/"))
    return next(below, "nowhere to be found")


def _distinct(needs: Iterable[Need]) -> list[DataEntry | Artifact]:
    return list({entry.hash: entry for need in needs for entry in need.entries}.values())
