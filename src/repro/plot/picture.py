"""Learning curves as a picture: PNG, SVG or PDF, drawn by matplotlib.

Matplotlib is given places between 0 and 1 and finished texts, not numbers: so axes are those of the
terminal, and no value is too large for it.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

from repro.errors import ReproError
from repro.plot.axis import Axis, axis_over, ticks
from repro.plot.palette import COLOURS, DASHES
from repro.plot.panel import Panel, Plot
from repro.plot.parts import Part, decimate, drawable_parts
from repro.plot.series import Series
from repro.plot.text import cell_width, plain, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["PlotPackageMissingError", "draw_picture"]

_DPI = 150
_MOST_PX = 30_000
"""What matplotlib can draw is twice as much; with hundreds of panels, each is small."""
_PANEL_IN = (6.0, 3.6)
_MOST_BESIDE = 3
_LETTER_IN = 0.085
"""Of small text, on average."""
_ABOVE_IN, _BELOW_IN, _RIGHT_IN, _LEGEND_ROW_IN = 0.4, 0.6, 0.2, 0.22
_N_COLUMNS = 1200
_MARGIN = 0.04
_LABEL_CELLS = 60
_TITLE_CELLS = 70
_STYLES = {"solid": "-", "dash": "--", "dot": ":"}
_NO_TIME = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""So that the same curves are the same bytes."""
_FONTS = ("DejaVu Sans", "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans", "Arial Unicode MS")
"""In this order, those of them that are there: the later ones know letters that the first lacks."""


class PlotPackageMissingError(ReproError):
    """A picture or page needs a package that is not installed.

    Attributes:
        package: Its name on PyPI.
    """

    def __init__(self, package: str, kind: str) -> None:
        super().__init__(
            f"a plot as {kind.upper()} needs the package {package}",
            hint="pip install 'repro-git[plot]'",
        )
        self.package = package


def draw_picture(
    plot: Plot, kind: str, *, width_px: int | None = None, height_px: int | None = None
) -> bytes:
    """Returns a picture of a plot.

    What the user's program has set up in matplotlib is neither used nor changed.

    Args:
        plot: What to draw.
        kind: Its format: "png", "svg" or "pdf".
        width_px: Of the whole picture; None for what its panels need. A PDF and an SVG have as
            many at 150 dpi.
        height_px: The same.

    Raises:
        PlotPackageMissingError: Matplotlib is not installed.
    """
    try:
        with _own_matplotlib() as figure:
            _fill(figure, plot, (width_px, height_px))
            drawn = BytesIO()
            # Half of the time for one part in ten more bytes.
            options: dict[str, Any] = {"pil_kwargs": {"compress_level": 3}} if kind == "png" else {}
            dpi = min(_DPI, _MOST_PX / max(figure.get_size_inches()))
            figure.savefig(drawn, format=kind, dpi=dpi, metadata=_NO_TIME[kind], **options)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        raise PlotPackageMissingError("matplotlib", kind) from None
    return drawn.getvalue()


@contextmanager
def _own_matplotlib() -> "Iterator[Figure]":
    """Gives a figure drawn with matplotlib's own settings, whatever those of the user are."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.font_manager import fontManager

    there = {font.name for font in fontManager.ttflist}
    with mpl.rc_context(), warnings.catch_warnings():
        # A letter that no font has is drawn as a box.
        warnings.filterwarnings("ignore", message="Glyph")
        mpl.rcdefaults()
        mpl.rcParams["font.family"] = [name for name in _FONTS if name in there] or ["sans-serif"]
        mpl.rcParams["text.parse_math"] = False
        mpl.rcParams["svg.hashsalt"] = "repro"
        figure = Figure()
        FigureCanvasAgg(figure)
        yield figure


def _fill(figure: "Figure", plot: Plot, size_px: tuple[int | None, int | None]) -> None:
    n = len(plot.panels)
    n_beside = min(_MOST_BESIDE, math.ceil(math.sqrt(n)))
    n_below = math.ceil(n / n_beside)
    labels = [shorten(plain(label), _LABEL_CELLS) for label in plot.labels]
    widest_in = max(map(cell_width, labels)) * _LETTER_IN + 0.8
    width_in = size_px[0] / _DPI if size_px[0] else _PANEL_IN[0] * n_beside
    n_legend_columns = max(1, min(len(labels), int(width_in / widest_in)))
    legend_in = math.ceil(len(labels) / n_legend_columns) * _LEGEND_ROW_IN + 0.1
    legend_in = legend_in if any(labels) else 0.0
    height_in = size_px[1] / _DPI if size_px[1] else _PANEL_IN[1] * n_below + legend_in
    figure.set_size_inches(width_in, height_in)
    panel_in = (width_in / n_beside, max(height_in - legend_in, 0.2 * height_in) / n_below)
    for number, panel in enumerate(plot.panels):
        below, beside = divmod(number, n_beside)
        left_in, bottom_in = beside * panel_in[0], height_in - (below + 1) * panel_in[1]
        axes = figure.add_axes((0, 0, 1, 1))
        margin_in = _fill_panel(axes, panel, plot)
        axes.set_position(
            (
                (left_in + margin_in) / width_in,
                (bottom_in + _BELOW_IN) / height_in,
                max(panel_in[0] - margin_in - _RIGHT_IN, 0.2) / width_in,
                max(panel_in[1] - _BELOW_IN - _ABOVE_IN, 0.2) / height_in,
            )
        )
    if any(labels):
        _add_legend(figure, labels, n_legend_columns)


def _add_legend(figure: "Figure", labels: Sequence[str], n_columns: int) -> None:
    from matplotlib.lines import Line2D

    legend = figure.legend(
        [Line2D([], [], **_style(run)) for run in range(len(labels))],
        [" "] * len(labels),
        loc="lower center",
        ncols=n_columns,
        frameon=False,
        fontsize="small",
        borderaxespad=0.1,
    )
    # Matplotlib would leave out labels that begin with an underscore.
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set_text(label)


def _fill_panel(axes: "Axes", panel: Panel, plot: Plot) -> float:
    """Draws a panel, and returns the inches that the numbers on its left take."""
    curves = [(line, _parts(line.series, plot), _parts(line.raw, plot)) for line in panel.lines]
    every = [part for _, drawn, raw in curves for part in (*drawn, *raw)]
    x_axis = axis_over([x for part in every for x in (part.xs[0], part.xs[-1])])
    y_axis = axis_over(
        [y for part in every for y in (min(part.ys), max(part.ys))],
        is_log=plot.is_log,
        margin=_MARGIN,
    )
    for line, drawn, raw in curves:
        style = _style(line.run)
        _add_curve(axes, raw, (x_axis, y_axis), style | {"alpha": 0.25, "linewidth": 0.8})
        _add_curve(axes, drawn, (x_axis, y_axis), style)
    axes.set_title(shorten(plain(panel.title), _TITLE_CELLS), fontsize="medium")
    axes.set_xlabel(plain(plot.x_label), fontsize="small")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(0, 1)
    x_ticks = ticks(x_axis, 6, is_count=plot.x_label == "step") if every else []
    y_ticks = ticks(y_axis, 6) if every else []
    axes.set_xticks([tick.place for tick in x_ticks], [tick.label for tick in x_ticks])
    axes.set_yticks([tick.place for tick in y_ticks], [tick.label for tick in y_ticks])
    axes.tick_params(labelsize="small", length=3, color="0.6")
    axes.grid(visible=True, color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("0.6")
    if not every:
        axes.text(0.5, 0.5, "nothing to draw", ha="center", va="center", color="0.5")
    return 0.2 + _LETTER_IN * max((len(tick.label) for tick in y_ticks), default=0)


def _parts(series: Series | None, plot: Plot) -> list[Part]:
    return [] if series is None else drawable_parts(series.xs, series.ys, is_log=plot.is_log)


def _add_curve(
    axes: "Axes", parts: Sequence[Part], ends: tuple[Axis, Axis], style: dict[str, Any]
) -> None:
    if not parts:
        return
    x_axis, y_axis = ends
    xs: list[float] = []
    ys: list[float] = []
    alone: list[tuple[float, float]] = []
    for part in decimate(parts, x_axis.low, x_axis.high, _N_COLUMNS):
        x, y = x_axis.places(part.xs), y_axis.places(part.ys)
        xs += [*x, math.nan]
        ys += [*y, math.nan]
        if len(x) == 1:
            alone.append((x[0], y[0]))
    axes.plot(xs, ys, **style)
    if alone:  # a line of one point is invisible
        dots = style | {"linestyle": "", "marker": "."}
        axes.plot([x for x, _ in alone], [y for _, y in alone], **dots)


def _style(run: int) -> dict[str, Any]:
    dash = DASHES[run // len(COLOURS) % len(DASHES)]
    return {
        "color": COLOURS[run % len(COLOURS)],
        "linestyle": _STYLES[dash],
        "linewidth": 1.4,
        "solid_joinstyle": "round",
    }
