"""pre-commit and prek for real: this repository with a tag, and users' repositories that name it.

What they install for our hooks takes 200 MB and most of a minute: once a session, for all workers.
"""

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.environment.pythons import make_venv
from tests.repos import Completed, Scratch, make_template, run_program

__all__ = [
    "MANAGERS",
    "TAG",
    "Managed",
    "Manager",
    "add_venv",
    "for_all_workers",
    "once",
    "publish",
]

ROOT = Path(__file__).parent.parent.parent
TAG = "v0.0.1"
MANAGERS = ("pre-commit", "prek")
_PUBLISHED = ("src", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
_PIP_CACHE = os.environ.get("PIP_CACHE_DIR") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "pip"
)
"""Asked before HOME moves, as in tests/conftest.py."""
_CONFIG = """\
default_install_hook_types: [pre-commit, post-commit, post-rewrite, pre-push]
repos:
  - repo: {url}
    rev: {tag}
    hooks:
      - id: repro-check
      - id: repro-record
      - id: repro-relink
      - id: repro-push
"""
"""As documented, but for the URL."""


def for_all_workers(factory: pytest.TempPathFactory, name: str) -> Path:
    """Returns a directory that all workers of this session share."""
    base = factory.getbasetemp()
    path = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    path.mkdir(exist_ok=True)
    return path


@contextmanager
def once(path: Path) -> Iterator[bool]:
    """Yields True to the first who comes; all others wait until it is done, and get False."""
    with open(f"{path}.lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = Path(f"{path}.done")
        yield not done.exists()
        done.touch()


def publish(path: Path) -> Scratch:
    """Makes a git repository of this one's files as they are, with a tag."""
    path.mkdir()
    for name in _PUBLISHED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", ".mypy_cache")
            shutil.copytree(ROOT / name, path / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, path / name)
    published = Scratch(path)
    published.git("init", "--quiet", "-b", "main")
    published.commit("all")
    published.git("tag", TAG)
    return published


class Manager(NamedTuple):
    """A hook manager with the environment that it made for our hooks.

    Attributes:
        name: Its program.
        home: Where it keeps repositories and environments.
        published: Where it got ours from.
    """

    name: str
    home: Path
    published: Path

    @property
    def variables(self) -> dict[str, str]:
        """For its program."""
        return {
            "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
            "PIP_CACHE_DIR": _PIP_CACHE,
            "PREK_HOME": str(self.home),
            "PRE_COMMIT_HOME": str(self.home),
            # A copy of each file of dvc's 80 packages is of no use to anybody here.
            "UV_LINK_MODE": "hardlink",
        }

    def run(self, repo: Scratch, *args: str, check: bool = True) -> Completed:
        """Runs the program in a repository."""
        return run_program(self.name, *args, cwd=repo.path, env=self.variables, check=check)

    def configure(self, repo: Scratch) -> None:
        """Writes the configuration that the documentation tells."""
        url = self.published.as_uri()
        repo.write(".pre-commit-config.yaml", _CONFIG.format(url=url, tag=TAG))


class Managed(NamedTuple):
    """A user's repository.

    Attributes:
        repo: Its working tree, with ``.venv`` for its environment.
        hub: The bare repository that ``origin`` is.
        manager: Whose hooks it has.
    """

    repo: Scratch
    hub: Scratch
    manager: Manager

    def git(self, *args: str, check: bool = True, **env: str) -> Completed:
        """Runs git as a desktop would start it: nothing of ours is on PATH."""
        return run_program("git", *args, cwd=self.repo.path, check=check, env=self._desktop() | env)

    def _desktop(self) -> dict[str, str]:
        git = shutil.which("git") or "/usr/bin/git"
        homes = {"PRE_COMMIT_HOME": str(self.manager.home), "PREK_HOME": str(self.manager.home)}
        return {"PATH": f"{os.path.dirname(git)}:/usr/bin:/bin", **homes}

    def commit(self, *args: str, check: bool = True, **env: str) -> Completed:
        """Commits everything."""
        self.repo.git("add", "--all")
        return self.git("commit", "-m", "change", *args, check=check, **env)

    def runs_at_hub(self) -> list[str]:
        """Returns the refs of the runs that were pushed."""
        return self.hub.runs()


def add_venv(path: Path) -> Path:
    """Makes an environment that nobody could take for another; returns its directory."""
    make_venv(path)
    return path


def users_repository(path: Path) -> tuple[Scratch, Scratch]:
    """Makes a repository that keeps its metrics in git, with a remote, and without hooks."""
    repo = make_template(path / "repo")
    repo.write(".gitignore", "__pycache__/\n/.venv/\n")
    hub = path / "hub.git"
    hub.mkdir()
    Scratch(hub).git("init", "--quiet", "--bare", "-b", "main")
    repo.git("remote", "add", "origin", "../hub.git")
    return repo, Scratch(hub)
