"""How a run ended."""

from datetime import UTC, datetime
from typing import NamedTuple

from repro import __version__
from repro.model.gap import Gap
from repro.model.run import Pillars, Run, Status
from repro.record.begun import Begun

__all__ = ["Ending", "run_of"]


class Ending(NamedTuple):
    """How a run ended.

    Attributes:
        status: In a word.
        exit_code: As a shell would return it; None when it has none.
        ended_at: UTC.
        gaps: Known at the end.
    """

    status: Status
    exit_code: int | None
    ended_at: datetime
    gaps: tuple[Gap, ...] = ()


def run_of(begun: Begun, ending: Ending) -> Run:
    """Returns a run that has ended, without its gaps and the digests of its pillars."""
    return Run(
        id=begun.id,
        name=begun.name,
        status=ending.status,
        started_at=begun.started_at,
        ended_at=max(ending.ended_at, begun.started_at).astimezone(UTC),
        code=begun.code,
        pillars=Pillars("", "", "", ""),
        author=begun.author,
        host=begun.host,
        command=begun.command,
        cwd=begun.cwd,
        project=begun.project,
        exit_code=ending.exit_code,
        message=begun.message,
        parent_run=begun.parent_run,
        resumes=begun.resumes,
        tags=begun.tags,
        repro_version=__version__,
    )
