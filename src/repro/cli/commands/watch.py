"""``repro watch``: the learning curves of a run, drawn as they come."""

import os
import sys
from collections.abc import Sequence

import click

from repro.cli.console import current_console
from repro.cli.following import chosen_run
from repro.cli.run_argument import RUN
from repro.cli.runs import open_runs

__all__ = ["command"]


@click.command("watch", short_help="Draw a run's curves in the terminal as they come")
@click.argument("run", type=RUN, required=False)
@click.option(
    "-m", "--metric", "metrics", metavar="METRIC", multiple=True, help="Only this, or such as val/*"
)
@click.option(
    "--interval",
    "interval_s",
    type=click.FloatRange(min=0.1),
    default=1.0,
    metavar="SECONDS",
    help="Draw so often; 1 by default.",
)
@click.option("--once", is_flag=True, help="Draw once, and end.")
def command(run: str | None, *, metrics: Sequence[str], interval_s: float, once: bool) -> None:
    """Draw learning curves, and what the machine does, while a run goes on.

    RUN is as in `repro show`; without it, the newest run in progress, or else the newest. It ends
    when the run ends, and says how; q or Ctrl-C end it earlier and do nothing to the run.

    \b
      repro watch
      repro watch quiet-harbor -m 'val/*' -m train/loss
      repro watch --once
      repro watch -m loss | tee points.tsv

    A pipe gets a line for every point: time (seconds since 1970), step, metric, value, with tabs
    between; figures of the machine only where -m asks for them, such as 'system/*'.
    """  # noqa: D301 - click reads the backspace
    console = current_console()
    repo = open_runs()
    summary, following = chosen_run(repo, run)
    is_drawn = console.is_terminal and os.environ.get("TERM") != "dumb"
    if not is_drawn and not once:
        from repro.cli.point_lines import write_points

        write_points(console, repo, summary, following, metrics)
        return
    from repro.cli.watcher import Watcher

    watcher = Watcher(console, repo, summary, following, patterns=metrics)
    if once or following is None or not sys.stdout.isatty():
        watcher.draw_once()
    else:
        watcher.watch(interval_s=interval_s)
