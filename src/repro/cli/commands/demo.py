"""``repro demo``: the whole of repro in a minute, on a scratch repository."""

import os
import sys
from typing import Any

import click

from repro.cli.console import current_console
from repro.demo.player import DIGITS, Player, Voice
from repro.demo.scenario import SCENARIO
from repro.errors import ReproError

__all__ = ["DemoNeedsError", "command"]

_STYLES: dict[Voice, tuple[str, dict[str, Any]]] = {
    Voice.TALK: ("\n# {}", {"fg": "cyan"}),
    Voice.COMMAND: ("$ {}", {"bold": True}),
    Voice.REMOVED: ("{}", {"fg": "red"}),
    Voice.ADDED: ("{}", {"fg": "green"}),
    Voice.NUMBERS: ("{}", {}),
    Voice.SAME: ("{}", {"fg": "green", "bold": True}),
    Voice.DIFFERENT: ("{}", {"fg": "red", "bold": True}),
}
_NEXT = (
    "repro show best:accuracy",
    "repro checkout best:accuracy --worktree ../digits-best",
    "git log --all --oneline --graph",
)
_TIES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX")
"""Variables that would tie git to another repository than the scratch one."""


class DemoNeedsError(ReproError):
    """Something that the demonstration needs is not there."""


@click.command("demo", short_help="Watch a minute of repro on a scratch repository")
@click.argument("directory", required=False, type=click.Path(file_okay=False))
def command(directory: str | None) -> None:
    """Watch repro at work on a scratch repository

    Makes a git and DVC repository with a small experiment in DIRECTORY (by default in a new
    temporary one), records five runs, lists and compares them, goes back to the first, trains again
    and holds the numbers against each other. Every command is printed before it runs, so all of it
    can be typed again by hand. Takes about a minute and needs no network.

    Exit code: 0, or 1 if the first run did not come back to the last digit.
    """
    _require_sklearn()
    top = _scratch(directory)
    os.chdir(top)
    player = Player(top, python=sys.executable, env=_environment(), show=_show)
    player.play(SCENARIO)
    _show("The scratch repository is yours to play with. To go on:", Voice.TALK)
    for line in (f"cd {top}", *_NEXT):
        _show(line, Voice.COMMAND)
    if not player.is_same:
        sys.exit(1)


def _require_sklearn() -> None:
    from importlib.util import find_spec

    if find_spec("sklearn") is None:
        raise DemoNeedsError(
            "the demonstration trains with scikit-learn, which is not installed beside repro",
            hint="pip install 'repro-git[demo]'",
        )


def _scratch(directory: str | None) -> str:
    import shutil
    import tempfile

    if directory is None:
        directory = tempfile.mkdtemp(prefix="repro-demo-")
    elif os.path.isdir(directory) and os.listdir(directory):
        raise DemoNeedsError(
            f"the directory is not empty: {directory}",
            hint="name one that does not exist, or none for a temporary one: repro demo",
        )
    ignored = shutil.ignore_patterns("__pycache__", ".*_cache")
    shutil.copytree(DIGITS, directory, dirs_exist_ok=True, ignore=ignored)
    return os.path.realpath(directory)


def _environment() -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if name not in _TIES}
    # `python` in the shown commands is the interpreter that repro itself runs on.
    env["PATH"] = os.path.dirname(sys.executable) + os.pathsep + env.get("PATH", os.defpath)
    env |= {"DVC_NO_ANALYTICS": "1", "GIT_PAGER": "cat", "PAGER": "cat"}
    # A machine on which git does not know its user can still watch.
    for role in ("AUTHOR", "COMMITTER"):
        env.setdefault(f"GIT_{role}_NAME", "repro demo")
        env.setdefault(f"GIT_{role}_EMAIL", "demo@localhost")
    return env


def _show(text: str, voice: Voice) -> None:
    form, style = _STYLES[voice]
    line = form.format(text)
    console = current_console()
    console.write((click.style(line, **style) if console.has_colour else line) + "\n")
