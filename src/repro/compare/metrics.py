"""How the metrics of two runs differ."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from repro.model.values import Metric, Number, is_same

__all__ = ["MetricChange", "compare_metrics"]


class MetricChange(NamedTuple):
    """How a metric differs.

    Attributes:
        name: Of the metric.
        old: None when the first run has none.
        new: None when the second has none.
        change: New minus old; None where either is missing or not finite.
        relative: Change over the size of old; None where that is 0 or there is no change.
    """

    name: str
    old: Number | None
    new: Number | None
    change: Number | None
    relative: float | None

    @property
    def is_same(self) -> bool:
        """Whether the value is the same; NaN is equal to itself."""
        return self.old is not None and self.new is not None and is_same(self.old, self.new)


def compare_metrics(
    old: Mapping[str, Metric], new: Mapping[str, Metric]
) -> tuple[MetricChange, ...]:
    """Returns every metric that either run has, in the order of the first, changed or not."""
    return tuple(
        _compare(name, *(run[name].value if name in run else None for run in (old, new)))
        for name in dict.fromkeys([*old, *new])
    )


def _compare(name: str, old: Number | None, new: Number | None) -> MetricChange:
    if old is None or new is None:
        return MetricChange(name, old, new, None, None)
    try:
        change = _finite(new - old)
        relative = _finite(change / abs(old)) if change is not None and old else None
    except OverflowError:  # integers that no float can hold
        change = relative = None
    return MetricChange(name, old, new, change, relative)


def _finite(number: Number) -> Number | None:
    return number if math.isfinite(number) else None
