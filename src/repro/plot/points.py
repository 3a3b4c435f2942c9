"""The points of a learning curve as columns of numbers."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from repro.model.curve import Curve
from repro.model.values import Point
from repro.plot.parts import floats

__all__ = ["Columns", "columns_of"]


class Columns(NamedTuple):
    """A curve, one list a column, in the order logged.

    Attributes:
        steps: As logged.
        times_s: Seconds since the Unix epoch, NaN where the source has no times.
        values: As logged.
    """

    steps: list[float]
    times_s: list[float]
    values: list[float]


def columns_of(points: Sequence[Point]) -> Columns:
    """Returns the columns of a curve; of a recorded one at a third of the cost of its points."""
    if isinstance(points, Curve):
        columns = _read(points.text)
        if columns is not None:
            return columns
    return Columns(
        floats([point.step for point in points]),
        [math.nan if point.time_s is None else point.time_s for point in points],
        floats([point.value for point in points]),
    )


def _read(text: bytes) -> Columns | None:
    """Returns the columns of a text; None where times are missing or numbers are uncommon."""
    cells = text.split()
    if len(cells) != 3 * text.count(b"\n"):
        return None
    try:
        steps, times_s, values = (list(map(float, cells[column::3])) for column in range(3))
    except ValueError:  # 0x...
        return None
    return Columns(steps, times_s, values)
