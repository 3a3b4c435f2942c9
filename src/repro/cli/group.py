"""The command group: names and one-line helps at hand, each command's module loaded when used."""

import importlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from repro import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["COMMANDS", "LazyGroup", "repro"]

COMMANDS = {
    "init": "Say what is here, and set up hooks",
    "run": "Run a command and record it as a run",
    "record": "Record the workspace as it stands",
    "ls": "List runs",
    "show": "Show everything about a run",
    "watch": "Draw a run's curves in the terminal as they come",
    "logs": "Show what a run printed, or prints",
    "diff": "Compare two runs, pillar by pillar",
    "params": "Show the params of runs",
    "metrics": "Show the metrics of runs",
    "plot": "Draw learning curves",
    "checkout": "Put a run's code, data and environment spec back",
    "push": "Share runs: to the git remote, their data to the DVC remote",
    "pull": "Get runs from the git remote, their data from the DVC remote",
    "tag": "Tag runs, or list their tags",
    "note": "Write notes on runs, or list them",
    "star": "Star runs",
    "rename": "Give a run another name",
    "rm": "Remove runs; `repro restore` brings them back",
    "restore": "Bring removed runs back, or list them",
    "recover": "Record runs that died, or one that you say is dead",
    "hooks": "Install git hooks that record and push runs",
    "relink": "Tie runs to what became of their commits",
    "env": "Show, compare, build and check environments",
    "exec": "Run a command in the environment of a run",
    "shell": "Open a shell in the environment of a run",
    "undo": "Go back to before the last checkout",
    "fsck": "Find what is lost or damaged, and repair it",
    "doctor": "Check this repository, and runs for secrets",
    "du": "Show how much space runs take",
    "gc": "Free space; keep only the runs that a policy names",
    "demo": "See it all work in a scratch repository",
}
"""Short help by command; the modules are ``repro.cli.commands.<name>``."""


class LazyGroup(click.Group):
    """Knows its commands by name, and imports one only to run it or to show its help.

    Attributes:
        helps: Short help by command.
        prefix: What a command's name is put behind to name its module.
        path: What is typed before a command.
    """

    helps: Mapping[str, str] = COMMANDS
    prefix = "repro.cli.commands."
    path = "repro"

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names in the order of the help."""
        del ctx
        return list(self.helps)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns a command, None when there is none of that name."""
        del ctx
        if cmd_name not in self.helps:
            return None
        module = importlib.import_module(f"{self.prefix}{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Names the nearest command when there is none of that name."""
        if args and args[0] not in self.helps and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.helps, n=1)
            hint = f"did you mean `{self.path} {near[0]}`?" if near else f"see `{self.path} --help`"
            ctx.fail(f"no such command: {args[0]}; {hint}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Returns the commands that begin so, without loading any, or the options."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        return [
            CompletionItem(name, help=help_)
            for name, help_ in self.helps.items()
            if name.startswith(incomplete)
        ]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of commands without loading any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(self.helps.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with: repro run -- python train.py",
)
@click.version_option(__version__, "-V", "--version", message="repro %(version)s")
@click.option(
    "-C",
    "directory",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    help="Run as if started in DIR.",
)
def repro(directory: str | None) -> None:
    """Every run of an experiment is a commit that can be checked out exactly.

    Code, data, params and environment of each run are kept on hidden git refs:
    no server, no set-up, nothing to change in your script.
    """
    if directory is not None:
        os.chdir(directory)
