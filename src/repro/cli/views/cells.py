"""The cells of a kernel, and the difference between those of two."""

from collections.abc import Sequence

from repro.cli.format import counted, duration
from repro.cli.page import Cell, Grid, Line

__all__ = ["cell_difference", "cell_rows"]

_MOST_CELLS = 20
_MOST_LINES = 40
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def cell_rows(content: bytes | None) -> list[Line | Grid]:
    """Returns a row for each cell that was executed: its count, its first line, how it ended."""
    if content is None:
        return []
    from repro.model.cells import parse_cells

    cells = parse_cells(content)
    rows = []
    for cell in cells.executed[-_MOST_CELLS:]:
        first, *rest = cell.source.strip().split("\n") or [""]
        number = " " if cell.number is None else str(cell.number)
        took = "" if cell.took_s is None else duration(cell.took_s)
        rows.append(
            (
                Cell(f"[{number}]", "dim"),
                Cell(f"{first} …" if rest else first),
                Cell(cell.error or "", "red"),
                Cell(took, "dim"),
            )
        )
    n_more = len(cells.executed) - len(rows)
    lines = [Line.of(cells.notebook)] if cells.notebook else []
    lines += [Line.of(Cell(cells.order, "yellow"))] if cells.order else []
    lines += (
        [Line.of(Cell(f"… {counted(n_more, 'cell')} before: --cells", "dim"))] if n_more else []
    )
    return [*lines, Grid(tuple(rows), frozenset({3}), 1)] if rows else [*lines]


def cell_difference(diff: Sequence[str]) -> list[Line | Grid]:
    """Returns the lines of a unified diff, cut where there are too many."""
    shown = [Line.of(Cell(line, _STYLES.get(line[:1], ""))) for line in diff[:_MOST_LINES]]
    if len(diff) > _MOST_LINES:
        n_more = len(diff) - _MOST_LINES
        shown.append(Line.of(Cell(f"… and {counted(n_more, 'line')} more: --patch", "dim")))
    return [*shown]
