"""`repro shell` as typed, with a terminal and without."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.lab import RUN, Lab
from tests.cli.terminal import Terminal

_ARGV = (sys.executable, "-m", "repro", "shell", RUN)


@pytest.mark.parametrize("shell", ["/bin/bash", "/bin/sh"])
def test_what_is_piped_in_runs_where_the_run_was(lab: Lab, shell: str) -> None:
    script = "pwd\npython train.py\necho $VIRTUAL_ENV\nexit 3\n"

    done = lab.repo.run_cli("shell", RUN, input=script, check=False, env={"SHELL": shell})

    (top,), (prefix,) = lab.worktrees(), lab.environments()
    assert done.stdout.splitlines() == [str(top), f"1.0 2.0 {top.name}", str(prefix)]
    assert done.returncode == 3
    assert f"run {RUN}, in {top}; to leave: exit" in done.stderr


def test_without_a_shell_of_the_users_it_is_sh(lab: Lab) -> None:
    done = lab.repo.run_cli("shell", RUN, input="python train.py\n", env={"SHELL": None})

    assert done.stdout.startswith("1.0 2.0 ")


def test_a_shell_that_is_not_there_is_told(lab: Lab) -> None:
    done = lab.repo.run_cli("shell", RUN, check=False, env={"SHELL": "/no/such/shell"})

    assert done.returncode != 0
    assert "command not found: /no/such/shell" in done.stderr
    assert "hint: " in done.stderr


def test_changes_stay_for_the_next_time(lab: Lab) -> None:
    lab.repo.run_cli("shell", RUN, input="echo mine > notes.txt\n")

    done = lab.repo.run_cli("shell", RUN, input="cat notes.txt\n")

    assert done.stdout == "mine\n"
    assert "as you left it" in done.stderr


def test_at_a_terminal_the_runs_environment_is_first_whatever_the_users_files_do(lab: Lab) -> None:
    lab.repo.run_cli("env", "create", RUN)
    (prefix,) = lab.environments()
    Path(os.environ["HOME"], ".bashrc").write_text(
        "PS1='mine> '\nexport PATH=/first:$PATH\nexport VIRTUAL_ENV=/other\nalias greet='echo hi'\n"
    )
    terminal = Terminal(_ARGV, lab.repo.path, SHELL="/bin/bash")

    assert "to leave: exit" in terminal.wait_for("mine> ")
    terminal.type('echo "<$PATH>" "<$VIRTUAL_ENV>"; greet\n')
    terminal.wait_for(f"<{prefix}/bin:")
    assert f"<{prefix}>" in terminal.wait_for("mine> ")
    terminal.type("sleep 20\n")
    time.sleep(0.5)
    terminal.type("\x03")  # ends the command, and neither the shell nor us
    terminal.wait_for("mine> ")
    terminal.type("exit 4\n")
    assert terminal.end() == 4


def test_a_shell_of_another_kind_gets_a_prompt_that_names_the_run(lab: Lab) -> None:
    terminal = Terminal(_ARGV, lab.repo.path, SHELL="/bin/sh")

    assert "to leave: exit" in terminal.wait_for("(repro ")
    terminal.type("exit\n")
    assert terminal.end() == 0


def test_the_shells_start_up_files_of_ours_are_gone_afterwards(lab: Lab, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()

    env = {"SHELL": "/bin/bash", "TMPDIR": str(temporary)}
    subprocess.run(_ARGV, cwd=lab.repo.path, env={**os.environ, **env}, input=b"", check=True)

    assert list(temporary.iterdir()) == []
