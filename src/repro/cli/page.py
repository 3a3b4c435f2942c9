"""Pages: lines, aligned rows and labelled sections, as plain text or for a terminal.

What a page holds came from records, so it may hold anything: every text is cleaned of what a
terminal would obey on its way out, here and nowhere else.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

__all__ = [
    "Block",
    "Cell",
    "Grid",
    "Line",
    "Section",
    "clean",
    "to_plain",
    "to_rich",
]

LABEL_WIDTH = 13
"""Columns of a section's label, the space after it included."""
_GUTTER = "  "
_NARROWEST = (24, 12)
"""Columns give way down to the first width; where that is not enough, to the second."""

# Control characters, what breaks lines, what turns the direction of text round, and the halves of
# characters by which Python stands for bytes that are no text.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def clean(text: str, *, keep: str = "") -> str:
    r"""Returns a text that no terminal obeys: control characters are spelled out, as in ``\x1b``.

    Args:
        text: Anything.
        keep: Control characters to leave alone, such as newlines.
    """
    return _UNSAFE.sub(lambda match: match[0] if match[0] in keep else _spelled(match[0]), text)


def _spelled(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return _NAMED.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


class Cell(NamedTuple):
    """A piece of text.

    Attributes:
        text: Anything.
        style: As rich names it: "bold", "dim", "green"; "" for none.
    """

    text: str
    style: str = ""


class Line(NamedTuple):
    """A line of text, wrapped where a terminal is too narrow."""

    cells: tuple[Cell, ...]

    @classmethod
    def of(cls, *cells: Cell | str) -> "Line":
        """Returns a line of cells; a plain string has no style."""
        return cls(tuple(Cell(cell) if isinstance(cell, str) else cell for cell in cells))


class Grid(NamedTuple):
    """Rows with aligned columns.

    Attributes:
        rows: As many cells in each.
        right: Columns aligned to the right.
        wrap: The column that gives way on a narrow terminal.
    """

    rows: tuple[tuple[Cell, ...], ...]
    right: frozenset[int] = frozenset()
    wrap: int = 0


class Section(NamedTuple):
    """A label on the left, and what belongs to it on the right."""

    label: str
    blocks: tuple[Line | Grid, ...]


Block: TypeAlias = Line | Grid | Section


def to_plain(blocks: Sequence[Block]) -> str:
    """Returns a page as text, without styles and unwrapped, ending in a newline."""
    return "".join(f"{line.rstrip()}\n" for block in blocks for line in _plain(block))


def _plain(block: Block) -> Iterator[str]:
    if isinstance(block, Line):
        yield "".join(clean(cell.text) for cell in block.cells)
    elif isinstance(block, Grid):
        yield from _plain_grid(block)
    else:
        label = block.label
        for part in block.blocks:
            for line in _plain(part):
                yield f"{label:<{LABEL_WIDTH}}{line}"
                label = ""


def _plain_grid(grid: Grid) -> Iterator[str]:
    rows = [[clean(cell.text) for cell in row] for row in grid.rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield _GUTTER.join(
            text.rjust(width) if number in grid.right else text.ljust(width)
            for number, (text, width) in enumerate(zip(row, widths, strict=True))
        )


def to_rich(blocks: Sequence[Block], width: int) -> "Iterator[RenderableType]":
    """Yields what rich draws for each block on a terminal of `width` columns."""
    for block in blocks:
        yield _rich(block, width)


def _rich(block: Block, width: int) -> "RenderableType":
    from rich.console import Group
    from rich.table import Table

    if isinstance(block, Line):
        return _rich_text(*block.cells)
    if isinstance(block, Grid):
        return _rich_grid(block, width)
    inner_width = max(width - LABEL_WIDTH, 20)
    layout = Table.grid(padding=0)
    layout.add_column(width=LABEL_WIDTH)
    layout.add_column(width=inner_width)
    parts = (_rich(part, inner_width) for part in block.blocks)
    layout.add_row(_rich_text(Cell(block.label, "bold")), Group(*parts))
    return layout


def _rich_grid(grid: Grid, width: int) -> "RenderableType":
    from rich.table import Table

    table = Table.grid(padding=(0, len(_GUTTER), 0, 0), pad_edge=False)
    for number, column_width in enumerate(_column_widths(grid, width)):
        justify: Literal["left", "right"] = "right" if number in grid.right else "left"
        table.add_column(justify=justify, width=column_width, overflow="fold")
    for row in grid.rows:
        table.add_row(*map(_rich_text, row))
    return table


def _column_widths(grid: Grid, width: int) -> list[int]:
    """Returns the widths of the columns: as wide as they are, less what there is no room for.

    The column that wraps gives way first, then the widest; texts are folded, so nothing is lost.
    """
    from rich.cells import cell_len

    columns = zip(*grid.rows, strict=True)
    widths = [max(cell_len(clean(cell.text)) for cell in column) for column in columns]
    excess = sum(widths) + len(_GUTTER) * (len(widths) - 1) - width
    givers = sorted(range(len(widths)), key=lambda n: (n != grid.wrap, -widths[n]))
    for narrowest in _NARROWEST:
        for number in givers:
            spare = min(max(excess, 0), max(widths[number] - narrowest, 0))
            widths[number] -= spare
            excess -= spare
    return widths


def _rich_text(*cells: Cell) -> "Text":
    from rich.text import Text

    text = Text(overflow="fold")
    for cell in cells:
        text.append(clean(cell.text), cell.style)
    return text
