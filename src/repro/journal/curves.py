"""Makes learning curves, and the metrics' last values, of what was logged."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from repro.journal.reader import Logged
from repro.model.curve import Curve
from repro.model.values import Metric, Number

__all__ = ["Curves", "curves_of", "number_of"]


class Curves(NamedTuple):
    """What a record holds of metrics that were logged.

    Attributes:
        summary: The last value of each.
        history: Each that has more than one point, or a step.
    """

    summary: dict[str, Metric]
    history: dict[str, Curve]


def curves_of(
    points: Mapping[str, Sequence[Logged]], *, after: Mapping[str, int] | None = None
) -> Curves:
    """Returns the curves of what was logged, in that order, repeated steps and all.

    A point without a step comes one step behind the point before it; a metric that never had one
    has its points numbered from 0, and no step in its summary.

    Args:
        points: By metric.
        after: The last step of each metric that goes on from an earlier run.
    """
    summary: dict[str, Metric] = {}
    history: dict[str, Curve] = {}
    for name, logged in points.items():
        if not logged:
            continue
        has_steps = any(point.step is not None for point in logged)
        last = logged[-1]
        lines = []
        step = (after or {}).get(name, -1)
        for at_ms, given, value in logged:
            step = step + 1 if given is None else given
            lines.append(b"%d\t%d.%03d\t%b\n" % (step, *divmod(at_ms, 1000), value))
        summary[name] = Metric(number_of(last.value), step if has_steps else None)
        if has_steps or len(logged) > 1:
            history[name] = Curve(b"".join(lines))
    return Curves(summary, history)


def number_of(text: bytes) -> Number:
    """Returns the value of a point."""
    if b"x" in text:
        return int(text, 16)
    try:
        return int(text)
    except ValueError:
        return float(text)
