"""``repro hooks status``: how git comes to call repro, and why not."""

import os

import click

from repro.cli.console import Console, current_console
from repro.cli.page import clean
from repro.git.repository import open_repository
from repro.hooks.status import Status, read_status

__all__ = ["command"]


@click.command("status", short_help="Show how each hook is installed, and what is wrong")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def command(*, as_json: bool) -> None:
    """Show how each hook is installed, a line each; exit 1 where something is wrong.

    Wrong is a hook that was installed and is not called, or called twice; an interpreter that is
    gone; and REPRO_HOOKS=0 in this shell.
    """
    console = current_console()
    status = read_status(open_repository(), os.environ)
    if as_json:
        console.json(_as_json(status))
    else:
        _show(console, status)
    raise SystemExit(0 if status.is_well else 1)


def _as_json(status: Status) -> dict[str, object]:
    return {
        "directory": status.place.directory,
        "hooks_path": status.place.setting or None,
        "notes": status.carries_notes,
        "problems": list(status.problems),
        "hooks": [
            {
                "name": state.name,
                "installed": state.way is not None,
                "way": state.way,
                "other": state.other or None,
                "problems": list(state.problems),
            }
            for state in status.hooks
        ],
    }


def _show(console: Console, status: Status) -> None:
    from repro.cli.views.hooks import way_text

    for state in status.hooks:
        console.write(f"{state.name:<20}{clean(way_text(state))}\n")
        for problem in state.problems:
            console.write(f"{'':<20}problem: {clean(problem)}\n")
    for problem in status.problems:
        console.write(f"problem: {clean(problem)}\n")
    if not status.is_installed:
        console.talk("hint: repro hooks install")
