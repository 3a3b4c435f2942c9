"""Which program the hooks start: the interpreter that runs repro now, if it will last."""

import os
import re
import sys
from typing import NamedTuple

from repro.git.repository import Repository, git_environment
from repro.hooks.script import Program
from repro.process import CommandNotFoundError, start

__all__ = ["Choice", "can_start", "choose_program", "is_fleeting"]

# Made for one command, or cleaned like any cache: uvx, uv run --with, pipx run, pip's and
# pre-commit's own environments, and what tempfile makes.
_FLEETING = re.compile(
    r"/uv/(archive|builds|environments|cache)-v\d|/\.cache/uv/|/pipx/\.cache/|/\.cache/pipx/"
    r"|/\.?cache/(pre-commit|prek)/|/pre-commit/repo[^/]+/py_env-|/prek/hooks/"
    r"|/(tmp|T)/(tmp[a-z0-9_]{8}|pip-[a-z-]*[a-z0-9_]{8})/"
)
_FLAGS = ("-I", "-E -P")
_IMPORT = "import repro.cli.hook"


class Choice(NamedTuple):
    """What to start, and why.

    Attributes:
        program: What.
        reason: Why it is only a name; "" where it is an interpreter.
    """

    program: Program
    reason: str = ""


def choose_program(repo: Repository, python: str | None = None) -> Choice:
    """Chooses what the hooks start.

    Args:
        repo: The repository; an interpreter beside it is named from there, so that both may move.
        python: The interpreter; None for this one.
    """
    python = sys.executable if python is None else python
    if not python:
        return Choice(Program(""), "this interpreter does not know where it is")
    if is_fleeting(python):
        return Choice(Program(""), f"{python} is in a cache, and will be gone one day")
    for flags in _FLAGS:
        if can_start(python, flags):
            return Choice(Program(_as_seen_from(repo, python), flags))
    return Choice(Program(""), f"{python} cannot import repro by itself")


def is_fleeting(python: str) -> bool:
    """Tells whether an interpreter will be gone when a cache is cleaned, or before."""
    return _FLEETING.search(python) is not None


def can_start(python: str, flags: str) -> bool:
    """Tells whether an interpreter can import what a hook needs."""
    if not os.access(python, os.X_OK):
        return False
    try:
        argv = (python, *flags.split(), "-c", _IMPORT)
        return start(argv, env=git_environment()).result().code == 0
    except (CommandNotFoundError, OSError):
        return False


def _as_seen_from(repo: Repository, python: str) -> str:
    above = os.path.dirname(repo.common_dir)
    # Not the file itself: in a virtual environment it is a link to another's.
    directory = os.path.realpath(os.path.dirname(python))
    if not directory.startswith(f"{above}/"):
        return os.path.abspath(python)
    guards = f"{repo.state_dir}/hooks"
    return os.path.relpath(os.path.join(directory, os.path.basename(python)), guards)
