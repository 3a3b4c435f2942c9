"""What of each run is where: its record, its code and its data, here and on a remote."""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from repro.git.remotes import GitRemote, list_remote_refs
from repro.git.repository import Repository
from repro.model.ids import Oid, RunId
from repro.model.summary import Summary
from repro.share.bytes import object_store, present_bytes
from repro.share.needs import Need, needs_of
from repro.share.pending import note_pending, read_pending
from repro.share.there import SHARED_REFS, runs_there
from repro.store.shared import note_shared, read_note

__all__ = ["Code", "Data", "Record", "Whereabouts", "survey"]


class Record(StrEnum):
    """Where the record of a run is."""

    HERE = "here"
    THERE = "there"
    """On the remote alone."""
    BOTH = "both"
    OTHER = "another run"
    """The remote has another run with this id."""


class Code(StrEnum):
    """How others get at the code of a run: the commit that it was begun from."""

    BRANCH = "branch"
    """It is on a branch of the remote, as of the last fetch or push; changes are with the run."""
    RUN = "with the run"
    """Only the run keeps it."""
    NO = "no"
    """It is not on the remote."""
    UNKNOWN = "?"
    """The run is not here."""


class Data(StrEnum):
    """How much of a run's data and artifacts the DVC remotes have."""

    ALL = "all"
    SOME = "some"
    NONE = "no"
    NOT_NEEDED = "-"
    """All of it is in the run's own commit, or there is none."""
    UNKNOWN = "?"
    """The run is not here, or the DVC remotes cannot be asked."""


class Whereabouts(NamedTuple):
    """Where a run is.

    Attributes:
        id: The run.
        record: Where its record is.
        code: Where its code is.
        data: Whether the DVC remotes have its data.
        data_remotes: Names of those that do.
    """

    id: RunId
    record: Record
    code: Code
    data: Data
    data_remotes: tuple[str, ...] = ()


def survey(
    repo: Repository, remote: GitRemote, runs: Sequence[Summary], *, known: Mapping[RunId, Oid]
) -> list[Whereabouts]:
    """Asks a git remote and the DVC remotes what they have, and notes the answers.

    Args:
        repo: The repository.
        remote: The git remote.
        runs: The runs here that are asked about.
        known: Every run that is here; the others of the remote are named as well.

    Returns:
        The runs asked about, in their order, then those that are on the remote alone, newest first.

    Raises:
        RemoteError: The git remote cannot be asked.
        GitError: git could not read.
    """
    there = runs_there(repo, list_remote_refs(repo, remote, *SHARED_REFS))
    on_branches = _on_branches(repo, remote, {run.commit for run in runs if run.commit})
    needs = needs_of(repo, [(run.id, run.oid) for run in runs])
    present = present_bytes(repo, list(needs.values()))
    rows = []
    for run in runs:
        record = _record(run.oid, there.get(run.id))
        data, names = _data(needs[run.id], present)
        rows.append(Whereabouts(run.id, record, _code(run, record, on_branches), data, names))
    _note(repo, remote, rows, there=there, known=known, needs=needs, present=present)
    alone = sorted(there.keys() - known.keys(), reverse=True)
    return [*rows, *(Whereabouts(x, Record.THERE, Code.UNKNOWN, Data.UNKNOWN) for x in alone)]


def _record(ours: Oid, theirs: Oid | None) -> Record:
    if theirs is None:
        return Record.HERE
    return Record.BOTH if ours == theirs else Record.OTHER


def _on_branches(repo: Repository, remote: GitRemote, commits: Collection[Oid]) -> frozenset[Oid]:
    """Returns the commits that branches of the remote hold, as far as git knows them here."""
    if not remote.is_named or not commits:
        return frozenset()
    stdin = "".join(f"{oid}\n" for oid in commits).encode("ascii")
    # One by one, a commit that is missing would end it all.
    args = ("rev-list", "--ignore-missing", "--stdin", "--not", f"--remotes={remote.name}")
    beyond = repo.git(*args, stdin=stdin).decode("ascii").split()
    return frozenset(commits) - frozenset(beyond)


def _code(run: Summary, record: Record, on_branches: Collection[Oid]) -> Code:
    if run.commit is not None and run.commit in on_branches:
        return Code.BRANCH
    return Code.RUN if record is Record.BOTH else Code.NO


def _data(need: Need, present: Mapping[str, str]) -> tuple[Data, tuple[str, ...]]:
    if not need.entries:
        return Data.NOT_NEEDED, ()
    names = tuple(sorted({present[value] for value in need.hashes if value in present}))
    n_there = sum(1 for value in need.hashes if value in present)
    if n_there == len(need.hashes):
        return Data.ALL, names
    return (Data.SOME if n_there else Data.NONE), names


def _note(
    repo: Repository,
    remote: GitRemote,
    rows: Sequence[Whereabouts],
    *,
    there: Mapping[RunId, Oid],
    known: Mapping[RunId, Oid],
    needs: Mapping[RunId, Need],
    present: Mapping[str, str],
) -> None:
    shared = read_note(repo, remote.name)
    asked = frozenset(value for need in needs.values() for value in need.hashes)
    data = {name: hashes - asked for name, hashes in shared.data.items()}
    for value, name in present.items():
        data[name] = data.get(name, frozenset()) | {value}
    runs = frozenset(run for run, oid in there.items() if known.get(run, oid) == oid)
    note_shared(repo, shared._replace(runs=runs, data={k: v for k, v in data.items() if v}))
    # A later push sends what is missing there and whole here, whoever pushed the run.
    store = object_store(repo)
    lacking = {row.id for row in rows if row.data in (Data.SOME, Data.NONE)}
    lacking &= {row.id for row in rows if row.record is Record.BOTH}
    ours = {run for run in lacking if all(store.has(value) for value in needs[run].hashes)}
    pending = read_pending(repo, remote.name, "to-send")
    kept = (pending - {row.id for row in rows}) | (pending & lacking) | ours
    note_pending(repo, remote.name, "to-send", kept)
