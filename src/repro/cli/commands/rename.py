"""``repro rename``: another name for a run."""

import click

from repro.cli.console import current_console
from repro.cli.page import clean
from repro.cli.run_argument import RUN
from repro.cli.runs import find_summary, open_runs
from repro.cli.speaking import said_of, say
from repro.git.repository import Repository
from repro.model.event import EventKind
from repro.model.ids import RunId, short_id
from repro.store.listing import list_runs
from repro.store.log import Word

__all__ = ["command"]


@click.command("rename", short_help="Give a run another name")
@click.argument("run", type=RUN)
@click.argument("name", metavar="NEW-NAME")
def command(run: str, name: str) -> None:
    """Give a run another name; its id stays, and what was recorded does.

    Where a run is named, the new name counts from now on. `repro show` says both.

    \b
      repro rename @ baseline-v2
      repro rename kxwm "wide, no dropout"
    """  # noqa: D301 - click reads the backspace
    console = current_console()
    repo = open_runs()
    found = find_summary(repo, run)
    if found.name == name:
        console.talk(f"{said_of(found)} is called so already")
        return
    [word] = say(repo, [Word(EventKind.RENAME, found.id, name)])
    console.talk(f"renamed {said_of(found)}: {clean(word.name)}")
    _warn_of_others(repo, word.name, found.id)


def _warn_of_others(repo: Repository, name: str, renamed: RunId) -> None:
    runs = [run for run in list_runs(repo) if run.id != renamed]
    same = [short_id(run.id) for run in runs if run.name == name]
    if same:
        what = f"{len(same)} other runs are" if len(same) > 1 else f"{same[0]} is"
        current_console().talk(f"warning: {what} called {name} too; name them by their letters")
    if any(name == short_id(run.id) for run in runs):
        current_console().talk(f"warning: {name} are the letters of another run, which it names")
