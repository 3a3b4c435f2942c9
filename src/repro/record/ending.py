"""How a run ended."""

from datetime import datetime
from typing import NamedTuple

from repro.model.gap import Gap
from repro.model.run import Status

__all__ = ["Ending"]


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
