"""Learning curves in a terminal."""

from collections.abc import Sequence

from repro.plot.frame import Look, frame_lines
from repro.plot.panel import Panel, Plot
from repro.plot.parts import drawable_parts
from repro.plot.series import Series
from repro.plot.terminal_legend import Marks, legend_lines
from repro.plot.text import painted_width, plain, shorten

__all__ = ["MIN_HEIGHT", "MIN_WIDTH", "draw", "draw_plot", "panels_beside"]

MIN_WIDTH, MIN_HEIGHT = 20, 5
_PANEL_WIDTH = 60
"""What a panel should have before another stands beside it."""
_GUTTER = 2


def draw(
    series: Sequence[Series],
    *,
    width: int,
    height: int,
    title: str = "",
    has_colour: bool = True,
    is_log: bool = False,
    x_label: str = "step",
) -> str:
    """Returns curves in one panel: exactly `height` lines, no newline at the end.

    Where there is no colour, letters on the curves tell them apart. Values that are NaN, infinite,
    or without a logarithm leave gaps, and are counted in the legend.

    Args:
        series: What to draw; the last is on top. Names may hold anything.
        width: Cells of each line at most; at least 20.
        height: Lines; at least 5.
        title: Above it; "" for none.
        has_colour: Whether ANSI colours may be used.
        is_log: Whether the axis of the values is logarithmic.
        x_label: Under the axis; "step" has its numbers written as counts: 50k.
    """
    width, height = max(width, MIN_WIDTH), max(height, MIN_HEIGHT)
    marks = Marks(len(series), has_colour=has_colour)
    curves = [drawable_parts(one.xs, one.ys, is_log=is_log) for one in series]
    above = [marks.bold(shorten(plain(title), width))] if title else []
    names = [
        one.name + _left_out(one, sum(len(part.xs) for part in curve))
        for one, curve in zip(series, curves, strict=True)
    ]
    has_names = len(names) > 1 or any(name.strip() for name in names)
    most = 1 if height < 12 else 2 if height < 20 else 4
    below = legend_lines(names, width, most, marks) if has_names else []
    look = Look(width, height - len(above) - len(below), marks, is_log, x_label)
    return "\n".join([*above, *frame_lines(curves, look), *below])


def draw_plot(plot: Plot, *, width: int, height: int, has_colour: bool = True) -> str:
    """Returns all panels of a plot, side by side where there is room, and one legend below them.

    Args:
        plot: What to draw.
        width: Cells of each line at most; at least 20.
        height: Lines of each panel; at least 5.
        has_colour: Whether ANSI colours may be used.
    """
    width = max(width, MIN_WIDTH)
    n_beside = panels_beside(len(plot.panels), width)
    panel_width = (width + _GUTTER) // n_beside - _GUTTER
    marks = Marks(len(plot.labels), has_colour=has_colour)
    lines = []
    for first in range(0, len(plot.panels), n_beside):
        drawn = [
            _panel_lines(panel, plot, (panel_width, max(height, MIN_HEIGHT)), marks)
            for panel in plot.panels[first : first + n_beside]
        ]
        lines += [_beside(row, panel_width) for row in zip(*drawn, strict=True)]
    if len(plot.labels) > 1 or plot.labels[0].strip():
        lines += legend_lines(plot.labels, width, len(plot.labels), marks)
    return "\n".join(lines)


def panels_beside(n_panels: int, width: int) -> int:
    """Returns how many panels stand side by side in so many cells."""
    return max(1, min(n_panels, (width + _GUTTER) // (_PANEL_WIDTH + _GUTTER)))


def _panel_lines(panel: Panel, plot: Plot, size: tuple[int, int], marks: Marks) -> list[str]:
    width, height = size
    of_run = {line.run: line.series for line in panel.lines}
    series = [of_run.get(number, Series("", (), ())) for number in range(len(plot.labels))]
    curves = [drawable_parts(one.xs, one.ys, is_log=plot.is_log) for one in series]
    n_drawn = sum(len(part.xs) for curve in curves for part in curve)
    left_out = sum(len(one.xs) for one in series) - n_drawn
    note = f" ({left_out:,} not drawn)" if left_out else ""
    title = shorten(plain(panel.title), width - len(note))
    look = Look(width, height - 1, marks, plot.is_log, plot.x_label)
    return [marks.bold(title) + note, *frame_lines(curves, look)]


def _left_out(series: Series, n_drawn: int) -> str:
    n = min(len(series.xs), len(series.ys)) - n_drawn
    return f" ({n:,} not drawn)" if n else ""


def _beside(row: Sequence[str], width: int) -> str:
    """Returns the lines of panels as one line, padded by the cells that they take."""
    *lines, last = row
    return "".join(line + " " * (width - painted_width(line) + _GUTTER) for line in lines) + last
