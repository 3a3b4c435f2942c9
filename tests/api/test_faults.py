"""Whatever is broken around it, the training goes on, with one warning, and the journal is kept."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from repro.journal.reader import read_journal
from tests.api.programs import curve, kept_journals, runs, shown, train
from tests.repos import Scratch

LOG = (
    "with repro.start_run('kept', {'lr': 0.1}) as run:\n"
    "    for step in range(100): repro.log_metric('loss', 0.5, step=step)\n"
    "    repro.log_text('hello', 'a.txt')\n"
    "print('trained')\n"
)


def warnings_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("repro: recorded")]


def test_outside_of_a_repository_the_journal_is_kept(tmp_path: Path, repo: Scratch) -> None:
    done = train(tmp_path, LOG)
    (kept,) = kept_journals()
    assert done.stdout == "trained\n"
    (warning,) = warnings_in(done.stderr)
    assert f"repro record --journal {kept}" in warning
    assert len(read_journal(str(kept)).points["loss"]) == 100
    repo.run_cli("record", "--journal", str(kept))
    found = shown(repo, "kept")
    assert (found["status"], found["params"]["lr"]) == ("finished", 0.1)
    assert len(curve(repo, "loss", "kept")) == 100
    assert kept_journals() == []


def test_where_git_cannot_be_written_the_journal_is_kept(repo: Scratch) -> None:
    # Not by permissions, which root has not to mind: a file is where the directory is to be.
    repo.write(".git/repro", "")
    done = train(repo, LOG)
    assert done.stdout == "trained\n"
    assert len(warnings_in(done.stderr)) == 1
    assert len(kept_journals()) == 1
    assert repo.runs() == []


def test_a_child_of_a_kept_run_logs_there_too(tmp_path: Path) -> None:
    train(
        tmp_path,
        "import subprocess, sys\n"
        "with repro.start_run():\n"
        "    program = 'import repro; repro.log_metric(\"loss\", 1.0, step=0)'\n"
        "    subprocess.run([sys.executable, '-c', program], check=True)",
    )
    (kept,) = kept_journals()
    assert len(read_journal(str(kept)).points["loss"]) == 1


def test_with_no_place_at_all_it_goes_on_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    env = {"XDG_STATE_HOME": str(tmp_path / "file")}
    done = train(tmp_path, LOG, env=env)
    assert done.stdout == "trained\n"
    assert "waits in memory" in done.stderr
    assert "is lost" in done.stderr


def test_what_waits_in_memory_is_written_once_there_is_room(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = train(
        tmp_path,
        "import os\n"
        "with repro.start_run():\n"
        "    repro.log_metric('loss', 1.0, step=0)\n"
        "    os.unlink('file')",
        env={"XDG_STATE_HOME": str(tmp_path / "file")},
    )
    (kept,) = (tmp_path / "file").glob("repro/journals/*")
    assert f"repro record --journal {kept}" in done.stderr
    assert len(read_journal(str(kept)).points["loss"]) == 1


def test_a_full_disk_loses_nothing_that_fits_into_memory(repo: Scratch) -> None:
    # The limit on the size of files stands for a disk that has no room, and later has some again.
    done = train(
        repo,
        "import os, resource\n"
        "with repro.start_run('full') as run:\n"
        "    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))\n"
        "    for step in range(1000): repro.log_metric('loss', 0.5, step=step)\n"
        "    repro.log_metrics({'a': 1.0, 'b': 2.0}, step=1)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))\n"
        "print('trained')",
    )
    assert done.stdout == "trained\n"
    assert curve(repo, "loss", "full") == [(step, "0.5") for step in range(1000)]
    assert shown(repo, "full")["metrics"] == {"loss": 0.5, "a": 1.0, "b": 2.0}


def test_points_that_could_not_be_written_are_a_gap(repo: Scratch) -> None:
    done = train(
        repo,
        "import os, resource\n"
        "with repro.start_run('full') as run:\n"
        "    repro.log_metric('loss', 0.5, step=0)\n"
        "    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (200, hard))\n"
        "    for step in range(100): repro.log_metric('loss', 0.5, step=step)\n"
        "print('trained')",
    )
    assert done.stdout == "trained\n"
    (gap,) = [gap for gap in shown(repo, "full")["gaps"] if gap["subject"] == "journal"]
    assert "could not be written: File too large" in gap["reason"]


def test_a_recorder_that_is_killed_costs_nothing(repo: Scratch) -> None:
    done = train(
        repo,
        "import os, signal\n"
        "from repro.api.recorder_client import recorder\n"
        "with repro.start_run('first'):\n"
        "    repro.log_metric('loss', 0.5, step=0)\n"
        "    os.kill(recorder._child, signal.SIGKILL)\n"
        "    repro.log_metric('loss', 0.25, step=1)\n"
        "with repro.start_run('second'): repro.log_metric('loss', 1.0, step=0)\n"
        "print('trained')",
    )
    assert done.stdout == "trained\n"
    (warning,) = warnings_in(done.stderr)
    assert "its journal is kept" in warning
    repo.run_cli("ls")
    assert len(curve(repo, "loss", "first")) == 2
    assert shown(repo, "second")["status"] == "finished"
    assert shown(repo, "first")["status"] == "finished"


def test_a_run_that_a_signal_handler_begins_in_the_middle_of_another_is_kept(repo: Scratch) -> None:
    done = train(
        repo,
        "from repro.api.recorder_client import recorder\n"
        "real = recorder._exchange\n"
        "def exchange(*args):\n"
        "    recorder._exchange = real\n"
        "    with repro.start_run('inner'): repro.log_metric('loss', 1.0, step=0)\n"
        "    return real(*args)\n"
        "recorder._exchange = exchange\n"
        "with repro.start_run('outer'): repro.log_metric('loss', 0.5, step=0)\n"
        "print('trained')",
    )
    assert done.stdout == "trained\n"
    (warning,) = warnings_in(done.stderr)
    assert "a signal came" in warning
    assert [(run["name"], run["status"]) for run in runs(repo)] == [("outer", "finished")]
    assert len(kept_journals()) == 1


def test_a_recorder_that_hangs_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "python").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "python").chmod(0o755)
    done = train(
        tmp_path,
        "import sys\n"
        "from repro.api import recorder_client\n"
        "recorder_client.PATIENCE_S['begin'] = 0.2\n"
        "sys.executable = './python'\n" + LOG,
    )
    assert done.stdout == "trained\n"
    (warning,) = warnings_in(done.stderr)
    assert "does not answer" in warning
    assert len(kept_journals()) == 1


def test_a_recorder_that_cannot_be_started_is_done_without(tmp_path: Path) -> None:
    done = train(tmp_path, "import sys\nsys.executable = '/nonexistent/python'\n" + LOG)
    assert done.stdout == "trained\n"
    (warning,) = warnings_in(done.stderr)
    assert "cannot be started" in warning


def test_values_that_are_wrong_are_told_once_and_are_gaps(repo: Scratch) -> None:
    done = train(
        repo,
        "with repro.start_run():\n"
        "    for _ in range(3):\n"
        "        repro.log_metric('loss', 'high')\n"
        "        repro.log_metric('half', 1.0, step=0.5)\n"
        "        repro.log_metrics(7)\n"
        "        repro.log_params([1])\n"
        "        repro.set_tags(None)\n"
        "        repro.log_metric(None, 1.0, step=1)\n"
        "print('trained')",
    )
    assert done.stdout == "trained\n"
    assert len(warnings_in(done.stderr)) == 5
    found = shown(repo)
    subjects = {gap["subject"] for gap in found["gaps"]}
    assert subjects >= {"loss", "half", "repro.log_metrics", "params", "repro.set_tags"}
    assert found["metrics"] == {"half": 1.0, "None": 1.0}


def test_names_that_are_none_raise_nothing(repo: Scratch) -> None:
    done = train(
        repo,
        "class Mute:\n"
        "    def __repr__(self): raise RuntimeError\n"
        "with repro.start_run() as run:\n"
        "    for name in ({}, [], Mute(), 10 ** 400, None):\n"
        "        for log in (repro.log_param, repro.log_metric, repro.set_tag,\n"
        "                    run.log_param, run.log_metric, run.set_tag):\n"
        "            log(name, 1)\n"
        "        for log in (repro.log_input, repro.log_artifact): log(name)\n"
        "    repro.log_metric('n' * 100_000, 'high')\n"
        "    repro.log_metric('a\\nb\\0', 'high')\n"
        "    repro.log_metric('huge', 10 ** 400)\n"
        "print('trained')",
    )
    assert done.stdout == "trained\n"
    assert "Traceback" not in done.stderr
    assert max(map(len, done.stderr.splitlines())) < 1100
    assert "a\\nb\\x00: not a number" in done.stderr
    found = shown(repo)
    assert found["status"] == "finished"
    assert found["params"]["{}"] == found["metrics"]["[]"] == 1
    assert "huge" not in found["metrics"]


def killed_at_random(repo: Scratch, rounds: int) -> None:
    """Kills a program that logs, each time elsewhere; what it had logged must be recorded."""
    chance = random.Random(5)  # noqa: S311 - where to kill, not a secret
    program = (
        "import os, repro\n"
        "print(repro.start_run().id, flush=True)\n"
        "step = 0\n"
        "while True:\n"
        "    repro.log_metric('loss', step / 7, step=step)\n"
        "    os.write(1, b'%d\\n' % step)\n"
        "    step += 1\n"
    )
    for _ in range(rounds):
        process = subprocess.Popen(
            (sys.executable, "-c", program),
            cwd=repo.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        assert process.stdout is not None
        with process.stdout as stdout:
            run = stdout.readline().decode().strip()
            seen = stdout.readline()
            deadline = time.monotonic() + chance.random() * 0.05
            while time.monotonic() < deadline:
                seen += stdout.read(65536)
            process.send_signal(signal.SIGKILL)
            while more := stdout.read(65536):
                seen += more
        process.wait()
        repo.run_cli("ls")
        _wait_until_recorded(repo, run)
        last = int(seen.split()[-1])
        points = curve(repo, "loss", run)
        assert points[: last + 1] == [(step, repr(step / 7)) for step in range(last + 1)]
        assert len(points) <= last + 2  # one may have been written whose call had not returned


def _wait_until_recorded(repo: Scratch, run: str) -> None:
    # By its id: two runs of one second are not in the order of their ids.
    deadline = time.monotonic() + 60
    while f"refs/repro/runs/{run}" not in repo.runs():
        assert time.monotonic() < deadline, "it was never recorded"
        time.sleep(0.02)


def test_killed_at_random_nothing_that_was_logged_is_lost(repo: Scratch) -> None:
    killed_at_random(repo, 5)


@pytest.mark.slow
def test_killed_a_hundred_times_nothing_that_was_logged_is_lost(repo: Scratch) -> None:
    killed_at_random(repo, 100)
