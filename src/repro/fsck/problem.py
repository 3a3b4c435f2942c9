"""What a check finds."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from repro.model.ids import RunId

__all__ = ["Kind", "Problem", "Report", "Tell", "counted", "silent"]

Tell: TypeAlias = Callable[[str, int, int], None]
"""Told what is being checked, how many are done, and of how many (0 where that is unknown)."""


class Kind(StrEnum):
    """What is lost or damaged."""

    REF = "ref"
    LOCK = "lock"
    OBJECT = "git object"
    PACK = "pack"
    RECORD = "record"
    ARCHIVE = "archive"
    LOG = "log"
    DATA = "data"
    INDEX = "index"
    STATE = "state"


class Problem(NamedTuple):
    """One thing that is lost, damaged, or odd.

    Attributes:
        kind: What it is.
        subject: Which: a ref, an object, a path.
        reason: What is wrong with it, without a full stop.
        runs: The runs that need it, oldest first.
        is_note: Whether nothing is lost by it, so that it is no problem.
        at: Where it lies, a path; "" where it lies nowhere.
        names: Further object ids or hashes that it is about, for a repair.
        hint: What to type, where a repair cannot help.
    """

    kind: Kind
    subject: str
    reason: str
    runs: tuple[RunId, ...] = ()
    is_note: bool = False
    at: str = ""
    names: tuple[str, ...] = ()
    hint: str = ""


class Report(NamedTuple):
    """What a check found.

    Attributes:
        problems: Everything, notes too, by kind.
        names: The name of each run that a problem concerns, where it is known.
        n_runs: Runs checked.
        n_git_objects: Git objects whose bytes were read.
        n_data_objects: Objects of the store likewise.
    """

    problems: tuple[Problem, ...]
    names: dict[RunId, str]
    n_runs: int = 0
    n_git_objects: int = 0
    n_data_objects: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing is lost or damaged."""
        return all(problem.is_note for problem in self.problems)


def counted(number: int, what: str) -> str:
    """Returns a number with its noun, which takes an s."""
    return f"{number:,} {what}{'s' * (number != 1)}"


def silent(what: str, done: int, total: int) -> None:
    """Tells nobody."""
    del what, done, total
