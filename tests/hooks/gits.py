"""The gits that tests of hooks run with: the one on PATH, and one that has hooks in its config."""

import os
import re
import shutil
from pathlib import Path

import pytest

from repro.hooks.git_config import CONFIG_HOOKS_SINCE
from tests.repos import run_program

__all__ = ["MODERN_GIT", "has_config_hooks", "use_git"]


def has_config_hooks(git: str = "git") -> bool:
    """Tells whether a git calls hooks that its configuration names."""
    text = run_program(git, "version", cwd=Path("/")).stdout
    found = re.search(r"(\d+)\.(\d+)", text)
    assert found, text
    return (int(found[1]), int(found[2])) >= CONFIG_HOOKS_SINCE


def _find_modern() -> str | None:
    for git in (os.environ.get("REPRO_TEST_GIT"), shutil.which("git")):
        if git and has_config_hooks(git):
            return os.path.abspath(git)
    return None


MODERN_GIT = _find_modern()
"""Of PATH or of ``REPRO_TEST_GIT``, asked before variables of that kind are dropped."""


def use_git(patch: pytest.MonkeyPatch, git: str) -> None:
    """Has everything in a test, hooks too, use another git."""
    patch.setenv("PATH", os.path.dirname(git) + os.pathsep + os.environ["PATH"])
