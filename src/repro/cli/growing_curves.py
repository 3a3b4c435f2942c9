"""Curves that grow while a run goes on, thinned so that they can be drawn at any time."""

from array import array
from collections.abc import Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from math import isfinite
from typing import NamedTuple

from repro.journal.reader import JournalFollower, Logged
from repro.model.run import Record
from repro.model.values import Number, Point

__all__ = [
    "GrowingCurve",
    "GrowingCurves",
    "Grown",
    "NewPoint",
    "Reading",
    "RecordedPoint",
    "is_wanted",
]

_MOST_POINTS = 4096
_GROUP = 4
_CHUNK_BYTES = 8 << 20
"""Of each file at once: a fifth of a second."""


class NewPoint(NamedTuple):
    """A point that came.

    Attributes:
        name: Of the metric.
        point: As it was logged.
    """

    name: str
    point: Logged


class RecordedPoint(NamedTuple):
    """A point of a record.

    Attributes:
        name: Of the metric.
        point: As it was recorded.
    """

    name: str
    point: Point


class GrowingCurve:
    """A curve of any length, of which some thousand points are kept.

    Of each stretch the lowest and the highest value stay, so that no peak is lost.

    Attributes:
        last: The value that came last, finite or not.
        last_step: Of that point, counted where none was given.
        n_points: That came.
    """

    def __init__(self) -> None:
        self.last = float("nan")
        self.last_step = -1
        self.n_points = 0
        self._xs = array("d")
        self._ys = array("d")

    def extend(self, points: Sequence[Logged]) -> None:
        """Adds points; one without a step comes one behind the point before it."""
        steps: list[int] = []
        step = self.last_step
        for _, given, _ in points:
            step = step + 1 if given is None else given
            steps.append(step)
        self.put(steps, [_float_of(text) for _, _, text in points])

    def put(self, steps: Sequence[int], values: Sequence[float]) -> None:
        """Adds points, a step for each value."""
        if not values:
            return
        self.last, self.last_step = values[-1], steps[-1]
        self.n_points += len(values)
        if not isfinite(sum(values)):
            pairs = [pair for pair in zip(steps, values, strict=True) if isfinite(pair[1])]
            steps, values = [x for x, _ in pairs], [y for _, y in pairs]
        with suppress(OverflowError):  # a step that no float can hold
            self._xs.extend(map(float, steps))
        self._ys.extend(values)
        del self._ys[len(self._xs) :]
        while len(self._ys) >= 2 * _MOST_POINTS:
            self._thin()

    @property
    def xs(self) -> Sequence[float]:
        """Steps of the points that are kept."""
        return self._xs

    @property
    def ys(self) -> Sequence[float]:
        """Their values, all finite."""
        return self._ys

    def _thin(self) -> None:
        xs, ys = array("d"), array("d")
        n_points = len(self._ys)
        for begin in range(0, n_points, _GROUP):
            group = range(begin, min(begin + _GROUP, n_points))
            low, high = min(group, key=self._ys.__getitem__), max(group, key=self._ys.__getitem__)
            for at in sorted({low, high}):
                xs.append(self._xs[at])
                ys.append(self._ys[at])
        self._xs, self._ys = xs, ys


class Grown(NamedTuple):
    """What a reading brought.

    Attributes:
        points: That are new, in the order in which they were logged.
        has_more: Whether more waits to be read.
    """

    points: Sequence[NewPoint]
    has_more: bool


class Reading(NamedTuple):
    """What is wanted of a journal.

    Attributes:
        patterns: Names of metrics, as in a shell: ``train/*``; none for all.
        keeps_points: Whether each point is handed out, not only put on its curve.
    """

    patterns: Sequence[str] = ()
    keeps_points: bool = False


class GrowingCurves:
    """The curves of a run in progress.

    Attributes:
        curves: By metric, in the order in which they were first logged.
    """

    def __init__(self, directory: str, reading: Reading) -> None:
        """Takes the directory of the live run, of which nothing is read yet."""
        self.curves: dict[str, GrowingCurve] = {}
        self._follower = JournalFollower(directory)
        self._reading = reading

    def grow(self) -> Grown:
        """Reads some of what is new."""
        journal = self._follower.read(at_most=_CHUNK_BYTES)
        found: list[NewPoint] = []
        n_points = 0
        for name, points in journal.points.items():
            n_points += len(points)
            if not is_wanted(name, self._reading.patterns):
                continue
            if name not in self.curves:
                self.curves[name] = GrowingCurve()
            self.curves[name].extend(points)
            if self._reading.keeps_points:
                found += [NewPoint(name, point) for point in points]
        found.sort(key=lambda new: new.point.at_ms)
        return Grown(found, n_points > 0)

    def missing(self, record: Record) -> list[RecordedPoint]:
        """Returns, and adds, the points of a run that has ended that were not read in time.

        Args:
            record: Of the run. Metrics that it found in files are among them.
        """
        found: list[RecordedPoint] = []
        for name, metric in record.metrics.items():
            if not is_wanted(name, self._reading.patterns):
                continue
            curve = self.curves.setdefault(name, GrowingCurve())
            points = record.history.get(name) or (Point(metric.step or 0, None, metric.value),)
            n_missing = len(points) - curve.n_points
            if n_missing <= 0:
                continue
            if record.run.resumes is not None and curve.n_points:
                continue  # the record has the points of the earlier run as well
            new = points[-n_missing:]
            curve.put([point.step for point in new], [_number_of(point.value) for point in new])
            found += [RecordedPoint(name, point) for point in new]
        return found


def is_wanted(name: str, patterns: Sequence[str]) -> bool:
    """Tells whether a metric is among those asked for; of other ranks when rank 0's is."""
    if not patterns:
        return True
    head, _, rest = name.partition("/")
    names = (name, rest) if rest and head.startswith("rank") and head[4:].isdigit() else (name,)
    return any(fnmatchcase(each, pattern) for each in names for pattern in patterns)


def _number_of(value: Number) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _float_of(text: bytes) -> float:
    try:
        return float(int(text, 16)) if b"x" in text else float(text)
    except OverflowError:
        return float("inf")
