"""`repro run`."""

import click

from repro.cli.options import add_options
from repro.cli.run import RUN_OPTIONS, run

__all__ = ["command"]


@add_options(RUN_OPTIONS)
@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    short_help="Run a command and record it as a run",
)
@click.argument("command_line", nargs=-1, type=click.UNPROCESSED, metavar="-- COMMAND...")
def command(command_line: tuple[str, ...], **values: object) -> int:
    """Run COMMAND and record it: code, data, params, environment, metrics, outputs.

    Uncommitted changes and untracked files are part of the record; your branch, index and files
    stay as they are. The command's exit code is returned.

    \b
      repro run -- python train.py --lr 0.1
      repro run -n baseline --tag paper -- dvc repro
    """  # noqa: D301 - click reads the backspace
    if not command_line:
        raise click.UsageError("no command to run: repro run -- python train.py")
    if command_line[0].startswith("-"):
        raise click.NoSuchOption(command_line[0])
    return run(values, command_line)
