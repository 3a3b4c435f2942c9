"""``repro undo`` and ``repro checkout -``: back to what was there before."""

from dataclasses import replace
from datetime import datetime

from repro.data.locate import ensure
from repro.git.repository import Repository
from repro.restore.checkout import Outcome
from repro.restore.move import Move
from repro.restore.state import read_progress
from repro.restore.stores import open_stores
from repro.restore.target import undo_target
from repro.restore.undo_entries import read_undo

__all__ = ["prepare_undo", "undo"]


def undo(repo: Repository, number: int | None = None, *, at: datetime) -> Outcome:
    """Gives the working tree the state that an undo entry saved; what is there is saved first.

    Args:
        repo: The repository.
        number: The entry; by default the one of the checkout that was interrupted, or else the
            newest of this working tree.
        at: Now, aware.

    Raises:
        NothingToUndoError: There is no such entry.
        ReproError: Before anything was changed, or with the way back as its hint.
    """
    move = prepare_undo(repo, number, at=at)
    move.run()
    target = move.target
    return Outcome(target.title, move.undo, len(target.data), tuple(move.notes))


def prepare_undo(repo: Repository, number: int | None = None, *, at: datetime) -> Move:
    """Returns the move that `undo` makes; see there."""
    progress = read_progress(repo)
    if progress is not None and number is None:
        number = progress.undo
    entry = read_undo(repo, number)
    target = undo_target(repo, entry)
    missing = ensure(target.data, store=open_stores(repo).store, top=repo.top)
    # The way back must not be shut for a file that someone deleted from the store.
    lacking = {item.path for item in missing}
    gone = [
        e for e in target.data if any(x == e.path or x.startswith(f"{e.path}/") for x in lacking)
    ]
    target = replace(
        target,
        data=tuple(e for e in target.data if e not in gone),
        notes=(*target.notes, *(f"no longer in the object store: {e.path}" for e in gone)),
    )
    recovers = progress.undo if progress is not None else None
    reason = f"before undo {entry.number}"
    return Move(repo, target, at, keep=True, recovers=recovers, reason=reason)
