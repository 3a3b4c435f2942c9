"""Curves between axes, in the characters of a terminal."""

from collections.abc import Sequence
from typing import NamedTuple

from repro.plot.axis import Axis, Tick, axis_over, ticks
from repro.plot.braille import Canvas
from repro.plot.parts import Part, decimate
from repro.plot.terminal_legend import Marks
from repro.plot.text import cell_width, plain, shorten

__all__ = ["Look", "frame_lines"]

_LEAST_CELLS = 8
_LETTER_EVERY = 20
_ROWS_WITH_RULE = 6


class Look(NamedTuple):
    """How a frame looks.

    Attributes:
        width: Cells.
        height: Lines, the axis and its numbers included.
        marks: Of the curves.
        is_log: Whether the axis of the values is logarithmic.
        x_label: Under the axis.
    """

    width: int
    height: int
    marks: Marks
    is_log: bool
    x_label: str


def frame_lines(curves: Sequence[Sequence[Part]], look: Look) -> list[str]:
    """Returns the curves and their axes, exactly as many lines as the look is high."""
    every = [part for curve in curves for part in curve]
    x_axis = axis_over([x for part in every for x in (part.xs[0], part.xs[-1])])
    y_axis = axis_over(
        [y for part in every for y in (min(part.ys), max(part.ys))], is_log=look.is_log
    )
    has_rule = look.height > _ROWS_WITH_RULE
    n_rows = look.height - 1 - has_rule
    y_labels = _by_row(ticks(y_axis, max(2, (n_rows + 1) // 3)), n_rows) if every else {}
    margin = max(map(len, y_labels.values()), default=0)
    if look.width - margin - 1 < _LEAST_CELLS:  # no room for numbers and curves: the curves
        y_labels, margin = {}, 0
    n_cells = look.width - margin - 1
    canvas = Canvas(n_cells, n_rows)
    lines = []
    for row, cells in enumerate(_painted_rows(curves, canvas, (x_axis, y_axis), look.marks)):
        edge = "┤" if row in y_labels else "│"
        lines.append(f"{y_labels.get(row, ''):>{margin}}{edge}{cells}".rstrip())
    is_count = look.x_label == "step"
    x_ticks = ticks(x_axis, max(2, n_cells // 9), is_count=is_count) if every else []
    name = plain(look.x_label)
    placed = _spaced(x_ticks, n_cells)
    if has_rule:
        columns = {column for column, _, _ in placed}
        rule = "".join("┬" if n in columns else "─" for n in range(n_cells))
        lines.append(f"{'':{margin}}└{rule}")
    lines.append(f"{'':{margin + 1}}{_numbers(placed, n_cells, name)}".rstrip())
    return lines


def _painted_rows(
    curves: Sequence[Sequence[Part]], canvas: Canvas, axes: tuple[Axis, Axis], marks: Marks
) -> list[str]:
    if not any(curves):
        return _centred("nothing to draw", canvas.width, canvas.height)
    over: dict[tuple[int, int], tuple[str, int]] = {}
    for number, curve in enumerate(curves):
        parts = decimate(curve, axes[0].low, axes[0].high, canvas.n_columns)
        lines = [_dots(part, canvas, axes) for part in parts]
        canvas.draw(lines)
        for line in lines:
            if len(line) == 1:  # a dot alone is hard to see
                over[_cell(line[0], canvas)] = ("•", number)
        if marks.has_letters and lines:
            over |= _letters(lines, canvas, marks.letter(number), number)
    rows = canvas.rows()
    for (row, column), mark in over.items():
        rows[row][column] = mark
    return [_painted(cells, marks) for cells in rows]


def _dots(part: Part, canvas: Canvas, axes: tuple[Axis, Axis]) -> list[tuple[int, int]]:
    """Returns the dots of points, all of which lie on the axes."""
    right, top = canvas.n_columns - 1, canvas.n_rows - 1
    columns = [int(place * right + 0.5) for place in axes[0].places(part.xs)]
    rows = [int(place * top + 0.5) for place in axes[1].places(part.ys)]
    return list(zip(columns, rows, strict=True))


def _dot(place: float, last: int) -> int:
    return max(0, min(last, round(place * last)))


def _cell(dot: tuple[int, int], canvas: Canvas) -> tuple[int, int]:
    return canvas.height - 1 - dot[1] // 4, dot[0] // 2


def _letters(
    lines: Sequence[Sequence[tuple[int, int]]], canvas: Canvas, letter: str, number: int
) -> dict[tuple[int, int], tuple[str, int]]:
    """Returns where a curve's letter stands: at its end, and now and then before it."""
    found = {_cell(lines[-1][-1], canvas): (letter, number)}
    due = 8 + 6 * number % _LETTER_EVERY
    for dot in (dot for line in lines for dot in line):
        row, column = _cell(dot, canvas)
        if column >= due:
            found[row, column] = (letter, number)
            due = column + _LETTER_EVERY
    return found


def _painted(cells: Sequence[tuple[str, int]], marks: Marks) -> str:
    """Returns a row, its colour changed no more often than needed."""
    texts: list[str] = []
    begin, owner = 0, cells[0][1]
    for at, (_, of_cell) in enumerate((*cells, ("", -2))):
        if of_cell != owner:
            texts.append(marks.painted("".join(c for c, _ in cells[begin:at]), owner))
            begin, owner = at, of_cell
    return "".join(texts)


def _centred(text: str, width: int, height: int) -> list[str]:
    lines = [""] * height
    lines[height // 2] = shorten(text, width).center(width).rstrip()
    return lines


def _by_row(found: Sequence[Tick], n_rows: int) -> dict[int, str]:
    """Returns the labels of ticks by row from the top."""
    return {n_rows - 1 - _dot(tick.place, 4 * n_rows - 1) // 4: tick.label for tick in found}


def _spaced(found: Sequence[Tick], n_cells: int) -> list[tuple[int, int, str]]:
    """Returns the column of each tick and where its label begins, those without room left out."""
    placed: list[tuple[int, int, str]] = []
    free = -1
    for tick in found:
        column = _dot(tick.place, 2 * n_cells - 1) // 2
        n = len(tick.label)
        begin = max(0, min(column - n // 2, n_cells - n))
        if begin > free and n <= n_cells:
            placed.append((column, begin, tick.label))
            free = begin + n
    return placed


def _numbers(placed: Sequence[tuple[int, int, str]], n_cells: int, name: str) -> str:
    """Returns the line under the axis: its numbers, the last of which give way to its name."""
    line = ""
    room = n_cells - cell_width(name) - 2
    for number, (_, begin, label) in enumerate(placed):
        if name and number > 0 and begin + len(label) > room:
            break
        line = line.ljust(begin) + label
    if not name or len(line) > room:
        return line
    return line.ljust(n_cells - cell_width(name)) + name
