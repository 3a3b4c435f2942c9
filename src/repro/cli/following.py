"""Follows a run in progress until it ends, however it ends."""

import os
import time
from typing import TYPE_CHECKING

from repro.cli.runs import find_summary, open_runs
from repro.errors import ReproError
from repro.git.repository import Repository
from repro.model.ids import short_id
from repro.model.run import Status
from repro.record.live import LiveRun, live_run
from repro.record.liveness import Life, elsewhere, life_of_command

if TYPE_CHECKING:
    from repro.model.summary import Summary

__all__ = ["Following", "chosen_run", "ending_text"]

_PATIENCE_S = 1.0
"""Between two looks at whether anybody who can end the run is left."""


class Following:
    """A run that somebody looks at.

    Attributes:
        repo: The repository.
        live: The run's directory.
    """

    def __init__(self, repo: Repository, live: LiveRun) -> None:
        self.repo = repo
        self.live = live
        self._looked_at_s = 0.0

    def has_ended(self) -> bool:
        """Tells whether the run is over; one whose recorder died is recorded first."""
        if not os.path.isdir(self.live.directory):
            return True
        now_s = time.monotonic()
        if now_s - self._looked_at_s < _PATIENCE_S:
            return False
        self._looked_at_s = now_s
        if not self._is_dead():
            return False
        open_runs()  # records it, and says so
        return True

    def ending(self) -> "Summary | None":
        """Returns the run as it was recorded; None when it was not, or is removed already."""
        try:
            return find_summary(self.repo, self.live.id)
        except ReproError:
            return None

    def _is_dead(self) -> bool:
        """Tells whether neither its recorder nor its command is left."""
        try:
            if elsewhere(self.live.directory) is not None:
                return False
            claim = self.live.claim()
            if claim is None:
                return False
            os.close(claim)
            return life_of_command(self.live.directory) is Life.ENDED
        except FileNotFoundError:  # it has ended between two looks
            return False


def chosen_run(repo: Repository, text: str | None) -> "tuple[Summary, Following | None]":
    """Returns the run that a text names, and how to follow it while it runs.

    Args:
        repo: The repository.
        text: None for the newest run in progress, or else the newest of all.

    Raises:
        UnknownRunError: There is none.
        AmbiguousRunError: There are several.
        UnreadableRunError: It is damaged, or a newer repro wrote it.
    """
    from repro.selection.running import running_records, running_summaries

    if text is None:
        running = running_summaries(repo, running_records(repo))
        summary = running[0] if running else find_summary(repo, "@")
    else:
        summary = find_summary(repo, text)
    if summary.status is not Status.RUNNING:
        return summary, None
    return summary, Following(repo, live_run(repo, summary.id))


def ending_text(summary: "Summary | None", live: LiveRun) -> str:
    """Returns how a run ended, in a line: "quiet-harbor (kxwm) finished in 3.1 s"."""
    from repro.cli.format import duration
    from repro.cli.views.listing import status_text

    letters = short_id(live.id)
    if summary is None:
        return f"{letters} is gone: it was not recorded, or removed"
    name = f"{summary.name} ({letters})"
    if summary.status is Status.RUNNING:
        return f"{name} has ended, and could not be recorded yet"
    took = summary.duration_s
    preposition = "in" if summary.status is Status.FINISHED else "after"
    lasted = "" if took is None else f" {preposition} {duration(took)}"
    return f"{name} {status_text(summary.status, summary.exit_code)}{lasted}"
