"""What a listing knows of a run, at hand without reading its record."""

from datetime import datetime

from repro.model.ids import short_id
from repro.model.run import Status
from repro.model.summary import Note, Summary

__all__ = ["Listed"]


class Listed:
    """A run as its summary has it."""

    def __init__(self, summary: Summary) -> None:
        self._summary = summary

    @property
    def summary(self) -> Summary:
        """All of it as one value."""
        return self._summary

    @property
    def id(self) -> str:
        """Its id, such as ``20260131T080000-kxwmtrzq``."""
        return self._summary.id

    @property
    def short_id(self) -> str:
        """The letters of its id, by which people call it."""
        return short_id(self._summary.id)

    @property
    def name(self) -> str:
        """Its name, as people have renamed it since."""
        return self._summary.name

    @property
    def status(self) -> Status:
        """How it stands; a `str`: "running", "finished", "failed", "crashed"..."""
        return self._summary.status

    @property
    def exit_code(self) -> int | None:
        """Of its command; None where it has none."""
        return self._summary.exit_code

    @property
    def started_at(self) -> datetime:
        """When it started, UTC."""
        return self._summary.started_at

    @property
    def duration_s(self) -> float | None:
        """How long it took; None while it runs."""
        return self._summary.duration_s

    @property
    def tags(self) -> dict[str, str]:
        """Its tags, as people have changed them since; labels without values hold ""."""
        return dict(self._summary.tags)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What people wrote about it, oldest first: ``at``, ``by`` and ``text``."""
        return self._summary.notes

    @property
    def starred(self) -> bool:
        """Whether somebody starred it."""
        return self._summary.starred

    @property
    def command(self) -> str:
        """Its command as one line for a shell; "" for ``repro record``."""
        return self._summary.command

    @property
    def commit(self) -> str | None:
        """HEAD when it started; the commit of the run itself is `oid`."""
        return self._summary.commit

    @property
    def commits(self) -> tuple[str, ...]:
        """The commits that it was said to belong to, besides `commit`.

        They hold its results, or were made of one that does by an amend, a rebase or a squash.
        """
        return self._summary.commits

    @property
    def oid(self) -> str:
        """The run commit: ``git show`` shows it; while it runs, that of its code."""
        return self._summary.oid

    @property
    def branch(self) -> str | None:
        """The branch then, None where HEAD was detached."""
        return self._summary.branch

    @property
    def is_running(self) -> bool:
        """Whether it is in progress."""
        return self.status is Status.RUNNING

    @property
    def is_reproducible(self) -> bool:
        """Whether nothing is missing from its record; of a run in progress nobody knows yet."""
        return not self._summary.gaps and not self.is_running
