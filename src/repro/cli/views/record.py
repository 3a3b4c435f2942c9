"""One run on one page."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from repro.cli.format import SPARKS, ago, counted, duration, number, size, sparkline, value
from repro.cli.page import Block, Cell, Grid, Line, Section
from repro.cli.views.cells import cell_rows
from repro.cli.views.content import content_text
from repro.cli.views.environment import (
    drift_lines,
    gap_rows,
    hardware_text,
    platform_text,
    python_name,
    runtime_text,
)
from repro.cli.views.hardware import hardware_rows
from repro.cli.views.in_progress import elsewhere_lines, output_tail
from repro.cli.views.listing import (
    STATUS_STYLES,
    elapsed_s,
    starred_name,
    status_text,
    tags_text,
)
from repro.lineage.of_run import LinkedCommit
from repro.model.curve import Curve
from repro.model.data import Artifact, DataEntry, Place
from repro.model.environment import Environment
from repro.model.gap import Gap
from repro.model.ids import short_id
from repro.model.run import Code, Record, Status
from repro.model.summary import Note, Summary
from repro.model.values import Number, Point, flatten
from repro.record.liveness import Elsewhere

__all__ = ["note_lines", "page"]

_MOST_ROWS = 40
"""Longer lists are cut: `--json` has everything."""


def page(
    record: Record,
    summary: Summary,
    *,
    now: datetime,
    where: Elsewhere | None = None,
    commits: Sequence[LinkedCommit] = (),
) -> list[Block]:
    """Returns the page of a run.

    Args:
        record: All of it.
        summary: Of the same run.
        now: UTC.
        where: Of a run in progress that no one here can see.
        commits: Those that it belongs to besides the one that it began from.
    """
    parts: list[tuple[str, list[Line | Grid]]] = [
        ("code", list(_code(record.run.code))),
        ("belongs to", _grid([(Cell(c.oid[:10], "yellow"), c.subject) for c in commits], wrap=1)),
        ("cells", cell_rows(record.cells)),
        ("params", _params(record)),
        ("metrics", _metrics(record)),
        ("output", output_tail(record) if summary.status is Status.RUNNING else []),
        ("data", _data(record.data)),
        ("artifacts", _artifacts(record.artifacts)),
        ("environment", list(_environment(record))),
        ("hardware", hardware_rows(record.system)),
        ("tags", _tags(record, summary)),
        ("notes", note_lines(summary.notes, now)),
        ("gaps", list(_gaps(record.run.gaps, summary.status))),
        ("go back", _go_back(summary)),
    ]
    sections = [Section(label, tuple(blocks)) for label, blocks in parts if blocks]
    title = [*_title(record, summary, now), *elsewhere_lines(record, where, now)]
    return [*title, Line.of(), *sections]


def _title(record: Record, summary: Summary, now: datetime) -> Iterator[Block]:
    run = record.run
    status = status_text(summary.status, summary.exit_code)
    taken = elapsed_s(summary, now)
    lasted = "," if taken is None else f" {_preposition(summary.status)} {duration(taken)},"
    if summary.status is Status.RECORDED:  # nothing ran
        lasted = ""
    author = f" by {run.author.name}" if run.author and run.author.name else ""
    yield Line.of(
        Cell(starred_name(summary), "bold"),
        "  ",
        Cell(short_id(run.id), "cyan"),
        "  ",
        Cell(status, STATUS_STYLES[summary.status]),
        f"{lasted} {ago(run.started_at, now)}{author}",
    )
    if run.name != summary.name:
        yield Line.of(Cell(f"recorded as {run.name}", "dim"))
    if run.message.strip():
        yield from (Line.of(text) for text in run.message.strip().splitlines())
    if summary.command:
        where = f"   (in {run.cwd})" if run.cwd != "." else ""
        yield Line.of(Cell("$ ", "dim"), summary.command, Cell(where, "dim"))


def _preposition(status: Status) -> str:
    return {Status.FINISHED: "in", Status.RUNNING: "for"}.get(status, "after")


def _grid(
    rows: Sequence[Sequence[Cell | str]], *, right: Sequence[int] = (), wrap: int = 0
) -> list[Line | Grid]:
    """Returns the rows as a grid, cut where there are too many; none for no rows."""
    if not rows:
        return []
    cells = [
        tuple(Cell(cell) if isinstance(cell, str) else cell for cell in row)
        for row in rows[:_MOST_ROWS]
    ]
    blocks: list[Line | Grid] = [Grid(tuple(cells), frozenset(right), wrap)]
    if len(rows) > _MOST_ROWS:
        blocks.append(Line.of(Cell(f"… and {len(rows) - _MOST_ROWS} more: --json", "dim")))
    return blocks


def _code(code: Code) -> Iterator[Line | Grid]:
    commit = Cell(code.commit[:10], "yellow") if code.commit else Cell("no commit yet", "dim")
    on = f" on {code.branch}" if code.branch else " (detached)" if code.commit else ""
    changes = f", {counted(len(code.dirty), 'uncommitted change')}" if code.dirty else ", clean"
    yield Line.of(commit, on, changes)
    yield from _grid([(Cell(path.change, "dim"), path.path) for path in code.dirty], wrap=1)


def _params(record: Record) -> list[Line | Grid]:
    return _grid([(name, value(given)) for name, given in flatten(record.params).items()], wrap=1)


def _metrics(record: Record) -> list[Line | Grid]:
    """Returns name, value, step and learning curve; columns that are empty are left out."""
    names = list(record.metrics)
    rows = []
    for name in names:
        metric = record.metrics[name]
        curve = sparkline(_course(record.history.get(name, ())))
        step = "" if metric.step is None else f"step {metric.step}"
        rows.append(
            (name, Cell(number(metric.value), "bold"), Cell(step, "dim"), Cell(curve, "cyan"))
        )
    filled = [n for n in range(4) if any(_text(row[n]) for row in rows)]
    return _grid([tuple(row[n] for n in filled) for row in rows])


def _course(points: Sequence[Point]) -> Sequence[Number]:
    """Returns the values that `sparkline` draws."""
    if isinstance(points, Curve):  # it takes a thousand of a million lines apart
        return points.values(at_most=50 * SPARKS)
    return [point.value for point in points]


def _text(cell: Cell | str) -> str:
    return cell.text if isinstance(cell, Cell) else cell


def _data(entries: Sequence[DataEntry]) -> list[Line | Grid]:
    return _files([(entry, *_origin(entry)) for entry in entries])


def _origin(entry: DataEntry) -> tuple[str, bool]:
    """Returns where an input came from, and whether that needs a look."""
    source = entry.source.value
    if entry.pointer is not None and entry.pointer != f"{entry.path}.dvc":
        source = entry.pointer
    if not entry.matches_pointer:
        return f"{source}, changed since", True
    if entry.is_table:
        return f"{source}, kept by the table", False
    if entry.place is Place.NOWHERE:
        return f"{source}, not kept", True
    return source, False


_PLACES = {
    Place.GIT: "git",
    Place.STORE: "object store",
    Place.NOWHERE: "not kept",
    Place.TABLE: "kept by the table",
}


def _artifacts(artifacts: Sequence[Artifact]) -> list[Line | Grid]:
    return _files([(a, _whereabouts(a), a.place is Place.NOWHERE) for a in artifacts])


def _whereabouts(artifact: Artifact) -> str:
    """Returns where its bytes are, whether it was logged by name alone, and as what."""
    logged = "logged" if artifact.is_logged else ""
    what = " ".join(filter(None, (logged, artifact.kind)))
    return f"{_PLACES[artifact.place]}, {what}" if what else _PLACES[artifact.place]


def _files(entries: Sequence[tuple[DataEntry | Artifact, str, bool]]) -> list[Line | Grid]:
    """Returns path, hash, size, number of files where any is a directory, and a note for each."""
    has_directory = any(entry.is_directory for entry, *_ in entries)
    rows = []
    for entry, note, needs_a_look in entries:
        n_files = counted(entry.n_files, "file") if entry.is_directory else ""
        name = entry.name if isinstance(entry, Artifact) else entry.path
        rows.append(
            (
                f"{name}/" if entry.is_directory else name,
                Cell(content_text(entry), "yellow"),
                size(entry.size_bytes),
                *((n_files,) if has_directory else ()),
                Cell(note, "yellow" if needs_a_look else "dim"),
            )
        )
    return _grid(rows, right=[2, 3] if has_directory else [2])


def _environment(record: Record) -> Iterator[Line | Grid]:
    environment = record.environment
    if environment is None:
        yield Line.of(Cell("not observed", "yellow"))
        return
    yield Line.of(_software(environment, record))
    yield Line.of(platform_text(environment.platform))
    if environment.platform.container:
        yield Line.of(f"in a container: {environment.platform.container}")
    for text in (hardware_text(environment.hardware), runtime_text(environment.runtime)):
        if text:
            yield Line.of(text)
    yield from (Line.of(f"{name}={text}") for name, text in environment.variables.items())
    yield from drift_lines(environment)


def _software(environment: Environment, record: Record) -> str:
    if environment.interpreter is None:
        return "no Python seen"
    packages = counted(len(environment.packages), "package")
    is_locked = record.lock is not None or record.conda is not None
    name = python_name(environment.interpreter)
    return f"{name}, {packages}, {'locked' if is_locked else 'no lock'}"


def _tags(record: Record, summary: Summary) -> list[Line | Grid]:
    """Returns the tags as they are now, and those recorded that were changed or taken away."""
    now, then = summary.tags, record.run.tags
    gone = {name: text for name, text in then.items() if now.get(name) != text}
    recorded = Cell(f"   (recorded with {tags_text(gone)})" if gone else "", "dim")
    return [Line.of(tags_text(now) or "none", recorded)] if now or gone else []


def note_lines(notes: Sequence[Note], now: datetime) -> list[Line | Grid]:
    """Returns each note, with who wrote it and when."""
    lines: list[Line | Grid] = []
    for note in notes:
        by = note.by.partition(" <")[0]
        lines.append(Line.of(Cell(f"{ago(note.at, now)}{f' by {by}' if by else ''}", "dim")))
        lines += [Line.of(f"  {line}") for line in note.text.rstrip().split("\n")]
    return lines


def _gaps(gaps: Sequence[Gap], status: Status) -> Iterator[Line | Grid]:
    if status is Status.RUNNING:
        return
    if not gaps:
        yield Line.of(Cell("none: reproducible", "green"))
    yield from gap_rows(gaps)


def _go_back(summary: Summary) -> list[Line | Grid]:
    if summary.status is Status.RUNNING:
        return []
    return [Line.of(f"repro checkout {short_id(summary.id)}")]
