"""`repro record`."""

import click

from repro.cli.options import add_options
from repro.cli.record import RECORD_OPTIONS, record

__all__ = ["command"]


@add_options(RECORD_OPTIONS)
@click.command(short_help="Record the workspace as it stands")
def command(**values: object) -> int:
    """Record code, data, params, metrics and environment as they stand, without running anything.

    A state that is recorded already is not recorded again: safe in hooks and scripts.

    A run that began inside of Python where it could not be recorded, as on a full disk, said where
    its journal is kept. With --journal that becomes a run.

    With --commit it is a commit that is recorded, as its tree has it, whatever lies in the working
    tree: what the post-commit hook does. Only the environment is that of now.

    \b
      repro record
      repro record --commit HEAD~2
      repro record --journal ~/.local/state/repro/journals/20260131T080000-4711
    """  # noqa: D301 - click reads the backspace
    return record(values)
