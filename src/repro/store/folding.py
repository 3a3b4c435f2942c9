"""Folds runs as they grow cold, and packs refs, so that git stays as quick as it was without runs.

git looks at every ref of its repository in each fetch and push. Runs of the last hour, and the
newest whatever their age, stay on refs of their own: those are pushed, removed and looked at most.
"""

import fcntl
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from repro.errors import ReproError
from repro.git.refs import RefChange, RefMovedError, list_refs, update_refs
from repro.git.repository import GitError, Repository
from repro.model.ids import ARCHIVE_REFS, RUN_REFS, Oid, RefName, WriterId, run_id_from_ref
from repro.store.archive import SEGMENT_RUNS, fold_runs
from repro.store.writer import current_writer

__all__ = ["fold_cold_runs", "pack_refs", "tend_refs"]

MAX_COLD_RUNS = 1_000
"""So many cold runs may be on refs of their own before some are folded."""
MAX_LOOSE_RUNS = 256
"""So many refs may have files of their own before git packs them."""
_N_KEPT = 100
_COLD_AFTER = timedelta(hours=1)
_MOST_AT_ONCE = SEGMENT_RUNS
"""Folding a thousand takes a tenth of a second or two: what has piled up goes bit by bit."""


def tend_refs(repo: Repository, *, now: datetime) -> None:
    """Folds and packs where that is due, and says nothing: called after a run was recorded.

    The run is recorded, whatever happens here; what is not done now is done after the next one, and
    `repro gc` does the same aloud. While nothing is due it starts no process.

    Args:
        repo: The repository.
        now: Aware.
    """
    try:
        n_loose, names = _names(repo)
        if len(_cold(names, now)) > MAX_COLD_RUNS:
            fold_cold_runs(repo, now=now, at_least=MAX_COLD_RUNS, at_most=_MOST_AT_ONCE)
        elif n_loose > MAX_LOOSE_RUNS:
            pack_refs(repo)
    except (ReproError, OSError):
        # A lock that another git holds, a disk that is full, a directory that is read-only: git
        # works on as before, only a little slower.
        return


def fold_cold_runs(
    repo: Repository,
    *,
    now: datetime,
    at_least: int = 0,
    at_most: int | None = None,
    writer: WriterId | None = None,
) -> int:
    """Folds cold runs into an archive and packs what refs are left.

    A run that an archive holds already only loses its ref. Where another process folds at the same
    time, the work is left to it.

    Args:
        repo: The repository.
        now: Aware; runs of the last hour before it are not cold.
        at_least: Nothing is done unless more than so many are cold; then whole segments are made.
        at_most: No more than so many are folded, the oldest first.
        writer: Whose archive; by default this clone's.

    Returns:
        How many runs lost their refs.

    Raises:
        GitError: git could not write.
        OSError: repro's directory cannot be written.
    """
    refs = list_refs(repo, RUN_REFS)
    cold_names = frozenset(_cold([ref.removeprefix(RUN_REFS) for ref, _ in refs], now))
    cold = [(ref, oid) for ref, oid in refs if ref.removeprefix(RUN_REFS) in cold_names]
    if len(cold) <= at_least:
        return 0
    os.makedirs(repo.state_dir, exist_ok=True)
    fd = os.open(f"{repo.state_dir}/fold.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        held = _held(repo, cold)
        update_refs(repo, [RefChange(ref, oid, None) for ref, oid in held])
        rest = sorted(frozenset(cold).difference(held))[:at_most]
        if at_least:
            rest = rest[: len(rest) - len(rest) % SEGMENT_RUNS]
        n_folded = fold_runs(repo, rest, writer=writer or current_writer(repo), at=now)
    except (
        RefMovedError
    ):  # somebody folds, removes or pulls: nothing is lost, and a later time does
        return 0
    finally:
        os.close(fd)
    if held or n_folded:
        pack_refs(repo)
    return len(held) + n_folded


def pack_refs(repo: Repository) -> None:
    """Makes git's own look at many refs quick; where that fails, nothing but time is lost."""
    packing = repo.start("pack-refs", "--all")
    graph = repo.start("commit-graph", "write", "--reachable", "--split", "--no-progress")
    packing.result()
    graph.result()


def _names(repo: Repository) -> tuple[int, list[str]]:
    """Returns how many run refs are files of their own, and the names of all, from files alone."""
    if os.path.exists(f"{repo.common_dir}/reftable"):
        return 0, [ref.removeprefix(RUN_REFS) for ref, _ in list_refs(repo, RUN_REFS)]
    try:
        loose = [name for name in os.listdir(f"{repo.common_dir}/{RUN_REFS}") if "." not in name]
    except FileNotFoundError:
        loose = []
    try:
        with open(f"{repo.common_dir}/packed-refs", "rb") as file:
            rows = file.read().split(f" {RUN_REFS}".encode())[1:]
    except FileNotFoundError:
        rows = []
    packed = (row.partition(b"\n")[0].decode("ascii", "replace") for row in rows)
    return len(loose), list({*loose, *packed})


def _cold(names: Sequence[str], now: datetime) -> list[str]:
    """Returns the names of runs that are old and not among the newest, oldest first."""
    if len(names) <= _N_KEPT:
        return []
    before = f"{(now - _COLD_AFTER).astimezone(UTC):%Y%m%dT%H%M%S}"
    runs = sorted(name for name in names if run_id_from_ref(RefName(name)) == name)
    return [name for name in runs[:-_N_KEPT] if name < before]


def _held(repo: Repository, runs: Sequence[tuple[RefName, Oid]]) -> list[tuple[RefName, Oid]]:
    """Returns the runs that an archive lists and keeps alive."""
    archives = list_refs(repo, ARCHIVE_REFS)
    if not archives:
        return []
    from repro.git.objects import read_objects
    from repro.store.archive import list_segments, read_segment

    kept = _parents(repo, [oid for _, oid in archives])
    maybe = {oid for _, oid in runs if oid in kept}
    if not maybe:
        return []
    segments = list_segments(repo, archives)
    contents = read_objects(repo, [oid for _, oid in segments])
    listed = {
        line.oid
        for (ref, _), content in zip(segments, contents, strict=True)
        for line in read_segment(ref, content or b"")
        if line.oid in maybe
    }
    return [(ref, oid) for ref, oid in runs if oid in listed]


def _parents(repo: Repository, tips: Sequence[Oid]) -> frozenset[str]:
    """Returns the parents of the commits of archives: what they keep alive."""
    stdin = "".join(f"{tip}\n" for tip in tips).encode("ascii")
    try:
        out = repo.git("rev-list", "--first-parent", "--parents", "--stdin", stdin=stdin)
    except GitError:  # a damaged archive keeps nothing
        return frozenset()
    return frozenset(out.decode("ascii").split())
