"""`repro logs`: what a run printed, and prints."""

import subprocess
import sys
from pathlib import Path

import pytest

from repro.cli.commands.logs import command
from repro.store.resolve import UnknownRunError
from tests.cli.in_progress import in_progress
from tests.cli.recorded import Shelf, call, shelf
from tests.cli.terminal import Terminal
from tests.repos import Scratch

_REPRO = [sys.executable, "-m", "repro"]


@pytest.fixture
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    found = shelf(repo, monkeypatch)
    found.put("k", output=b"one\ntwo\n\x1b[31mthree\n")
    return found


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("lines", "text"),
    [("0", ""), ("1", "\x1b[31mthree\n"), ("2", "two\n\x1b[31mthree\n")],
)
def test_the_last_lines_can_be_asked_for(lines: str, text: str) -> None:
    assert call(command, "run-k", "-n", lines).stdout == text


@pytest.mark.usefixtures("runs")
def test_a_run_that_has_ended_prints_whole_followed_or_not() -> None:
    whole = "one\ntwo\n\x1b[31mthree\n"
    assert call(command).stdout == whole
    assert call(command, "-f", "run-k", "-n", "9").stdout == whole


@pytest.mark.usefixtures("runs")
def test_a_terminal_does_not_obey_it() -> None:
    assert call(command, terminal=True).stdout == "one\ntwo\n\\x1b[31mthree\n"


def test_a_run_that_printed_nothing_says_so(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf(repo, monkeypatch).put("k")
    assert call(command).stderr == "it printed nothing\n"


@pytest.mark.usefixtures("runs")
def test_a_run_that_is_none_is_an_error() -> None:
    with pytest.raises(UnknownRunError):
        call(command, "nosuchrun")


def test_what_a_run_in_progress_prints_is_followed_to_its_end(
    repo: Scratch, tmp_path: Path
) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        assert repo.run_cli("logs").stderr == "it has printed nothing yet\n"
        run.tell("print('one', flush=True)")
        run.tell("print('two', flush=True)")
        assert repo.run_cli("logs", "-n", "1").stdout == "two\n"
        with subprocess.Popen(
            [*_REPRO, "logs", "-f"], cwd=repo.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as follower:
            assert follower.stdout is not None
            assert follower.stderr is not None
            assert follower.stdout.readline() == b"one\n"
            assert follower.stdout.readline() == b"two\n"
            run.tell("print('three', flush=True)")
            assert follower.stdout.readline() == b"three\n"
            run.tell("sys.stdout.write('caf\\xe9, the end')")
            assert run.end(3) == 3
            assert follower.stdout.read().decode() == "café, the end"
            assert (
                f"quiet-harbor ({run.letters}) failed (3) after" in follower.stderr.read().decode()
            )
            assert follower.wait() == 0


def test_a_run_that_is_killed_meanwhile_is_recorded_and_said_to_have_crashed(
    repo: Scratch, tmp_path: Path
) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        terminal = Terminal([*_REPRO, "logs", "-f"], repo.path)
        run.tell("print('one', flush=True)")
        terminal.wait_for("one\r\n")
        run.recorder.kill_all()
        terminal.wait_for(f"recorded {run.letters}, whose recorder had died")
        terminal.wait_for(f"quiet-harbor ({run.letters}) crashed")
        assert terminal.end() == 0


def test_ctrl_c_ends_the_follower_alone(repo: Scratch, tmp_path: Path) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        run.tell("print('one', flush=True)")
        terminal = Terminal([*_REPRO, "logs", "--follow"], repo.path)
        terminal.wait_for("one\r\n")
        terminal.type("\x03")
        assert terminal.end() == 130
        run.tell("print('two', flush=True)")
        assert run.end() == 0
    assert repo.run_cli("logs").stdout == "one\ntwo\n"
