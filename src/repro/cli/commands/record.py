"""`repro record`."""

import click

from repro.cli.options import add_options
from repro.cli.record import record
from repro.cli.recording import OPTIONS

__all__ = ["command"]


@add_options(OPTIONS)
@click.command(short_help="Record the workspace as it stands")
def command(**values: object) -> int:
    """Record code, data, params, metrics and environment as they stand, without running anything.

    A state that is recorded already is not recorded again: safe in hooks and scripts.
    """
    return record(values)
