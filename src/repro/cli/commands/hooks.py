"""``repro hooks``: git's hooks, each subcommand in a module of its own."""

from collections.abc import Mapping

import click

from repro.cli.group import LazyGroup

__all__ = ["COMMANDS", "command"]

COMMANDS = {
    "install": "Have git record, push and keep track of runs by itself",
    "uninstall": "Take the hooks away, and put back what was there",
    "status": "Show how each hook is installed, and what is wrong",
    "run": "Do what a hook does; git calls this",
}
"""Short help by command; the modules are ``repro.cli.commands.hooks_<name>``."""


class HooksGroup(LazyGroup):
    """The commands of `repro hooks`."""

    helps: Mapping[str, str] = COMMANDS
    prefix = "repro.cli.commands.hooks_"
    path = "repro hooks"


@click.group("hooks", cls=HooksGroup, short_help="Install git hooks that record and push runs")
def command() -> None:
    """Install, remove and look after the git hooks of repro.

    With hooks, `git commit` records a commit that touches params, metrics or data, `git push` takes
    its runs along, and runs stay attached through amend, rebase and squash. Whatever happens in a
    hook, the commit or the push goes on.
    """
