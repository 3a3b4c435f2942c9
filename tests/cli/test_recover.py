"""Runs that died, that live on, and that are elsewhere."""

import json
import os
import signal
from pathlib import Path

from tests.cli.in_progress import in_progress
from tests.repos import Scratch


def test_nothing_is_left_where_nothing_runs(repo: Scratch) -> None:
    done = repo.run_cli("recover")
    assert (done.stdout, done.stderr) == ("", "nothing is left to record\n")
    assert json.loads(repo.run_cli("recover", "--json").stdout) == []


def test_a_run_that_lives_is_left_and_cannot_be_declared_dead(
    repo: Scratch, tmp_path: Path
) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        left = repo.run_cli("recover").stdout
        assert left == f"{run.letters}  quiet-harbor  runs, process {run.recorder.pid}\n"
        refused = repo.run_cli("recover", run.letters, check=False)
        assert refused.returncode == 2
        assert f"{run.letters} still runs: what records it lives" in refused.stderr
        assert f"kill {run.recorder.pid}" in refused.stderr
        assert run.end() == 0
    again = repo.run_cli("recover", "quiet-harbor")
    assert f"quiet-harbor ({run.letters}) is recorded already: finished" in again.stderr


def test_a_run_whose_recorder_was_killed_runs_on_and_is_recorded_afterwards(
    repo: Scratch, tmp_path: Path
) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        run.log("loss", 3.0, 2.0)
        os.kill(run.recorder.pid, signal.SIGKILL)
        run.recorder.wait()
        (shown,) = json.loads(repo.run_cli("ls", "--json").stdout)
        assert (shown["status"], shown["elsewhere"]) == ("running", None)
        assert "though its recorder died" in repo.run_cli("recover").stdout
        refused = repo.run_cli("recover", run.letters, check=False)
        assert (refused.returncode, f"kill {run.pid}" in refused.stderr) == (2, True)
        run.log("loss", 1.0)
        os.kill(run.pid, signal.SIGKILL)
        _wait_for_end(run.pid)
        done = repo.run_cli("recover")
        assert f"recorded {run.letters}, whose recorder had died" in done.stderr
    shown = json.loads(repo.run_cli("show", "--json", "quiet-harbor").stdout)
    assert shown["status"] == "crashed"
    assert [value for _, _, value in shown["history"]["loss"]] == [3.0, 2.0, 1.0]


def test_a_run_that_was_killed_whole_is_recorded_by_the_next_command(
    repo: Scratch, tmp_path: Path
) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        run.tell("writer.event('p', {'lr': 0.5})")
        run.log("loss", 3.0, 2.0)
        run.recorder.kill_all()
        _wait_for_end(run.pid)
        (shown,) = json.loads(repo.run_cli("ls", "--json").stdout)
    assert (shown["status"], shown["metrics"], shown["params"]["lr"]) == (
        "crashed",
        {"loss": 2.0},
        0.5,
    )


def test_a_run_elsewhere_runs_until_its_user_says_that_it_is_dead(
    repo: Scratch, tmp_path: Path
) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        run.log("loss", 3.0, 2.0)
        run.recorder.kill_all()
        _wait_for_end(run.pid)
        run.send_elsewhere()
        (shown,) = json.loads(repo.run_cli("ls", "--json").stdout)
        assert (shown["status"], shown["elsewhere"]["host"]) == ("running", "gpu-box")
        assert "elsewhere; seen" in repo.run_cli("ls", env={"FORCE_COLOR": "1"}).stdout
        page = repo.run_cli("show", run.letters).stdout
        assert "elsewhere, on gpu-box; its last sign of life was" in page
        assert f"repro recover {run.letters}" in page
        assert json.loads(repo.run_cli("show", "--json", run.letters).stdout)["elsewhere"]
        left = repo.run_cli("recover")
        assert (left.returncode, "runs elsewhere, on gpu-box" in left.stdout) == (0, True)
        (told,) = json.loads(repo.run_cli("recover", "--json").stdout)
        assert (told["state"], told["elsewhere"]["host"]) == ("elsewhere", "gpu-box")
        done = repo.run_cli("recover", run.letters)
        assert done.stderr == f"recorded quiet-harbor ({run.letters}): crashed\n"
    shown = json.loads(repo.run_cli("show", "--json", "quiet-harbor").stdout)
    assert (shown["status"], shown["metrics"]) == ("crashed", {"loss": 2.0})
    (gap,) = [gap for gap in shown["gaps"] if gap["subject"] == "end"]
    assert "said to be dead, from another machine than gpu-box" in gap["reason"]


def test_a_run_of_an_earlier_boot_is_dead(repo: Scratch, tmp_path: Path) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        os.kill(run.recorder.pid, signal.SIGKILL)
        run.recorder.wait()
        # Its command seems to live: the number belongs to another process since the boot.
        run.say_it_is(boot="the one before", machine=_machine_id())
        done = repo.run_cli("ls", "--json")
    status = json.loads(done.stdout)[0]["status"]
    assert status == ("crashed" if _machine_id() else "running")


def test_a_run_that_cannot_be_recorded_is_said_to_be_kept(repo: Scratch, tmp_path: Path) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        run.recorder.kill_all()
        _wait_for_end(run.pid)
        begun = run.live.read("run")
        assert begun is not None
        run.live.write("run", begun | {"worktree": str(tmp_path / "gone")})
        left = repo.run_cli("recover", check=False)
        assert (left.returncode, "could not be recorded; it is kept in" in left.stdout) == (1, True)
        assert "its working tree is gone" in left.stderr


def _machine_id() -> str | None:
    try:
        return Path("/etc/machine-id").read_text().strip() or None
    except OSError:
        return None


def _wait_for_end(pid: int) -> None:
    """Waits until a process that is no child of ours is gone."""
    fd = _pidfd(pid)
    if fd is not None:
        import select

        assert select.select([fd], [], [], 60)[0]
        os.close(fd)


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None
