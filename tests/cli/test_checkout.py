"""`repro checkout` and `repro undo` as typed."""

import pytest

from repro.cli.commands.checkout import command as checkout_command
from repro.cli.commands.undo import command as undo_command
from repro.git.repository import open_repository
from repro.restore.present import DirtyTreeError
from repro.restore.state import Progress, begin
from repro.restore.undo_entries import NothingToUndoError
from tests.cli.recorded import call
from tests.repos import Scratch
from tests.restore.runs import record_run


@pytest.fixture
def here(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    repo.write("train.py", "the run's\n")
    record_run(repo)
    repo.git("checkout", "--quiet", "--", ".")
    monkeypatch.chdir(repo.path)
    return repo


def test_a_checkout_says_how_to_go_back(here: Scratch) -> None:
    result = call(checkout_command, "run-k")
    assert here.read("train.py") == "the run's\n"
    assert "checked out run-k (kkkkkkkk)" in result.stderr
    assert "to go back: repro checkout -" in result.stderr
    assert result.stdout == ""


def test_a_dash_goes_back(here: Scratch) -> None:
    call(checkout_command, "kkkk")
    result = call(checkout_command, "-")
    assert here.status() == ""
    assert "before the checkout of run-k" in result.stderr


@pytest.mark.usefixtures("here")
def test_a_dash_without_a_checkout_is_refused() -> None:
    with pytest.raises(NothingToUndoError):
        call(checkout_command, "-")


@pytest.mark.usefixtures("here")
def test_a_dash_takes_no_worktree() -> None:
    assert call(checkout_command, "-", "--worktree", "x").exit_code == 2


def test_uncommitted_work_needs_keep(here: Scratch) -> None:
    here.write("params.yaml", "mine\n")
    with pytest.raises(DirtyTreeError):
        call(checkout_command, "run-k")
    call(checkout_command, "run-k", "--keep")
    call(undo_command)
    assert here.read("params.yaml") == "mine\n"


def test_a_worktree_says_how_to_enter_and_remove_it(here: Scratch) -> None:
    result = call(checkout_command, "run-k", "--worktree", "../side by side")
    assert (here.path.parent / "side by side/train.py").read_text() == "the run's\n"
    assert "cd '../side by side'" in result.stderr
    assert "git worktree remove --force '../side by side'" in result.stderr


@pytest.mark.usefixtures("here")
def test_undo_lists_what_can_be_gone_back_to() -> None:
    call(checkout_command, "run-k")
    call(undo_command)
    rows = [line.split("\t") for line in call(undo_command, "--list").stdout.splitlines()]
    assert [row[0] for row in rows] == ["2", "1"]
    assert rows[1][2] == "before the checkout of run-k (kkkkkkkk)"


def test_undo_goes_to_a_number(here: Scratch) -> None:
    call(checkout_command, "run-k")
    call(undo_command)
    call(undo_command, "2")
    assert here.read("train.py") == "the run's\n"


@pytest.mark.usefixtures("here")
def test_undo_of_nothing_lists_nothing() -> None:
    result = call(undo_command, "--list")
    assert result.stdout == ""
    assert "nothing to go back to" in result.stderr


def test_every_look_at_the_runs_tells_of_an_interrupted_checkout(repo: Scratch) -> None:
    repo.run_cli("run", "-q", "--", "true")
    begin(open_repository(str(repo.path)), Progress(1, "calm-otter"))

    done = repo.run_cli("ls")

    assert "a checkout was interrupted" in done.stderr
    assert "repro undo" in done.stderr
