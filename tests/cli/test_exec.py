"""`repro exec` as typed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import repro
from repro.cli.commands.exec import _in_rebuilt
from repro.environment.ask_uv import find_uv
from repro.model.environment import Interpreter
from tests.cli.lab import RUN, Lab
from tests.cli.terminal import Terminal
from tests.compare.samples import environment, record
from tests.repos import Scratch

_SOURCE = str(Path(repro.__file__).parent.parent)
"""On PYTHONPATH, so that repro is found whether it is installed or not."""


def _venv_of(lab: Lab) -> Path:
    (found,) = lab.environments()
    return found


def test_a_command_runs_with_the_code_and_packages_of_the_run(lab: Lab) -> None:
    lab.repo.write("train.py", "raise SystemExit('mine')\n")

    done = lab.exec("python", "train.py")

    assert done.stdout.startswith("1.0 2.0 ")
    assert "2 of 2 packages byte-identical" in done.stderr
    assert lab.repo.read("train.py") == "raise SystemExit('mine')\n"
    assert lab.repo.status() == " M train.py\n!! metrics.json"


def test_without_a_command_the_runs_own_is_run_again_by_the_rebuilt_interpreter(lab: Lab) -> None:
    done = lab.repo.run_cli("exec", RUN)

    assert done.stdout.startswith("1.0 2.0 ")
    assert "running: python train.py" in done.stderr
    code = "import sys; print(sys.prefix)"
    assert lab.exec("python", "-c", code).stdout == f"{_venv_of(lab)}\n"


def test_with_all_in_place_it_says_nothing_of_its_own(lab: Lab) -> None:
    lab.exec("true")

    assert lab.exec("true").stderr == ""


@pytest.mark.parametrize(("code", "expected"), [("exit 7", 7), ("kill -9 $$", 137)])
def test_the_commands_exit_code_is_returned(lab: Lab, code: str, expected: int) -> None:
    assert lab.exec("sh", "-c", code, check=False).returncode == expected


def test_a_command_that_is_not_there_gives_127(lab: Lab) -> None:
    done = lab.exec("no-such-program", check=False)

    assert done.returncode == 127
    assert "error: command not found: no-such-program" in done.stderr


def test_what_the_command_reads_from_stdin_is_ours(lab: Lab) -> None:
    done = lab.repo.run_cli("exec", RUN, "--", "cat", input="typed")

    assert done.stdout == "typed"


def test_it_runs_where_the_run_was_started(lab: Lab) -> None:
    lab.repo.run_cli("run", "-n", "deep", "--", lab.python, "where.py", cwd="jobs")

    done = lab.repo.run_cli("exec", "deep")

    assert done.stdout == "jobs\n"
    pwd = lab.repo.run_cli("exec", "deep", "--", "sh", "-c", "echo $PWD")
    assert pwd.stdout.endswith("/jobs\n")


def test_a_directory_that_git_did_not_keep_is_made(lab: Lab) -> None:
    (lab.repo.path / "empty").mkdir()
    lab.repo.run_cli("run", "-n", "deep", "--", lab.python, "../jobs/where.py", cwd="empty")

    assert lab.repo.run_cli("exec", "deep").stdout == "empty\n"


def test_the_variables_are_the_runs(lab: Lab) -> None:
    kept = {"OMP_NUM_THREADS": "3", "PYTHONPATH": f"jobs:{_SOURCE}"}
    lab.repo.run_cli("run", "-n", "tuned", "--", lab.python, "train.py", env=kept)

    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
    code = f"import os, where; print(*map(os.environ.get, {names}))"
    now = {"OMP_NUM_THREADS": "8", "MKL_NUM_THREADS": "8", "PYTHONPATH": _SOURCE, "MINE": "1"}
    done = lab.repo.run_cli("exec", "tuned", "--", "python", "-c", code, cwd="jobs", env=now)
    assert done.stdout.splitlines()[-1] == "3 None"
    more = lab.repo.run_cli("exec", "tuned", "--", "printenv", "MINE", "PYTHONPATH", env=now)
    assert more.stdout == f"1\n{lab.worktrees()[-1]}/jobs:{_SOURCE}\n"


def test_what_was_left_in_the_working_tree_is_told_and_kept(lab: Lab) -> None:
    lab.exec("sh", "-c", "echo '# looked into' >> train.py; echo mine > notes.txt")

    done = lab.exec("cat", "notes.txt")

    assert done.stdout == "mine\n"
    assert "as you left it" in done.stderr
    assert "notes.txt, train.py" in done.stderr


def test_a_working_tree_can_be_elsewhere(lab: Lab) -> None:
    there = lab.repo.path.parent / "there"

    lab.repo.run_cli("exec", "--worktree", str(there), RUN, "--", "touch", "here")
    done = lab.repo.run_cli("exec", "--worktree", str(there), RUN, "--", "ls", "here")

    assert done.stdout == "here\n"
    assert (there / "train.py").is_file()
    assert lab.worktrees() == []


def test_the_working_tree_of_another_run_is_refused(lab: Lab) -> None:
    lab.repo.write("train.py", "print(2)\n")
    lab.repo.run_cli("run", "-n", "second", "--", lab.python, "train.py")
    there = lab.repo.path.parent / "there"
    lab.repo.run_cli("exec", "--worktree", str(there), RUN, "--", "true")

    done = lab.repo.run_cli("exec", "--worktree", str(there), "second", check=False)

    assert done.returncode == 2
    assert "not of second: first is checked out there" in done.stderr
    assert "hint: " in done.stderr
    assert done.stdout == ""


def test_a_directory_with_something_else_is_refused(lab: Lab) -> None:
    done = lab.repo.run_cli("exec", "--worktree", "jobs", RUN, "--", "true", check=False)

    assert done.returncode == 2
    assert "there is something at" in done.stderr
    assert "hint: name a directory that does not exist" in done.stderr


def test_a_working_tree_that_was_deleted_by_hand_is_made_again(lab: Lab) -> None:
    lab.exec("true")
    (tree,) = lab.worktrees()
    tree.rename(tree.parent.parent / "gone")

    assert lab.exec("ls", "train.py").stdout == "train.py\n"


def test_a_working_tree_that_was_never_finished_is_made_again(lab: Lab) -> None:
    lab.exec("true")
    (tree,) = lab.worktrees()
    note = lab.repo.path / ".git/worktrees" / tree.name / "repro/checked-out.json"
    note.unlink()
    (tree / "train.py").unlink()

    assert lab.exec("ls", "train.py").stdout == "train.py\n"


def test_a_secret_in_the_recorded_command_has_to_be_typed(lab: Lab) -> None:
    secret = "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZ01234567"
    lab.repo.run_cli("run", "-n", "secret", "--", lab.python, "train.py", f"--token={secret}")

    done = lab.repo.run_cli("exec", "secret", check=False)

    assert done.returncode == 2
    assert "had a secret in it" in done.stderr
    assert "hint: type it in full: repro exec" in done.stderr
    assert "<redacted:" in done.stderr
    assert lab.environments() == []


def test_a_run_without_a_command_needs_one(lab: Lab) -> None:
    lab.repo.run_cli(
        "record", "-n", "by-hand", env={"VIRTUAL_ENV": str(Path(lab.python).parents[1])}
    )

    done = lab.repo.run_cli("exec", "by-hand", check=False)

    assert done.returncode == 2
    assert "was recorded without a command" in done.stderr
    assert "-- COMMAND" in done.stderr


def test_a_run_without_python_has_no_environment(lab: Lab) -> None:
    lab.repo.run_cli("run", "-n", "shell", "--", "true")

    done = lab.repo.run_cli("exec", "shell", check=False)

    assert done.returncode == 2
    assert "no Python was seen in run shell" in done.stderr
    assert "hint: repro show" in done.stderr


@pytest.mark.parametrize(
    ("first", "found"),
    [
        ("/gone/.venv/bin/python3", "python3"),
        (".venv/bin/python", "python"),
        ("/usr/bin/python2.7", "python"),
        ("python9.9", "python"),
        ("/gone/.venv/bin/torchrun", "torchrun"),
        ("./.venv/bin/torchrun", "torchrun"),
        ("/opt/other/bin/torchrun", "/opt/other/bin/torchrun"),
        ("bin/torchrun", "bin/torchrun"),
        ("./python_train", "./python_train"),
        ("make", "make"),
    ],
)
def test_what_lay_in_the_runs_environment_is_that_of_the_rebuilt_one(
    tmp_path: Path, first: str, found: str
) -> None:
    for name in ("python", "python3", "cwd/bin/torchrun"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    interpreter = Interpreter("cpython", "3.11.7", "", "", "/gone/.venv", "/usr")
    ran = record(environment=environment(interpreter=interpreter))

    assert _in_rebuilt((first, "-x"), ran, str(tmp_path), cwd=f"{tmp_path}/cwd") == [found, "-x"]


@pytest.mark.parametrize("name", ["python_train", "train"])
def test_a_script_of_the_code_is_that_of_the_code(lab: Lab, name: str) -> None:
    lab.repo.write(name, f"#!/bin/sh\nexec '{lab.python}' -c 'print(7)'\n", mode=0o755)
    lab.repo.run_cli("run", "-n", "own", "--", f"./{name}")

    done = lab.repo.run_cli("exec", "own")

    assert done.stdout == "7\n"
    assert f"running: ./{name}\n" in done.stderr


def test_options_after_the_run_are_refused_with_the_right_order(lab: Lab) -> None:
    done = lab.repo.run_cli("exec", RUN, "--inexact", "--", "true", check=False)

    assert done.returncode == 2
    assert "options stand before the run: repro exec --inexact" in done.stderr


def test_an_unknown_option_is_no_run(lab: Lab) -> None:
    done = lab.repo.run_cli("exec", "--inexcat", RUN, check=False)

    assert done.returncode == 2
    assert "no such option" in done.stderr.lower()


def test_uv_run_takes_the_rebuilt_environment_and_not_one_of_its_own(lab: Lab) -> None:
    pyproject = "[project]\nname='p'\nversion='0.1'\nrequires-python='>=3.8'\n"
    lab.repo.write("pyproject.toml", pyproject)
    lab.repo.run_cli("run", "-n", "project", "--", lab.python, "train.py")
    code = "import sys, alpha; print(sys.prefix)"

    done = lab.repo.run_cli("exec", "project", "--", find_uv(), "run", "python", "-c", code)

    assert done.stdout == f"{_venv_of(lab)}\n"
    assert not (lab.worktrees()[-1] / ".venv").exists()


def test_git_of_the_command_sees_the_runs_working_tree(lab: Lab) -> None:
    env = {"GIT_DIR": str(lab.repo.path / ".git"), "GIT_WORK_TREE": str(lab.repo.path)}

    done = lab.exec("git", "rev-parse", "--show-toplevel", env=env)

    assert done.stdout == f"{lab.worktrees()[0]}\n"


def test_who_calls_it_from_elsewhere_gets_the_same(lab: Lab, tmp_path: Path) -> None:
    done = Scratch(tmp_path).run_cli("-C", str(lab.repo.path), "exec", RUN)

    assert done.stdout.startswith("1.0 2.0 ")


_WAIT = """
import signal, sys, time
def stop(number, frame):
    print("got", signal.Signals(number).name, flush=True)
    sys.exit(5)
signal.signal(signal.SIGINT, stop)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
time.sleep(20)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_reach_the_command(lab: Lab, number: signal.Signals) -> None:
    lab.exec("true")
    argv = [sys.executable, "-m", "repro", "exec", RUN, "--", "python", "-c", _WAIT]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        os.kill(running.pid, number)
        assert running.stdout.read() == f"got {number.name}\n"
        assert running.wait(10) == 5


def test_ctrl_c_reaches_the_command_once(lab: Lab) -> None:
    lab.exec("true")
    argv = [sys.executable, "-m", "repro", "exec", RUN, "--", "python", "-c", _WAIT]
    terminal = Terminal(argv, lab.repo.path)
    terminal.wait_for("ready")
    terminal.type("\x03")
    assert terminal.wait_for("got SIGINT").count("got") == 1
    assert terminal.end() == 5


def test_after_nohup_a_hangup_ends_nothing(lab: Lab) -> None:
    lab.exec("true")
    code = "echo ready; sleep 1; echo done"
    argv = ["nohup", sys.executable, "-m", "repro", "exec", RUN, "--", "sh", "-c", code]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        os.killpg(running.pid, signal.SIGHUP)
        assert running.stdout.read() == "done\n"


def test_two_at_once_make_one_environment_and_one_working_tree(lab: Lab) -> None:
    argv = [sys.executable, "-m", "repro", "exec", RUN]
    both = [
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    results = [one.communicate(timeout=60) for one in both]

    assert [one.returncode for one in both] == [0, 0], results
    assert all(out.startswith("1.0 2.0 ") for out, _ in results)
    assert (len(lab.environments()), len(lab.worktrees())) == (1, 1)


def test_a_command_may_start_while_another_still_runs(lab: Lab) -> None:
    lab.exec("true")
    argv = [sys.executable, "-m", "repro", "exec", RUN, "--", "sleep", "20"]
    with subprocess.Popen(argv) as running:
        time.sleep(0.6)
        start_s = time.monotonic()
        assert lab.exec("echo", "beside").stdout == "beside\n"
        assert time.monotonic() - start_s < 10
        running.kill()
