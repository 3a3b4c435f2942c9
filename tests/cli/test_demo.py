"""``repro demo`` from the outside."""

import json
import sys
from pathlib import Path

import pytest

from repro.cli.commands.demo import DemoNeedsError, command
from tests.repos import Completed, Scratch, run_program


def demo(directory: Path, *, check: bool = True) -> Completed:
    argv = (sys.executable, "-m", "repro", "demo", str(directory))
    return run_program(*argv, cwd=directory.parent, check=check)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scratch, str]:
    """The scratch repository after the demonstration, and what was printed."""
    directory = tmp_path_factory.mktemp("demo") / "digits"
    done = demo(directory)
    return Scratch(directory), done.stdout


@pytest.mark.slow
def test_the_first_run_comes_back_to_the_last_digit(played: tuple[Scratch, str]) -> None:
    assert "The same to the last digit: 3 of 3." in played[1]


@pytest.mark.slow
def test_five_runs_are_left_to_play_with(played: tuple[Scratch, str]) -> None:
    runs = json.loads(played[0].run_cli("ls", "--json").stdout)
    assert [run["status"] for run in runs] == ["finished"] * 5


@pytest.mark.slow
def test_the_uncommitted_work_is_back_at_the_end(played: tuple[Scratch, str]) -> None:
    repo = played[0]
    assert repo.git("symbolic-ref", "--short", "HEAD") == "main"
    assert repo.git("status", "--short").split() == [
        *("M", "data/digits.csv.dvc"),
        *("M", "params.yaml"),
        *("M", "train.py"),
    ]
    assert len(repo.read("data/digits.csv").splitlines()) == 1501


@pytest.mark.slow
def test_it_takes_nothing_from_a_git_hook_that_it_runs_in(tmp_path: Path, repo: Scratch) -> None:
    before = repo.standing()
    env = {"GIT_DIR": str(repo.path / ".git"), "GIT_INDEX_FILE": str(repo.path / ".git/index")}
    argv = (sys.executable, "-m", "repro", "demo", str(tmp_path / "digits"))
    run_program(*argv, cwd=tmp_path, env=env)
    assert repo.standing() == before


def test_a_directory_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = demo(tmp_path, check=False)
    assert done.returncode == 2
    assert f"error: the directory is not empty: {tmp_path}" in done.stderr
    assert "hint: " in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_without_scikit_learn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(DemoNeedsError) as caught:
        command.main([], standalone_mode=False)
    assert caught.value.hint == "pip install 'repro-git[demo]'"
