"""The answer to one question that the doctor asks."""

from typing import NamedTuple

__all__ = ["Check", "counted"]


class Check(NamedTuple):
    """One thing that was looked at.

    Attributes:
        name: What.
        is_ok: Whether repro can work with it.
        text: What it is.
        hint: The command that mends it; with `is_ok`, what is worth doing all the same.
    """

    name: str
    is_ok: bool
    text: str
    hint: str = ""


def counted(number: int, what: str) -> str:
    """Returns a number with its noun, which takes an s."""
    return f"{number:,} {what}{'s' * (number != 1)}"
