"""Whatever is done in whatever order, uninstalling leaves what would be there without repro.

Beside the repository stands its twin, to which the same is done, but for what repro does.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hooks.gits import MODERN_GIT, has_config_hooks, use_git
from tests.hooks.spied import hook_files, set_up_spy, take, write_hook
from tests.repos import Scratch, run_program

_OURS = ("install", "install", "uninstall", "commit")
_OTHERS = (
    *("prek install", "prek uninstall", "add an include", "change a setting", "drop a setting"),
    *("write another hook", "drop another hook", "pack"),
)
_STEPS = st.lists(st.sampled_from(_OURS + _OTHERS), min_size=3, max_size=9)
_STARTS = st.lists(
    st.sampled_from(["a hook", "a hook that is a link", "a manager", "no last newline"]),
    unique=True,
)


def _begin(repo: Scratch, starts: list[str]) -> None:
    repo.write(".pre-commit-config.yaml", "repos: []\n")
    if "a hook that is a link" in starts:
        write_hook(repo, "pre-push").rename(repo.path / ".git/mine")
        (repo.path / ".git/hooks/pre-push").symlink_to("../mine")
    if "a hook" in starts:
        write_hook(repo, "post-commit")
    if "a manager" in starts:
        _other(repo, "prek install")
    if "no last newline" in starts:
        repo.write(".git/config", repo.read(".git/config").rstrip("\n"))


def _other(repo: Scratch, step: str) -> None:
    """Does what somebody else does to a repository."""
    match step.split():
        case ["prek", word]:
            prek = str(Path(sys.executable).parent / "prek")
            hooks = ("-t", "post-commit", "-t", "pre-push")
            run_program(prek, word, *hooks, cwd=repo.path)
        case ["write", *_]:
            write_hook(repo, "commit-msg")
        case ["drop", "another", "hook"]:
            (repo.path / ".git/hooks/commit-msg").unlink(missing_ok=True)
        case ["add", *_]:
            repo.git("config", "--add", "include.path", "../another")
        case ["change", *_]:
            repo.git("config", "user.nickname", "x")
        case ["drop", *_]:
            repo.git("config", "--unset", "user.nickname", check=False)
        case _:
            repo.git("pack-refs", "--all")


def _left(repo: Scratch) -> dict[str, tuple[int, bytes]]:
    """Returns the files; where nothing is left in the directory of hooks, as if it were not."""
    found = hook_files(repo)
    if not any(name.startswith("hooks/") for name in found):
        found.pop("hooks", None)
    return {
        # prek writes where it lies, and git where it put a section, neither of which we change.
        name: (mode, content.replace(os.fsencode(repo.path), b"."))
        for name, (mode, content) in found.items()
    }


@pytest.mark.parametrize("kind", ["this git", "a git with hooks in its configuration"])
@settings(max_examples=12)
@given(starts=_STARTS, steps=_STEPS)
def test_uninstalling_leaves_what_would_be_there_without_us(
    tmp_path_factory: pytest.TempPathFactory,
    _template: Scratch,  # noqa: PT019 - copied for each example
    kind: str,
    starts: list[str],
    steps: list[str],
) -> None:
    if kind != "this git" and (MODERN_GIT is None or has_config_hooks()):
        pytest.skip("no other git here")
    base = tmp_path_factory.mktemp("order")
    with pytest.MonkeyPatch.context() as patch:
        if kind != "this git":
            assert MODERN_GIT is not None
            use_git(patch, MODERN_GIT)
        repo, twin = (_template.copy(base / name) for name in ("repo", "twin"))
        for each in (repo, twin):
            _begin(each, starts)
        for number, step in enumerate(steps):
            if step == "install":
                set_up_spy(repo, base / f"bin{number}")
            elif step == "uninstall":
                take(repo)
            elif step == "commit":
                repo.write("params.yaml", f"lr: 0.{number}\n")
                repo.git("commit", "--quiet", "-am", "x")
            else:
                _other(repo, step)
                _other(twin, step)
        take(repo)
        assert _left(repo) == _left(twin)
        assert not (repo.path / ".git/repro").exists()
    shutil.rmtree(base)
