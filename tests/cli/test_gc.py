"""`repro gc` as typed: what it removes, and what it leaves alone."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.lab import RUN, Lab

_DAY_S = 86_400


def _age(path: Path, days: float) -> None:
    """Has an environment or working tree be used so long ago."""
    at_s = time.time() - days * _DAY_S
    for own in (path, *path.glob("repro-environment.json*")):
        os.utime(own, (at_s, at_s))


def _used(lab: Lab) -> tuple[Path, Path]:
    """Has repro make an environment and a working tree."""
    lab.exec("true")
    return lab.environments()[0], lab.worktrees()[0]


def test_what_was_used_lately_stays(lab: Lab) -> None:
    _used(lab)

    done = lab.repo.run_cli("gc")

    assert done.stdout == ""
    assert done.stderr == "0 B freed\n"
    assert (len(lab.environments()), len(lab.worktrees())) == (1, 1)


def test_in_a_repository_without_any_there_is_nothing_to_do(lab: Lab) -> None:
    assert lab.repo.run_cli("gc", "--older-than", "0").stderr == "0 B freed\n"


def test_what_nobody_used_for_two_weeks_goes(lab: Lab) -> None:
    environment, worktree = _used(lab)
    _age(environment, 15)
    _age(worktree, 15)

    done = lab.repo.run_cli("gc")

    rows = done.stdout.splitlines()
    assert [row.split(" (")[0] for row in rows] == [
        f"removed working tree {worktree}",
        f"removed environment {environment}",
    ]
    assert "not used for 15 days" in done.stdout
    assert done.stderr.endswith(" freed\n")
    assert os.listdir(lab.state / "envs") == []
    assert not worktree.exists()
    assert str(worktree) not in lab.repo.git("worktree", "list")
    assert lab.exec("cat", "train.py").stdout == lab.repo.read("train.py")


def test_days_are_counted_from_the_last_use(lab: Lab) -> None:
    environment, worktree = _used(lab)
    _age(environment, 15)
    _age(worktree, 15)
    lab.exec("true")

    assert lab.repo.run_cli("gc").stdout == ""


def test_all_that_is_not_in_use_goes_when_asked_for(lab: Lab) -> None:
    _used(lab)

    lab.repo.run_cli("gc", "--older-than", "0")

    assert (lab.environments(), lab.worktrees()) == ([], [])


def test_a_dry_run_removes_nothing(lab: Lab) -> None:
    environment, worktree = _used(lab)

    done = lab.repo.run_cli("gc", "--older-than", "0", "--dry-run")

    assert f"would remove working tree {worktree}" in done.stdout
    assert f"would remove environment {environment}" in done.stdout
    assert done.stderr.endswith(" would be freed\n")
    assert (len(lab.environments()), len(lab.worktrees())) == (1, 1)


def test_what_a_command_runs_in_stays(lab: Lab) -> None:
    _used(lab)
    argv = [sys.executable, "-m", "repro", "exec", RUN, "--", "sh", "-c", "echo on; exec sleep 20"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "on\n"
        done = lab.repo.run_cli("gc", "--older-than", "0")
        running.terminate()

    assert done.stdout == ""
    assert done.stderr.count(": it is in use") == 2
    assert (len(lab.environments()), len(lab.worktrees())) == (1, 1)


def test_an_environment_that_is_activated_somewhere_stays(lab: Lab) -> None:
    environment = Path(lab.repo.run_cli("env", "create", RUN).stdout.strip())
    env = {**os.environ, "VIRTUAL_ENV": str(environment)}
    with subprocess.Popen(["sleep", "20"], env=env) as running:
        done = lab.repo.run_cli("gc", "--older-than", "0")
        running.kill()

    assert "it is in use" in done.stderr
    assert environment.is_dir()


def test_a_working_tree_with_changes_stays_with_the_command_to_remove_it(lab: Lab) -> None:
    lab.exec("sh", "-c", "echo '# looked into' >> train.py")
    (worktree,) = lab.worktrees()

    done = lab.repo.run_cli("gc", "--older-than", "0")

    assert worktree.is_dir()
    assert "train.py is not as run first had it" in done.stderr
    by_hand = f"git worktree remove --force {worktree}"
    assert by_hand in done.stderr
    lab.repo.git(*by_hand.split()[1:])
    assert not worktree.exists()


def test_a_working_tree_with_ignored_results_stays(lab: Lab) -> None:
    lab.exec("sh", "-c", "mkdir out; echo weights > out/model.bin")

    done = lab.repo.run_cli("gc", "--older-than", "0")

    assert len(lab.worktrees()) == 1
    assert "out/model.bin" in done.stderr


def test_caches_of_python_are_no_results(lab: Lab) -> None:
    lab.exec("sh", "-c", "mkdir -p jobs/__pycache__; touch jobs/__pycache__/where.cpython-311.pyc")

    lab.repo.run_cli("gc", "--older-than", "0")

    assert lab.worktrees() == []


def test_a_commit_made_in_the_working_tree_is_work(lab: Lab) -> None:
    lab.exec("sh", "-c", "echo '#' >> train.py; git commit -qam mine")

    done = lab.repo.run_cli("gc", "--older-than", "0")

    assert len(lab.worktrees()) == 1, done.stdout
    assert "git worktree remove --force" in done.stderr


def test_a_build_that_was_killed_goes_after_an_hour(lab: Lab) -> None:
    left = lab.state / "envs/0123456789abcdef0123"
    (left / "lib").mkdir(parents=True)

    assert lab.repo.run_cli("gc").stdout == ""
    _age(left, 0.1)
    done = lab.repo.run_cli("gc")
    assert f"removed unfinished environment {left}" in done.stdout
    assert not left.exists()


def test_what_a_checkout_leads_to_stays(lab: Lab) -> None:
    there = lab.repo.path.parent / "there"
    lab.repo.run_cli("checkout", RUN, "--env", "--worktree", str(there))
    (environment,) = lab.environments()

    done = lab.repo.run_cli("gc", "--older-than", "0")
    assert environment.is_dir()
    assert f"{there}/.repro/venv leads to it" in done.stderr

    lab.repo.git("worktree", "remove", "--force", str(there))
    lab.repo.run_cli("gc", "--older-than", "0")
    assert not environment.exists()


def test_an_environment_that_no_run_has_goes_at_once(lab: Lab) -> None:
    environment, _ = _used(lab)
    lab.repo.git("update-ref", "-d", lab.repo.runs()[0])

    done = lab.repo.run_cli("gc")

    assert not environment.exists()
    assert "no run has it any more" in done.stdout


def test_a_working_tree_whose_files_somebody_deleted_goes(lab: Lab) -> None:
    _, worktree = _used(lab)
    shutil.rmtree(worktree)
    worktree.mkdir()

    lab.repo.run_cli("gc", "--older-than", "0")

    assert lab.worktrees() == []


def test_runs_and_the_users_working_trees_are_not_touched(lab: Lab) -> None:
    lab.repo.worktree(lab.repo.path.parent / "side")
    _used(lab)
    refs = lab.repo.refs()

    lab.repo.run_cli("gc", "--older-than", "0")

    assert lab.repo.refs() == refs
    assert "side" in lab.repo.git("worktree", "list")


def test_days_are_a_number(lab: Lab) -> None:
    done = lab.repo.run_cli("gc", "--older-than", "-1", check=False)

    assert done.returncode == 2
    assert "hint: repro gc --help" in done.stderr


@pytest.mark.parametrize("days", [0, 15])
def test_an_environment_that_is_activated_here_stays(lab: Lab, days: int) -> None:
    prefix = lab.repo.run_cli("env", "create", RUN).stdout.strip()
    _age(Path(prefix), days)

    done = lab.repo.run_cli("gc", "--older-than", str(days), env={"VIRTUAL_ENV": prefix})

    assert done.stdout == ""
    assert f"kept environment {prefix}: it is in use\n" in done.stderr


def test_a_run_that_cannot_be_read_may_have_any_environment(lab: Lab) -> None:
    environment, _ = _used(lab)
    lab.repo.git("update-ref", lab.repo.runs()[0], lab.repo.head())

    lab.repo.run_cli("gc")

    assert environment.is_dir()


def test_a_working_tree_that_was_never_finished_goes(lab: Lab) -> None:
    half_made = lab.state / "worktrees/kkkkkkkk"
    half_made.mkdir(parents=True)
    (half_made / "train.py").touch()

    assert lab.repo.run_cli("gc").stdout == ""
    lab.repo.run_cli("gc", "--older-than", "0")
    assert lab.worktrees() == []


def test_outputs_that_the_run_has_are_no_work_and_others_are(lab: Lab) -> None:
    lab.exec("python", "train.py")
    _, worktree = _used(lab)
    assert (worktree / "metrics.json").is_file()
    done = lab.repo.run_cli("gc", "--older-than", "0", "--dry-run")
    assert f"would remove working tree {worktree}" in done.stdout
    lab.exec("sh", "-c", "echo '{}' > metrics.json")

    done = lab.repo.run_cli("gc", "--older-than", "0")

    assert f"kept working tree {worktree}: metrics.json is not of run first" in done.stderr


def test_data_count_as_work_when_changed_and_free_nothing_where_they_are_links(lab: Lab) -> None:
    lab.repo.write("big.bin", bytes(11 << 20))
    lab.repo.run_cli("run", "-n", "heavy", "--", lab.python, "train.py")
    lab.repo.run_cli("exec", "heavy", "--", "true")
    (worktree,) = lab.worktrees()
    data = worktree / "big.bin"
    assert data.stat().st_nlink > 1
    done = lab.repo.run_cli("gc", "--older-than", "0", "--dry-run")
    (row,) = [row for row in done.stdout.splitlines() if "working tree" in row]
    assert " MB)" not in row
    data.unlink()
    data.write_text("edited")

    done = lab.repo.run_cli("gc", "--older-than", "0")

    assert "big.bin is not as run heavy had it" in done.stderr
    assert data.read_text() == "edited"


def test_an_environment_whose_working_tree_is_gone_goes_at_once(lab: Lab) -> None:
    with lab.with_project("scale"):
        lab.repo.run_cli("run", "-n", "scaled", "--", lab.python, "-c", "import scale")
        lab.repo.run_cli("env", "create", "scaled")
    (environment,), (worktree,) = lab.environments(), lab.worktrees()
    assert lab.repo.run_cli("gc").stdout == ""
    lab.repo.git("worktree", "remove", "--force", str(worktree))

    done = lab.repo.run_cli("gc")

    assert done.stdout.startswith(f"removed environment {environment} (")
    assert "its working tree is gone" in done.stdout
