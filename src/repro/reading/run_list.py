"""Several runs: a list that knows in what they differ."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, SupportsIndex, TypeVar, overload

from repro.model.values import Number, Value
from repro.reading.packages import need
from repro.reading.run import Run

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Runs"]

T = TypeVar("T")


class Runs(list[Run]):
    """A list of runs; a slice of it is one too.

    ::

        runs = repro.runs("params.opt == 'adam'")
        runs.params  # {'lr': [0.1, 0.01], ...}: those in which the runs differ
        runs.to_pandas()  # a row a run
        runs[:10]
    """

    @overload
    def __getitem__(self, at: SupportsIndex) -> Run: ...

    @overload
    def __getitem__(self, at: slice) -> "Runs": ...

    def __getitem__(self, at: SupportsIndex | slice) -> "Run | Runs":
        """Returns a run, or some."""
        found = super().__getitem__(at)
        return Runs(found) if isinstance(found, list) else found

    def __add__(self, others: Iterable[Run]) -> "Runs":  # type: ignore[override]
        """Returns these runs and those."""
        return Runs([*self, *others])

    def where(self, is_wanted: Callable[[Run], bool]) -> "Runs":
        """Returns the runs for which a function is true."""
        return Runs(run for run in self if is_wanted(run))

    @property
    def params(self) -> dict[str, list[Value]]:
        """The params in which the runs differ: the value in each run, None where it has none.

        Of a single run all of them.
        """
        from repro.compare.values import is_equal

        columns = _columns(run.params for run in self)
        if len(self) < 2:
            return columns
        present = [run.params for run in self]
        return {
            name: values
            for name, values in columns.items()
            if any(name not in params for params in present)
            or any(type(x) is not type(values[0]) or not is_equal(x, values[0]) for x in values)
        }

    @property
    def metrics(self) -> dict[str, list[Number | None]]:
        """Every metric that a run has: its last value in each run, None where it has none."""
        return _columns(run.metrics for run in self)

    def to_pandas(self) -> "DataFrame":
        """Returns a frame with a row for each run.

        Columns: ``id``, ``name``, ``status``, ``started_at`` (UTC), ``duration_s``, then
        ``params.NAME``, ``metrics.NAME`` and ``tags.NAME`` for every one that a run has.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        pandas = need("pandas", "a frame")
        columns: dict[str, list[object]] = {
            "id": [run.id for run in self],
            "name": [run.name for run in self],
            "status": [str(run.status) for run in self],
            "started_at": [run.started_at for run in self],
            "duration_s": [run.duration_s for run in self],
        }
        for scope, values in (
            ("params", _columns(run.params for run in self)),
            ("metrics", _columns(run.metrics for run in self)),
            ("tags", _columns(run.tags for run in self)),
        ):
            columns |= {f"{scope}.{name}": list(column) for name, column in values.items()}
        frame = pandas.DataFrame(columns)
        frame["started_at"] = pandas.to_datetime(frame["started_at"], utc=True)
        frame["duration_s"] = pandas.to_numeric(frame["duration_s"])
        return frame

    def __repr__(self) -> str:
        """Lists them, a line a run."""
        return f"<Runs: {len(self):,}>" if len(self) > _MAX_LINES else f"Runs({super().__repr__()})"

    def _repr_html_(self) -> str:
        from repro.reading.run_table import runs_html

        return runs_html(self)


_MAX_LINES = 20


def _columns(rows: Iterable[dict[str, T]]) -> dict[str, list[T | None]]:
    """Returns the values by name, in the order in which the names are met."""
    found = list(rows)
    names = dict.fromkeys(_names(found))
    return {name: [row.get(name) for row in found] for name in names}


def _names(rows: Iterable[dict[str, T]]) -> Iterator[str]:
    for row in rows:
        yield from row
