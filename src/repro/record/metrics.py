"""Finds the metrics of a run: conventional files, what ``dvc.yaml`` names, DVCLive's output.

A file that the run did not write is not its metric, whatever it holds.
"""

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from repro.journal.curves import Curves
from repro.model.conventions import CURVES_DIRECTORY, METRICS_NAMES
from repro.model.gap import Gap, GapKind
from repro.model.values import Metric, Number, Point, is_same, numbers_in, parse_scalar
from repro.record.formats import SUFFIXES, FormatError, load_mapping
from repro.record.project import Project

__all__ = [
    "Metrics",
    "collect_metrics",
    "curve_files",
    "metrics_files",
    "metrics_in",
]

_STEP_NAMES = ("step", "global_step", "epoch", "iteration", "iter")
_MAX_BYTES = 64 * 2**20


class Metrics:
    """What was found.

    Attributes:
        summary: Last value of each metric.
        history: Learning curves, in the order of the file.
        files: The files that they came from, relative to the top.
        gaps: What could not be read, and what was left from before.
    """

    def __init__(self) -> None:
        self.summary: dict[str, Metric] = {}
        self.history: dict[str, Sequence[Point]] = {}
        self.files: list[str] = []
        self.gaps: list[Gap] = []

    def add(self, path: str, values: Iterable[tuple[str, Metric]]) -> None:
        """Adds a file's metrics; a name that has another value already keeps its file's name."""
        for name, metric in values:
            old = self.summary.get(name)
            if old is not None and not is_same(old.value, metric.value):
                self.summary[f"{path}:{name}"] = metric
            else:
                self.summary[name] = metric


def metrics_files(project: Project, dvc_files: Iterable[str] = ()) -> list[str]:
    """Returns where metrics may lie, relative to the top, whether or not there is a file.

    Args:
        project: The project.
        dvc_files: Further files that ``dvc.yaml`` names.
    """
    names = [path for name in METRICS_NAMES for path in project.paths(name)]
    names += [project.configured(name) for name in project.config.metrics]
    return list(dict.fromkeys([*names, *dvc_files]))


def collect_metrics(
    project: Project,
    *,
    top: str,
    files: Iterable[str],
    since_ns: int | None,
    logged: Curves | None = None,
    contents: Mapping[str, bytes] | None = None,
) -> Metrics:
    """Reads the metrics of a run from the working tree, or from a commit.

    Args:
        project: The project.
        top: The top of the working tree.
        files: As `metrics_files` gives them.
        since_ns: Start of the run by the clock of the file system: a file whose content and state
            are older is a gap. None takes every file (`repro record`).
        logged: What the command logged itself; names in files give way to it.
        contents: Of all such files that there are, by path, where they are not to be read from the
            working tree; curves of DVCLive's among them.
    """
    metrics = Metrics()
    if logged is not None:
        metrics.summary |= logged.summary
        metrics.history |= logged.history
    curves = _curve_files(project, top) if contents is None else curve_files(project, contents)
    for path in [*files, *curves]:
        if contents is None:
            try:
                stat = os.stat(os.path.join(top, path))
            except OSError:
                continue
            if since_ns is not None and max(stat.st_ctime_ns, stat.st_mtime_ns) < since_ns:
                _note_stale(metrics, path)
                continue
        elif path not in contents:
            continue
        try:
            content = _content(path, top) if contents is None else contents[path]
            _read_content(metrics, path, content, project)
        except FormatError as error:
            where = path if error.line is None else f"{path}:{error.line}"
            metrics.gaps.append(
                Gap(GapKind.METRICS, where, error.problem, f"make {path} valid and run again")
            )
    return metrics


def metrics_in(path: str, content: bytes, project: Project) -> Metrics:
    """Returns the metrics that one file holds.

    Args:
        path: The file's, relative to the top.
        content: Its bytes.
        project: The project.

    Raises:
        FormatError: It is malformed, or of no format that holds metrics.
    """
    metrics = Metrics()
    _read_content(metrics, path, content, project)
    return metrics


def _note_stale(metrics: Metrics, path: str) -> None:
    if CURVES_DIRECTORY in path:
        return
    reason = "left from before: this run did not write it, so it is not recorded as its metrics"
    metrics.gaps.append(Gap(GapKind.METRICS, path, reason, f"rm {path}"))


def _content(path: str, top: str) -> bytes:
    full = os.path.join(top, path)
    try:
        _check_size(path, os.path.getsize(full))
        with open(full, "rb") as file:
            return file.read()
    except OSError as error:
        raise FormatError(path, error.strerror or str(error)) from error


def _check_size(path: str, size_bytes: int) -> None:
    if size_bytes > _MAX_BYTES:
        raise FormatError(path, f"larger than {_MAX_BYTES // 2**20} MiB")


def _read_content(metrics: Metrics, path: str, content: bytes, project: Project) -> None:
    _check_size(path, len(content))
    suffix = path.rpartition(".")[2].lower()
    metrics.files.append(path)
    if suffix in ("csv", "tsv"):
        _read_table(metrics, path, content, project)
    elif suffix in SUFFIXES:
        values = list(numbers_in(load_mapping(path, content)))
        if any(_is_beyond_float(value) for _, value in values):
            raise FormatError(path, "a number too large for a metric")
        metrics.add(path, ((name, Metric(value)) for name, value in values))
    else:
        raise FormatError(path, "neither JSON, YAML, TOML, CSV nor TSV by its name")


def _read_table(metrics: Metrics, path: str, content: bytes, project: Project) -> None:
    import csv
    import io

    text = content.decode("utf-8-sig", "replace")
    delimiter = "\t" if path.lower().endswith(".tsv") else ","
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise FormatError(path, str(error)) from error
    columns = list(rows[0]) if rows else []
    step_name = next((name for name in _STEP_NAMES if name in columns), None)
    curve = _curve_name(path, project)
    curves: dict[str, tuple[Point, ...]] = {}
    for name in columns:
        if name in _STEP_NAMES or name == "timestamp" or not isinstance(name, str):
            continue
        points = tuple(_points(rows, name, step_name))
        if points:
            curves[curve or name] = points
    for name, points in curves.items():
        if len(points) > 1 or step_name is not None:
            is_taken = metrics.history.get(name, points) != points
            metrics.history[f"{path}:{name}" if is_taken else name] = points
    last = ((name, Metric(points[-1].value, points[-1].step)) for name, points in curves.items())
    if curve is None:
        metrics.add(path, last)
    else:
        # The summary that DVCLive wrote holds: it may be the best value, not the last.
        metrics.summary |= {name: metric for name, metric in last if name not in metrics.summary}


def _points(
    rows: Iterable[Mapping[str, str | None]], name: str, step_name: str | None
) -> Iterator[Point]:
    for number, row in enumerate(rows):
        value = _number(row.get(name))
        if value is None:  # sparse tables log some columns at some steps
            continue
        step = _number(row.get(step_name)) if step_name is not None else number
        time_s = _number(row.get("timestamp"))
        if time_s is not None and time_s > 1e11:  # DVCLive writes milliseconds
            time_s = time_s / 1000
        has_step = step is not None and math.isfinite(step)
        yield Point(int(step) if has_step and step is not None else number, time_s, value)


def _number(text: str | None) -> Number | None:
    value = parse_scalar(text.strip()) if isinstance(text, str) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return None if _is_beyond_float(value) else value


def _is_beyond_float(value: Number) -> bool:
    return isinstance(value, int) and value.bit_length() > 1023


def _curve_files(project: Project, top: str) -> list[str]:
    found = []
    for root in project.paths(CURVES_DIRECTORY):
        for directory, _, names in os.walk(os.path.join(top, root)):
            relative = os.path.relpath(directory, top)
            found += [os.path.join(relative, name) for name in names if name.endswith(".tsv")]
    return sorted(found)


def curve_files(project: Project, paths: Iterable[str]) -> list[str]:
    """Returns those of some paths that hold a curve of DVCLive's, sorted."""
    roots = tuple(f"{root}/" for root in project.paths(CURVES_DIRECTORY))
    return sorted(path for path in paths if path.startswith(roots) and path.endswith(".tsv"))


def _curve_name(path: str, project: Project) -> str | None:
    for root in project.paths(CURVES_DIRECTORY):
        if path.startswith(f"{root}/"):
            # DVCLive's summary nests "train/loss" as train: {loss: ...}, here train.loss.
            return path[len(root) + 1 : -len(".tsv")].replace("/", ".")
    return None
