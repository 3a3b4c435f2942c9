"""What is needed of the object store: by runs, trash, pulls under way, undo entries, running runs.

What cannot be read is named, and then nothing may be deleted.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from repro.data.store import ObjectStore, object_path
from repro.git.objects import read_objects
from repro.git.repository import GitError, Repository
from repro.model.data import Place
from repro.model.ids import (
    ARCHIVE_REFS,
    INCOMING_REFS,
    RUN_REFS,
    TRASH_REFS,
    Oid,
    RefName,
    RunId,
    run_id_from_ref,
    short_id,
)
from repro.record.live import LiveRun, list_live_runs
from repro.store.archive import Folded, list_segments, read_segment
from repro.store.reachable_data import Expanded, Holdings, expand, read_holdings

__all__ = ["Needs", "Without", "needs_of", "oldest_live_ns"]

_HASH = re.compile(rb"(?<![0-9a-f])[0-9a-f]{32}(?:\.dir)?")
_ID = re.compile(rb'"id": ?"([0-9T]{15}-[k-z]{8})"')
_UNREAD = ("trace", "output")
"""Files of a running run that name no objects and may be large."""

Unknown = tuple[str, str, str]
"""What could not be read, why, and the command to type."""
_Runs = dict[Oid, RunId]


class Without(NamedTuple):
    """Runs that are about to go, so that a dry run counts as the real one does.

    Attributes:
        trash: Those that leave the trash.
        runs: Those that leave altogether.
    """

    trash: frozenset[RunId] = frozenset()
    runs: frozenset[RunId] = frozenset()


class Needs(NamedTuple):
    """What must stay in the object store.

    Attributes:
        hashes: The objects, the files of directories among them.
        unknown: What could not be read: then other objects may be needed as well.
        holdings: What the records of runs name.
        expanded: The same with the files of directories.
        runs: The commits of the runs.
        others: What something else than a run needs.
    """

    hashes: frozenset[str]
    unknown: tuple[Unknown, ...]
    holdings: Holdings
    expanded: Expanded
    runs: dict[Oid, RunId]
    others: frozenset[str] = frozenset()


def needs_of(repo: Repository, store: ObjectStore, *, without: Without) -> Needs:
    """Reads what is needed.

    Args:
        repo: The repository.
        store: Its object store.
        without: Runs that do not count any more.

    Raises:
        GitError: git could not read the runs.
        OSError: What is known of running runs cannot be read.
    """
    from repro.restore.old_undo import data_of_undo
    from repro.restore.state import StateError

    unknown: list[Unknown] = []
    # Running runs before refs: a run that ends meanwhile is then found in one place or the other.
    hashes = {found for live in list_live_runs(repo) for found in _named_by(live)}
    of_undo: set[str] = set()
    try:
        of_undo = data_of_undo(repo)
    except StateError as error:
        unknown.append(("an undo entry", error.message, error.hint or "repro undo --list"))
    runs = _kept_commits(repo, without, unknown)
    holdings = read_holdings(repo, list(runs))
    for oid, reason in holdings.unreadable.items():
        unknown.append((f"run {runs[oid]}", reason, "repro fsck"))
    expanded = expand(
        hashes | of_undo | holdings.named(), store, also=lambda value: _from_dvc(repo, store, value)
    )
    unknown += _unknown_directories(repo, expanded, holdings, runs)
    unknown += [
        ("an undo entry", f"the list of the files in {value} is not here", "repro undo --list")
        for value in expanded.unknown
        if value in of_undo
    ]
    hashes |= of_undo
    others = frozenset(hashes).union(*(expanded.files_of.get(value, ()) for value in hashes))
    return Needs(expanded.hashes, tuple(unknown), holdings, expanded, runs, others)


def _kept_commits(repo: Repository, without: Without, unknown: list[Unknown]) -> _Runs:
    """Returns the commits of all runs that count: known, in the trash, or being pulled.

    Read from git itself, not from an index, and what a listing may pass over is an error here.
    """
    from repro.store.removal import removed_here

    found: _Runs = {}
    archives: list[tuple[RefName, Oid]] = []
    # Twice: for those that are removed, restored or pulled meanwhile, from one prefix to another.
    for ref, oid in (*_all_refs(repo, unknown), *_all_refs(repo, unknown)):
        run = run_id_from_ref(ref)
        if ref.startswith(ARCHIVE_REFS) or (run is None and "/archive/" in ref):
            archives.append((ref, oid))
        elif run is None and ref.startswith((RUN_REFS, TRASH_REFS)):
            unknown.append((ref, "it names no run", f"git show {ref}"))
        elif run is not None and run not in (
            without.trash if ref.startswith(TRASH_REFS) else without.runs
        ):
            found[oid] = run
    hidden = removed_here(repo) | without.runs
    for ref, line in _folded(repo, list(dict.fromkeys(archives)), unknown):
        run_id = _id_of(line)
        if run_id is None:
            unknown.append((ref, "it is damaged where it lists runs", "repro fsck"))
        elif run_id not in hidden or ref.startswith(INCOMING_REFS):
            found.setdefault(line.oid, run_id)
    return found


def _all_refs(repo: Repository, unknown: list[Unknown]) -> list[tuple[RefName, Oid]]:
    prefixes = (RUN_REFS, ARCHIVE_REFS, TRASH_REFS, INCOMING_REFS)
    flags = ("--format=%(objectname) %(refname)",)
    result = repo.start("for-each-ref", *flags, *prefixes).result()
    if result.code != 0:
        raise GitError(("for-each-ref",), result)
    if b"broken ref" in result.err:  # which git passes over with a warning
        words = result.err.decode("utf-8", "replace").strip().splitlines()
        unknown.append(("a ref", words[0], "repro fsck"))
    rows = (line.split(" ", 1) for line in result.out.decode("utf-8", "replace").splitlines())
    return [(RefName(ref), Oid(oid)) for oid, ref in rows]


def _folded(
    repo: Repository, archives: list[tuple[RefName, Oid]], unknown: list[Unknown]
) -> Iterator[tuple[RefName, Folded]]:
    segments = list_segments(repo, archives) if archives else []
    contents = read_objects(repo, [oid for _, oid in segments])
    for (ref, _), content in zip(segments, contents, strict=True):
        lines = list(read_segment(ref, content or b""))
        if content is None or len(lines) != sum(map(bool, content.split(b"\n"))):
            unknown.append((ref, "what it lists is damaged or lost", "repro fsck"))
        yield from ((ref, line) for line in lines)


def _id_of(line: Folded) -> RunId | None:
    found = _ID.search(line.summary)
    return RunId(found[1].decode("ascii")) if found else None


def _named_by(live: LiveRun) -> Iterator[str]:
    """Yields whatever looks like an object in the journal of a running run."""
    try:
        names = os.listdir(live.directory)
    except FileNotFoundError:  # it has ended
        return
    for name in names:
        if name.startswith(_UNREAD):
            continue
        path = f"{live.directory}/{name}"
        with suppress(FileNotFoundError, IsADirectoryError), open(path, "rb") as file:
            yield from (match.decode("ascii") for match in _HASH.findall(file.read()))


def oldest_live_ns(repo: Repository) -> int | None:
    """Returns since when the oldest running run is known; None when none runs.

    What was stored since then may be that run's, whatever its journal says.
    """
    found = []
    for live in list_live_runs(repo):
        with suppress(FileNotFoundError):
            found.append(os.stat(live.lock_path).st_mtime_ns)
    return min(found, default=None)


def _from_dvc(repo: Repository, store: ObjectStore, value: str) -> bytes | None:
    """Returns a manifest from DVC's cache, or what may be aside in the store."""
    from repro.data.dvc_config import cache_roots
    from repro.data.hashing import hash_bytes

    for root in (*cache_roots(repo.top), f"{store.root}/leaving"):
        path = f"{root}/{value}" if root.endswith("/leaving") else object_path(root, value)
        with suppress(OSError), open(path, "rb") as file:
            content = file.read()
            if hash_bytes(content) == value[:32]:
                return content
    return None


def _unknown_directories(
    repo: Repository, expanded: Expanded, holdings: Holdings, runs: _Runs
) -> Iterator[Unknown]:
    from repro.store.shared import shared_with

    promised = holdings.named(only=Place.STORE)
    lost = [value for value in expanded.unknown if value in promised]
    if not lost:
        return
    shared = shared_with(repo)
    on_remotes = frozenset[str]().union(*(x for known in shared for x in known.data.values()))
    shared_runs = frozenset[RunId]().union(*(known.runs for known in shared))
    for value in lost:
        if value not in on_remotes:
            run = next(run for oid, run in runs.items() if holdings.names(oid, value))
            reason = f"the list of the files in {value} is not here"
            fix = f"repro pull {short_id(run)}" if run in shared_runs else "repro fsck --repair"
            yield f"run {short_id(run)}", reason, fix
