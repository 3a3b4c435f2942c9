"""Learning curves as programs and notebooks want them: by column."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, overload

from repro.errors import ReproError
from repro.model.curve import Curve
from repro.model.values import Point
from repro.reading.packages import need

if TYPE_CHECKING:
    from pandas import DataFrame

    from repro.model.values import Number

__all__ = ["History", "UnknownMetricError", "frame_of"]


class UnknownMetricError(ReproError):
    """A run has no metric of that name.

    Attributes:
        name: The name.
    """

    def __init__(self, name: str, names: Iterable[str], *, run: str) -> None:
        from repro.compare.fields import nearest

        names = list(names)
        near = nearest(name, names)
        known = f"it has {', '.join(names[:8])}{', …' if len(names) > 8 else ''}"
        hint = f"did you mean {near!r}?" if near else known if names else "it has no metrics"
        super().__init__(f"{run} has no metric {name!r}", hint=hint)
        self.name = name


class History(Sequence[Point]):
    """A learning curve: points of step, time and value, in the order in which they were logged.

    Steps may repeat and go back; values may be NaN and infinite. ::

        loss = run.history("loss")
        matplotlib.pyplot.plot(loss.steps, loss.values)

    Attributes:
        name: Of the metric.
    """

    def __init__(self, name: str, points: Sequence[Point]) -> None:
        """Takes points, best as a `repro.model.curve.Curve`, whose text is read by column."""
        self.name = name
        self._points = points

    @cached_property
    def steps(self) -> list[int]:
        """The step of each point."""
        if isinstance(self._points, Curve):
            return list(map(int, self._columns[0]))
        return [point.step for point in self._points]

    @cached_property
    def values(self) -> "list[Number]":
        """The value of each point."""
        if not isinstance(self._points, Curve):
            return [point.value for point in self._points]
        try:
            return [float(x) if b"." in x else int(x) for x in self._columns[2]]
        except ValueError:  # nan, 1e5, and numbers longer than Python reads
            return self._points.values()

    @cached_property
    def times(self) -> list[float | None]:
        """When each point was logged, seconds since the Unix epoch; None where nobody knows."""
        if isinstance(self._points, Curve):
            return [float(x) if x else None for x in self._columns[1]]
        return [point.time_s for point in self._points]

    @cached_property
    def _columns(self) -> tuple[list[bytes], list[bytes], list[bytes]]:
        text = self._points.text if isinstance(self._points, Curve) else b""
        fields = text.replace(b"\n", b"\t").split(b"\t")
        return fields[:-1:3], fields[1::3], fields[2::3]

    def thinned(self, at_most: int) -> "list[Number]":
        """Returns so many values at equal distances, the last among them; all if they are fewer."""
        if isinstance(self._points, Curve):
            return self._points.values(at_most=at_most)
        last = len(self) - 1
        if last < at_most:
            return self.values
        return [self.values[at * last // (at_most - 1)] for at in range(at_most)]

    @property
    def last(self) -> Point | None:
        """The point that was logged last, None where there is none."""
        return self._points[-1] if len(self) else None

    def to_pandas(self) -> "DataFrame":
        """Returns a frame with the columns ``step``, ``time`` (UTC) and ``value``.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        frame = frame_of({self.name: self})
        return frame.drop(columns="metric")

    def __len__(self) -> int:
        """Returns how many points there are."""
        return len(self._points)

    @overload
    def __getitem__(self, at: int) -> Point: ...

    @overload
    def __getitem__(self, at: slice) -> "History": ...

    def __getitem__(self, at: int | slice) -> "Point | History":
        """Returns a point, or a part of the curve."""
        found = self._points[at]
        return found if isinstance(found, Point) else History(self.name, found)

    def __eq__(self, other: object) -> bool:
        """Tells whether another sequence has the same points."""
        if isinstance(other, History):
            return tuple(self._points) == tuple(other._points)
        return isinstance(other, (tuple, list)) and tuple(self._points) == tuple(other)

    def __hash__(self) -> int:
        """Equal curves, equal hashes."""
        return hash(tuple(self._points))

    def __repr__(self) -> str:
        """Says what it is, and not all of its points."""
        from repro.reading.html import number

        last = self.last
        end = "" if last is None else f", last {number(last.value)} at step {last.step}"
        return f"<History of {self.name!r}: {len(self):,} point{'s' * (len(self) != 1)}{end}>"

    def _repr_html_(self) -> str:
        from repro.reading.html import escaped, sparkline

        return f"<div>{escaped(repr(self)[1:-1])} {sparkline(self.values)}</div>"


def frame_of(curves: Mapping[str, History]) -> "DataFrame":
    """Returns curves as one frame, a row a point: ``metric``, ``step``, ``time`` (UTC), ``value``.

    Raises:
        MissingPackageError: pandas is not installed.
    """
    pandas = need("pandas", "a frame")
    columns: dict[str, list[object]] = {"metric": [], "step": [], "time": [], "value": []}
    for name, curve in curves.items():
        columns["metric"] += [name] * len(curve)
        columns["step"] += curve.steps
        columns["time"] += curve.times
        columns["value"] += curve.values
    frame = pandas.DataFrame(columns)
    times = pandas.to_numeric(frame["time"])
    frame["time"] = pandas.to_datetime(times, unit="s", utc=True)
    return frame
