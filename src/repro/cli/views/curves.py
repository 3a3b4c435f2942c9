"""Learning curves for programs: every point, as it was logged."""

import json
from collections.abc import Iterator, Mapping, Sequence

from repro.cli.page import clean
from repro.model.curve import curve_text
from repro.model.summary import Summary, number_to_json
from repro.model.values import Point
from repro.plot.smoothing import smooth

__all__ = ["CurvesOfRun", "to_json", "to_tsv"]

CurvesOfRun = tuple[Summary, Mapping[str, Sequence[Point]]]
"""A run, and its curves by name of the metric."""


def to_tsv(
    runs: Sequence[CurvesOfRun], metrics: Sequence[str], *, smoothing: float = 0.0
) -> Iterator[str]:
    """Yields a header, then the lines of one curve after the other.

    Args:
        runs: In order.
        metrics: In order.
        smoothing: Adds a column of smoothed values, unless it is 0; see `smooth`.
    """
    yield "run\tmetric\tstep\ttime_s\tvalue" + ("\tsmoothed\n" if smoothing else "\n")
    for run, metric, points in _curves(runs, metrics):
        head = f"{run.id}\t{clean(metric)}\t"
        lines = curve_text(points).decode("ascii").splitlines()
        if smoothing:
            smoothed = smooth([point.value for point in points], smoothing)
            lines = [f"{line}\t{value}" for line, value in zip(lines, smoothed, strict=True)]
        yield "".join([f"{head}{line}\n" for line in lines])


def to_json(
    runs: Sequence[CurvesOfRun], metrics: Sequence[str], *, smoothing: float = 0.0
) -> Iterator[str]:
    """Yields an array of curves, an object each, in which every column is an array.

    Args:
        runs: In order.
        metrics: In order.
        smoothing: As for `to_tsv`.
    """
    separator = "[\n"
    for run, metric, points in _curves(runs, metrics):
        curve: dict[str, object] = {
            "run": run.id,
            "name": run.name,
            "metric": metric,
            "step": [number_to_json(point.step) for point in points],
            "time_s": [point.time_s for point in points],
            "value": [number_to_json(point.value) for point in points],
        }
        if smoothing:
            smoothed = smooth([point.value for point in points], smoothing)
            curve["smoothed"] = [number_to_json(value) for value in smoothed]
        yield separator + json.dumps(curve, allow_nan=False)
        separator = ",\n"
    yield "\n]\n"


def _curves(
    runs: Sequence[CurvesOfRun], metrics: Sequence[str]
) -> Iterator[tuple[Summary, str, Sequence[Point]]]:
    for run, curves in runs:
        for metric in metrics:
            if metric in curves:
                yield run, metric, curves[metric]
