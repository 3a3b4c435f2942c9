"""A learning curve as the text that a record holds: a line a point, of step, time and value.

A metric may be logged a million times. So a curve is checked in one pass, kept as its text, and
taken apart only for who wants its points.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, overload

from repro.errors import ReproError
from repro.model.values import Point

if TYPE_CHECKING:
    from repro.model.values import Number

__all__ = ["Curve", "CurveError", "curve_text"]

_WHOLE = rb"-?[0-9]{1,4300}"  # Python reads no more digits
_FLOAT = rb"[-+]?(?:[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]{1,5})?|inf|nan)"
_NUMBER = rb"(?:-?0x[0-9a-f]+|" + _FLOAT + rb")"
_TEXT = re.compile(
    rb"(?:" + _WHOLE + rb"\t(?:" + _FLOAT + rb")?\t" + _NUMBER + rb"\n)*+"
)  # possessive: a million lines leave no trail to go back on


class CurveError(ReproError):
    """A text that is no curve."""


class Curve(Sequence[Point]):
    """The points of a curve, in the order in which they were logged.

    Attributes:
        text: The lines.
    """

    __slots__ = ("_points", "text")

    def __init__(self, text: bytes) -> None:
        """Takes a text that `curve_text` made, or whatever came from elsewhere.

        Raises:
            CurveError: It is not lines of step, time and value.
        """
        if not _TEXT.fullmatch(text):
            raise CurveError("not lines of step, time and value")
        self.text = text
        self._points: tuple[Point, ...] | None = None

    @property
    def points(self) -> tuple[Point, ...]:
        """All of them, taken apart."""
        if self._points is None:
            self._points = tuple(map(_point, self.text.splitlines()))
        return self._points

    @property
    def last(self) -> Point:
        """The point that was logged last; there must be one."""
        return _point(self.text[self.text.rfind(b"\n", 0, -1) + 1 : -1])

    def values(self, *, at_most: int | None = None) -> "list[Number]":
        """Returns the values alone, or so many of them at equal distances, both ends among them.

        Args:
            at_most: At least 2; None for all.
        """
        lines = self.text.splitlines()
        if at_most is not None and len(lines) > at_most:
            last = len(lines) - 1
            lines = [lines[at * last // (at_most - 1)] for at in range(at_most)]
        return [_number(line.rpartition(b"\t")[2]) for line in lines]

    def __len__(self) -> int:
        """Returns how many points there are."""
        return self.text.count(b"\n")

    @overload
    def __getitem__(self, at: int) -> Point: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[Point, ...]: ...

    def __getitem__(self, at: int | slice) -> Point | tuple[Point, ...]:
        """Returns a point, or some."""
        return self.points[at]

    def __eq__(self, other: object) -> bool:
        """Tells whether another sequence has the same points."""
        if isinstance(other, Curve):
            return self.text == other.text or self.points == other.points
        return isinstance(other, tuple) and self.points == other

    def __hash__(self) -> int:
        """Equal curves, equal hashes."""
        return hash(self.points)

    def __repr__(self) -> str:
        """Shows the points."""
        return f"Curve{self.points!r}"


def curve_text(points: Iterable[Point]) -> bytes:
    """Returns the lines of a curve."""
    if isinstance(points, Curve):
        return points.text
    rows = (
        f"{point.step}\t{'' if point.time_s is None else repr(float(point.time_s))}"
        f"\t{_text(point.value)}\n"
        for point in points
    )
    return "".join(rows).encode("ascii")


def _text(value: "Number") -> str:
    from repro.model.summary import number_to_json

    return repr(float(value)) if isinstance(value, float) else str(number_to_json(value))


def _point(line: bytes) -> Point:
    step, time_s, value = line.split(b"\t")
    return Point(int(step), float(time_s) if time_s else None, _number(value))


def _number(text: bytes) -> "Number":
    if b"x" in text:
        return int(text, 16)
    try:
        return int(text)
    except ValueError:
        return float(text)
