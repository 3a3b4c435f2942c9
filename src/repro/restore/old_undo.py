"""Undo entries that nobody will go back to, and the data that the others need."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from repro.git.refs import RefChange, update_refs
from repro.git.repository import Repository
from repro.model.data import Place
from repro.model.ids import undo_ref
from repro.restore.state import interrupted
from repro.restore.undo_entries import UndoEntry, all_undo

__all__ = ["data_of_undo", "drop_undo", "old_undo"]

_NEWEST = 20
_YOUNG = timedelta(days=30)


def old_undo(repo: Repository, *, now: datetime) -> list[UndoEntry]:
    """Returns the entries older than 30 days, but for the newest 20 of each working tree.

    Raises:
        StateError: One cannot be read.
    """
    needed = interrupted(repo)
    n_newer: dict[str, int] = {}
    found = []
    for entry in all_undo(repo):
        number = n_newer.get(entry.worktree, 0)
        n_newer[entry.worktree] = number + 1
        if number >= _NEWEST and now - entry.at > _YOUNG and entry.number != needed:
            found.append(entry)
    return found


def drop_undo(repo: Repository, entries: Sequence[UndoEntry]) -> None:
    """Removes entries, all or none.

    Raises:
        RefMovedError: Another process removed one.
        GitError: git could not write.
    """
    update_refs(repo, [RefChange(undo_ref(entry.number), entry.oid, None) for entry in entries])


def data_of_undo(repo: Repository) -> set[str]:
    """Returns the objects of the store that undo entries need, directories not expanded.

    Raises:
        StateError: One cannot be read.
    """
    return {
        held.hash
        for entry in all_undo(repo)
        for held in entry.saved.data
        if held.place is not Place.GIT
    }
