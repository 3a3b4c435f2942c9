"""`repro env check` as typed."""

import json
import os
from pathlib import Path

import pytest

from repro.cli.commands.env_check import command
from repro.cli.rebuilding import StillRunningError
from repro.rebuild.environment import NotObservedError
from tests.cli.lab import RUN, Lab
from tests.cli.recorded import call, shelf
from tests.environment.pythons import install, make_venv
from tests.rebuild.wheels import make_wheel
from tests.repos import Completed, Scratch


def _check(lab: Lab, prefix: str | Path, *args: str, **env: str) -> Completed:
    """Runs the command with an environment activated."""
    activated = {"VIRTUAL_ENV": str(prefix), "PATH": f"{prefix}/bin:{os.environ['PATH']}"}
    return lab.repo.run_cli("env", "check", *args, check=False, env=activated | env)


@pytest.fixture
def prefix(lab: Lab) -> str:
    """The environment of the run, built again."""
    return lab.repo.run_cli("env", "create", RUN).stdout.strip()


def test_the_environment_that_the_run_had_is_the_same(lab: Lab) -> None:
    done = _check(lab, Path(lab.python).parents[1], RUN)

    assert done.returncode == 0
    assert done.stdout.splitlines()[1] == "same packages; same interpreter; same hardware"
    assert done.stderr == "same environment as first\n"


def test_one_that_was_built_again_is_the_same_though_it_lies_elsewhere(
    lab: Lab, prefix: str
) -> None:
    done = _check(lab, prefix)

    assert done.returncode == 0
    assert done.stdout.splitlines()[0].endswith(f" → {prefix}")
    assert len(done.stdout.splitlines()) == 2


def test_another_version_of_a_package_is_named(lab: Lab, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "wheels", "beta", "2.1")
    python = make_venv(tmp_path / "other")
    install(python, "alpha", str(wheel))

    done = _check(lab, tmp_path / "other", RUN)

    assert done.returncode == 1
    assert "1 package changed" in done.stdout
    assert "beta  2.0 → 2.1" in done.stdout
    assert done.stderr == "not the environment of first\n"


def test_another_variable_counts(lab: Lab, prefix: str) -> None:
    done = _check(lab, prefix, OMP_NUM_THREADS="3")

    assert done.returncode == 1
    assert "OMP_NUM_THREADS" in done.stdout


def test_without_an_activated_one_that_of_the_repository_is_looked_at(lab: Lab) -> None:
    make_venv(lab.repo.path / ".venv")

    done = lab.repo.run_cli("env", "check", check=False)

    assert done.returncode == 1
    assert done.stdout.splitlines()[0].endswith(f" → {lab.repo.path}/.venv")
    assert "2 packages removed" in done.stdout


def test_an_edited_file_is_found_when_files_are_asked_for(lab: Lab, prefix: str) -> None:
    (module,) = Path(prefix).glob("lib/python*/site-packages/alpha.py")
    with module.open("a") as file:
        file.write("# to debug\n")

    assert _check(lab, prefix).returncode == 0
    done = _check(lab, prefix, "--files")
    assert done.returncode == 1
    assert "edited: alpha: alpha.py\n" in done.stdout
    assert done.stderr == "not the environment of first\n"


def test_unedited_files_are_the_same(lab: Lab, prefix: str) -> None:
    done = _check(lab, prefix, "--files")

    assert done.returncode == 0
    assert "edited: " not in done.stdout


def test_json_has_the_answer_and_the_difference(lab: Lab, prefix: str) -> None:
    done = _check(lab, prefix, "--json", OMP_NUM_THREADS="3")

    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert found["run"].endswith(lab.repo.runs()[0][-8:])
    assert found["python"] == f"{prefix}/bin/python"
    assert found["same"] is False
    assert found["variables"]["added"] == {"OMP_NUM_THREADS": "3"}
    assert "edited" not in found
    same = json.loads(_check(lab, prefix, "--json", "--files").stdout)
    assert (same["same"], same["edited"]) == (True, {})


def test_a_run_without_an_observed_python_differs_by_it(lab: Lab, prefix: str) -> None:
    lab.repo.run_cli("run", "-n", "shell", "--", "true")

    done = _check(lab, prefix, "shell")

    assert done.returncode == 1
    assert "other interpreter" in done.stdout


def test_without_any_python_there_is_nothing_to_check(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("git", "uv"):
        for directory in os.environ["PATH"].split(":"):
            if Path(directory, name).exists():
                (tmp_path / "bin" / name).symlink_to(Path(directory, name))
                break

    done = lab.repo.run_cli("env", "check", check=False, env={"PATH": f"{tmp_path}/bin"})

    assert done.returncode == 2
    assert "there is no Python here" in done.stderr
    assert "hint: activate the environment" in done.stderr


def test_a_run_whose_environment_was_not_observed_cannot_be_compared(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf(repo, monkeypatch).put("k", environment=None)

    with pytest.raises(NotObservedError) as raised:
        call(command, "run-k")
    assert raised.value.message == "the environment of run run-k was not observed"
    assert raised.value.hint == "repro show kkkkkkkk"
    assert raised.value.exits_with == 2


def test_a_run_in_progress_is_asked_for_later(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shelf(repo, monkeypatch).running("k"), pytest.raises(StillRunningError) as raised:
        call(command, "run-k")
    assert raised.value.hint == "when it has: repro show kkkkkkkk"


def test_an_unknown_run_is_an_error(lab: Lab) -> None:
    done = lab.repo.run_cli("env", "check", "no-such-run", check=False)

    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
