"""The difference between two runs on one page, its verdict first."""

from collections.abc import Sequence
from typing import TypeVar

from repro.cli.format import counted, number, percent, signed, size, value
from repro.cli.page import Block, Cell, Grid, Line, Section
from repro.cli.views.cells import cell_difference
from repro.cli.views.content import content_change
from repro.cli.views.environment_difference import environment_rows
from repro.cli.views.marks import ARROW, MARKS, Rows, changed, grid, mark
from repro.compare.changes import Changes
from repro.compare.curves import CurveChange
from repro.compare.diff import CodeChange, Difference, FileStat
from repro.compare.metrics import MetricChange
from repro.model.data import LOGGED_DIRECTORY, Artifact, DataEntry
from repro.model.ids import short_id
from repro.model.summary import Summary
from repro.model.values import Value

__all__ = ["page", "run_pair", "verdict"]

File = TypeVar("File", DataEntry, Artifact)


def page(a: Summary, b: Summary, difference: Difference) -> list[Block]:
    """Returns the page: what is compared, the verdict, then each part that differs."""
    parts: list[tuple[str, list[Line | Grid]]] = [
        ("code", _code(difference.code)),
        ("cells", cell_difference(difference.code.cells)),
        ("data", grid(_files(difference.data), wrap=1)),
        ("params", grid(_params(difference.params), wrap=2)),
        ("environment", grid(environment_rows(difference.environment), wrap=2)),
        ("artifacts", grid(_files(difference.artifacts), wrap=1)),
        ("metrics", _metrics(difference.metrics)),
        ("curves", grid(list(map(_curve_row, difference.curves)), right=(1,))),
    ]
    sections = [Section(label, tuple(blocks)) for label, blocks in parts if blocks]
    lead: list[Block] = [run_pair(a, b), verdict(difference)]
    if None not in difference.n_gaps:
        lead.append(_gaps(a, b, difference.n_gaps))
    return [*lead, Line.of(), *sections] if sections else lead


def run_pair(a: Summary, b: Summary) -> Line:
    """Returns the line that says what is compared."""
    cells: list[Cell | str] = []
    for number_, run in enumerate((a, b)):
        cells += [f" {ARROW} "] if number_ else []
        cells += [Cell(run.name, "bold"), " ", Cell(short_id(run.id), "cyan")]
    return Line.of(*cells)


def _gaps(a: Summary, b: Summary, n_gaps: tuple[int | None, int | None]) -> Line:
    """Returns a line that says which of the two is reproducible."""
    if not any(n_gaps):
        return Line.of(Cell("both reproducible", "green"))
    cells: list[Cell | str] = []
    for run, n in zip((a, b), n_gaps, strict=True):
        cells += [Cell(" · ", "dim")] if cells else []
        word = counted(n, "gap") if n else "reproducible"
        cells += [f"{run.name} ", Cell(word, "yellow" if n else "green")]
    return Line.of(*cells)


def verdict(difference: Difference) -> Line:
    """Returns one line that says which pillars differ."""
    counts = {
        "data": len(difference.data),
        "params": len(difference.params),
        "environment": difference.environment.n_changes,
    }
    cells: list[Cell | str] = []
    for name, same in difference.pillars.items():
        cells += [Cell(" · ", "dim")] if cells else []
        if same:
            cells.append(Cell(f"{name} same", "dim"))
        else:
            count = f" ({counts[name]})" if counts.get(name) else ""
            cells.append(Cell(f"{name} changed{count}", "yellow"))
    return Line.of(*cells)


def _code(code: CodeChange) -> list[Line | Grid]:
    if code.is_same and code.commits[0] == code.commits[1]:
        return []
    ends = [
        _revision(commit, branch, n_dirty)
        for commit, branch, n_dirty in zip(code.commits, code.branches, code.n_dirty, strict=True)
    ]
    note = Cell("  the same files", "dim") if code.is_same else Cell("")
    head = Line.of(*ends[0], f" {ARROW} ", *ends[1], note)
    return [head, *grid([_file_row(file) for file in code.files], right=(2, 3), wrap=1)]


def _revision(commit: str | None, branch: str | None, n_dirty: int) -> list[Cell | str]:
    if commit is None:
        return ["no commit"]
    on = f" on {branch}" if branch else ""
    return [Cell(commit[:10], "yellow"), on, f" + {counted(n_dirty, 'change')}" if n_dirty else ""]


_LETTER_STYLES = {"A": "green", "D": "red"}


def _file_row(file: FileStat) -> tuple[Cell, ...]:
    path = f"{file.old_path} {ARROW} {file.path}" if file.old_path else file.path
    if file.added is None or file.removed is None:
        stats = (Cell("binary", "dim"), Cell(""))
    else:
        stats = (Cell(f"+{file.added}", "green"), Cell(f"-{file.removed}", "red"))
    return (Cell(file.status, _LETTER_STYLES.get(file.status, "yellow")), Cell(path), *stats)


def _files(found: Changes[File]) -> Rows:
    return [
        (
            mark(old, new),
            Cell(path.removeprefix(LOGGED_DIRECTORY)),
            Cell(content_change(old, new)),
            Cell(changed(old, new, lambda entry: size(entry.size_bytes)), "dim"),
        )
        for path, old, new in found
    ]


def _params(found: Changes[Value]) -> Rows:
    rows: dict[str, tuple[Cell, ...]] = {}
    for name, new in found.added.items():
        rows[name] = (MARKS["added"], Cell(name), Cell(value(new)))
    for name, old in found.removed.items():
        rows[name] = (MARKS["removed"], Cell(name), Cell(value(old)))
    for name, (old, new) in found.changed.items():
        rows[name] = (MARKS["changed"], Cell(name), Cell(f"{value(old)} {ARROW} {value(new)}"))
    return [rows[name] for name in sorted(rows)]


def _metrics(metrics: Sequence[MetricChange]) -> list[Line | Grid]:
    return grid(list(map(_metric_row, metrics)), right=(1, 3, 4, 5))


def _metric_row(metric: MetricChange) -> tuple[Cell, ...]:
    same = metric.is_same
    old, new = ("none" if x is None else number(x) for x in (metric.old, metric.new))
    change = "" if metric.change is None or same else signed(metric.change)
    relative = "" if metric.relative is None or same else percent(metric.relative)
    return (
        Cell(metric.name, "dim" if same else ""),
        Cell(old, "dim"),
        Cell("=" if same else ARROW, "dim"),
        Cell(new, "dim" if same else "bold"),
        Cell(change),
        Cell(relative, "dim"),
    )


def _curve_row(curve: CurveChange) -> tuple[Cell, ...]:
    most = ""
    if curve.largest is not None and curve.largest_at is not None:
        most = f"most {signed(curve.largest)} at step {curve.largest_at:,}"
    old, new = curve.n_points
    points = "" if old == new else f"{old:,} {ARROW} {counted(new, 'point')}"
    parts = Cell(f"part at step {curve.parts_at:,}")
    return (Cell(curve.name), parts, Cell(most, "bold"), Cell(points, "dim"))
