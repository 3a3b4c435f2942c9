"""`repro run --strict`: nothing starts while a gap is known."""

import json
import sys
from pathlib import Path

import pytest

from tests.environment.pythons import make_project, make_venv
from tests.repos import Completed, Scratch

PYTHON = sys.executable
_TOUCH = "open('started', 'w').close()"


@pytest.fixture
def python(tmp_path: Path) -> str:
    """An interpreter whose environment can be locked: it is empty."""
    return make_venv(tmp_path / "venv")


def _strict(repo: Scratch, *command: str, env: dict[str, str | None] | None = None) -> Completed:
    return repo.run_cli("run", "--strict", "--", *command, check=False, env=env)


def _was_refused(repo: Scratch, done: Completed) -> bool:
    """Tells whether nothing was started, and nothing of it is left."""
    refs = [ref for ref in repo.refs() if "/repro" in ref]
    live = repo.path / ".git/repro/live"
    left = list(live.iterdir()) if live.exists() else []
    return done.returncode == 4 and not (repo.path / "started").exists() and not refs + left


def test_a_run_without_gaps_starts_and_is_reproducible(repo: Scratch, python: str) -> None:
    done = _strict(repo, python, "train.py")

    assert done.returncode == 0
    assert "reproducible" in done.stderr
    assert len(repo.runs()) == 1


def test_the_commands_exit_code_is_returned(repo: Scratch, python: str) -> None:
    assert _strict(repo, python, "-c", "raise SystemExit(7)").returncode == 7


def test_a_package_from_elsewhere_is_known_before_anything_starts(
    repo: Scratch, tmp_path: Path
) -> None:
    project = make_project(tmp_path / "elsewhere")
    python = make_venv(tmp_path / "venv", str(project))
    done = _strict(repo, python, "-c", _TOUCH)

    assert _was_refused(repo, done)
    assert "tiny==0.1" in done.stderr
    assert "to close it:" in done.stderr
    assert "--no-strict" in done.stderr


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["--no-trace", "--", "{python}", "-c", _TOUCH], "--no-trace"),
        (["--", "{python}", "-u", "-I", "-c", _TOUCH], "-I, -E or -S"),
        (["--", "{python}", "-c", _TOUCH, "--password", "hunter2"], "secret: --password"),
        (["--param", "password=hunter2", "--", "{python}", "-c", _TOUCH], "secret: password"),
        (["--tag", "password=hunter2", "--", "{python}", "-c", _TOUCH], "secret: tag password"),
    ],
)
def test_what_the_command_line_hides_is_known(
    repo: Scratch, python: str, command: list[str], told: str
) -> None:
    words = [python if word == "{python}" else word for word in command]
    done = repo.run_cli("run", "--strict", *words, check=False)

    assert _was_refused(repo, done)
    assert told in done.stderr
    assert "hunter2" not in done.stderr


def test_declared_data_that_is_missing_is_known(repo: Scratch, python: str) -> None:
    repo.write(".repro.yaml", "inputs: [images.h5]\n")
    done = _strict(repo, python, "-c", _TOUCH)

    assert _was_refused(repo, done)
    assert "images.h5" in done.stderr


def test_data_that_is_too_large_to_keep_is_known(repo: Scratch, python: str) -> None:
    repo.write(".repro.yaml", "inputs: [images.h5]\nstore_limit_mib: 1\n")
    repo.write("images.h5", b"\0" * (2**20 + 1))
    repo.write(".git/info/exclude", "images.h5\n")
    done = _strict(repo, python, "-c", _TOUCH)

    assert _was_refused(repo, done)
    assert "dvc add images.h5" in done.stderr


def test_a_large_file_that_git_does_not_know_is_known(repo: Scratch, python: str) -> None:
    repo.write(".repro.yaml", "store_limit_mib: 10\n")
    repo.write("dump.bin", b"\0" * (10 * 2**20 + 1))
    done = _strict(repo, python, "-c", _TOUCH)

    assert _was_refused(repo, done)
    assert "dvc add dump.bin" in done.stderr


def test_a_repository_inside_is_known(repo: Scratch, python: str) -> None:
    inner = Scratch(repo.path / "inner")
    inner.write("code.py", "pass\n")
    inner.git("init", "--quiet")
    inner.commit()
    inner.write("code.py", "changed\n")
    done = _strict(repo, python, "-c", _TOUCH)

    assert _was_refused(repo, done)
    assert "inner" in done.stderr


def test_a_file_of_secrets_is_known(repo: Scratch, python: str) -> None:
    repo.write(".env", "API_KEY=hunter2hunter2\n")
    done = _strict(repo, python, "-c", _TOUCH)

    assert _was_refused(repo, done)
    assert "secret: .env" in done.stderr
    assert "hunter2" not in done.stderr


def test_a_mistake_in_the_configuration_is_known(repo: Scratch, python: str) -> None:
    repo.write(".repro.yaml", "inptus: [a.csv]\n")
    done = _strict(repo, python, "-c", _TOUCH)

    assert _was_refused(repo, done)
    assert "inptus" in done.stderr


def test_a_damaged_dvc_file_is_known(repo: Scratch, python: str) -> None:
    repo.write("data.csv.dvc", "outs: [")
    assert _was_refused(repo, _strict(repo, python, "-c", _TOUCH))


def test_a_damaged_params_file_is_known(repo: Scratch, python: str) -> None:
    repo.write("params.yaml", "lr: [")
    done = _strict(repo, python, "-c", _TOUCH)

    assert _was_refused(repo, done)
    assert "params.yaml" in done.stderr


def test_an_unknown_author_is_known(repo: Scratch, python: str) -> None:
    nobody: dict[str, str | None] = {
        f"GIT_{who}_{what}": None for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    nobody["EMAIL"] = None
    repo.git("config", "user.useConfigOnly", "true")
    done = _strict(repo, python, "-c", _TOUCH, env=nobody)

    assert _was_refused(repo, done)
    assert "git config --global user.name" in done.stderr


def test_a_broken_interpreter_is_known(repo: Scratch, tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    assert _was_refused(repo, _strict(repo, str(broken), "-c", _TOUCH))


def test_the_interpreter_of_a_script_is_looked_at(repo: Scratch, tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv", str(make_project(tmp_path / "elsewhere")))
    script = tmp_path / "tool"
    script.write_text(f"#!{python}\n{_TOUCH}\n")
    script.chmod(0o755)
    done = _strict(repo, str(script))

    assert _was_refused(repo, done)
    assert "tiny==0.1" in done.stderr


def test_the_options_of_a_scripts_first_line_are_looked_at(
    repo: Scratch, python: str, tmp_path: Path
) -> None:
    script = tmp_path / "tool"
    script.write_text(f"#!{python} -E\n{_TOUCH}\n")
    script.chmod(0o755)
    done = _strict(repo, str(script))

    assert _was_refused(repo, done)
    assert "-I, -E or -S" in done.stderr


def test_every_gap_is_listed_at_once(repo: Scratch, python: str) -> None:
    repo.write(".repro.yaml", "inputs: [images.h5]\n")
    repo.write("params.yaml", "lr: [")
    done = repo.run_cli("run", "--strict", "--no-trace", "--", python, "-c", _TOUCH, check=False)

    assert _was_refused(repo, done)
    assert "3 gaps are known" in done.stderr
    told = ("images.h5", "params.yaml", "--no-trace")
    assert all(word in done.stderr for word in told), done.stderr


def test_the_refused_run_starts_when_its_gaps_are_closed(repo: Scratch, python: str) -> None:
    repo.write(".repro.yaml", "inputs: [images.h5]\n")
    assert _was_refused(repo, _strict(repo, python, "-c", _TOUCH))

    repo.write("images.h5", "pixels")
    done = _strict(repo, python, "-c", _TOUCH)

    assert done.returncode == 0
    assert "none: reproducible" in done.stderr
    assert (repo.path / "started").exists()


def test_the_project_can_ask_for_it_and_the_user_can_do_without(repo: Scratch) -> None:
    repo.write(".repro.yaml", "strict: true\ninputs: [images.h5]\n")
    refused = repo.run_cli("run", "--", PYTHON, "-c", _TOUCH, check=False)
    assert _was_refused(repo, refused)

    started = repo.run_cli("run", "--no-strict", "--", PYTHON, "-c", _TOUCH)
    assert started.returncode == 0
    assert len(repo.runs()) == 1


def test_gaps_that_show_only_while_it_runs_are_told_and_change_no_exit_code(
    repo: Scratch, python: str, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("1\n")
    done = _strict(repo, python, "-c", f"open({str(outside)!r}).read()")

    assert done.returncode == 0
    assert "1 gap was found only while it ran" in done.stderr
    shown = json.loads(repo.run_cli("show", "--json").stdout)
    assert [gap["subject"] for gap in shown["gaps"]] == [str(outside)]
