"""A whole plot: a panel for each metric, in it a line for each run that has it."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from repro.model.values import Point
from repro.plot.points import Columns, columns_of
from repro.plot.series import Series
from repro.plot.smoothing import smooth

__all__ = ["Line", "Panel", "Plot", "Traced", "build_plot"]

_UNITS = ((3 * 86_400.0, 86_400.0, "d"), (2 * 3600.0, 3600.0, "h"), (120.0, 60.0, "min"))


class Traced(NamedTuple):
    """A run, as far as it is drawn.

    Attributes:
        label: For the legend.
        started_at_s: Seconds since the Unix epoch.
        curves: By name of the metric.
    """

    label: str
    started_at_s: float
    curves: Mapping[str, Sequence[Point]]


class Line(NamedTuple):
    """A curve of a run.

    Attributes:
        run: Its number in the legend, from 0: a run has one colour in all panels.
        series: What is drawn.
        raw: What it was made of, to be drawn faintly behind it; None where nothing was smoothed.
    """

    run: int
    series: Series
    raw: Series | None = None


class Panel(NamedTuple):
    """The curves of a metric.

    Attributes:
        title: Its name.
        lines: In the order of the runs; those that lack the metric have none.
    """

    title: str
    lines: tuple[Line, ...]


class Plot(NamedTuple):
    """A whole plot.

    Attributes:
        labels: Of the runs, by number.
        panels: At least one.
        x_label: "step", or "time (min)" and the like.
        is_log: Whether the axes of the values are logarithmic.
    """

    labels: tuple[str, ...]
    panels: tuple[Panel, ...]
    x_label: str = "step"
    is_log: bool = False


def build_plot(
    runs: Sequence[Traced],
    metrics: Sequence[str],
    *,
    by_time: bool = False,
    smoothing: float = 0.0,
    is_log: bool = False,
) -> Plot:
    """Returns the plot of some metrics of some runs.

    Args:
        runs: In the order of the legend.
        metrics: In the order of the panels.
        by_time: Whether curves run along the time since the start of their run, not along steps. A
            point without a time is not drawn then.
        smoothing: From 0, for none, to less than 1; see `smooth`.
        is_log: Whether the axes of the values are logarithmic.
    """
    columns = {
        (name, number): columns_of(run.curves[name])
        for name in metrics
        for number, run in enumerate(runs)
        if name in run.curves
    }
    unit_s, x_label = 1.0, "step"
    if by_time:
        unit_s, unit = _unit(columns, runs)
        x_label = f"time ({unit})"
    panels = []
    for name in metrics:
        lines = []
        for number, run in enumerate(runs):
            of_curve = columns.get((name, number))
            if of_curve is not None:
                xs = _xs(of_curve, run.started_at_s, unit_s) if by_time else of_curve.steps
                lines.append(_line(number, run.label, xs, of_curve.values, smoothing))
        panels.append(Panel(name, tuple(lines)))
    return Plot(tuple(run.label for run in runs), tuple(panels), x_label, is_log)


def _line(number: int, label: str, xs: list[float], ys: list[float], smoothing: float) -> Line:
    raw = Series(label, xs, ys)
    if not smoothing:
        return Line(number, raw)
    return Line(number, Series(label, xs, smooth(ys, smoothing)), raw)


def _xs(columns: Columns, started_at_s: float, unit_s: float) -> list[float]:
    return [(time_s - started_at_s) / unit_s for time_s in columns.times_s]


def _unit(columns: Mapping[tuple[str, int], Columns], runs: Sequence[Traced]) -> tuple[float, str]:
    """Returns the unit of time in which the longest curve reads well: its seconds and its name."""
    longest_s = max(
        (
            time_s - runs[number].started_at_s
            for (_, number), found in columns.items()
            for time_s in (found.times_s[0], found.times_s[-1])
            if math.isfinite(time_s)
        ),
        default=0.0,
    )
    for least_s, unit_s, name in _UNITS:
        if longest_s >= least_s:
            return unit_s, name
    return 1.0, "s"
