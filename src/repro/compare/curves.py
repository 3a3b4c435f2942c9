"""How the learning curves of two runs differ: where they part, and by how much."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from repro.model.curve import curve_text
from repro.model.values import Number, Point, is_same

__all__ = ["CurveChange", "compare_curves"]


class CurveChange(NamedTuple):
    """How the curve of a metric that both runs have differs; times count for nothing.

    Where a step was logged more than once, the value logged last counts.

    Attributes:
        name: Of the metric.
        parts_at: The first step at which they differ, or which only one of them has.
        largest: The largest difference at a step that both have, new minus old; None where there is
            no finite one.
        largest_at: Its step.
        n_points: Of either curve.
    """

    name: str
    parts_at: int
    largest: Number | None
    largest_at: int | None
    n_points: tuple[int, int]


def compare_curves(
    old: Mapping[str, Sequence[Point]], new: Mapping[str, Sequence[Point]]
) -> tuple[CurveChange, ...]:
    """Returns the curves that both runs have and that differ, in the order of the first."""
    found = (_compare(name, old[name], new[name]) for name in old if name in new)
    return tuple(change for change in found if change is not None)


def _compare(name: str, old: Sequence[Point], new: Sequence[Point]) -> CurveChange | None:
    first, second = _columns(old), _columns(new)
    if first == second:  # as they are written, which most often decides
        return None
    before, after = _by_step(*first), _by_step(*second)
    parts_at: int | None = None
    largest: Number | None = None
    largest_at: int | None = None
    for step in sorted(before.keys() | after.keys()):
        left, right = before.get(step), after.get(step)
        if left == right:
            continue
        if left is not None and right is not None:
            pair = _number(left), _number(right)
            if is_same(*pair):
                continue
            change = _difference(*pair)
            if change is not None and (largest is None or abs(change) > abs(largest)):
                largest, largest_at = change, step
        parts_at = step if parts_at is None else parts_at
    if parts_at is None:
        return None
    return CurveChange(name, parts_at, largest, largest_at, (len(old), len(new)))


def _columns(points: Sequence[Point]) -> tuple[list[bytes], list[bytes]]:
    """Returns steps and values as they are written: most are the same, and never become numbers."""
    fields = curve_text(points).replace(b"\n", b"\t").split(b"\t")
    return fields[:-1:3], fields[2::3]


def _by_step(steps: list[bytes], values: list[bytes]) -> dict[int, bytes]:
    return dict(zip(map(int, steps), values, strict=True))


def _number(text: bytes) -> Number:
    if b"." in text:
        return float(text)
    if b"x" in text:
        return int(text, 16)
    try:
        return int(text)
    except ValueError:
        return float(text)


def _difference(old: Number, new: Number) -> Number | None:
    try:
        change = new - old
        return change if math.isfinite(change) else None
    except OverflowError:  # integers that no float can hold
        return None
