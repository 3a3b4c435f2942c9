"""`repro run` as its users type it, on real repositories."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from repro.git.refs import list_refs
from repro.git.repository import open_repository
from repro.model.ids import RUN_REFS
from repro.store.archive import fold_runs
from repro.store.writer import current_writer
from tests.environment.pythons import pythons
from tests.processes import Started, start_cli, wait_until
from tests.repos import Scratch

PYTHON = sys.executable
AT = datetime(2024, 6, 1, tzinfo=UTC)


def newest(repo: Scratch) -> dict[str, Any]:
    """Returns the newest run as `repro show --json` gives it."""
    shown: dict[str, Any] = json.loads(repo.run_cli("show", "--json").stdout)
    return shown


def gaps(run: dict[str, Any], kind: str) -> dict[str, str]:
    """Returns the reasons of a run's gaps of a kind, by subject."""
    return {gap["subject"]: gap["reason"] for gap in run["gaps"] if gap["kind"] == kind}


def test_a_run_is_a_commit_with_the_uncommitted_change_and_the_record(any_repo: Scratch) -> None:
    any_repo.write("train.py", any_repo.read("train.py") + "# tried\n")
    any_repo.write("notes.txt", "untracked\n")

    any_repo.run_cli("run", "--", PYTHON, "train.py")

    (ref,) = any_repo.runs()
    changed = any_repo.git("show", "--format=", "--name-only", ref).splitlines()
    assert [path for path in changed if not path.startswith(".repro/")] == ["notes.txt", "train.py"]
    assert ".repro/run.yaml" in changed
    assert any_repo.git("rev-parse", f"{ref}^") == any_repo.head()
    assert any_repo.git("fsck", "--strict", "--no-dangling") == ""


def test_recording_leaves_everything_of_the_users_alone(any_repo: Scratch) -> None:
    any_repo.write("train.py", any_repo.read("train.py") + "# tried\n")
    any_repo.write("staged.txt", "one\n")
    any_repo.git("add", "staged.txt")
    any_repo.write("staged.txt", "two\n")
    before = any_repo.standing()

    any_repo.run_cli("run", "--", "true")

    assert any_repo.standing() == before


def test_params_metrics_and_outputs_are_found_by_convention(repo: Scratch) -> None:
    repo.run_cli(
        "run", "--param", "seed=7", "--tag", "first", "--", PYTHON, "train.py", "--epochs", "3"
    )

    run = newest(repo)
    assert run["params"] == {"lr": 0.1, "layers": 2, "epochs": 3, "seed": 7}
    assert run["metrics"] == {"accuracy": 0.95, "loss": 0.05}
    assert run["tags"] == {"first": ""}
    assert [artifact["path"] for artifact in run["artifacts"]] == ["metrics.json"]
    assert run["status"] == "finished"
    # The tests' own environment may well hold repro itself, installed for its developers.
    assert [gap for gap in run["gaps"] if gap["subject"] != "repro-git==0.1.0"] == []


def test_the_environment_is_that_of_the_commands_interpreter(repo: Scratch) -> None:
    repo.run_cli("run", "--", PYTHON, "train.py")

    environment = newest(repo)["environment"]
    assert environment["interpreter"]["version"] == sys.version.split()[0]
    assert "pytest" in {package["name"] for package in environment["packages"]}


def test_output_passes_through_and_is_kept(repo: Scratch) -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr)"

    done = repo.run_cli("run", "-q", "--", PYTHON, "-c", code)

    assert (done.stdout, done.stderr) == ("out\n", "err\n")
    kept = repo.git("show", f"{repo.runs()[0]}:.repro/logs/output.txt")
    assert sorted(kept.splitlines()) == ["err", "out"]


def test_a_failing_command_is_recorded_and_its_exit_code_returned(repo: Scratch) -> None:
    done = repo.run_cli("run", "--", PYTHON, "-c", "raise SystemExit(7)", check=False)

    assert done.returncode == 7
    run = newest(repo)
    assert (run["status"], run["exit_code"]) == ("failed", 7)


def test_what_a_script_wrote_before_it_raised_is_recorded(repo: Scratch) -> None:
    repo.write("train.py", repo.read("train.py") + "file.close()\nraise ValueError('late')\n")

    repo.run_cli("run", "--", PYTHON, "train.py", check=False)

    run = newest(repo)
    assert run["status"] == "failed"
    assert run["metrics"]["accuracy"] == 0.95


def test_a_command_that_does_not_exist_is_recorded_as_not_started(repo: Scratch) -> None:
    done = repo.run_cli("run", "--", "no-such-command", check=False)

    assert done.returncode == 127
    run = newest(repo)
    assert run["status"] == "not-started"
    assert "command not found" in gaps(run, "code")["no-such-command"]


def test_a_stale_metrics_file_is_a_gap_and_no_metric(repo: Scratch) -> None:
    repo.write("metrics.json", '{"accuracy": 1.0}')

    repo.run_cli("run", "--", "true")

    run = newest(repo)
    assert run["metrics"] == {}
    assert "did not write it" in gaps(run, "metrics")["metrics.json"]


def test_a_repository_without_commits(unborn_repo: Scratch) -> None:
    unborn_repo.run_cli("run", "--", PYTHON, "train.py")

    (ref,) = unborn_repo.runs()
    assert "train.py" in unborn_repo.git("ls-tree", "--name-only", ref).splitlines()
    assert newest(unborn_repo)["code"]["commit"] is None


def test_a_detached_head(repo: Scratch) -> None:
    repo.git("checkout", "--quiet", "--detach")

    repo.run_cli("run", "--", PYTHON, "train.py")

    assert newest(repo)["code"]["branch"] is None


def test_a_project_in_a_subdirectory(repo: Scratch) -> None:
    repo.write("service/params.yaml", "lr: 0.5\nlayers: 5\n")
    repo.write("service/train.py", repo.read("train.py"))
    repo.commit()

    repo.run_cli("run", "--", PYTHON, "train.py", cwd="service")

    run = newest(repo)
    assert (run["params"], run["metrics"]["accuracy"]) == ({"lr": 0.5, "layers": 5}, 0.9)
    assert (run["cwd"], run["project"]) == ("service", "service")


def test_without_dvc_an_ignored_input_is_kept_in_the_store(repo: Scratch) -> None:
    repo.write(".gitignore", "data.csv\n/metrics.json\n")
    repo.write("data.csv", "1,2\n")
    repo.commit()

    repo.run_cli("run", "--", PYTHON, "-c", "print(open('data.csv').read())")

    (entry,) = newest(repo)["data"]
    assert (entry["path"], entry["source"], entry["place"]) == ("data.csv", "traced", "store")


def test_an_input_from_outside_is_a_gap(repo: Scratch, tmp_path: Path) -> None:
    outside = tmp_path / "far.csv"
    outside.write_text("1,2\n")

    repo.run_cli("run", "--", PYTHON, "-c", f"open({str(outside)!r}).read()")

    assert "outside the repository" in gaps(newest(repo), "data")[str(outside)]


def test_a_large_untracked_file_is_data_not_code(repo: Scratch) -> None:
    repo.write("big.bin", b"\0" * (11 * 2**20))

    repo.run_cli("run", "--", "true")

    (entry,) = newest(repo)["data"]
    assert (entry["path"], entry["source"]) == ("big.bin", "untracked")
    assert "big.bin" not in repo.git("ls-tree", "--name-only", repo.runs()[0]).splitlines()


def test_dvc_data_is_recorded_as_it_lies_there(dvc_repo: Scratch) -> None:
    dvc_repo.write("data/one.csv", "changed\n")

    dvc_repo.run_cli("run", "--", PYTHON, "train.py")

    entries = {entry["path"]: entry for entry in newest(dvc_repo)["data"]}
    assert entries["data/one.csv"]["matches_pointer"] is False
    assert entries["data/many"]["matches_pointer"] is True
    assert entries["data/many"]["n_files"] == 4


def test_a_dvc_pipeline(dvc_repo: Scratch) -> None:
    stage = {
        "cmd": f"{PYTHON} train.py",
        "deps": ["train.py", "data/one.csv"],
        "params": ["lr"],
        "metrics": [{"metrics.json": {"cache": False}}],
    }
    dvc_repo.write("dvc.yaml", json.dumps({"stages": {"train": stage}}))
    dvc_repo.commit()

    dvc_repo.run_cli("run", "--", PYTHON, "-m", "dvc", "repro")

    run = newest(dvc_repo)
    assert run["metrics"]["accuracy"] == 0.95
    assert "dvc.lock" in [artifact["path"] for artifact in run["artifacts"]]


def test_a_secret_on_the_command_line_stays_out_of_the_repository(repo: Scratch) -> None:
    repo.run_cli("run", "--", PYTHON, "train.py", "--api-key", "hunter2-hunter2")

    assert gaps(newest(repo), "secret")
    for ref in repo.runs():
        everything = repo.git("show", "--format=raw", ref)
        assert "hunter2" not in everything


@pytest.mark.parametrize(
    ("path", "content", "kind", "subject"),
    [
        ("params.yaml", "lr: [1\n", "params", "params.yaml:2"),
        ("dvc.lock", "stages: [\n", "data", "dvc.lock"),
        ("pyproject.toml", "[tool.repro]\ninputs = 3\n", "config", "pyproject.toml"),
        ("pyproject.toml", "[tool.repro\n", "config", "pyproject.toml:1"),
        (".repro.yaml", "input: []\n", "config", ".repro.yaml"),
    ],
)
def test_a_malformed_file_is_a_gap_that_names_it(
    repo: Scratch, path: str, content: str, kind: str, subject: str
) -> None:
    repo.write(path, content)

    repo.run_cli("run", "--", "true")

    assert [found for found in gaps(newest(repo), kind) if found.startswith(subject)]


def test_paths_that_lead_out_of_the_repository_are_gaps(repo: Scratch) -> None:
    repo.write(
        "pyproject.toml",
        '[tool.repro]\nmetrics = ["../m.json"]\noutputs = ["/out"]\ninputs = ["../in.csv"]\n',
    )
    (repo.path.parent / "m.json").write_text('{"a": 1}')
    (repo.path.parent / "in.csv").write_text("1")

    repo.run_cli("run", "--", "touch", "../m.json")

    run = newest(repo)
    assert set(gaps(run, "config")) == {"../m.json", "/out"}
    assert set(gaps(run, "data")) == {"../in.csv"}


def test_malformed_metrics_are_a_gap_that_names_file_and_line(repo: Scratch) -> None:
    repo.run_cli("run", "--", PYTHON, "-c", "open('metrics.json', 'w').write('{\\n\"a\": }')")

    assert "metrics.json:2" in gaps(newest(repo), "metrics")


@pytest.fixture
def sleeper(repo: Scratch) -> Iterator[Started]:
    """A run of a script that has written its metrics and then waits to be ended."""
    repo.write("sleep.py", "import train, time\nopen('out.txt', 'w')\ntime.sleep(300)\n")
    started = start_cli(repo, "run", "--", PYTHON, "sleep.py")
    wait_until((repo.path / "out.txt").exists)
    yield started
    started.kill_all()


def test_ctrl_c_is_recorded_with_what_was_logged(repo: Scratch, sleeper: Started) -> None:
    os.kill(sleeper.pid, signal.SIGINT)

    assert sleeper.wait() == 130
    run = newest(repo)
    assert (run["status"], run["metrics"]["accuracy"]) == ("interrupted", 0.95)


def test_a_request_to_end_is_forwarded(repo: Scratch, sleeper: Started) -> None:
    os.kill(sleeper.pid, signal.SIGTERM)

    assert sleeper.wait() == 143
    assert newest(repo)["status"] == "interrupted"


def test_a_run_in_progress_is_listed(repo: Scratch, sleeper: Started) -> None:
    (run,) = json.loads(repo.run_cli("ls", "--json").stdout)

    assert run["status"] == "running"
    assert sleeper.is_alive()


def test_a_run_killed_together_with_repro_is_recorded_by_the_next_command(
    repo: Scratch, sleeper: Started
) -> None:
    sleeper.kill_all()

    (run,) = json.loads(repo.run_cli("ls", "--json").stdout)

    assert (run["status"], run["metrics"]["accuracy"]) == ("crashed", 0.95)
    assert repo.refs("refs/repro/live/") == {}


def test_a_run_that_was_folded_before_its_journal_went_is_recorded_once(
    repo: Scratch, sleeper: Started
) -> None:
    sleeper.kill_all()
    state = repo.path / ".git/repro"
    shutil.copytree(state / "live", state / "kept")
    (run,) = json.loads(repo.run_cli("ls", "--json").stdout)
    opened = open_repository(str(repo.path))
    fold_runs(opened, list_refs(opened, RUN_REFS), writer=current_writer(opened), at=AT)
    assert repo.runs() == []
    shutil.rmtree(state / "live")
    (state / "kept").rename(state / "live")

    (again,) = json.loads(repo.run_cli("ls", "--json").stdout)

    assert again["commit"] == run["commit"]
    assert repo.runs() == []
    assert list((state / "live").iterdir()) == []


def test_a_run_that_outlives_its_recorder_is_still_running(repo: Scratch, sleeper: Started) -> None:
    os.kill(sleeper.pid, signal.SIGKILL)
    sleeper.wait()

    (run,) = json.loads(repo.run_cli("ls", "--json").stdout)

    assert run["status"] == "running"


def test_a_python_that_is_not_repros_needs_nothing_installed(repo: Scratch) -> None:
    others = [path for version, path in pythons().items() if not version.startswith("2.")]
    for python in others:
        repo.run_cli("run", "-q", "--", python, "train.py")

    runs = json.loads(repo.run_cli("ls", "--json").stdout)
    assert [run["status"] for run in runs] == ["finished"] * len(others)
    assert [run["metrics"]["accuracy"] for run in runs] == [0.95] * len(others)
