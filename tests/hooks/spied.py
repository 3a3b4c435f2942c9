"""Hooks that start a spy in the place of Python, and all that installing them may change."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from repro.git.repository import open_repository
from repro.hooks.call import DEFAULT_HOOKS, HookName
from repro.hooks.install import Report, install
from repro.hooks.manifest import Way
from repro.hooks.slots import Slot, find_place, read_slot
from repro.hooks.status import Status, read_status
from repro.hooks.take_back import Removal, uninstall
from tests.repos import Scratch, run_program

__all__ = [
    "ALL",
    "Spied",
    "change",
    "hook_files",
    "put",
    "set_up_spy",
    "slot_of",
    "status_of",
    "take",
    "ways",
    "write_hook",
]

ALL = tuple(HookName)
_SPY = """\
#!/bin/sh
# Called as an interpreter is: FLAGS -c CODE NAME ARGS; the trial import has no NAME.
[ $# -gt 3 ] || exit 0
shift 3
name=$1
input=
case $name in post-rewrite | pre-push) input=$(cat) ;; esac
[ "$name" != post-commit ] || echo "repro: recorded as spy-run" >&2
printf '%s|%s\\n' "$*" "$input" >>"$0.calls"
[ ! -e "$0.returns" ] || exit "$(cat "$0.returns")"
"""


class Spied(NamedTuple):
    """A repository with hooks of ours.

    Attributes:
        repo: The repository.
        spy: What the hooks start.
        report: What the installation said.
    """

    repo: Scratch
    spy: Path
    report: Report

    def calls(self) -> list[str]:
        """Returns the calls since the last time: ``name args|input``."""
        log = Path(f"{self.spy}.calls")
        if not log.exists():
            return []
        text = log.read_text()
        log.unlink()
        return text.splitlines()

    def returns(self, code: int) -> None:
        """Has the spy end so from now on."""
        Path(f"{self.spy}.returns").write_text(str(code))


def set_up_spy(repo: Scratch, directory: Path, names: Collection[HookName] = ALL) -> Spied:
    """Installs hooks that start a spy, whose path holds whatever a path may."""
    directory.mkdir()
    spy = _make_spy(directory)
    report = install(open_repository(str(repo.path)), names, python=str(spy))
    assert report.program.python, report.remarks
    return Spied(repo, spy, report)


def _make_spy(directory: Path) -> Path:
    spy = directory / "an inter'preter $HOME"
    spy.write_text(_SPY)
    spy.chmod(0o755)
    return spy


def write_hook(repo: Scratch, name: str, body: str = "", *, mode: int = 0o755) -> Path:
    """Writes a hook of somebody's, which notes in ``.git/theirs`` that it was called."""
    text = f'#!/bin/sh\n# not ours\necho "{name} $*" >>.git/theirs\n{body}\n'
    return repo.write(f".git/hooks/{name}", text, mode=mode)


def hook_files(repo: Scratch) -> dict[str, tuple[int, bytes]]:
    """Returns mode and bytes by name of what stands in git's directory of hooks, and its config.

    A link's bytes are its target.
    """
    git_dir = repo.path / ".git"
    paths = [git_dir / "config"] if (git_dir / "config").exists() else []
    if (git_dir / "hooks").exists():
        paths += [git_dir / "hooks", *sorted((git_dir / "hooks").iterdir())]
    found = {}
    for path in paths:
        mode = path.lstat().st_mode
        if path.is_symlink():
            content = os.fsencode(os.readlink(path))
        else:
            content = b"" if path.is_dir() else path.read_bytes()
        found[path.relative_to(git_dir).as_posix()] = (mode, content)
    return found


def put(repo: Scratch, *names: HookName, python: Path | None = None) -> Report:
    """Installs hooks, by default those that are installed by default.

    Args:
        repo: The repository.
        names: The hooks.
        python: What they start; None for a spy, which only says that it was called.
    """
    opened = open_repository(str(repo.path))
    python = python or _make_spy(repo.path.parent)
    return install(opened, names or DEFAULT_HOOKS, python=str(python))


def take(repo: Scratch) -> Removal:
    """Takes all hooks away."""
    return uninstall(open_repository(str(repo.path)))


def status_of(repo: Scratch, **env: str) -> Status:
    """Returns how the hooks are installed."""
    return read_status(open_repository(str(repo.path)), {"PATH": os.environ["PATH"], **env})


def slot_of(repo: Scratch, name: HookName = HookName.POST_COMMIT) -> Slot:
    """Returns what stands in a slot."""
    return read_slot(find_place(open_repository(str(repo.path))), name)


def ways(report: Report) -> dict[str, Way]:
    """Returns how each hook was installed, by name."""
    return {row.name.value: row.way for row in report.hooks}


def change(repo: Scratch, **env: str) -> str:
    """Commits a change of the params as a user does, and returns what was said."""
    repo.write("params.yaml", f"lr: 0.{len(repo.git('rev-list', 'HEAD'))}\n")
    argv = ("git", "commit", "--quiet", "-am", "change")
    return run_program(*argv, cwd=repo.path, env=env).stderr
