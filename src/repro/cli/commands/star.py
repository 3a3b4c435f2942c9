"""``repro star``: marks the runs that matter."""

import click

from repro.cli.console import current_console
from repro.cli.run_argument import RUN
from repro.cli.runs import open_runs
from repro.cli.speaking import find_all, said_of, say
from repro.model.event import EventKind
from repro.store.log import Word

__all__ = ["command"]


@click.command("star", short_help="Star runs")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=RUN)
@click.option("--remove", "is_removing", is_flag=True, help="Take the star away.")
def command(runs: tuple[str, ...], *, is_removing: bool) -> None:
    """Star runs: they stand out in `repro ls`, and `repro gc` keeps them.

    \b
      repro star @
      repro star best:accuracy kxwm
      repro ls starred
    """  # noqa: D301 - click reads the backspace
    console = current_console()
    repo = open_runs()
    found = find_all(repo, runs)
    kind = EventKind.UNSTAR if is_removing else EventKind.STAR
    say(repo, [Word(kind, run.id) for run in found if run.starred is is_removing])
    for run in found:
        if run.starred is is_removing:
            said = "took the star from" if is_removing else "starred"
            console.talk(f"{said} {said_of(run)}")
        else:
            console.talk(f"{said_of(run)} has {'no star' if is_removing else 'a star already'}")
