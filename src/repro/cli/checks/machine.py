"""The machine: git, uv, DVC and Python, the clock, and other things called repro."""

import os
import re
import sys
from collections.abc import Iterator

from repro import __version__
from repro.cli.checks.check import Check
from repro.git.repository import Repository
from repro.model.run import FORMAT_VERSION
from repro.process import CommandNotFoundError, start

__all__ = ["check_machine", "check_names"]

_LEAST_GIT = (2, 30)
_OURS = "repro-git"
_SCRIPT_BYTES = 4096


def check_machine(repo: Repository) -> Iterator[Check]:
    """Yields the versions of what repro works with."""
    git = repo.git("version").decode("utf-8", "replace").strip().removeprefix("git version ")
    yield _git(git)
    yield _uv()
    yield _installed("dvc")
    yield Check("python", True, f"{sys.version.split()[0]} at {sys.executable}")


def _git(text: str) -> Check:
    found = re.match(r"(\d+)\.(\d+)", text)
    if found is not None and (int(found[1]), int(found[2])) < _LEAST_GIT:
        least = ".".join(map(str, _LEAST_GIT))
        hint = "apt-get install git, or conda install -c conda-forge git"
        return Check("git", False, f"{text}: older than {least}, which repro needs", hint)
    return Check("git", True, text)


def _uv() -> Check:
    from repro.environment.ask_uv import find_uv

    path = find_uv()
    try:
        result = start((path, "--version"), env=dict(os.environ)).result()
    except CommandNotFoundError:
        return Check("uv", False, "not found: no environment can be locked", "pip install uv")
    text = result.out.decode("utf-8", "replace").strip().removeprefix("uv ")
    return Check("uv", result.code == 0, f"{text} at {path}")


def _installed(name: str) -> Check:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return Check(name, True, version(name))
    except PackageNotFoundError:
        return Check(name, False, "not installed beside repro", f"pip install {name}")


def check_names() -> Iterator[Check]:
    """Yields whether ``repro`` means this repro: as a module, and as a command."""
    text = f"{__version__}, reads records up to format {FORMAT_VERSION}"
    problems = [*_other_distributions(), *_other_modules(), *_other_commands()]
    if not problems:
        yield Check("repro", True, text)
    for problem, hint in problems:
        yield Check("repro", False, problem, hint)


def _other_distributions() -> Iterator[tuple[str, str]]:
    from importlib.metadata import distributions

    for found in distributions():
        # Not its `files`: making a path object of each line takes half a second.
        listed = "\n" + (found.read_text("RECORD") or found.read_text("SOURCES.txt") or "")
        is_ours = found.metadata["Name"] == _OURS
        if not is_ours and ("\nrepro/__init__.py" in listed or "\nrepro.py" in listed):
            name = found.metadata["Name"]
            yield (
                f"{name} {found.version} installs a module named repro too",
                f"pip uninstall {name} && pip install --force-reinstall {_OURS}",
            )


def _other_modules() -> Iterator[tuple[str, str]]:
    own = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
    for directory in sys.path:
        for name in ("repro/__init__.py", "repro.py"):
            path = os.path.join(directory or ".", name)
            if not os.path.isfile(path):
                continue
            if os.path.realpath(os.path.dirname(path)) != own:
                yield f"another module named repro is imported instead: {path}", f"mv {path} ..."
            return


def _other_commands() -> Iterator[tuple[str, str]]:
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(directory or ".", "repro")
        if not (os.path.isfile(path) and os.access(path, os.X_OK)):
            continue
        with open(path, "rb") as file:
            is_ours = b"repro.cli" in file.read(_SCRIPT_BYTES) or _answers_as_we_do(path)
        if not is_ours:
            yield f"another program is called by the name repro: {path}", "type -a repro"
        return


def _answers_as_we_do(path: str) -> bool:
    """Tells whether a program, a shim of pyenv's or a wrapper perhaps, leads to this repro."""
    result = start((path, "--version"), env=dict(os.environ)).result()
    return result.code == 0 and result.out.decode("utf-8", "replace").strip() == (
        f"repro {__version__}"
    )
