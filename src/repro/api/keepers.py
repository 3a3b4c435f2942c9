"""What becomes of a run when it ends: by who keeps it."""

import os
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from repro.api import elsewhere
from repro.api.recorder_client import RecorderError, recorder
from repro.api.telling import warn
from repro.journal.writer import JournalWriter

__all__ = ["Elsewhere", "End", "InMemory", "Keeper", "Others", "Recorded"]


class End(NamedTuple):
    """How a run ends.

    Attributes:
        status: "finished", "failed" or "interrupted".
        exit_code: None where none is known.
        gaps: What is missing, as `repro.journal` writes it.
    """

    status: str
    exit_code: int | None = None
    gaps: tuple[dict[str, str], ...] = ()


class Keeper(Protocol):
    """Who keeps a run."""

    def end(self, end: End, journal: JournalWriter | None, directory: str) -> None:
        """Ends it; tells what goes wrong, and raises nothing.

        Args:
            end: How.
            journal: What it wrote; None for nothing.
            directory: Where that is; "" for nowhere.
        """


class Others:
    """Somebody else ends it: `repro run`, the process that this one was forked from, rank 0.

    Args:
        says_end: Whether whoever does so waits for the journal's last line.
    """

    def __init__(self, *, says_end: bool = False) -> None:
        self._says_end = says_end

    def end(self, end: End, journal: JournalWriter | None, directory: str) -> None:  # noqa: ARG002
        """Leaves it to them, and says last what is missing."""
        for gap in end.gaps:
            if journal is not None and journal.error is None:
                journal.event("g", gap)
            else:
                warn(f"{gap['subject']}: {gap['reason']}")
        if self._says_end and journal is not None:
            journal.event("e", {})


class Recorded:
    """The recorder beside this process."""

    def __init__(self, run: str) -> None:
        self._run = run

    def end(self, end: End, journal: JournalWriter | None, directory: str) -> None:  # noqa: ARG002
        """Has it record the run, and waits until it has."""
        try:
            recorder.ask("end", run=self._run, **end._asdict())
        except RecorderError as error:
            if error.is_silent:
                warn(f"the run {self._run} is still being recorded: repro ls shows when it is")
                return
            with suppress(OSError):  # it is recorded, or its disk is full: then as crashed
                elsewhere.note_ended(directory, end._asdict())
            warn(
                f"the run {self._run} could not be recorded: {error.message}; its journal is kept,"
                " and repro ls records it when it can"
            )


class Elsewhere:
    """A directory outside of any repository."""

    def __init__(self, directory: str, values: dict[str, Any]) -> None:
        self._directory = directory
        self._values = values

    def end(self, end: End, journal: JournalWriter | None, directory: str) -> None:  # noqa: ARG002
        """Notes there how it ended."""
        try:
            if journal is not None and journal.error is None:
                for gap in end.gaps:
                    journal.event("g", gap)
            elsewhere.note_end(
                self._directory, self._values, status=end.status, exit_code=end.exit_code
            )
        except OSError as error:
            warn(f"{self._directory}: how the run ended could not be written: {error.strerror}")


class InMemory:
    """Nobody as yet: at the end there may be room on a disk."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def end(self, end: End, journal: JournalWriter | None, directory: str) -> None:
        """Writes all of it, if that is possible now."""
        if journal is None:
            return
        try:
            directory = elsewhere.make_directory()
            elsewhere.note_end(directory, self._values, status=end.status, exit_code=end.exit_code)
            if not journal.open(directory):
                raise journal.error or OSError(28, os.strerror(28))
        except OSError as error:
            warn(f"what the run logged is lost: it could be kept nowhere: {error.strerror}")
        else:
            warn(f"what the run logged is kept in {directory}: repro record --journal {directory}")
