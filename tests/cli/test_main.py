"""The entry point: what it imports, and how errors become words and exit codes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from repro import __version__
from repro.cli import failure
from repro.errors import ReproError
from tests.repos import Scratch, run_program

_CLI = (sys.executable, "-m", "repro")


def _run(*args: str, cwd: Path, **env: str | None) -> "subprocess.CompletedProcess[str]":
    return run_program(*_CLI, *args, cwd=cwd, check=False, env=env)


def _through_shell(script: str, cwd: Path) -> "subprocess.CompletedProcess[bytes]":
    """Runs a script of bash's in which "$@" is repro."""
    argv = ("bash", "-c", script, "bash", *_CLI)
    return subprocess.run(argv, cwd=cwd, capture_output=True, timeout=120, check=False)


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version_is_printed_without_click_or_rich(tmp_path: Path, flag: str) -> None:
    code = (
        "import sys; from repro.cli.main import main; code = main([sys.argv[1]])\n"
        "heavy = {'click', 'rich', 'yaml', 'dvc', 'git'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else code)"
    )
    done = run_program(sys.executable, "-c", code, flag, cwd=tmp_path)
    assert done.stdout == f"repro {__version__}\n"


def test_help_is_printed_outside_a_repository(tmp_path: Path) -> None:
    done = _run("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "Record the workspace as it stands" in done.stdout


@pytest.mark.parametrize(
    ("typed", "near"), [("rn", "run"), ("chekout", "checkout"), ("sho", "show")]
)
def test_an_unknown_command_names_the_nearest(tmp_path: Path, typed: str, near: str) -> None:
    done = _run(typed, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: no such command: {typed}")
    assert f"did you mean `repro {near}`?" in done.stderr


def test_a_command_like_no_other_leads_to_the_help(tmp_path: Path) -> None:
    done = _run("xyzzy", cwd=tmp_path)
    assert done.returncode == 2
    assert "hint: repro --help" in done.stderr


@pytest.mark.parametrize(
    "args", [("run", "--", "true"), ("record",), ("ls",), ("show",), ("diff", "a", "b")]
)
def test_outside_a_repository_there_is_an_error_and_a_hint(
    tmp_path: Path, args: tuple[str, ...]
) -> None:
    done = _run(*args, cwd=tmp_path)
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert lines[0].startswith("error: not in a git repository: ")
    assert lines[-1].startswith("hint: git init")
    assert "Traceback" not in done.stderr


def test_a_mistyped_option_is_a_user_error(repo: Scratch) -> None:
    done = repo.run_cli("ls", "--jsn", check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "hint: repro ls --help" in done.stderr


def test_a_run_without_a_command_is_a_user_error(repo: Scratch) -> None:
    done = repo.run_cli("run", check=False)
    assert done.returncode == 2
    assert "error: no command to run" in done.stderr


@pytest.mark.parametrize("word", ["lr", "=1", ""])
def test_a_malformed_param_says_how_one_looks(repo: Scratch, word: str) -> None:
    done = repo.run_cli("run", "--param", word, "--", "true", check=False)
    assert done.returncode == 2
    assert "NAME=VALUE" in done.stderr
    assert repo.runs() == []


def test_a_directory_that_is_gone_is_a_user_error(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    done = _through_shell('cd gone && rmdir ../gone && "$@" run -- true', tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: ")
    assert b"Traceback" not in done.stderr


def test_without_git_the_error_says_so(repo: Scratch) -> None:
    done = repo.run_cli("ls", check=False, env={"PATH": "/nowhere"})
    assert done.returncode == 2
    assert done.stderr.startswith("error: git is not installed")


@pytest.mark.parametrize("command", ["--help", "--version", "ls"])
def test_a_reader_that_went_away_is_no_error(repo: Scratch, command: str) -> None:
    done = _through_shell(
        f'"$@" record -q; mkfifo pipe; (exec 3< pipe) & "$@" {command} > pipe; wait; true',
        repo.path,
    )
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
    assert b"error" not in done.stderr


def test_a_full_disk_under_stdout_is_an_error_with_a_hint(repo: Scratch) -> None:
    done = _through_shell('"$@" --help > /dev/full', repo.path)
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: No space left on device")


@pytest.mark.parametrize("redirect", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_run_with_closed_streams_is_recorded_whole(repo: Scratch, redirect: str) -> None:
    done = _through_shell(f'"$@" run -- sh -c "cat; echo printed" {redirect}', repo.path)
    assert done.returncode == 0
    (ref,) = repo.runs()
    assert repo.git("show", f"{ref}:.repro/logs/output.txt") == "printed"


@pytest.mark.parametrize("command", ["--version", "--help", "ls"])
def test_a_closed_stdout_is_no_bug_of_ours(repo: Scratch, command: str) -> None:
    done = _through_shell(f'"$@" record -q; "$@" {command} >&-', repo.path)
    assert (done.returncode, done.stderr) == (0, b"")


class _OuterError(ReproError):
    pass


def _raise(error: BaseException) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


def test_an_error_of_ours_is_told_with_its_cause_details_and_hint(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = _OuterError("what", details=("this file", "that\x1b[31m"), hint="type this")
    error.__cause__ = ReproError("why")
    assert failure.guarded(_raise(error), []) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        "error: what",
        "caused by: why",
        "  this file",
        "  that\\x1b[31m",
        "hint: type this",
    ]


def test_an_unexpected_error_is_a_bug_with_a_report(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    args = ["run", "--", "train", "--password", "hidden"]
    assert failure.guarded(_raise(ZeroDivisionError("oh")), args) == 3
    (report,) = tmp_path.iterdir()
    told = capsys.readouterr().err
    assert "error: a bug in repro: ZeroDivisionError: oh" in told
    assert f"hint: please report it with the text in {report}" in told
    text = report.read_text()
    assert "Traceback" in text
    assert f"repro {__version__}" in text
    assert "hidden" not in text


def test_a_report_that_cannot_be_kept_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    assert failure.guarded(_raise(ZeroDivisionError("oh")), []) == 3
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_is_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert failure.guarded(_raise(KeyboardInterrupt()), []) == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize(("code", "expected"), [(None, 0), (5, 5), ("text", 2)])
def test_an_exit_keeps_its_code(code: int | str | None, expected: int) -> None:
    assert failure.guarded(_raise(SystemExit(code)), []) == expected


@pytest.mark.parametrize("number", ["EACCES", "EROFS", "ENOSPC", "EDQUOT"])
def test_an_error_of_the_system_has_a_hint(capsys: pytest.CaptureFixture[str], number: str) -> None:
    import errno

    code = getattr(errno, number)
    error = OSError(code, os.strerror(code), "/some/file")
    assert failure.guarded(_raise(error), []) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"error: {os.strerror(code)}: /some/file"
    assert lines[1].startswith("hint: ")


def test_a_metric_of_any_size_ends_with_the_commands_exit_code(repo: Scratch) -> None:
    code = "open('metrics.json', 'w').write('{\"a\": 1' + '0' * 400 + '}'); raise SystemExit(4)"
    done = repo.run_cli("run", "--", sys.executable, "-c", code, check=False)
    assert done.returncode == 4
    assert "a number too large for a metric" in done.stderr


@pytest.mark.parametrize(
    "text", ['{"a": "\\ud800"}', '{"a": "\\u0000\\u001b[31m"}', '{"": {"": [[]]}}', '{"a": 1e999}']
)
def test_params_of_any_kind_end_with_the_commands_exit_code(repo: Scratch, text: str) -> None:
    repo.write("params.json", text)
    done = repo.run_cli("run", "--", "true", check=False)
    assert done.returncode == 0, done.stderr
    assert repo.run_cli("show").returncode == 0


def test_params_that_dvclive_left_from_another_run_are_not_this_ones(repo: Scratch) -> None:
    repo.write(".gitignore", "/dvclive/\n")
    repo.write("dvclive/params.yaml", "stale: 1\n")
    repo.run_cli("run", "--", "true")
    (ref,) = repo.runs()
    assert "stale" not in repo.git("show", f"{ref}:.repro/params.yaml")


def test_params_that_dvclive_wrote_are_the_runs(repo: Scratch) -> None:
    repo.write(".gitignore", "/dvclive/\n")
    code = "import os; os.mkdir('dvclive'); open('dvclive/params.yaml', 'w').write('fresh: 1')"
    repo.run_cli("run", "--", sys.executable, "-c", code)
    (ref,) = repo.runs()
    assert "fresh: 1" in repo.git("show", f"{ref}:.repro/params.yaml")
