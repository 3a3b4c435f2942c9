"""``repro checkout``: a run's state put back, here or in a worktree of its own."""

import os
import shlex
from datetime import UTC, datetime

import click

from repro.cli.console import Console, current_console
from repro.cli.run_argument import RUN
from repro.cli.runs import open_runs
from repro.git.repository import Repository
from repro.model.run import Record
from repro.model.summary import Summary
from repro.restore.checkout import Outcome, checkout
from repro.restore.new_worktree import checkout_worktree
from repro.restore.undo import undo
from repro.store.resolve import resolve_run
from repro.store.runs import read_record

__all__ = ["command", "say"]


@click.command("checkout", short_help="Put a run's code, data and environment spec back")
@click.argument("run", type=RUN)
@click.option(
    "--worktree",
    "directory",
    metavar="DIR",
    type=click.Path(),
    help="Into a new worktree, beside your work.",
)
@click.option("--keep", is_flag=True, help="Save uncommitted work first, rather than refuse.")
@click.option("--outputs", is_flag=True, help="Put the run's outputs at their paths too.")
def command(run: str, *, directory: str | None, keep: bool, outputs: bool) -> None:
    """Put a run back as it was when it started: code, data, and its record in .repro/.

    HEAD is detached at the commit the run started from, and its uncommitted changes are back as
    uncommitted changes. What was there before is saved first; `repro checkout -` goes back to it.

    RUN is an id or the first letters of one, a name, @ (the newest), @~2, a branch or commit (its
    newest run), best:METRIC, or - (what was there before the last checkout).
    """
    console = current_console()
    repo = open_runs()
    at = datetime.now(UTC)
    if run == "-":
        if directory is not None or outputs:
            raise click.UsageError("- takes neither --worktree nor --outputs")
        say(console, undo(repo, at=at), back="repro checkout -", verb="went back to")
        return
    summary = resolve_run(repo, run)
    record = read_record(repo, summary)
    if directory is not None:
        _into_worktree(console, repo, (summary, record), directory, outputs=outputs)
        return
    outcome = checkout(repo, summary, record, at=at, keep=keep, outputs=outputs)
    say(console, outcome, back="repro checkout -")


def _into_worktree(
    console: Console,
    repo: Repository,
    run: tuple[Summary, Record],
    directory: str,
    *,
    outputs: bool,
) -> None:
    full = os.path.abspath(directory)
    say(console, checkout_worktree(repo, *run, full, outputs=outputs), back=None)
    name = shlex.quote(directory)
    console.talk(f"to work in it: cd {name}")
    console.talk(f"to remove it: git worktree remove --force {name}")


def say(console: Console, outcome: Outcome, *, back: str | None, verb: str = "checked out") -> None:
    """Says what a checkout did and how to go back."""
    noun = "data file or directory" if outcome.n_data == 1 else "data files or directories"
    data = f", {outcome.n_data} {noun}" if outcome.n_data else ""
    console.talk(f"{verb} {outcome.title}{data}")
    for note in outcome.notes:
        console.talk(f"note: {note}")
    if back is not None:
        console.talk(f"to go back: {back}")
