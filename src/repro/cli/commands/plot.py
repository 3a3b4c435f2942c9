"""``repro plot``: learning curves, in the terminal or as a picture."""

import math
import os
import sys
from collections.abc import Mapping, Sequence

import click

from repro.cli.console import Console, current_console
from repro.cli.run_argument import RUN
from repro.cli.runs import find_run, open_runs
from repro.compare.columns import columns_that_differ
from repro.git.repository import Repository
from repro.model.run import Record
from repro.model.summary import Summary
from repro.model.values import Point
from repro.plot.choose import choose_metrics, is_system
from repro.plot.panel import Plot, Traced, build_plot

__all__ = ["command"]

_MOST_PANELS = 9
"""In a terminal, where nobody asked for certain metrics."""
_PANEL_HEIGHTS = (12, 22)
_LINES = 24

_Found = tuple[Summary, Record, Mapping[str, Sequence[Point]]]


def _checked_outputs(
    context: click.Context, param: click.Parameter, paths: tuple[str, ...]
) -> tuple[str, ...]:
    del context, param
    for path in paths:
        if _kind(path) not in ("png", "svg", "pdf", "html"):
            raise click.BadParameter(f"{path} must end in .png, .svg, .pdf or .html")
    return paths


@click.command("plot", short_help="Draw learning curves")
@click.argument("runs", type=RUN, nargs=-1, metavar="[RUN]...")
@click.option(
    "-m",
    "--metric",
    "patterns",
    metavar="NAME",
    multiple=True,
    help="Draw this metric, or those that match a pattern such as 'val/*'. Repeatable.",
)
@click.option(
    "-o",
    "--output",
    "outputs",
    metavar="FILE",
    multiple=True,
    callback=_checked_outputs,
    help="Write a .png, .svg, .pdf or .html instead. Repeatable.",
)
@click.option(
    "--smooth",
    "smoothing",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    metavar="W",
    help="Smooth as TensorBoard does, from 0 (not at all) to less than 1.",
)
@click.option("--log", "is_log", is_flag=True, help="Draw values on a logarithmic axis.")
@click.option(
    "-x",
    "x",
    type=click.Choice(["step", "time"]),
    help="What runs to the right: steps, or the time since a run's start (of hardware figures).",
)
@click.option(
    "--width",
    type=click.IntRange(20, 10_000),
    metavar="N",
    help="Columns in a terminal, pixels in a picture.",
)
@click.option(
    "--height",
    type=click.IntRange(5, 10_000),
    metavar="N",
    help="Lines in a terminal, pixels in a picture.",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON: every point.")
def command(
    runs: tuple[str, ...],
    *,
    patterns: tuple[str, ...],
    outputs: tuple[str, ...],
    smoothing: float,
    is_log: bool,
    x: str | None,
    width: int | None,
    height: int | None,
    as_json: bool,
) -> None:
    """Draw the learning curves of runs: a panel a metric, the runs over each other.

    Without RUN it draws the newest run in progress, or else the newest. Several runs are called
    after the params in which they differ. A pipe gets every point as it was logged, as
    tab-separated values.

    \b
      repro plot -m loss --log
      repro plot @ @~1 best:acc -m 'val/*' --smooth 0.6
      repro plot -m 'system/*' -x time
      repro plot -o curves.html -o curves.png

    Hardware figures (system/...) are drawn when they are asked for. Pictures need more packages:
    pip install 'repro-git[plot]'
    """  # noqa: D301 - click reads the backspace
    console = current_console()
    found = _find(open_runs(), runs)
    metrics = _metrics(found, patterns)
    is_drawn = console.is_terminal and not (outputs or as_json)
    hidden = [] if patterns or not is_drawn else metrics[_MOST_PANELS:]
    if is_drawn or outputs:
        metrics = metrics[: len(metrics) - len(hidden)]
        # A hardware figure's step is but its number.
        by_time = x == "time" or (x is None and all(map(is_system, metrics)))
        plot = _build(found, metrics, by_time=by_time, smoothing=smoothing, is_log=is_log)
        if outputs:
            _write_pictures(console, plot, outputs, (width, height))
        else:
            _draw(console, plot, (width, height))
    if hidden:
        console.talk(f"… and {len(hidden):,} more: repro plot -m '*'")
    if as_json or not (is_drawn or outputs):
        from repro.cli.views import curves

        write = curves.to_json if as_json else curves.to_tsv
        of_runs = [(summary, named) for summary, _, named in found]
        for text in write(of_runs, metrics, smoothing=smoothing):
            console.write(text)


def _find(repo: Repository, texts: Sequence[str]) -> list[_Found]:
    """Returns the runs that were named, each once, with their curves and hardware figures."""
    from repro.model.system import system_curves

    found: dict[str, _Found] = {}
    for summary, record in [find_run(repo, text) for text in texts] or [_newest(repo)]:
        system = system_curves(record.system) if record.system is not None else {}
        found[summary.id] = (summary, record, {**system, **record.history})
    return list(found.values())


def _newest(repo: Repository) -> tuple[Summary, Record]:
    """Returns the newest run in progress; where there is none, the newest of all."""
    from repro.selection.running import running_records, running_summaries

    running = running_summaries(repo, running_records(repo))
    return find_run(repo, running[0].id if running else "@")


def _metrics(found: Sequence[_Found], patterns: Sequence[str]) -> list[str]:
    n_points: dict[str, int] = {}
    # What the program said comes before what the machine did.
    for curves in (*(record.history for _, record, _ in found), *(curves for *_, curves in found)):
        for name, points in curves.items():
            n_points[name] = max(n_points.get(name, 0), len(points))
    return choose_metrics(n_points, patterns)


def _build(
    found: Sequence[_Found],
    metrics: Sequence[str],
    *,
    by_time: bool,
    smoothing: float,
    is_log: bool,
) -> Plot:
    from repro.plot.labels import run_labels

    summaries = [summary for summary, _, _ in found]
    labels = run_labels(summaries, columns_that_differ(summaries).params)
    traced = [
        Traced(label, record.run.started_at.timestamp(), curves)
        for label, (_, record, curves) in zip(labels, found, strict=True)
    ]
    return build_plot(traced, metrics, by_time=by_time, smoothing=smoothing, is_log=is_log)


def _draw(console: Console, plot: Plot, size: tuple[int | None, int | None]) -> None:
    from repro.plot.terminal import draw_plot, panels_beside

    width = size[0] or console.width
    n_below = math.ceil(len(plot.panels) / panels_beside(len(plot.panels), width))
    # The prompt, and a line of the legend, stay in sight.
    height = ((size[1] or _terminal_lines() - 1) - 1) // n_below
    if size[1] is None:
        height = max(_PANEL_HEIGHTS[0], min(height, _PANEL_HEIGHTS[1]))
    text = draw_plot(plot, width=width, height=height, has_colour=console.has_colour)
    console.write(text + "\n")


def _terminal_lines() -> int:
    lines = os.environ.get("LINES", "")
    if lines.isascii() and lines.isdigit() and int(lines) > 0:
        return int(lines)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).lines or _LINES
    except (OSError, ValueError):
        return _LINES


def _write_pictures(
    console: Console, plot: Plot, paths: Sequence[str], size: tuple[int | None, int | None]
) -> None:
    """Draws all of them, then writes them: none is written where a library is missing."""
    from repro.cli.picture_file import write_picture

    for path, content in [(path, _drawn(plot, _kind(path), size)) for path in paths]:
        write_picture(path, content)
        console.talk(f"wrote {path}")


def _drawn(plot: Plot, kind: str, size: tuple[int | None, int | None]) -> bytes:
    if kind == "html":
        from repro.plot.page import draw_page

        return draw_page(plot)
    from repro.plot.picture import draw_picture

    return draw_picture(plot, kind, width_px=size[0], height_px=size[1])


def _kind(path: str) -> str:
    return os.path.splitext(path)[1].lower().removeprefix(".")
