"""What is drawn: one line of a plot."""

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Series"]


class Series(NamedTuple):
    """One line of a plot.

    Attributes:
        name: For the legend.
        xs: Steps, or seconds; as logged: they may repeat and go back.
        ys: Values, one for each; NaN and infinities are not drawn.
    """

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
