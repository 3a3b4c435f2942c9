"""What keeps a rebuilt environment from being the one that was recorded."""

from collections.abc import Sequence
from typing import NamedTuple

from repro.errors import ReproError

__all__ = ["Difference", "NotExactError", "lines_of"]

_MAX_LINES = 20


class Difference(NamedTuple):
    """One thing that is not, or cannot be, as it was recorded.

    Attributes:
        subject: A package with its version, "python", "conda".
        reason: A clause without a full stop.
        fix: The command that would make it exact, "" when there is none.
    """

    subject: str
    reason: str
    fix: str = ""


class NotExactError(ReproError):
    """An environment that cannot be built exactly as it was recorded; nothing else was built.

    Attributes:
        differences: What stands in the way, all that is known.
    """

    exits_with = 4

    def __init__(self, title: str, differences: Sequence[Difference], *, hint: str) -> None:
        super().__init__(title, hint=hint, details=lines_of(differences))
        self.differences = tuple(differences)


def lines_of(differences: Sequence[Difference]) -> tuple[str, ...]:
    """Returns differences as lines for people, each with its fix on a line of its own."""
    lines: list[str] = []
    for difference in differences[:_MAX_LINES]:
        lines.append(f"{difference.subject}: {difference.reason}")
        if difference.fix:
            lines.append(f"  to make it exact: {difference.fix}")
    more = len(differences) - _MAX_LINES
    return (*lines, *((f"and {more} more",) if more > 0 else ()))
