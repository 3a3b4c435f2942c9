"""Tables: fitted to a terminal, or whole as TSV for a pipe."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from repro.cli.console import Console
from repro.cli.page import Cell, Grid, clean

__all__ = ["Column", "fit", "show_table", "table_width", "to_grid", "to_tsv"]

_GUTTER_WIDTH = 2
_TITLE_MAX = 24
_CELL_MAX = 40


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        title: Its heading.
        cells: One a row.
        right: Whether it is aligned to the right.
        rank: What to keep when there is no room: columns of the highest rank leave first, of
            equal rank the last; those of rank 0 never.
    """

    title: str
    cells: tuple[Cell, ...]
    right: bool = False
    rank: int = 0


def fit(
    columns: Sequence[Column], width: int, measure: Callable[[str], int] = len
) -> tuple[list[Column], list[str]]:
    """Returns the columns that a terminal has room for, and the titles of those it has none for.

    Args:
        columns: In order.
        width: Of the terminal, in cells.
        measure: Cells that a text takes.
    """
    kept = list(columns)
    hidden: list[Column] = []
    while table_width(kept, measure) > width:
        leaving = max((c for c in reversed(kept) if c.rank), key=lambda c: c.rank, default=None)
        if leaving is None:
            break
        kept.remove(leaving)
        hidden.append(leaving)
    return kept, [column.title for column in columns if column in hidden]


def table_width(columns: Sequence[Column], measure: Callable[[str], int] = len) -> int:
    """Returns how wide the columns are together."""
    widths = [_width(column, measure) + _GUTTER_WIDTH for column in columns]
    return sum(widths) - _GUTTER_WIDTH


def _width(column: Column, measure: Callable[[str], int]) -> int:
    texts = (_shortened(cell.text, _CELL_MAX) for cell in column.cells)
    title = _shortened(column.title, _TITLE_MAX)
    return max(map(measure, (title, *texts)))


def to_grid(columns: Sequence[Column]) -> Grid:
    """Returns the table with its headings, very long texts shortened."""
    heads = tuple(Cell(_shortened(column.title, _TITLE_MAX), "dim") for column in columns)
    rows = zip(*(column.cells for column in columns), strict=True)
    return Grid(
        (
            heads,
            *(tuple(Cell(_shortened(c.text, _CELL_MAX), c.style) for c in row) for row in rows),
        ),
        right=frozenset(number for number, column in enumerate(columns) if column.right),
        wrap=-1,
    )


def _shortened(text: str, limit: int) -> str:
    text = clean(text)
    return text if len(text) <= limit else f"{text[: limit // 2]}…{text[-(limit // 2 - 1) :]}"


def to_tsv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    r"""Returns rows as tab-separated values with a header; a tab inside becomes ``\t``."""
    lines = (header, *rows)
    return "".join("\t".join(map(clean, line)) + "\n" for line in lines)


def show_table(console: Console, columns: Sequence[Column], *, whole: bool = False) -> list[str]:
    """Draws a table on the terminal and returns the titles of the columns left out.

    Args:
        console: Where to.
        columns: In order.
        whole: Whether to draw all, wider than the terminal if need be.
    """
    from rich.cells import cell_len

    if whole:
        width = max(table_width(columns, cell_len), console.width)
        console.show([to_grid(columns)], width=width)
        return []
    shown, hidden = fit(columns, console.width, cell_len)
    console.show([to_grid(shown)])
    return hidden
