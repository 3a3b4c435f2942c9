"""`repro watch`: curves drawn as they come."""

import fcntl
import os
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from repro.cli.commands.watch import command
from repro.model.values import Metric, Point
from tests.cli.in_progress import in_progress
from tests.cli.recorded import Shelf, call, shelf
from tests.cli.terminal import Terminal
from tests.repos import Scratch

_WATCH = [sys.executable, "-m", "repro", "watch"]
_HOME, _LEAVE = "\x1b[H", "\x1b[?1049l"


@pytest.fixture
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    found = shelf(repo, monkeypatch)
    found.put(
        "k",
        params={"lr": 0.1},
        metrics={"loss": Metric(0.25, 2), "best": 7},
        history={"loss": tuple(Point(step, 10.0 + step, 1 / 2**step) for step in range(3))},
        system=b"time_s\tcpu_utilization_percentage\n1.000\t40\n11.000\t60\n",
        output=b"epoch 1\nepoch 2\n",
    )
    return found


@pytest.mark.usefixtures("runs")
def test_a_run_that_has_ended_is_drawn_once() -> None:
    for args in (("--once",), ("run-k", "--once"), ("-m", "l*", "--once")):
        text = call(command, *args).stdout
        for part in (
            "run-k  kkkkkkkk  finished in 30.0 s",
            "lr=0.1",
            "loss  0.25",
            "epoch 2",
            "60 %",
        ):
            assert part in text
        assert ("best  7" in text) == ("-m" not in args)
    assert "loss  0.25" in call(command, terminal=True).stdout


@pytest.mark.usefixtures("runs")
def test_a_pipe_gets_the_points_of_a_run_that_has_ended() -> None:
    assert call(command).stdout.splitlines() == [
        "time\tstep\tmetric\tvalue",
        "10.000\t0\tloss\t1.0",
        "11.000\t1\tloss\t0.5",
        "12.000\t2\tloss\t0.25",
        "\t0\tbest\t7",
    ]
    assert call(command, "-m", "system/*").stdout.splitlines()[1:] == [
        "1.000\t0\tsystem/cpu_utilization_percentage\t40.0",
        "11.000\t1\tsystem/cpu_utilization_percentage\t60.0",
    ]


def test_a_pipe_gets_points_as_they_come_until_the_run_ends(repo: Scratch, tmp_path: Path) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        run.log("loss", 3.0)
        with subprocess.Popen(
            _WATCH, cwd=repo.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as watcher:
            assert watcher.stdout is not None
            assert watcher.stderr is not None
            assert watcher.stdout.readline() == "time\tstep\tmetric\tvalue\n"
            assert watcher.stdout.readline().split("\t")[1:] == ["0", "loss", "3.0\n"]
            run.tell("writer.points([('a/b', 7)])")
            assert watcher.stdout.readline().split("\t")[1:] == ["", "a/b", "7\n"]
            run.tell("writer.metric('loss', float('nan'), 1)")
            assert run.end() == 0
            rest = watcher.stdout.read().splitlines()
            assert [line.split("\t")[1:] for line in rest] == [["1", "loss", "nan"]]
            assert f"quiet-harbor ({run.letters}) finished in" in watcher.stderr.read()
            assert watcher.wait() == 0


def test_q_ends_the_watcher_alone_and_gives_the_terminal_back(
    repo: Scratch, tmp_path: Path
) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        run.log("train/loss", 3.0, 2.5)
        terminal = Terminal([*_WATCH, "--interval", "0.1"], repo.path)
        terminal.wait_for("\x1b[?1049h")
        terminal.wait_for("train/loss  2.5")
        assert terminal.wait_for("q quits, the run goes on")
        run.log("train/loss", 1.0, 0.125)
        terminal.wait_for("train/loss  0.125")
        terminal.type("q")
        terminal.wait_for(_LEAVE)
        assert "train/loss  0.125" in terminal.wait_for("train/loss  0.125")
        assert terminal.end() == 0
        assert run.end() == 0


def test_ctrl_c_does_nothing_to_the_run(repo: Scratch, tmp_path: Path) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        terminal = Terminal(_WATCH, repo.path)
        terminal.wait_for("no metrics yet")
        terminal.type("\x03")
        terminal.wait_for(_LEAVE)
        assert terminal.end() == 0
        assert run.end() == 0


def test_a_watcher_that_is_asked_to_end_gives_the_terminal_back(
    repo: Scratch, tmp_path: Path
) -> None:
    with in_progress(repo, tmp_path / "run"):
        terminal = Terminal(_WATCH, repo.path)
        terminal.wait_for("no metrics yet")
        os.kill(terminal.pid, signal.SIGTERM)
        terminal.wait_for(_LEAVE)
        assert terminal.end() == 143


def test_it_ends_with_the_run_and_says_how(repo: Scratch, tmp_path: Path) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        terminal = Terminal(_WATCH, repo.path)
        terminal.wait_for("no metrics yet")
        run.log("loss", 2.0, 0.5)
        assert run.end(1) == 1
        terminal.wait_for(_LEAVE)
        assert "failed (1) after" in terminal.wait_for("loss  0.5")
        terminal.wait_for(f"quiet-harbor ({run.letters}) failed (1) after")
        assert terminal.end() == 0


def test_a_run_that_is_killed_meanwhile_is_drawn_with_all_it_had_logged(
    repo: Scratch, tmp_path: Path
) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        terminal = Terminal(_WATCH, repo.path)
        terminal.wait_for("no metrics yet")
        run.log("loss", 2.0, 0.5)
        run.recorder.kill_all()
        terminal.wait_for(_LEAVE)
        terminal.wait_for("loss  0.5")
        terminal.wait_for(f"quiet-harbor ({run.letters}) crashed")
        assert terminal.end() == 0


def test_another_size_of_the_terminal_is_drawn_at_once(repo: Scratch, tmp_path: Path) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        run.log("loss", 2.0, 0.5)
        terminal = Terminal([*_WATCH, "--interval", "600"], repo.path)
        terminal.wait_for("q quits")
        for columns, lines in ((130, 40), (30, 12)):
            size = struct.pack("HHHH", lines, columns, 0, 0)
            fcntl.ioctl(terminal._fd, termios.TIOCSWINSZ, size)
            terminal.wait_for(_HOME)
            frame = terminal.wait_for("q quits")
            texts = frame.split("\r\n")
            assert len(texts) <= lines
            assert any("loss  0.5" in text for text in texts)
        terminal.type("q")
        assert terminal.end() == 0


def test_a_terminal_that_can_do_nothing_gets_lines(repo: Scratch, tmp_path: Path) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        run.log("loss", 2.0)
        terminal = Terminal(_WATCH, repo.path, TERM="dumb")
        assert "\x1b" not in terminal.wait_for("loss\t2.0\r\n")
        assert run.end() == 0
        assert terminal.end() == 0
