"""``repro checkout RUN``, in place."""

from dataclasses import dataclass
from datetime import datetime

from repro.errors import ReproError
from repro.git.repository import Repository
from repro.model.run import Record
from repro.model.summary import Summary
from repro.restore.bring import bring_data
from repro.restore.move import Move
from repro.restore.present import look, require_clean
from repro.restore.state import read_progress
from repro.restore.stores import open_stores
from repro.restore.tables import with_tables_checked
from repro.restore.target import run_target

__all__ = ["Outcome", "UnfinishedCheckoutError", "checkout", "prepare", "require_whole"]


class UnfinishedCheckoutError(ReproError):
    """An earlier checkout was cut short."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a checkout did.

    Attributes:
        title: What the working tree is now, in words.
        undo: Number of the undo entry that holds what was there; None where nothing was changed.
        n_data: How many data entries and outputs are at their paths.
        notes: What the user should know.
    """

    title: str
    undo: int | None
    n_data: int
    notes: tuple[str, ...]


def checkout(
    repo: Repository,
    run: Summary,
    record: Record,
    *,
    at: datetime,
    keep: bool = False,
    outputs: bool = False,
    inexact: bool = False,
) -> Outcome:
    """Gives the working tree the state in which a run started.

    Args:
        repo: The repository.
        run: The run.
        record: Its record.
        at: Now, aware.
        keep: Whether work that is neither committed nor recorded is saved rather than refused.
        outputs: Whether the run's outputs are put at their paths too.
        inexact: Whether to go on though a version of a table that it read is gone.

    Raises:
        ReproError: Before anything was changed, or with the way back as its hint.
    """
    move = prepare(repo, run, record, at=at, keep=keep, outputs=outputs, inexact=inexact)
    move.run()
    target = move.target
    return Outcome(target.title, move.undo, len(target.needed), tuple(move.notes))


def prepare(
    repo: Repository,
    run: Summary,
    record: Record,
    *,
    at: datetime,
    keep: bool = False,
    outputs: bool = False,
    inexact: bool = False,
) -> Move:
    """Returns the move that `checkout` makes, every byte it needs at hand; see there."""
    require_whole(repo)
    if not keep:  # before anything is fetched
        require_clean(repo, look(repo, every_byte=False))
    target = run_target(repo, run, record, outputs=outputs)
    target = with_tables_checked(repo, target, inexact=inexact)
    bring_data(repo, open_stores(repo), target)
    return Move(repo, target, at, keep=keep)


def require_whole(repo: Repository) -> None:
    """Raises when an earlier checkout was cut short.

    Raises:
        UnfinishedCheckoutError: It was.
    """
    progress = read_progress(repo)
    if progress is not None:
        raise UnfinishedCheckoutError(
            f"a checkout of {progress.target} was interrupted", hint="repro undo"
        )
