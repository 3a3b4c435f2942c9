"""``repro undo``: back to what was there before a checkout."""

from datetime import UTC, datetime

import click

from repro.cli.commands.checkout import say
from repro.cli.console import Console, current_console
from repro.cli.page import clean
from repro.git.repository import open_repository
from repro.restore.undo import undo
from repro.restore.undo_entries import UndoEntry, list_undo

__all__ = ["command"]


@click.command("undo", short_help="Go back to before the last checkout")
@click.argument("number", metavar="[N]", type=click.IntRange(min=1), required=False)
@click.option("--list", "show_list", is_flag=True, help="List what can be gone back to.")
def command(number: int | None, *, show_list: bool) -> None:
    """Bring back what was in this working tree before the last checkout, or as number N saved it.

    What is there now is saved first, so `repro undo` twice ends where it began. After a checkout
    that was interrupted it brings back what was there before that.
    """
    console = current_console()
    repo = open_repository()
    if show_list:
        _write_list(console, list_undo(repo))
        return
    say(console, undo(repo, number, at=datetime.now(UTC)), back="repro undo", verb="went back to")


def _write_list(console: Console, entries: list[UndoEntry]) -> None:
    if not entries:
        console.talk("nothing to go back to: no checkout was made in this working tree")
    for entry in entries:
        when = f"{entry.at.astimezone():%Y-%m-%d %H:%M:%S}"
        row = (str(entry.number), when, clean(entry.reason), str(entry.saved.n_files))
        console.write("\t".join(row) + "\n")
