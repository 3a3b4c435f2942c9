"""``repro shell``: a shell where a run was, in the environment that it had."""

import os

import click

from repro.cli.children import run_in_place
from repro.cli.console import current_console
from repro.cli.rebuilding import Wanted, rebuild_options, run_to_rebuild
from repro.cli.run_argument import RUN
from repro.cli.run_place import RunPlace
from repro.cli.runs import open_runs
from repro.cli.shells import interactive
from repro.model.ids import short_id

__all__ = ["command"]


@click.command("shell", short_help="Open a shell in the environment of a run")
@click.argument("run", type=RUN)
@click.option(
    "--worktree",
    metavar="DIR",
    type=click.Path(),
    help="Where the run's working tree is, or is to be made.",
)
@rebuild_options
def command(run: str, *, worktree: str | None, python: str | None, inexact: bool) -> int:
    """Open a shell with the code, data, packages and variables of a run.

    The code and data lie in a working tree of their own, which stays as you leave it; your own is
    not touched. It is $SHELL, with its own settings. `exit` leaves it, and its exit code is
    returned. Nothing is recorded but by `repro run` in it.
    """
    console = current_console()
    repo = open_runs()
    summary, record = run_to_rebuild(repo, run)
    wanted = Wanted(python, inexact)
    with RunPlace(console, repo, (summary, record), wanted, worktree=worktree) as place:
        console.talk(f"run {summary.name}, in {place.cwd}; to leave: exit")
        shell = place.variables.get("SHELL") or "/bin/sh"
        prompt = f"(repro {short_id(summary.id)}) "
        with interactive(shell, place.variables, before=os.environ, prompt=prompt) as start:
            return run_in_place(start.argv, cwd=place.cwd, env=start.variables)
