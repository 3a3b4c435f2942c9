"""`repro record` as hooks and people call it."""

import json
import os
import sys
from typing import Any

import pytest

from tests.repos import Scratch


def newest(repo: Scratch) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(repo.run_cli("show", "--json").stdout)
    return shown


def test_the_workspace_is_a_run_with_its_params_and_metrics(repo: Scratch) -> None:
    repo.python("train.py")

    repo.run_cli("record", "--tag", "by-hand")

    run = newest(repo)
    assert (run["status"], run["command"]) == ("recorded", "")
    assert run["params"] == {"lr": 0.1, "layers": 2}
    assert run["metrics"]["accuracy"] == 0.95
    assert run["tags"] == {"by-hand": ""}


def test_the_same_state_is_the_same_run(repo: Scratch) -> None:
    repo.run_cli("record")

    again = repo.run_cli("record")

    assert len(repo.runs()) == 1
    assert "nothing new" in again.stderr


def test_what_a_run_left_is_that_run(repo: Scratch) -> None:
    repo.run_cli("run", "-q", "--", sys.executable, "train.py")

    done = repo.run_cli(
        "record", env={"VIRTUAL_ENV": None, "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}"}
    )

    assert "nothing new" in done.stderr
    assert len(repo.runs()) == 1


@pytest.mark.parametrize("path", ["params.yaml", "train.py", "metrics.json", "new.txt"])
def test_another_state_is_another_run(repo: Scratch, path: str) -> None:
    repo.python("train.py")
    repo.run_cli("record")

    repo.write(path, '{"a": 2}')
    repo.run_cli("record")

    assert len(repo.runs()) == 2


def test_a_run_that_was_deleted_is_recorded_again(repo: Scratch) -> None:
    repo.run_cli("record")
    repo.git("update-ref", "-d", repo.runs()[0])

    repo.run_cli("record")

    assert len(repo.runs()) == 1


def test_recording_leaves_everything_of_the_users_alone(any_repo: Scratch) -> None:
    any_repo.write("train.py", any_repo.read("train.py") + "# tried\n")
    before = any_repo.standing()

    any_repo.run_cli("record")

    assert any_repo.standing() == before


def test_quiet_says_nothing(repo: Scratch) -> None:
    done = repo.run_cli("record", "--quiet")

    assert (done.stdout, done.stderr) == ("", "")


def test_the_environment_that_pre_commit_made_for_repro_is_not_the_users(repo: Scratch) -> None:
    path = f"{sys.prefix}/bin:/usr/bin:/bin"

    repo.run_cli("record", env={"PRE_COMMIT": "1", "VIRTUAL_ENV": sys.prefix, "PATH": path})

    interpreter = newest(repo)["environment"]["interpreter"]
    assert interpreter is None or interpreter["prefix"] != sys.prefix
