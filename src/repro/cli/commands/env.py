"""``repro env``: what is done with the environment of a run; each in a module of its own."""

from collections.abc import Mapping

import click

from repro.cli.group import LazyGroup

__all__ = ["COMMANDS", "command"]

COMMANDS = {
    "show": "Show the environment of a run",
    "diff": "Compare the environments of two runs",
    "create": "Build the environment of a run again",
    "check": "Hold the environment at hand against that of a run",
}
"""Short help by command; the modules are ``repro.cli.commands.env_<name>``."""


class EnvGroup(LazyGroup):
    """The commands of `repro env`."""

    helps: Mapping[str, str] = COMMANDS
    prefix = "repro.cli.commands.env_"
    path = "repro env"


@click.group("env", cls=EnvGroup, short_help="Show, compare, build and check environments")
def command() -> None:
    """Show, compare, build and check the environments of runs.

    An environment is the interpreter, the packages, the variables that change results, and the
    platform that a run was observed with.
    """
