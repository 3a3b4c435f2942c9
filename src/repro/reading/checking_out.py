"""``Run.checkout``: what ``repro checkout`` does."""

from datetime import UTC, datetime

from repro.errors import ReproError
from repro.git.repository import Repository
from repro.model.ids import short_id
from repro.model.run import Record
from repro.model.summary import Summary

__all__ = ["NotEndedError", "check_out"]


class NotEndedError(ReproError):
    """A run in progress has no record yet to go back to."""

    def __init__(self, summary: Summary) -> None:
        super().__init__(
            f"{summary.name} is still running: there is nothing to go back to yet",
            hint=f"its code as it started: git worktree add DIR {summary.oid[:12]};"
            f" when it has ended: repro checkout {short_id(summary.id)}",
        )


def check_out(
    repo: Repository,
    summary: Summary,
    record: Record | None,
    directory: str | None,
    *,
    keep: bool,
    outputs: bool,
    inexact: bool,
) -> str:
    """Puts a run back, and returns the top of the working tree.

    Args:
        repo: The repository.
        summary: The run's.
        record: The run's; None while it runs.
        directory: Absolute, of a new working tree; None for the one that there is.
        keep: As in `repro.restore.checkout.checkout`.
        outputs: Likewise.
        inexact: Likewise.

    Raises:
        NotEndedError: It still runs.
        ReproError: Before anything was changed, or with the way back as its hint.
    """
    if record is None:
        raise NotEndedError(summary)
    if directory is not None:
        from repro.restore.new_worktree import checkout_worktree

        checkout_worktree(repo, summary, record, directory, outputs=outputs, inexact=inexact)
        return directory
    from repro.restore.checkout import checkout

    now = datetime.now(UTC)
    checkout(repo, summary, record, at=now, keep=keep, outputs=outputs, inexact=inexact)
    return repo.top
