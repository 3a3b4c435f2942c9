"""Whatever goes wrong in post-commit, the commit is made, and at most one line is said."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.in_progress import in_progress
from tests.hooks.by_hand import add_hook, git, hook_line, said
from tests.hooks.test_post_commit import commit, noted, shown
from tests.repos import Scratch


@pytest.fixture
def hooked(repo: Scratch) -> Scratch:
    """A repository with the hook, and changed params."""
    add_hook(repo, "post-commit")
    repo.write("params.yaml", "lr: 0.2\n")
    return repo


def patched(scratch: Scratch, lines: str) -> None:
    """Has the hook run some lines of Python before it does its work."""
    program = scratch.path / ".git" / "patched.py"
    program.write_text(
        f"import os, signal, sys, time\nfrom repro.cli import hook\n"
        f"from repro.hooks import post_commit\n{lines}\nhook.main()\n"
    )
    add_hook(scratch, "post-commit", line=f"exec '{sys.executable}' '{program}' post-commit")


def commits(scratch: Scratch) -> str:
    """Commits, sees that it was done, and returns the one line that was said."""
    before = scratch.head()
    done = commit(scratch)
    assert scratch.head() != before
    [line] = done.stderr.splitlines()
    return line


def test_a_full_disk(hooked: Scratch) -> None:
    line = f"ulimit -f 0; '{sys.executable}' -m repro hooks run post-commit"
    add_hook(hooked, "post-commit", line=line)
    assert "hook: " in commits(hooked)
    assert hooked.runs() == []


def test_a_directory_that_cannot_be_written(hooked: Scratch) -> None:
    hooked.write(".git/repro", "")  # not by permissions, which root has not to mind
    assert "hook: " in commits(hooked)


@pytest.mark.parametrize("ref", ["refs/notes/repro", "packed-refs"])
def test_refs_that_are_locked_are_not_waited_for(hooked: Scratch, ref: str) -> None:
    hooked.write(f".git/{ref}.lock", "")
    hooked.write("metrics.json", "{}")
    began = time.monotonic()
    line = commits(hooked)
    assert time.monotonic() - began < 15
    assert "hook: git " in line or "recorded as" in line
    assert len(hooked.runs()) == 1


def test_a_bug_of_ours(hooked: Scratch) -> None:
    patched(hooked, "post_commit.after_commit = lambda call: 1 / 0")
    line = commits(hooked)
    assert line == "repro: post-commit hook: a bug in repro: ZeroDivisionError: division by zero"


def test_a_hook_that_takes_too_long_is_given_up(hooked: Scratch) -> None:
    wait = "post_commit.after_commit = lambda call: os.read(os.pipe()[0], 1)"
    patched(hooked, f"hook._LIMIT_S = 0.5\n{wait}")
    assert commits(hooked).endswith("longer than 0 s, and was given up")


def test_an_interrupt(hooked: Scratch) -> None:
    patched(hooked, "post_commit.after_commit = lambda call: os.kill(os.getpid(), signal.SIGINT)")
    assert "interrupted" in commits(hooked)


def test_files_that_cannot_be_read_are_gaps(hooked: Scratch) -> None:
    hooked.write("params.yaml", "lr: [0.2\n")
    hooked.write("params.json", '{"depth": 3}')
    hooked.write(".gitignore", "")
    hooked.write("metrics.json", "{")
    hooked.write("dvc.yaml", "stages: [")
    hooked.write("data.csv.dvc", "outs: 7\n")
    hooked.write("pyproject.toml", "[tool.repro]\nno-such-key = 1\n")
    assert commits(hooked).startswith("repro: recorded as")
    run = shown(hooked)
    assert run["params"] == {"depth": 3}
    gaps = {gap["subject"].partition(":")[0] for gap in run["gaps"]}
    assert gaps >= {"params.yaml", "metrics.json", "dvc.yaml", "data.csv.dvc", "pyproject.toml"}


def test_a_user_without_a_name(hooked: Scratch) -> None:
    hooked.git("config", "user.useConfigOnly", "true")
    forget = "unset GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL"
    add_hook(hooked, "post-commit", line=f"{forget}\n{hook_line('post-commit')}")
    assert commits(hooked).startswith("repro: recorded as")
    kinds = [gap["kind"] for gap in shown(hooked)["gaps"]]
    assert "author" in kinds


def test_a_tree_of_many_files(hooked: Scratch) -> None:
    blob = hooked.git("hash-object", "-w", "train.py")
    rows = (f"100644 {blob}\tmany/{number % 50}/{number}.py" for number in range(5000))
    hooked.git("add", "params.yaml")
    hooked.git("update-index", "--index-info", input="\n".join(rows))
    done = git(hooked, "commit", "-q", "-m", "many")
    assert said(done)[0].startswith("repro: recorded as")


def test_a_run_in_progress_is_not_the_commit(hooked: Scratch, tmp_path: Path) -> None:
    with in_progress(hooked, tmp_path / "lines") as running:
        hooked.write("params.yaml", "lr: 0.3\n")
        done = commit(hooked, "-am", "meanwhile")
        assert said(done)[0].startswith("repro: recorded as")
        assert running.live.id not in noted(hooked)


def test_commits_in_two_worktrees_at_once(hooked: Scratch, tmp_path: Path) -> None:
    side = hooked.worktree(tmp_path / "side")
    side.write("params.yaml", "lr: 0.3\n")
    both = [
        subprocess.Popen(
            ("git", "commit", "-qam", "x"), cwd=tree.path, stderr=subprocess.PIPE, text=True
        )
        for tree in (hooked, side)
    ]
    for process in both:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0
        assert err.startswith("repro: recorded as")
    assert len(hooked.runs()) == 2
    assert len(noted(hooked)) == len(noted(side)) == 1
    assert noted(hooked) != noted(side)


def test_it_is_switched_off(hooked: Scratch) -> None:
    assert said(commit(hooked, "-am", "x", env={"REPRO_HOOKS": "0"})) == []
    assert hooked.runs() == []
