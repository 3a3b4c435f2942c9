"""Folds runs on a remote: its archive holds them, so their own refs there can go."""

from typing import NamedTuple

from repro.git.refs import list_refs
from repro.git.remote_errors import RemoteError, explain_refusal
from repro.git.remotes import GitRemote, OnProgress, RefPush, list_remote_refs, push_refs
from repro.git.repository import Repository
from repro.model.ids import ARCHIVE_REFS, RUN_REFS, Oid, RefName, archive_ref, run_id_from_ref
from repro.share.check_archive import is_ancestor
from repro.share.own import part_from_copies
from repro.share.there import SHARED_REFS
from repro.store.folded import read_folded_runs
from repro.store.writer import own_writers

__all__ = ["RemoteFold", "fold_remote"]

_BATCH_REFS = 500
"""git takes time that grows with the square of the refs deleted in a push."""
_MAX_TRIES = 5


class RemoteFold(NamedTuple):
    """What a fold on a remote did, or would do.

    Attributes:
        remote: Its name.
        n_runs: Refs that went there, of runs that its archive holds.
        n_refs: Refs of runs that it had before.
    """

    remote: str
    n_runs: int
    n_refs: int


def fold_remote(
    repo: Repository,
    remote: GitRemote,
    *,
    dry_run: bool = False,
    on_progress: OnProgress | None = None,
) -> RemoteFold:
    """Pushes this clone's archives, and deletes the refs there of the runs that they hold.

    A ref goes only when the archive on the remote holds the very commit that it names.

    Args:
        repo: The repository.
        remote: The remote.
        dry_run: Whether only to count.
        on_progress: Is told how far git is.

    Raises:
        RemoteError: The remote cannot be asked, or refuses.
        GitError: git could not read.
    """
    n_gone = 0
    n_refs: int | None = None
    for _ in range(_MAX_TRIES):
        theirs = list_remote_refs(repo, remote, *SHARED_REFS, to_push=True)
        if part_from_copies(repo, remote, theirs):
            theirs = list_remote_refs(repo, remote, *SHARED_REFS, to_push=True)
        hot = {ref: oid for ref, oid in theirs.items() if ref.startswith(RUN_REFS)}
        n_refs = len(hot) if n_refs is None else n_refs
        gone = _held(repo, hot)
        if dry_run or not gone:
            return RemoteFold(remote.name, n_gone + len(gone), n_refs)
        # The archives first: a run is there twice for a moment, and never not at all.
        moves = [
            RefPush(ref, theirs.get(ref), tip)
            for ref, tip in _own_archives(repo).items()
            if theirs.get(ref) != tip and not _is_ahead(repo, theirs.get(ref), tip)
        ]
        if not _push(repo, remote, moves, on_progress):
            continue
        pushes = [RefPush(ref, oid, None) for ref, oid in gone.items()]
        is_current = True
        for start in range(0, len(pushes), _BATCH_REFS):
            batch = pushes[start : start + _BATCH_REFS]
            try:
                is_current = _push(repo, remote, batch, on_progress)
            except RemoteError as error:
                if "remote ref does not exist" not in error.stderr:
                    raise
                is_current = False
            if not is_current:
                break
            n_gone += len(batch)
        if is_current:
            return RemoteFold(remote.name, n_gone, n_refs)
    raise RemoteError(
        remote.name, "others push to it at the same moment", "", hint="run the command again"
    )


def _own_archives(repo: Repository) -> dict[RefName, Oid]:
    own = {archive_ref(writer) for writer in own_writers(repo)}
    return {ref: tip for ref, tip in list_refs(repo, ARCHIVE_REFS) if ref in own}


def _held(repo: Repository, hot: dict[RefName, Oid]) -> dict[RefName, Oid]:
    """Returns the refs whose very commits our archives hold."""
    archives = list(_own_archives(repo).items())
    folded = {run.id: run.oid for run in read_folded_runs(repo, archives)}
    found = {}
    for ref, oid in hot.items():
        run_id = run_id_from_ref(ref)
        if run_id is not None and folded.get(run_id) == oid:
            found[ref] = oid
    return found


def _is_ahead(repo: Repository, theirs: Oid | None, ours: Oid) -> bool:
    return theirs is not None and is_ancestor(repo, ours, theirs)


def _push(
    repo: Repository, remote: GitRemote, pushes: list[RefPush], on_progress: OnProgress | None
) -> bool:
    """Pushes refs; returns False when somebody else had moved one."""
    rows = push_refs(repo, remote, pushes, on_progress=on_progress)
    for row in rows:
        if not row.is_done and not row.was_quicker:
            raise RemoteError(
                remote.name,
                f"it does not let {row.ref} be changed: {explain_refusal(row.reason, row.said)}",
                row.said,
                hint="ask who runs the remote for the right to delete refs below refs/repro",
            )
    return all(row.is_done for row in rows)
