"""``repro checkout``: a run's state put back, here or in a worktree of its own."""

import os
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from repro.cli.console import Console, current_console
from repro.cli.rebuilding import Wanted, rebuild_options, request_of, say_rebuilt
from repro.cli.run_argument import RUN
from repro.cli.runs import open_runs
from repro.lineage.resolve import resolve_run
from repro.restore.checkout import Outcome, checkout, prepare
from repro.restore.new_worktree import checkout_worktree, require_free
from repro.restore.plan import RECORD_DIR
from repro.restore.undo import undo
from repro.store.runs import read_record

if TYPE_CHECKING:
    from repro.rebuild.environment import Request

__all__ = ["command", "say"]

_LINK = "venv"
"""In `.repro`, which git does not see: leads to the environment."""


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
@click.option("--env", "with_env", is_flag=True, help="Build the run's environment, too.")
@rebuild_options
def command(
    run: str,
    *,
    directory: str | None,
    keep: bool,
    outputs: bool,
    with_env: bool,
    python: str | None,
    inexact: bool,
) -> None:
    """Put a run back as it was when it started: code, data, and its record in .repro/.

    HEAD is detached at the commit the run started from, and its uncommitted changes are back as
    uncommitted changes. What was there before is saved first; `repro checkout -` goes back to it.

    With --env its environment is built first, then held against the record byte by byte, and is at
    .repro/venv: source .repro/venv/bin/activate. Lakehouse tables stay where they are: that the
    versions which the run read can still be read is checked first. Exit code 4: it cannot be exact.

    RUN is an id or the first letters of one, a name, @ (the newest), @~2, a branch or commit (its
    newest run), best:METRIC, or - (what was there before the last checkout).
    """
    console = current_console()
    repo = open_runs()
    at = datetime.now(UTC)
    if run == "-":
        if directory is not None or outputs or with_env or python or inexact:
            raise click.UsageError("- takes neither --worktree nor --outputs nor --env")
        say(console, undo(repo, at=at), back="repro checkout -", verb="went back to")
        return
    if not with_env and python:
        raise click.UsageError("--python goes with --env")
    summary = resolve_run(repo, run)
    record = read_record(repo, summary)

    def restore() -> None:
        if directory is not None:
            outcome = checkout_worktree(
                repo, summary, record, os.path.abspath(directory), outputs=outputs, inexact=inexact
            )
            _say_worktree(console, outcome, directory)
        else:
            outcome = checkout(
                repo, summary, record, at=at, keep=keep, outputs=outputs, inexact=inexact
            )
            say(console, outcome, back="repro checkout -")

    if not with_env:
        restore()
        return
    # What would be refused is refused before an environment is built.
    if directory is not None:
        require_free(os.path.abspath(directory))
    else:
        prepare(repo, summary, record, at=at, keep=keep, outputs=outputs, inexact=inexact)
    top = os.path.realpath(directory) if directory is not None else repo.top
    request = request_of(repo, record, Wanted(python, inexact), top=top)
    _with_environment(console, request, restore, is_here=directory is None)


def _with_environment(
    console: Console, request: "Request", restore: Callable[[], None], *, is_here: bool
) -> None:
    """Builds what needs no working tree, restores, and builds the rest: nothing changes in vain."""
    from repro.rebuild.differences import NotExactError
    from repro.rebuild.environment import Rebuilding

    link = f"{request.top}/{RECORD_DIR}/{_LINK}"
    activate = f"{link}/bin/activate"
    if is_here:  # asked now: the run may not have the current directory
        activate = os.path.relpath(activate)
    with Rebuilding(request, talk=console.talk) as rebuilding:
        rebuilding.require_possible()
        rebuilding.install_locked()
        restore()
        try:
            rebuilding.install_from_tree()
            rebuilt = rebuilding.check()
        except NotExactError:
            console.talk("code and data are checked out, and stay so; the environment is not exact")
            raise
    say_rebuilt(console, rebuilt)
    os.symlink(rebuilt.prefix, link)
    console.talk(f"to use its environment: source {shlex.quote(activate)}")


def _say_worktree(console: Console, outcome: Outcome, directory: str) -> None:
    say(console, outcome, back=None)
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
