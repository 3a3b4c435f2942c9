"""``repro checkout RUN --worktree DIR``: a run beside one's work, which is not touched."""

import os
from contextlib import suppress
from dataclasses import replace

from repro.data.place import Link
from repro.data.store import CorruptObjectError, MissingObjectError
from repro.errors import ReproError
from repro.git.repository import GitError, Repository
from repro.git.working_tree import set_head
from repro.git.worktrees import add_worktree, fill_worktree, remove_worktree
from repro.model.run import Record
from repro.model.summary import Summary
from repro.restore.bring import bring_data, unlike
from repro.restore.change import place_data
from repro.restore.checkout import Outcome
from repro.restore.dvc_settings import share_cache
from repro.restore.move import RestoreMismatchError
from repro.restore.plan import GITLINK, Files
from repro.restore.record_dir import write_record_dir
from repro.restore.state import set_checked_out
from repro.restore.stores import Stores, open_stores
from repro.restore.survey import files_of
from repro.restore.tables import with_tables_checked
from repro.restore.target import Target, run_target

__all__ = ["DirectoryTakenError", "checkout_worktree", "require_free"]


class DirectoryTakenError(ReproError):
    """The directory for a new worktree exists and is not empty."""


def checkout_worktree(
    repo: Repository,
    run: Summary,
    record: Record,
    directory: str,
    *,
    outputs: bool = False,
    inexact: bool = False,
) -> Outcome:
    """Makes a new working tree with the state in which a run started.

    Args:
        repo: The repository; its own working tree, index and HEAD keep every byte.
        run: The run.
        record: Its record.
        directory: Absolute; does not exist, or is empty.
        outputs: Whether the run's outputs are put at their paths too.
        inexact: Whether to go on though a version of a table that it read is gone.

    Raises:
        DirectoryTakenError: The directory is not empty.
        ReproError: Something else went wrong; the worktree is gone again.
    """
    require_free(directory)
    target = run_target(repo, run, record, outputs=outputs)
    target = with_tables_checked(repo, target, inexact=inexact, is_elsewhere=True)
    stores = open_stores(repo)
    notes = None
    if all(stores.store.has(entry.hash) for entry in target.needed):
        # Placing checks every object anyhow; checking all of them before, too, would double it.
        with suppress(MissingObjectError, CorruptObjectError):
            notes = _make(repo, run, target, stores, directory)
    if notes is None:
        bring_data(repo, stores, target)
        notes = _make(repo, run, target, stores, directory)
    return Outcome(target.title, None, len(target.needed), tuple(notes))


def _make(
    repo: Repository, run: Summary, target: Target, stores: Stores, directory: str
) -> list[str]:
    existed = os.path.isdir(directory)
    # A worktree needs a commit to be added at.
    worktree = add_worktree(repo, directory, target.head.oid or run.oid)
    try:
        return _fill(repo, worktree, target, replace(stores, top=worktree.top))
    except BaseException:  # Ctrl-C too: a half-filled worktree looks like a whole one
        with suppress(GitError):
            remove_worktree(repo, directory)
        if existed:
            os.makedirs(directory, exist_ok=True)
        raise


def require_free(directory: str) -> None:
    """Raises unless a worktree can be made at a path.

    Raises:
        DirectoryTakenError: There is something.
    """
    if os.path.lexists(directory) and not (
        os.path.isdir(directory) and not os.path.islink(directory) and not os.listdir(directory)
    ):
        raise DirectoryTakenError(
            f"there is something at {directory}", hint="name a directory that does not exist"
        )


def _fill(repo: Repository, worktree: Repository, target: Target, stores: Stores) -> list[str]:
    set_head(worktree, target.head, reason=f"repro: checkout {target.title}")
    fill_worktree(worktree, target.tree, staged=target.staged)
    files = files_of(repo, target.tree)
    share_cache(repo.top, worktree.top, files)
    wrong, notes = _place(target, files, stores)
    if target.record is not None:
        write_record_dir(worktree.top, target.record)
        wrong += place_data(stores, target.logged, Link.HARD)
    if wrong:
        raise RestoreMismatchError(wrong, hint="try again; when it stays so: repro fsck")
    if target.checked_out is not None:
        placed = tuple(sorted(entry.path for entry in target.wanted))
        set_checked_out(worktree, replace(target.checked_out, placed=placed))
    if any(mode == GITLINK for mode, _ in files.values()):
        notes.append("submodules are empty: git submodule update --init")
    return [*target.notes, *notes, *unlike(stores, target)]


def _place(target: Target, files: Files, stores: Stores) -> tuple[list[str], list[str]]:
    """Places the data; returns the paths that are wrong, and notes on those behind files of git."""
    placeable, notes = [], []
    for entry in target.wanted:
        parts = entry.path.split("/")
        above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
        stop = next((parent for parent in above if parent in files), None)
        if stop is None:
            placeable.append(entry)
        else:
            notes.append(f"left as it is, behind {stop}: {entry.path}")
    return place_data(stores, placeable, Link.HARD), notes
