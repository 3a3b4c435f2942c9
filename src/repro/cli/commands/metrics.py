"""``repro metrics``: the metrics of runs, side by side."""

import click

from repro.cli.run_argument import RUN
from repro.cli.side_by_side import show_side_by_side

__all__ = ["command"]


@click.command("metrics", short_help="Show the metrics of runs")
@click.argument("runs", type=RUN, nargs=-1, metavar="[RUN]...")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def command(runs: tuple[str, ...], *, as_json: bool) -> None:
    """Show the metrics of runs (the newest), one row a metric and one column a run."""
    show_side_by_side("metrics", runs or ("@",), as_json=as_json)
