"""git 2.54 and later: where a slot or core.hooksPath is taken, git's configuration calls ours."""

import os
import re
import sys
from pathlib import Path

import pytest

from repro.hooks.call import DEFAULT_HOOKS, HookName
from repro.hooks.manifest import Way
from repro.hooks.script import line_to_add
from tests.hooks.gits import MODERN_GIT, has_config_hooks, use_git
from tests.hooks.spied import (
    change,
    hook_files,
    put,
    set_up_spy,
    slot_of,
    status_of,
    take,
    ways,
    write_hook,
)
from tests.repos import Scratch, run_program

pytestmark = pytest.mark.skipif(
    MODERN_GIT is None, reason="no git with hooks in its configuration: set REPRO_TEST_GIT"
)


@pytest.fixture(autouse=True)
def _git(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MODERN_GIT is not None
    use_git(monkeypatch, MODERN_GIT)


def test_a_slot_that_is_taken_is_not_touched(repo: Scratch, tmp_path: Path) -> None:
    theirs = write_hook(repo, "post-rewrite", "cat >.git/theirs-input")
    write_hook(repo, "post-commit")
    before = hook_files(repo)

    spied = set_up_spy(repo, tmp_path / "bin", DEFAULT_HOOKS)

    assert [row.way for row in spied.report.hooks] == [
        *(Way.CONFIG, Way.CONFIG, Way.FILE, Way.FILE, Way.FILE)
    ]
    assert theirs.read_bytes() == before["hooks/post-rewrite"][1]
    repo.git("update-ref", "refs/repro/runs/one", "HEAD")
    old = repo.head()
    repo.write("params.yaml", "lr: 0.7\n")
    repo.git("commit", "--quiet", "-a", "--amend", "--message", "x")
    assert spied.calls() == ["post-commit|", f"post-rewrite amend|{old} {repo.head()}"]
    assert repo.read(".git/theirs-input") == f"{old} {repo.head()}\n"
    assert repo.read(".git/theirs").splitlines() == ["post-commit ", "post-rewrite amend"]
    assert status_of(repo).is_well
    take(repo)
    assert hook_files(repo) == before


@pytest.mark.parametrize("setting", [".husky/_", "{top}/team hooks"])
def test_a_foreign_directory_is_not_touched(repo: Scratch, tmp_path: Path, setting: str) -> None:
    directory = setting.format(top=repo.path)
    theirs = repo.path / directory / "post-commit"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("#!/bin/sh\necho theirs >>.git/theirs\n")
    theirs.chmod(0o755)
    repo.git("config", "core.hooksPath", directory)
    before = hook_files(repo)

    report = put(repo)

    assert set(ways(report).values()) == {Way.CONFIG}
    assert "recorded as" in change(repo)
    assert repo.read(".git/theirs") == "theirs\n"
    assert list(theirs.parent.iterdir()) == [theirs]
    moved = tmp_path / 'it\'s "moved"'
    repo.path.rename(moved)
    if not directory.startswith("/"):
        assert "recorded as" in change(Scratch(moved))
        assert "recorded as" in change(Scratch(moved).worktree(tmp_path / "a linked one"))
    take(Scratch(moved))
    assert hook_files(Scratch(moved)) == before


def test_every_hook_gets_its_arguments_once(repo: Scratch, tmp_path: Path) -> None:
    repo.git("config", "core.hooksPath", ".husky/_")
    spied = set_up_spy(repo, tmp_path / "bin")
    first = repo.head()
    repo.git("update-ref", "refs/repro/runs/one", first)
    repo.git("init", "--quiet", "--bare", str(tmp_path / "remote"))
    repo.write("data.dvc", "x\n")
    repo.commit("data")
    second = repo.head()
    repo.git("checkout", "--quiet", "--detach", first)
    repo.git("push", "--quiet", str(tmp_path / "remote"), "main")
    repo.git("merge", "--quiet", "main")

    remote = str(tmp_path / "remote")
    assert [call.partition("|")[0] for call in spied.calls()] == [
        "pre-commit",
        "prepare-commit-msg .git/COMMIT_EDITMSG message",
        "post-commit",
        f"post-checkout {second} {first} 1",
        f"pre-push {remote} {remote}",
        "post-merge 0",
    ]


def test_a_manager_that_calls_ours_goes_on_doing_so(repo: Scratch) -> None:
    put(repo)
    prek = str(Path(sys.executable).parent / "prek")
    repo.write(".pre-commit-config.yaml", "repos: []\n")
    run_program(prek, "install", "-t", "post-commit", cwd=repo.path)

    assert ways(put(repo))["post-commit"] is Way.CALLED
    assert slot_of(repo).manager == "prek"
    assert "recorded as" in change(repo)
    assert status_of(repo).is_well


def test_ours_leaves_its_file_where_the_directory_was_taken_since(repo: Scratch) -> None:
    write_hook(repo, "post-commit")
    before = hook_files(repo)
    write_hook(repo, "post-commit").unlink()
    put(repo)
    write_hook(repo, "pre-commit")
    repo.git("config", "core.hooksPath", "elsewhere")
    assert status_of(repo).hooks[0].problems == ("bypassed: core.hooksPath is elsewhere",)

    assert set(ways(put(repo)).values()) == {Way.CONFIG}
    assert [path.name for path in (repo.path / ".git/hooks").iterdir()] == ["pre-commit"]
    assert status_of(repo).is_well

    repo.git("config", "--unset", "core.hooksPath")
    assert set(ways(put(repo)).values()) == {Way.FILE}
    assert status_of(repo).is_well
    take(repo)
    assert hook_files(repo)["config"] == before["config"]


def test_one_more_way_is_told(repo: Scratch) -> None:
    repo.git("config", "core.hooksPath", ".husky/_")
    put(repo)
    repo.write(".husky/post-commit", f"{line_to_add(HookName.POST_COMMIT)}\n")

    assert status_of(repo).hooks[0].problems == (
        "called twice: by git's configuration and .husky/post-commit",
    )


def test_a_hook_that_is_switched_off_by_git_is_told(repo: Scratch) -> None:
    repo.git("config", "core.hooksPath", "elsewhere")
    put(repo)
    repo.git("config", "hook.repro-post-commit.enabled", "false")

    assert change(repo) == ""
    assert status_of(repo).hooks[0].problems == ("hook.repro-post-commit.enabled switches it off",)


def test_an_older_git_ignores_them_which_is_told_and_mended(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_hook(repo, "post-commit")
    put(repo)
    assert MODERN_GIT is not None
    monkeypatch.setenv("PATH", re.sub(r"^[^:]*:", "", os.environ["PATH"]))
    if has_config_hooks():
        pytest.skip("no older git here")

    (problem,) = status_of(repo).hooks[0].problems
    assert problem.endswith("does not call the hooks that its configuration names")
    assert ways(put(repo))["post-commit"] is Way.CHAINED
    assert status_of(repo).is_well
    assert repo.git("config", "--get", "hook.repro-post-commit.command", check=False) == ""
