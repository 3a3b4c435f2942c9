"""Axes: which stretch of numbers is shown, and which of them are named."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

__all__ = ["Axis", "Tick", "axis_over", "count_labels", "number_labels", "ticks"]

_LARGEST = 1.7976931348623157e308
_SMALLEST = 5e-324
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_FLAT = 1e-12
"""A stretch so much smaller than its numbers is one number: there are no digits to tell more."""


_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


class Axis(NamedTuple):
    """A stretch of numbers.

    Attributes:
        low: Smallest number shown; above zero on a logarithmic axis.
        high: Largest, above `low`.
        is_log: Whether equal ratios are equal distances.
        only: The one number that it was made for; None where there were several.
    """

    low: float
    high: float
    is_log: bool = False
    only: float | None = None

    def place(self, value: float) -> float:
        """Returns where a number lies: 0 at the low end, 1 at the high one."""
        return self.places((value,))[0]

    def places(self, values: Sequence[float]) -> list[float]:
        """Returns where numbers lie."""
        low, high = self.low, self.high
        if self.is_log:
            log = math.log
            low, high = log(low), log(high)
            return [(log(value) - low) / (high - low) for value in values]
        span = high - low
        if span < math.inf:
            return [(value - low) / span for value in values]
        return [(value / 2 - low / 2) / (high / 2 - low / 2) for value in values]


class Tick(NamedTuple):
    """A named number of an axis.

    Attributes:
        place: From 0 at the low end of the axis to 1.
        label: Short.
    """

    place: float
    label: str


def axis_over(values: Sequence[float], *, is_log: bool = False, margin: float = 0.0) -> Axis:
    """Returns the axis that shows all of some finite numbers; with one, it stands in the middle.

    Args:
        values: Above zero where `is_log`; with none of them the axis is 0 to 1, or 1 to 10.
        is_log: Whether it is logarithmic.
        margin: Added at both ends, a share of the stretch.
    """
    if not values:
        return Axis(1.0, 10.0, is_log=True) if is_log else Axis(0.0, 1.0)
    low, high = min(values), max(values)
    if is_log:
        grown = math.log(high) - math.log(low)
        by = math.exp(grown * margin) if grown > _FLAT else math.sqrt(10)
        low, high = max(low / by, _SMALLEST), max(_finite(high * by), 2 * _SMALLEST)
        return Axis(low, high, is_log=True, only=None if grown > _FLAT else values[0])
    span = high - low
    only = None
    if span <= _FLAT * max(abs(low), abs(high)):
        only, span, margin = high, max(abs(low), abs(high)) or 1.0, 0.5
    by = min(span, _LARGEST) * margin
    low, high = _finite(low - by), _finite(high + by)
    return Axis(low, high if high > low else low + _SMALLEST, only=only)


def ticks(axis: Axis, most: int, *, is_count: bool = False) -> list[Tick]:
    """Returns round numbers along an axis, about `most` of them and no more.

    Args:
        axis: Where.
        most: At least 1.
        is_count: Whether numbers are whole and large, such as steps: 50k rather than 50000.
    """
    if axis.only is not None:
        return [Tick(axis.place(axis.only), f"{axis.only:.6g}")]
    if axis.is_log:
        values = _log_values(axis, most)
    else:
        values = _round_values(axis.low, axis.high, most, whole=is_count)
    if axis.is_log:
        labels = [_short(value) for value in values]
    else:
        labels = count_labels(values) if is_count else number_labels(values)
    return [Tick(axis.place(value), label) for value, label in zip(values, labels, strict=True)]


def _round_values(low: float, high: float, most: int, *, whole: bool) -> list[float]:
    # Halves, so that their difference is a float too.
    if high - low == math.inf:
        return [2 * value for value in _round_values(low / 2, high / 2, most, whole=False)]
    rough = (high - low) / max(most, 1)
    if rough < 1e-300:  # beyond what can be divided safely
        return [low, high][: max(most, 1)]
    size = 10.0 ** math.floor(math.log10(rough))
    for step in (size * factor for factor in (*_STEPS, 20.0, 25.0, 50.0)):
        if whole and (step < 1 or step % 1):
            continue
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        # Two numbers say more than one; so one too many is better than the next step's one.
        if last - first < most or (most < 3 and last - first < 3):
            return [_rounded(at * step, step) for at in range(first, last + 1)]
    return [_rounded(math.ceil(low), 1.0)] if whole and math.ceil(low) <= high else []


def _rounded(value: float, step: float) -> float:
    """Returns a multiple of a step without the dust of its multiplication."""
    decimals = 2 - math.floor(math.log10(step))
    return round(value, decimals) + 0.0 if abs(decimals) < 300 else value


def _log_values(axis: Axis, most: int) -> list[float]:
    """Returns powers of ten, fewer or more of them as there is room; linear steps within one."""
    first = math.floor(math.log10(axis.low) + 1e-9)
    last = math.ceil(math.log10(axis.high) - 1e-9)
    inside: list[float] = []
    for factors in ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,)):
        values = [f * _power(n) for n in range(first, last + 1) for f in factors]
        inside = [value for value in values if axis.low <= value <= axis.high]
        if len(inside) <= most:
            break
    if len(inside) > 1:
        every = math.ceil(len(inside) / most)
        aligned = [value for value in inside if round(math.log10(value)) % every == 0]
        return aligned if len(aligned) > 1 else inside[::every]
    between = _round_values(axis.low, axis.high, most, whole=False)
    return [value for value in between if axis.low <= value <= axis.high] or inside


def _power(n: int) -> float:
    return float(f"1e{n}") if -323 <= n <= 308 else (0.0 if n < 0 else math.inf)


def number_labels(values: Sequence[float]) -> list[str]:
    """Returns numbers with just the digits that tell them apart, all written alike."""
    sizes = [abs(value) for value in values if value]
    if not sizes:
        return ["0" for _ in values]
    largest = max(sizes)
    if not 1e-4 <= largest < 1e6:
        power = math.floor(math.log10(largest))
        scaled = [value / _power(power) if power > -300 else value for value in values]
        if power > -300 and all(map(math.isfinite, scaled)):
            heads = _fixed(scaled) or [f"{value!r}" for value in scaled]
            return [
                f"{head}e{power}" if value else "0"
                for head, value in zip(heads, values, strict=True)
            ]
        return [f"{value:.3g}" for value in values]
    return _fixed(values) or [f"{value!r}" for value in values]


def _fixed(values: Sequence[float], most: int = 17) -> list[str]:
    """Returns numbers with as few decimals as tell them apart; none where `most` are not enough."""
    apart = min((b - a for a, b in pairwise(sorted(values)) if b > a), default=1e-6)
    for decimals in range(most + 1):
        labels = [f"{value:.{decimals}f}" for value in values]
        if all(
            abs(float(label) - value) <= apart * 1e-3
            for label, value in zip(labels, values, strict=True)
        ):
            return [label if float(label) else label.lstrip("-") for label in labels]
    return []


def _short(value: float) -> str:
    """Returns a number of a logarithmic axis, without regard to the others."""
    text = f"{value:.4g}"
    if "e" in text or value < 1e-3 or value >= 1e5:
        head, _, power = f"{value:.3e}".partition("e")
        head = head.rstrip("0").rstrip(".")
        return f"{head}e{int(power)}"
    return text


def count_labels(values: Sequence[float]) -> list[str]:
    """Returns whole numbers; large ones in thousands (k), millions (M), billions (G)."""
    largest = max(map(abs, values), default=0.0)
    if not 1e4 <= largest < 1e15:
        return number_labels(values)
    for unit, mark in _UNITS:
        labels = _fixed([value / unit for value in values], 2) if largest >= unit else []
        if labels:
            marked = zip(labels, values, strict=True)
            return [f"{label}{mark}" if value else "0" for label, value in marked]
    return [f"{value:.0f}" for value in values]


def _finite(value: float) -> float:
    return max(-_LARGEST, min(value, _LARGEST))
