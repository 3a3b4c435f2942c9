"""The working tree as it is before a checkout, and whether it may be changed."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from repro.errors import ReproError
from repro.git.repository import Repository
from repro.git.screen import Screen
from repro.git.snapshot import take_snapshot, temporary_index
from repro.git.working_tree import (
    Head,
    OperationInProgressError,
    head_of,
    operation_in_progress,
    staged_tree,
    tree_of,
)
from repro.model.ids import Oid
from repro.restore.plan import RECORD_DIR, Files, departures
from repro.restore.record_dir import is_ours
from repro.restore.state import CheckedOut, checked_out
from repro.restore.survey import files_of
from repro.secrets.redactor import Redactor

__all__ = ["DirtyTreeError", "ForeignRecordError", "Present", "listed", "look", "require_clean"]

_MAX_LISTED = 10


class DirtyTreeError(ReproError):
    """The working tree holds work that is neither committed nor part of the run checked out.

    Attributes:
        paths: The files.
    """

    def __init__(self, paths: tuple[str, ...]) -> None:
        super().__init__(
            f"the working tree has {len(paths)} uncommitted change{'s' * (len(paths) != 1)}",
            hint="--keep saves them (repro checkout - brings them back);"
            " --worktree DIR leaves them alone",
            details=listed(paths),
        )
        self.paths = paths


class ForeignRecordError(ReproError):
    """There is a ``.repro`` that no checkout made."""


@dataclass(frozen=True, slots=True)
class Present:
    """A working tree as it is.

    Attributes:
        head: Where HEAD is.
        head_tree: The tree of its commit.
        tree: The files that git sees, without `secret` and those an earlier checkout left as they
            were.
        staged: What is staged.
        files: The files of `tree`.
        dirty: Paths that differ from HEAD, large untracked files included, secret ones not.
        marked: Those of `dirty` that hold secrets, for which marks stand in `tree`.
        secret: Untracked files of secrets: they stay where they are, as if git ignored them.
        large: Untracked files that are too large for `tree`.
        checked_out: The run that is checked out.
    """

    head: Head
    head_tree: Oid | None
    tree: Oid
    staged: Oid
    files: Files
    dirty: tuple[str, ...]
    marked: tuple[str, ...]
    secret: tuple[str, ...]
    large: tuple[str, ...]
    checked_out: CheckedOut | None


def look(repo: Repository, *, every_byte: bool = True) -> Present:
    """Returns the working tree as it is, its files written to the object database.

    Untracked files that are secret as a whole, such as ``.env``, are never written there.

    Args:
        repo: The repository.
        every_byte: Whether the tree is to bring the files back, by an undo entry, to the last byte:
            such entries are local and never pushed, so secrets inside of a file stay. Without, for
            a look that may end in a refusal, marks stand in their place.

    Raises:
        OperationInProgressError: A merge or its like is under way.
        ConflictedIndexError: The index holds conflicts.
        ForeignRecordError: There is a ``.repro`` that no checkout made.
    """
    operation = operation_in_progress(repo)
    if operation is not None:
        raise OperationInProgressError(operation)
    note = checked_out(repo)
    staged = staged_tree(repo)
    # These marks are compared with nothing, and end in no record: any key will do.
    redactor = Redactor(os.urandom(16))
    screen = Screen(redactor, cache_dir=f"{repo.state_dir}/cache", marks=not every_byte)
    snapshot = take_snapshot(repo, screen=screen)
    files = files_of(repo, snapshot.tree)
    _require_our_record(repo, files)
    left = [path for path in files if note is not None and note.leaves(path)]
    tree = _tree_without(repo, snapshot.tree, left) if left else snapshot.tree
    is_left = set(left)
    return Present(
        head=head_of(repo),
        head_tree=repo.head_tree,
        tree=tree,
        staged=staged,
        files={path: entry for path, entry in files.items() if path not in is_left},
        dirty=tuple(row.path for row in snapshot.dirty if row.path not in is_left),
        marked=snapshot.marked,
        secret=snapshot.secret,
        large=tuple(f.path for f in snapshot.large if note is None or not note.leaves(f.path)),
        checked_out=note,
    )


def _require_our_record(repo: Repository, files: Files) -> None:
    is_tracked = any(path == RECORD_DIR or path.startswith(f"{RECORD_DIR}/") for path in files)
    full = f"{repo.top}/{RECORD_DIR}"
    if is_tracked or (os.path.lexists(full) and not is_ours(full)):
        raise ForeignRecordError(
            f"there is a {RECORD_DIR} here that no checkout made, where the run's record goes",
            hint=f"move it away: git mv or mv {RECORD_DIR} <elsewhere>; or use --worktree DIR",
        )


def _tree_without(repo: Repository, tree: Oid, paths: Sequence[str]) -> Oid:
    with temporary_index(repo) as index:
        return tree_of(repo, index, tree, without=paths)


def require_clean(repo: Repository, present: Present) -> None:
    """Raises unless the working tree is HEAD's, or that of the run checked out.

    Raises:
        DirtyTreeError: It is not.
    """
    note = present.checked_out
    is_at_run = (
        note is not None
        and present.head.oid == note.commit
        and (present.head.branch is None) == (note.commit is not None)
    )
    placed = note.placed if note is not None and is_at_run else ()
    paths = [path for path in (*present.large, *present.marked) if path not in placed]
    if note is not None and is_at_run and _exists(repo, note.tree):
        if present.tree != note.tree:
            expected = files_of(repo, note.tree)
            paths += departures(expected, present.files) + departures(present.files, expected)
    elif present.tree != present.head_tree and (present.head_tree or present.files):
        paths += present.dirty
    if paths:
        raise DirtyTreeError(tuple(sorted(set(paths))))


def _exists(repo: Repository, tree: Oid) -> bool:
    return repo.start("cat-file", "-e", tree).result().code == 0


def listed(paths: Sequence[str]) -> tuple[str, ...]:
    """Returns the first paths, and how many more there are."""
    more = len(paths) - _MAX_LISTED
    return (*paths[:_MAX_LISTED], *((f"and {more} more",) if more > 0 else ()))
