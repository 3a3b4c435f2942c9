"""The recorder beside a Python program: what it records, and that nothing stops it."""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from repro.journal.writer import JournalWriter
from tests.processes import wait_until
from tests.recorder.driving import driven, log, program, trace
from tests.repos import Scratch


def _shown(repo: Scratch, run: str = "@") -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(repo.run_cli("show", "--json", run).stdout)
    return shown


def _subjects(run: dict[str, Any]) -> list[str]:
    return [gap["subject"] for gap in run["gaps"]]


def test_a_run_is_recorded_with_all_that_was_said(repo: Scratch) -> None:
    before = repo.standing()
    with driven(repo) as recorder:
        started = recorder.begin(
            argv=["train.py", "--lr", "0.5"], name="mine", params={"depth": 3}, tags={"a": "b"}
        )
        log(started, loss=[0.5, 0.25])
        trace(started)
        ended = recorder.end(started)
        said = recorder.hang_up()

    run = _shown(repo)
    assert run["id"] == started["run"] == ended["run"]
    assert repo.refs("refs/repro/runs/") == {f"refs/repro/runs/{run['id']}": ended["oid"]}
    assert (run["name"], run["status"], run["exit_code"]) == ("mine", "finished", 0)
    assert run["params"] == {"lr": 0.5, "layers": 2, "depth": 3}
    assert run["tags"] == {"a": "b"}
    assert run["metrics"] == {"loss": 0.25}
    assert run["environment"]["interpreter"]["version"]
    assert said == f"repro: recorded mine ({started['run'][-8:]})  loss=0.25  1 gap\n"
    assert not Path(started["directory"]).exists()
    assert repo.refs("refs/repro/live/") == {}
    assert repo.standing() == before


def test_texts_that_git_cannot_keep_are_spelled_out(repo: Scratch) -> None:
    with driven(repo) as recorder:
        started = recorder.begin(name="\ud800a", message="x\0", tags={"t\0": "\udcff"})
        recorder.end(started)
        said = recorder.hang_up()
    run = _shown(repo)
    assert (run["name"], run["message"], run["tags"]) == (
        "\\ud800a",
        "x\\x00",
        {"t\\x00": "\\udcff"},
    )
    assert "Traceback" not in said


def test_while_it_runs_it_is_there_to_see(repo: Scratch) -> None:
    with driven(repo) as recorder:
        started = recorder.begin(name="mine")
        listed = json.loads(repo.run_cli("ls", "--json").stdout)
        recorder.end(started)

    assert [(run["id"], run["status"]) for run in listed] == [(started["run"], "running")]


def test_what_was_read_before_it_began_is_a_gap(repo: Scratch) -> None:
    with driven(repo) as recorder:
        recorder.end(recorder.begin())

    gap = next(gap for gap in _shown(repo)["gaps"] if gap["kind"] == "data")
    assert gap["subject"] == "before the run began"
    assert gap["fix"] == f"repro run -- {sys.executable} train.py"


def test_a_quiet_run_says_nothing(repo: Scratch) -> None:
    with driven(repo) as recorder:
        recorder.end(recorder.begin(quiet=True))
        assert recorder.hang_up() == ""


def test_runs_follow_each_other_and_lie_inside_each_other(repo: Scratch) -> None:
    with driven(repo) as recorder:
        first = recorder.begin(name="first")
        recorder.end(first)
        outer = recorder.begin(name="outer")
        inner = recorder.begin(name="inner", parent=outer["run"])
        recorder.end(outer)
        recorder.end(inner, status="failed", exit_code=None)
        said = recorder.hang_up()

    assert len(repo.runs()) == 3
    run = _shown(repo, "inner")
    assert run["parent_run"] == outer["run"]
    assert (run["status"], run["exit_code"]) == ("failed", None)
    # The inner one is part of the outer one's story.
    assert [line.split()[2] for line in said.splitlines()] == ["first", "outer"]


def test_inside_of_repro_run_a_run_of_its_own_has_that_as_its_parent(repo: Scratch) -> None:
    outer = "20260131T080000-kxwmtrzq"
    with driven(repo, REPRO_RUN=outer) as recorder:
        recorder.end(recorder.begin())

    assert _shown(repo)["parent_run"] == outer


def test_gaps_that_the_program_knows_are_recorded(repo: Scratch) -> None:
    gap = {"kind": "metrics", "subject": "loss", "reason": "lost 3 points", "fix": "df -h ."}
    with driven(repo) as recorder:
        recorder.end(recorder.begin(), gaps=[gap, {"kind": "nonsense"}, 5])

    assert gap in _shown(repo)["gaps"]


def test_a_program_that_is_killed_leaves_a_crashed_run(repo: Scratch) -> None:
    with driven(repo) as recorder, program() as training:
        outer = recorder.begin(pid=training.pid, name="outer")
        inner = recorder.begin(pid=training.pid, name="inner", parent=outer["run"])
        log(outer, loss=[0.5, 0.25])
        log(inner, loss=[0.75])
        training.kill()
        # The socket is open still, as forked workers may hold it; the recorder ends all the same.
        wait_until(lambda: len(repo.runs()) == 2)

    run = _shown(repo, "outer")
    assert (run["status"], run["exit_code"], run["metrics"]) == ("crashed", None, {"loss": 0.25})
    assert _shown(repo, "inner")["status"] == "crashed"
    assert repo.refs("refs/repro/live/") == {}


def test_what_it_said_last_counts(repo: Scratch) -> None:
    with driven(repo) as recorder, program() as training:
        started = recorder.begin(pid=training.pid)
        os.kill(recorder.process.pid, signal.SIGSTOP)
        end = {"do": "end", "run": started["run"], "status": "interrupted", "exit_code": 130}
        recorder.post(json.dumps(end).encode())
        training.kill()
        os.kill(recorder.process.pid, signal.SIGCONT)
        recorder.hang_up()

    run = _shown(repo)
    assert (run["status"], run["exit_code"]) == ("interrupted", 130)


def test_a_program_that_lives_on_without_its_socket_is_not_given_up(repo: Scratch) -> None:
    with driven(repo) as recorder, program() as training:
        started = recorder.begin(pid=training.pid)
        recorder.close()  # as a daemon closes all that it has
        log(started, loss=[0.5])
        assert json.loads(repo.run_cli("ls", "--json").stdout)[0]["status"] == "running"
        training.kill()
        recorder.wait()

    assert _shown(repo)["metrics"] == {"loss": 0.5}


def test_ctrl_c_is_not_for_the_recorder(repo: Scratch) -> None:
    with driven(repo) as recorder:
        started = recorder.begin()
        os.kill(recorder.process.pid, signal.SIGINT)
        recorder.end(started)

    assert _shown(repo)["status"] == "finished"


def test_told_to_end_it_waits_for_its_program(repo: Scratch) -> None:
    with driven(repo) as recorder, program() as training:
        started = recorder.begin(pid=training.pid)
        os.kill(recorder.process.pid, signal.SIGTERM)
        log(started, loss=[0.5])
        recorder.end(started, status="interrupted", exit_code=143)
        recorder.wait()

    assert _shown(repo)["status"] == "interrupted"


def test_a_recorder_that_is_killed_loses_nothing(repo: Scratch) -> None:
    with driven(repo) as recorder, program() as training:
        started = recorder.begin(pid=training.pid)
        recorder.process.kill()
        recorder.process.wait()
        log(started, loss=[0.5])
        assert json.loads(repo.run_cli("ls", "--json").stdout)[0]["status"] == "running"
        training.kill()
        repo.run_cli("ls")

    run = _shown(repo)
    assert (run["status"], run["metrics"]) == ("crashed", {"loss": 0.5})


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"what", "a request that is no JSON object"),
        (b"[" * 100_000, "a request that is no JSON object"),
        (b'{"do": "dance"}', "a request to do 'dance'"),
        (b'{"do": "begin", "pid": 1, "cwd": "here"}', "a run that says neither where"),
        (b'{"do": "begin", "pid": "x", "cwd": "/"}', "a request whose pid is 'x'"),
        (b'{"do": "end", "run": "x", "status": "finished"}', "an end that says neither"),
        (
            b'{"do": "end", "run": "20260131T080000-kxwmtrzq", "status": "finished"}',
            "no run of this name is under way",
        ),
    ],
)
def test_nonsense_is_answered(repo: Scratch, line: bytes, error: str) -> None:
    with driven(repo) as recorder:
        answer = recorder.send(line)
        assert not answer["ok"]
        assert answer["error"].startswith(error)
        recorder.end(recorder.begin())


def test_outside_of_a_repository_it_says_what_to_do(repo: Scratch, tmp_path: Path) -> None:
    with driven(repo) as recorder:
        answer = recorder.ask(do="begin", pid=os.getpid(), argv=["python"], cwd=str(tmp_path))
        assert answer["error"].startswith("not in a git repository")
        assert answer["hint"].startswith("git init")
        recorder.end(recorder.begin())


def test_a_ref_that_is_locked_is_said_and_the_journal_kept(repo: Scratch) -> None:
    with driven(repo) as recorder:
        started = recorder.begin(quiet=True)
        log(started, loss=[0.5])
        lock = repo.path / f".git/refs/repro/runs/{started['run']}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
        # Not git's thirty seconds.
        repo.git("config", "core.filesRefLockTimeout", "0")
        answer = recorder.ask(do="end", run=started["run"], status="finished", exit_code=0)
        assert not answer["ok"]
        assert "git" in answer["error"]
        assert Path(started["directory"]).is_dir()
        lock.unlink()
        assert recorder.hang_up() == ""  # it has tried again

    run = _shown(repo)
    assert (run["status"], run["metrics"]) == ("finished", {"loss": 0.5})


def test_a_run_that_cannot_begin_leaves_nothing(repo: Scratch) -> None:
    with driven(repo) as recorder:
        recorder.end(recorder.begin())
        (repo.path / ".git/refs/repro/live").mkdir(exist_ok=True)
        (repo.path / ".git/refs/repro/live").chmod(0o500)
        if os.access(repo.path / ".git/refs/repro/live", os.W_OK):
            (repo.path / ".git/refs/repro/live").chmod(0o700)
            (repo.path / ".git/refs/repro/live").rmdir()
            (repo.path / ".git/refs/repro/live").write_text("in the way")
        answer = recorder.ask(do="begin", pid=os.getpid(), argv=["python"], cwd=str(repo.path))

    assert not answer["ok"]
    assert list((repo.path / ".git/repro/live").iterdir()) == []


def test_code_that_changed_before_the_run_began_is_a_gap(repo: Scratch) -> None:
    repo.write("mine.py", "x = 1\n")
    repo.write("other.py", "x = 1\n")
    with driven(repo) as recorder:
        first = recorder.begin(process_started=time.time() - 60)
        recorder.end(first)
        assert {"mine.py", "other.py"} <= set(_subjects(_shown(repo, first["run"])))
        old = time.time() - 120
        for name in ("mine.py", "other.py"):
            os.utime(repo.path / name, (old, old))
        second = recorder.begin(process_started=time.time() - 60)
        recorder.end(second)

    assert not {"mine.py", "other.py"} & set(_subjects(_shown(repo, second["run"])))


def test_code_that_changed_and_was_not_loaded_is_none(repo: Scratch) -> None:
    repo.write("mine.py", "x = 1\n")
    repo.write("other.py", "x = 1\n")
    with driven(repo) as recorder:
        started = recorder.begin(process_started=time.time() - 60, argv=["train.py"])
        trace(started, loaded=[f"{repo.path}/mine.py", f"{repo.path}/train.py"])
        recorder.end(started)

    subjects = _subjects(_shown(repo))
    assert "mine.py" in subjects
    assert "other.py" not in subjects


def test_a_secret_on_the_command_line_is_not_recorded(repo: Scratch) -> None:
    secret = "ghp_" + "x9Kq2LmZ7RtVbN4wYc8HsJ3dPf6GaQ5eU1oT"
    with driven(repo) as recorder:
        started = recorder.begin(argv=["train.py", "--token", secret], name=f"with {secret}")
        assert secret not in Path(started["directory"], "run.json").read_text()
        assert secret not in started["name"]
        writer = JournalWriter(started["directory"])
        writer.event("p", {"token": secret})
        writer.close()
        recorder.end(started)

    assert secret not in repo.git("show", repo.runs()[0])


@pytest.mark.parametrize("key", ["journal", "artifacts"])
def test_logged_artifacts_are_recorded(repo: Scratch, key: str) -> None:
    with driven(repo) as recorder:
        started = recorder.begin()
        directory = Path(started["directory"], "artifacts")
        directory.mkdir()
        (directory / "0").write_text("hello\n")
        writer = JournalWriter(started["directory"])
        writer.event("a", {"name": f"{key}/x.txt", "content": "0", "in_place": False, "kind": ""})
        writer.close()
        recorder.end(started)

    assert repo.git("show", f"{repo.runs()[0]}:.repro/logged/{key}/x.txt") == "hello"
