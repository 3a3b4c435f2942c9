"""``repro hooks uninstall``: leaves git's hooks and configuration as they were."""

import click

from repro.cli.console import current_console
from repro.git.repository import open_repository

__all__ = ["command"]


@click.command("uninstall", short_help="Take the hooks away, and put back what was there")
def command() -> None:
    """Take repro's hooks away: git's configuration and hooks are byte for byte as before.

    What others changed since is kept, and said. Runs stay, and so do lines that were added by hand
    to the files of other programs: these do nothing any more.
    """
    from repro.hooks.take_back import uninstall

    console = current_console()
    removal = uninstall(open_repository())
    if not removal.hooks:
        console.talk("no hooks of repro were installed")
    else:
        console.talk(f"taken away: {', '.join(removal.hooks)}")
    for remark in removal.remarks:
        console.talk(remark)
