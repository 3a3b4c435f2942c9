"""A run as an object: what its summary says at once, the rest when it is asked for."""

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

from repro.git.repository import Repository
from repro.model.ids import RunId
from repro.model.run import Record
from repro.model.summary import Summary
from repro.model.values import Number, Params, Point, Value, flatten
from repro.reading.history import History, UnknownMetricError, frame_of
from repro.reading.listed import Listed
from repro.reading.parts import LiveParts, Parts, RecordedParts
from repro.reading.record_files import RecordFiles

if TYPE_CHECKING:
    from pandas import DataFrame

    from repro.model.data import DataEntry
    from repro.model.environment import Environment
    from repro.model.gap import Gap
    from repro.reading.artifacts import Artifacts
    from repro.reading.code import Code
    from repro.reading.difference import RunDifference
    from repro.reading.loading import Loader
    from repro.reading.run_list import Runs

__all__ = ["Run"]


class Run(Listed):
    """A run: recorded, or in progress. `repro.get_run` and `repro.runs` give them.

    ::

        run = repro.get_run("best:accuracy")
        run.params["lr"], run.metrics["accuracy"], run.history("loss").values
        run.checkout("../as-it-was")

    What a listing shows is there at once. Everything else is read from the run's commit when it is
    first asked for, and kept: ask `repro.get_run` again to see a run in progress as it is now.
    """

    def __init__(self, repo: Repository, summary: Summary, record: Record | None = None) -> None:
        """Takes a run that was found.

        Args:
            repo: The repository.
            summary: Its summary.
            record: What is known of it, where it is in progress; None for a run that is recorded.
        """
        super().__init__(summary)
        self._repo = repo
        self._read: Parts
        self._read = RecordedParts(repo, summary) if record is None else LiveParts(repo, record)
        self._curves: dict[str, History] = {}

    @property
    def _parts(self) -> Parts:
        if isinstance(self._read, LiveParts) and self._read.has_ended:
            from repro.lineage.resolve import resolve_run

            self._summary = resolve_run(self._repo, self._summary.id)
            self._read = RecordedParts(self._repo, self._summary)
        return self._read

    @property
    def record(self) -> Record:
        """Its whole record as one value; everything in it is read."""
        return self._parts.whole

    @cached_property
    def _params(self) -> dict[str, Value]:
        parts, summary = self._parts, self._summary
        if isinstance(parts, LiveParts) or summary.is_partial:
            return flatten(parts.params)
        is_doubtful = any(map(_is_doubtful, summary.params.values()))
        return flatten(parts.params) if is_doubtful else dict(summary.params)

    @property
    def params(self) -> dict[str, Value]:
        """The params by flat name: ``run.params["model.depth"]``."""
        return dict(self._params)

    @property
    def params_nested(self) -> Params:
        """The params as they were given: ``run.params_nested["model"]["depth"]``."""
        import copy

        return copy.deepcopy(self._parts.params)

    @property
    def metrics(self) -> dict[str, Number]:
        """The last value of each metric; may be NaN or infinite."""
        parts, summary = self._parts, self._summary
        if isinstance(parts, LiveParts) or summary.is_partial:
            return {name: metric.value for name, metric in parts.metrics.items()}
        return dict(summary.metrics)

    # What the record says.

    @property
    def message(self) -> str:
        """What its author wrote of it when it started."""
        return self._parts.run.message

    @property
    def argv(self) -> tuple[str, ...]:
        """The words of its command."""
        return self._parts.run.command

    @property
    def gaps(self) -> "tuple[Gap, ...]":
        """What its record lacks: ``kind``, ``subject``, ``reason`` and ``fix`` of each."""
        return self._parts.run.gaps if self._summary.gaps or self.is_running else ()

    @cached_property
    def code(self) -> "Code":
        """Its code: commit, what differed from it, and that as a patch."""
        from repro.reading.code import Code

        return Code(self._repo, self._parts.run.code, self._summary.oid)

    @overload
    def history(self, name: str) -> History: ...

    @overload
    def history(self, name: None = None) -> dict[str, History]: ...

    def history(self, name: str | None = None) -> "History | dict[str, History]":
        """Returns the learning curve of a metric, or all of them by name.

        ``system/...`` are the figures of the machine, such as
        ``system/cpu_utilization_percentage``; their steps count the samples. A metric that has a
        value and no curve is one point.

        Args:
            name: Of the metric; only its curve is read. None for every curve.

        Raises:
            UnknownMetricError: The run has no such metric.
        """
        if name is None:
            return dict(self._histories)
        if name not in self._curves:
            self._curves[name] = self._read_history(name)
        return self._curves[name]

    @cached_property
    def _histories(self) -> dict[str, History]:
        curves = self._parts.curve_names
        names = dict.fromkeys([*curves, *self._parts.metrics, *self._system])
        return {name: self.history(name) for name in names}

    def _read_history(self, name: str) -> History:
        points = self._parts.curve(name)
        if points is not None:
            return History(name, points)
        metrics = self._parts.metrics
        if name in metrics:
            value, step = metrics[name]
            return History(name, (Point(step or 0, None, value),))
        if name in self._system:
            return self._system[name]
        known = dict.fromkeys([*metrics, *self._parts.curve_names, *self._system])
        raise UnknownMetricError(name, known, run=f"run {self.name}")

    @cached_property
    def _system(self) -> dict[str, History]:
        content = self._parts.system
        if content is None:
            return {}
        from repro.model.system import system_curves

        return {name: History(name, points) for name, points in system_curves(content).items()}

    def history_frame(self, *names: str) -> "DataFrame":
        """Returns learning curves as a frame: ``metric``, ``step``, ``time`` (UTC), ``value``.

        Args:
            names: Of the metrics; none for all.

        Raises:
            MissingPackageError: pandas is not installed.
            UnknownMetricError: The run has no such metric.
        """
        return frame_of({name: self.history(name) for name in names} or self._histories)

    def to_pandas(self) -> "DataFrame":
        """Returns every learning curve as a frame; see `history_frame`."""
        return self.history_frame()

    @property
    def data(self) -> "tuple[DataEntry, ...]":
        """Its inputs, as they were when it started, sorted by path."""
        return self._parts.data

    @cached_property
    def artifacts(self) -> "Artifacts":
        """Its outputs, by path or by the name that they were logged by."""
        from repro.reading.artifacts import Artifacts

        parts = self._parts
        files = RecordFiles(self._repo, self._summary.oid)
        return Artifacts(parts.artifacts, files, self._summary.id, self.gaps)

    def load_artifact(self, name: str, loader: "Loader | None" = None) -> Any:  # noqa: ANN401 - whatever it is
        """Returns an output as an object.

        Read by their suffix: JSON, YAML, TOML, texts; CSV, TSV and Parquet by pandas; ``.npy`` and
        ``.npz`` by NumPy; images by Pillow. Reading others may run code that is in them (pickles,
        joblib, PyTorch), or is up to you: say by what. ::

            model = run.load_artifact("model.joblib", loader=joblib.load)

        Args:
            name: Its path, or the name that it was logged by.
            loader: Takes a file opened for reading, whose ``.name`` is a path that ends as the
                artifact's does; for a directory its path. Neither is there any more afterwards.

        Raises:
            UnknownArtifactError: The run has no such output.
            NoLoaderError: Its suffix does not say how to read it safely.
            LoadError: It is not what its suffix says.
            NoBytesError: Its bytes are not to be had.
        """
        from repro.reading.loading import load

        return load(self.artifacts[name], loader)

    @property
    def environment(self) -> "Environment | None":
        """The environment that it ran in: interpreter, packages, platform; None where not seen."""
        return self._parts.environment

    @cached_property
    def output(self) -> str:
        """What its command printed; the middle is left out where that is much."""
        return self._parts.output.decode("utf-8", "replace")

    # Other runs.

    @property
    def parent(self) -> "Run | None":
        """The run inside which it was started, None where there is none, or it is gone."""
        return self._related(self._parts.run.parent_run)

    @property
    def resumes(self) -> "Run | None":
        """The run that it went on from, None where there is none, or it is gone."""
        return self._related(self._parts.run.resumes)

    def _related(self, run_id: RunId | None) -> "Run | None":
        if run_id is None:
            return None
        from repro.reading.asking import find

        return find(self._repo, run_id)

    @property
    def children(self) -> "Runs":
        """The runs that were started inside of it, newest first."""
        from repro.reading.children import children_of

        return children_of(self._repo, self._summary)

    def diff(self, other: "Run | str") -> "RunDifference":
        """Returns what differs from this run to another.

        Args:
            other: A run, or what names one.
        """
        from repro.reading.asking import get_run
        from repro.reading.difference import difference_of

        second = get_run(other, repo=self._repo.top) if isinstance(other, str) else other
        ends = (self.summary, self.record), (second.summary, second.record)
        return difference_of(self._repo, *ends)

    def checkout(
        self,
        worktree: str | os.PathLike[str] | None = None,
        *,
        keep: bool = False,
        outputs: bool = False,
        inexact: bool = False,
    ) -> str:
        """Puts its code, data and record back as they were when it started; see `repro checkout`.

        Args:
            worktree: Into a new working tree there, beside your work, which is not touched. None
                for here: `repro checkout -` then goes back.
            keep: Here: whether work that is neither committed nor recorded is saved first, rather
                than refused.
            outputs: Whether its outputs are put back too.
            inexact: Whether to go on though a version of a table that it read is gone.

        Returns:
            The top of the working tree.

        Raises:
            NotEndedError: It has not ended yet.
            ReproError: Before anything was changed, or with the way back as its hint.
        """
        from repro.reading.checking_out import check_out

        directory = None if worktree is None else os.path.abspath(os.fspath(worktree))
        record = None if self.is_running else self._parts.whole
        options = {"keep": keep, "outputs": outputs, "inexact": inexact}
        return check_out(self._repo, self._summary, record, directory, **options)

    def __eq__(self, other: object) -> bool:
        """Tells whether another is the same run of the same repository."""
        if not isinstance(other, Run):
            return NotImplemented
        return (self.id, self._repo.common_dir) == (other.id, other._repo.common_dir)

    def __hash__(self) -> int:
        """Equal runs, equal hashes."""
        return hash(self.id)

    def __repr__(self) -> str:
        """Says which run it is, and how it went."""
        from repro.reading.html import number, spelled_out

        shown = [f"{name}={number(x)}" for name, x in list(self.metrics.items())[:3]]
        text = " ".join((self.name, self.short_id, self.status, *shown))
        return f"<Run {spelled_out(text)}>"

    def _repr_html_(self) -> str:
        from repro.reading.run_page import page

        return page(self)


_DOUBTFUL = ("NaN", "Infinity", "0x")


def _is_doubtful(value: Value) -> bool:
    """Tells whether the record may say another thing of a param than the summary: NaN for "NaN"."""
    if isinstance(value, str):
        return value.lstrip("-").startswith(_DOUBTFUL)
    if isinstance(value, dict):
        return any(map(_is_doubtful, value.values()))
    return isinstance(value, list) and any(map(_is_doubtful, value))
