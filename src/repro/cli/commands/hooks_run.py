"""``repro hooks run``: what git and managers of hooks call; see `repro.cli.hook`."""

import click

from repro.hooks.call import HookName

__all__ = ["command"]


@click.command(
    "run",
    short_help="Do what a hook does; git calls this",
    context_settings={"ignore_unknown_options": True},
)
@click.argument("name", type=click.Choice([name.value for name in HookName]))
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
def command(name: str, args: tuple[str, ...]) -> None:
    """Do what a hook does, as git calls it: with git's arguments, and what git writes on stdin.

    Whatever happens, the exit code is 0, but for pre-commit's, which is 1 where the commit is to
    be stopped. Programs that manage hooks call it so:

    \b
      repro hooks run post-commit
      repro hooks run pre-push origin https://example.org/repo.git
    """  # noqa: D301 - click reads the backspace
    from repro.cli.hook import run_hook

    raise SystemExit(run_hook((name, *args)))
