"""A run in progress, drawn for a terminal: its curves, the machine, and what it printed last."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from repro.cli.format import number, sparkline
from repro.cli.growing_curves import GrowingCurve
from repro.cli.page import clean
from repro.cli.views.hardware import Now
from repro.plot.series import Series
from repro.plot.terminal import draw
from repro.plot.text import cell_width, painted_width, shorten

__all__ = ["Picture", "draw_picture"]

_GUTTER = 2
_NARROWEST, _LOWEST, _USUAL, _HIGHEST = 38, 7, 12, 24
"""Cells and lines of a panel."""
_CELL = 36
"""Cells of a figure of the machine."""

_BOLD, _DIM, _CYAN, _YELLOW = 1, 2, 36, 33


class Picture(NamedTuple):
    """What is drawn.

    Attributes:
        name: Of the run.
        letters: Of its id.
        status: In words: "running for 3 min 20 s".
        params: On one line.
        curves: By metric.
        machine: Figures of the hardware.
        printed: The last lines that the command printed.
        footer: Under it all: how to quit, or how it ended.
        is_warning: Whether the status is no good news.
    """

    name: str
    letters: str
    status: str
    params: str
    curves: Mapping[str, GrowingCurve]
    machine: Sequence[Now]
    printed: Sequence[str]
    footer: str
    is_warning: bool = False


def draw_picture(
    picture: Picture, *, width: int, height: int | None, has_colour: bool = True
) -> list[str]:
    """Returns the lines of a picture that fits.

    Args:
        picture: What is drawn.
        width: Cells of each line, at most.
        height: Lines, at most, if there are some ten; None for all that there is to see.
        has_colour: Whether ANSI colours may be used.
    """
    paint = _Paint(has_colour)
    head = _head(picture, width, paint)
    n_lines = 6 if height is None else max(height // 12, 1)
    machine = _machine(picture.machine, width, n_lines, paint)
    printed = [paint.dim(shorten(clean(line), width)) for line in picture.printed[-n_lines:]]
    parts = [part for part in (machine, printed) if part]
    taken = len(head) + sum(len(part) + 1 for part in parts) + 2
    room = None if height is None else height - taken
    panels, note = _panels(picture.curves, width, room, has_colour=has_colour)
    footer = "   ".join(filter(None, (picture.footer, note)))
    lines = [*head, "", *panels]
    for part in parts:
        lines += ["", *part]
    return [*lines, paint.dim(shorten(clean(footer), width))] if footer else lines


class _Paint:
    def __init__(self, has_colour: bool) -> None:
        self._has_colour = has_colour

    def __call__(self, text: str, code: int) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._has_colour and text else text

    def dim(self, text: str) -> str:
        return self(text, _DIM)


def _head(picture: Picture, width: int, paint: _Paint) -> list[str]:
    name, letters, status = map(clean, (picture.name, picture.letters, picture.status))
    name = shorten(name, max(width - cell_width(letters) - cell_width(status) - 4, 8))
    colour = _YELLOW if picture.is_warning else _CYAN
    first = f"{paint(name, _BOLD)}  {paint(letters, _CYAN)}  {paint(status, colour)}"
    params = shorten(clean(picture.params), width)
    return [first, paint.dim(params)] if params else [first]


def _panels(
    curves: Mapping[str, GrowingCurve], width: int, height: int | None, *, has_colour: bool
) -> tuple[list[str], str]:
    """Returns the lines of as many panels as fit, and what is said of the others."""
    groups = _groups(curves)
    if not groups:
        return ["no metrics yet"], ""
    n_columns = min(max((width + _GUTTER) // (_NARROWEST + _GUTTER), 1), len(groups))
    n_rows = -(-len(groups) // n_columns)
    if height is None:
        height = _USUAL * n_rows
    n_rows = min(n_rows, max(height // _LOWEST, 1))
    n_columns = min(n_columns, -(-len(groups) // n_rows))  # wider ones, if all are shown
    shown = list(groups)[: n_rows * n_columns]
    panel_width = (width - _GUTTER * (n_columns - 1)) // n_columns
    panel_height = max(min(height // n_rows, _HIGHEST), 5)
    drawn = [
        _panel(name, groups[name], panel_width, panel_height, has_colour=has_colour)
        for name in shown
    ]
    lines: list[str] = []
    for begin in range(0, len(drawn), n_columns):
        lines += _beside(drawn[begin : begin + n_columns], panel_width)
    n_more = len(groups) - len(shown)
    note = f"{n_more} more metric{'s' * (n_more > 1)}: choose with -m" if n_more else ""
    return lines, note


def _groups(curves: Mapping[str, GrowingCurve]) -> dict[str, dict[str, GrowingCurve]]:
    """Returns the curves of each panel: those of all ranks of a metric stand in one."""
    groups: dict[str, dict[str, GrowingCurve]] = {}
    for name, curve in curves.items():
        head, _, rest = name.partition("/")
        is_of_rank = bool(rest) and head.startswith("rank") and head[4:].isdigit()
        group = groups.setdefault(rest if is_of_rank else name, {})
        group[f"rank {head[4:]}" if is_of_rank else ""] = curve
    return groups


def _panel(
    name: str, group: Mapping[str, GrowingCurve], width: int, height: int, *, has_colour: bool
) -> list[str]:
    first = next(iter(group.values()))
    value = number(first.last)
    room = max(width - len(value) - 2, 4)
    title = f"{shorten(name, room)}  {value}"
    series = [
        Series(label or ("rank 0" if len(group) > 1 else ""), curve.xs, curve.ys)
        for label, curve in group.items()
    ]
    text = draw(series, width=width, height=height, title=title, has_colour=has_colour)
    return text.split("\n")


def _beside(panels: Sequence[Sequence[str]], width: int) -> list[str]:
    rows = zip_longest(*panels, fillvalue="")
    return [
        (" " * _GUTTER).join(line + " " * (width - painted_width(line)) for line in row).rstrip()
        for row in rows
    ]


def _machine(figures: Sequence[Now], width: int, height: int, paint: _Paint) -> list[str]:
    """Returns figures side by side: label, value, course."""
    n_columns = max((width + _GUTTER) // (_CELL + _GUTTER), 1)
    shown = figures[: n_columns * height]
    cells = []
    for figure in shown:
        left = f"{figure.label:<16.16} {figure.text:>9.9} "
        course = sparkline(figure.course, _CELL - cell_width(left))
        cells.append(paint.dim(left) + paint(course, _CYAN))
    rows = [cells[at : at + n_columns] for at in range(0, len(cells), n_columns)]
    return [line for row in rows for line in _beside([[cell] for cell in row], _CELL)]
