"""What of a series can be drawn: its finite points, in stretches through which a line may go."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import lt
from typing import NamedTuple

__all__ = ["Part", "decimate", "drawable_parts", "floats"]

_MOST_RETURNS = 64
"""A run that was resumed goes back a few times; what goes back more often has no order."""


class Part(NamedTuple):
    """A stretch of a curve without gaps.

    Attributes:
        xs: Finite, none smaller than the one before it.
        ys: Finite, one for each.
    """

    xs: list[float]
    ys: list[float]


def floats(values: Sequence[float]) -> list[float]:
    """Returns numbers as floats; those that no float can hold are infinite."""
    try:
        return list(map(float, values))
    except OverflowError:
        return [_float(value) for value in values]


def drawable_parts(xs: Sequence[float], ys: Sequence[float], *, is_log: bool = False) -> list[Part]:
    """Returns the stretches of a curve that a line may connect.

    A gap is where a value is NaN, infinite, or has no logarithm, and where x goes back: a resumed
    run logs steps again, and no line leads from its end to its second beginning. Points logged in
    no order at all, as by many threads, are put in the order of x.

    Args:
        xs: As logged.
        ys: One for each; what is longer of the two is cut.
        is_log: Whether values must be above zero.
    """
    x, y = floats(xs), floats(ys)
    n = min(len(x), len(y))
    x, y = x[:n], y[:n]
    if not math.isfinite(sum(x)):  # a finite sum has finite terms
        kept = [at for at in range(n) if math.isfinite(x[at])]
        x, y = [x[at] for at in kept], [y[at] for at in kept]
    if sum(map(lt, islice(x, 1, None), x)) > _MOST_RETURNS:
        order = sorted(range(len(x)), key=x.__getitem__)
        x, y = [x[at] for at in order], [y[at] for at in order]
    return [Part(x[begin:end], y[begin:end]) for begin, end in _stretches(x, y, is_log)]


def _stretches(x: list[float], y: list[float], is_log: bool) -> Iterator[tuple[int, int]]:
    returns = [at for at, is_back in enumerate(map(lt, islice(x, 1, None), x), 1) if is_back]
    gaps: list[int] = []
    if y and not (math.isfinite(sum(y)) and (not is_log or min(y) > 0)):
        lowest = 0.0 if is_log else -math.inf
        gaps = [at for at, value in enumerate(y) if not lowest < value < math.inf]
    begin = 0
    # At a gap a stretch ends before it and the next begins after it; at a return both are at it.
    for end, after in sorted([(at, at + 1) for at in gaps] + [(at, at) for at in returns]):
        if end > begin:
            yield begin, end
        begin = max(begin, after)
    if begin < len(x):
        yield begin, len(x)


def decimate(parts: Sequence[Part], low: float, high: float, n_columns: int) -> list[Part]:
    """Returns as few points as look the same when drawn `n_columns` pixels wide.

    Of the points of a part that share a column, the first, the lowest, the highest and the last
    are kept (the aggregation "M4" of Jugel et al., VLDB 2014), so no peak is lost. Parts that lie
    within the same column become one: the gap between them is narrower than it.

    Args:
        parts: As `drawable_parts` returns them.
        low: The left end of the axis.
        high: Its right end.
        n_columns: At least 1.
    """
    if sum(len(part.xs) for part in parts) <= 4 * n_columns:
        return list(parts)
    width = (high - low) / n_columns
    if not 0 < width < math.inf:
        width = math.inf  # all in one column
    edges = [low + width * column for column in range(1, n_columns)] if width < math.inf else []
    kept: list[Part] = []
    last_column = -1
    for part in parts:
        column = bisect_left(edges, part.xs[0])
        is_within = column == bisect_left(edges, part.xs[-1])
        if is_within and column == last_column:
            kept[-1] = _extremes([kept[-1], part])
        else:
            kept.append(_decimated(part, edges))
        last_column = column if is_within else -1
    return kept


def _decimated(part: Part, edges: list[float]) -> Part:
    """Returns a part with at most four points in each column."""
    x, y = part
    if len(x) <= 4:
        return part
    chosen: list[int] = []
    begin, n = 0, len(x)
    while begin < n:
        column = bisect_left(edges, x[begin])
        end = n if column == len(edges) else bisect_right(x, edges[column], begin)
        if end - begin <= 4:
            chosen.extend(range(begin, end))
        else:
            values = y[begin:end]
            lowest, highest = values.index(min(values)), values.index(max(values))
            chosen.extend(sorted({begin, begin + lowest, begin + highest, end - 1}))
        begin = end
    return Part([x[at] for at in chosen], [y[at] for at in chosen])


def _extremes(parts: Sequence[Part]) -> Part:
    points = sorted(
        (point for part in parts for point in zip(*part, strict=True)), key=lambda point: point[0]
    )
    values = [value for _, value in points]
    chosen = {0, values.index(min(values)), values.index(max(values)), len(points) - 1}
    kept = [points[at] for at in sorted(chosen)]
    return Part([x for x, _ in kept], [y for _, y in kept])


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
