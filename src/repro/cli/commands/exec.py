"""``repro exec``: a command where a run was, in the environment that it had."""

import os
import re
import shlex

import click

from repro.cli.children import run_in_place
from repro.cli.console import current_console
from repro.cli.failure import report
from repro.cli.rebuilding import Wanted, rebuild_options, run_to_rebuild
from repro.cli.run_argument import RUN
from repro.cli.run_place import RunPlace
from repro.cli.runs import open_runs
from repro.errors import ReproError
from repro.model.ids import short_id
from repro.model.run import Record
from repro.process import CommandNotFoundError
from repro.secrets.redactor import REDACTED

__all__ = ["NoCommandError", "command"]

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*t?")


class NoCommandError(ReproError):
    """A run whose command cannot be run again as it is recorded."""


@click.command(
    "exec",
    context_settings={"allow_interspersed_args": False},
    short_help="Run a command in the environment of a run",
)
@click.option(
    "--worktree",
    metavar="DIR",
    type=click.Path(),
    help="Where the run's working tree is, or is to be made.",
)
@rebuild_options
@click.argument("run", type=RUN)
@click.argument("command_line", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND...]")
def command(
    run: str,
    command_line: tuple[str, ...],
    *,
    worktree: str | None,
    python: str | None,
    inexact: bool,
) -> int:
    """Run COMMAND (the run's own) with the code, data, packages and variables of a run.

    The code and data lie in a working tree of their own, made when first wanted and left as it is
    for the next time; your own is not touched. Nothing is recorded: put `repro run --` in front of
    COMMAND for that. The command's exit code is returned.

    \b
      repro exec best:accuracy -- python evaluate.py
      repro exec @~3
    """  # noqa: D301 - click reads the backspace
    console = current_console()
    repo = open_runs()
    summary, record = run_to_rebuild(repo, run)
    argv = list(command_line)
    is_typed = argv not in ([], ["--"])
    if argv[:1] == ["--"]:
        argv = argv[1:]
    elif is_typed and argv[0].startswith("-"):
        raise click.UsageError(f"options stand before the run: repro exec {argv[0]} ... {run} --")
    recorded = None if is_typed else _recorded_command(record)
    wanted = Wanted(python, inexact)
    with RunPlace(console, repo, (summary, record), wanted, worktree=worktree) as place:
        if recorded is not None:
            scripts = f"{place.rebuilt.prefix}/bin"
            argv = _in_rebuilt(recorded, record, scripts, cwd=place.cwd)
            console.talk(f"running: {shlex.join(argv)}")
        try:
            return run_in_place(argv, cwd=place.cwd, env=place.variables)
        except CommandNotFoundError as error:
            report(error)
            return error.exit_code


def _recorded_command(record: Record) -> tuple[str, ...]:
    letters = short_id(record.run.id)
    if not record.run.command:
        raise NoCommandError(
            f"run {record.run.name} was recorded without a command",
            hint=f"repro exec {letters} -- COMMAND",
        )
    if any(REDACTED.search(word) for word in record.run.command):
        raise NoCommandError(
            f"the command of run {record.run.name} had a secret in it, which is not recorded",
            hint=f"type it in full: repro exec {letters} -- COMMAND",
            details=(f"it was: {shlex.join(record.run.command)}",),
        )
    return record.run.command


def _in_rebuilt(command: tuple[str, ...], record: Record, scripts: str, *, cwd: str) -> list[str]:
    """Returns a recorded command with what lay in the environment replaced by what is in ours.

    Args:
        command: As it was typed.
        record: The run's.
        scripts: The ``bin`` of the rebuilt environment.
        cwd: Where it is to run.
    """
    first, *rest = command
    directory, _, name = first.rpartition("/")
    if _PYTHON.fullmatch(name):
        # Never another interpreter of that name from PATH.
        return [name if os.path.lexists(f"{scripts}/{name}") else "python", *rest]
    is_code = not directory or os.path.lexists(os.path.join(cwd, first))
    return [name if not is_code and _is_scripts_of(record, directory) else first, *rest]


def _is_scripts_of(record: Record, directory: str) -> bool:
    """Tells whether a directory, absolute or relative, is the ``bin`` of the run's environment."""
    interpreter = record.environment.interpreter if record.environment else None
    return interpreter is not None and f"{interpreter.prefix}/bin".endswith(
        directory if directory.startswith("/") else f"/{directory.removeprefix('./')}"
    )
