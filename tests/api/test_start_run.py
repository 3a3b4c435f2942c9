"""Runs that a program begins by itself: how they begin, end, and lie one in another."""

import os
import signal
import subprocess
import sys

import pytest

from tests.api.programs import curve, runs, shown, train
from tests.repos import Scratch


def test_a_run_records_what_was_said(repo: Scratch) -> None:
    standing = repo.standing()
    done = train(
        repo,
        "with repro.start_run('baseline', {'lr': 0.1}, {'stage': 'dev'}, message='why') as run:\n"
        "    assert run.is_recording and run is repro.current_run()\n"
        "    for step in range(3): repro.log_metric('train/loss', 1 / (step + 1), step=step)\n"
        "    repro.log_param('model', {'depth': 3})\n"
        "    repro.set_tag('late', True)\n"
        "assert not run.is_recording\n"
        "print(run.id, run.name)",
    )
    found = shown(repo)
    assert done.stdout.split() == [found["id"], "baseline"]
    assert (found["status"], found["exit_code"]) == ("finished", 0)
    assert found["params"] == {"lr": 0.1, "layers": 2, "model.depth": 3}
    assert found["tags"] == {"stage": "dev", "late": "True"}
    assert found["metrics"]["train/loss"] == 1 / 3
    assert curve(repo, "train/loss") == [(0, "1.0"), (1, "0.5"), (2, "0.3333333333333333")]
    assert done.stderr.startswith("repro: recorded baseline (")
    assert repo.standing() == standing


def test_it_says_nothing_when_quiet(repo: Scratch) -> None:
    assert train(repo, "with repro.start_run(quiet=True): pass").stderr == ""
    assert train(repo, "with repro.start_run(): pass", env={"REPRO_QUIET": "1"}).stderr == ""
    assert len(runs(repo)) == 2


def test_code_written_for_mlflow_runs_as_it_stands(repo: Scratch) -> None:
    train(
        repo,
        "import repro as mlflow\n"
        "open('model.bin', 'w').write('weights')\n"
        "with mlflow.start_run():\n"
        "    mlflow.log_param('lr', 0.1)\n"
        "    mlflow.log_params({'layers': 2})\n"
        "    mlflow.log_metric('loss', 0.5)\n"
        "    mlflow.log_metrics({'accuracy': 0.9}, step=1)\n"
        "    mlflow.log_artifact('model.bin')\n"
        "    mlflow.set_tag('stage', 'dev')",
    )
    found = shown(repo)
    assert found["params"] == {"lr": 0.1, "layers": 2}
    assert found["metrics"] == {"loss": 0.5, "accuracy": 0.9}
    assert [item["path"] for item in found["artifacts"]] == ["model.bin"]


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("pass", "finished", 0),
        ("raise ValueError", "failed", 1),
        ("raise KeyboardInterrupt", "interrupted", 130),
        ("raise SystemExit", "finished", 0),
        ("raise SystemExit(3)", "failed", 3),
        ("raise SystemExit('no data')", "failed", 1),
        ("import sys; sys.exit(4)", "failed", 4),
    ],
)
def test_a_block_ends_as_its_exception_says(
    repo: Scratch, how: str, status: str, code: int
) -> None:
    train(repo, f"with repro.start_run():\n    {how}", check=False)
    found = shown(repo)
    assert (found["status"], found["exit_code"]) == (status, code)


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("pass", "finished", 0),
        ("raise ValueError", "failed", 1),
        ("raise KeyboardInterrupt", "interrupted", 130),
        ("import sys; sys.exit(4)", "failed", 4),
        ("repro.end_run('failed')", "failed", None),
        ("repro.end_run()", "finished", 0),
    ],
)
def test_without_a_block_it_ends_with_the_process(
    repo: Scratch, how: str, status: str, code: int | None
) -> None:
    train(repo, f"repro.start_run()\nrepro.log_metric('loss', 1.5, step=0)\n{how}", check=False)
    found = shown(repo)
    assert (found["status"], found["exit_code"]) == (status, code)
    assert found["metrics"] == {"loss": 1.5}


def test_what_a_process_had_loaded_is_known_when_it_ends_the_run(repo: Scratch) -> None:
    train(repo, "repro.log_metric('loss', 1)")
    assert [gap["subject"] for gap in shown(repo)["gaps"]] == ["before the run began"]


def test_an_exception_is_raised_as_it_was(repo: Scratch) -> None:
    program = "with repro.start_run():\n    raise ValueError('mine')"
    assert "ValueError: mine" in train(repo, program, check=False).stderr


def test_to_log_without_a_run_begins_one_that_ends_with_the_process(repo: Scratch) -> None:
    train(repo, "repro.log_param('layers', 3)\nrepro.log_metric('loss', 0.5, step=1)")
    (found,) = runs(repo)
    assert (found["params"], found["metrics"]) == ({"lr": 0.1, "layers": 3}, {"loss": 0.5})


def test_to_log_while_the_process_ends_is_told_and_lost(repo: Scratch) -> None:
    program = (
        "import atexit\n"
        "repro.log_metric('loss', 1.0)\n"
        "import repro.api.begin as begin\n"
        "atexit.unregister(begin._at_exit)\n"
        "atexit.register(lambda: repro.log_metric('late', 2.0))\n"
        "atexit.register(begin._at_exit)"
    )
    done = train(repo, program)
    assert "what is logged now is lost" in done.stderr
    (found,) = runs(repo)
    assert found["metrics"] == {"loss": 1.0}


def test_runs_follow_each_other_in_one_process(repo: Scratch) -> None:
    train(
        repo,
        "for k in range(3):\n"
        "    with repro.start_run(f'k{k}'): repro.log_metric('k', float(k), step=0)",
    )
    assert [(run["name"], run["metrics"]["k"]) for run in runs(repo)] == [
        ("k2", 2.0),
        ("k1", 1.0),
        ("k0", 0.0),
    ]


def test_a_run_inside_of_another_names_it_as_its_parent(repo: Scratch) -> None:
    train(
        repo,
        "with repro.start_run('outer') as outer:\n"
        "    with repro.start_run('inner', nested=True) as inner:\n"
        "        repro.log_metric('loss', 1.0, step=0)\n"
        "        outer.log_metric('loss', 3.0, step=0)\n"
        "    assert repro.current_run() is outer\n"
        "    repro.log_metric('loss', 2.0, step=1)",
    )
    outer, inner = shown(repo, "outer"), shown(repo, "inner")
    assert inner["parent_run"] == outer["id"]
    assert outer["parent_run"] is None
    assert (inner["metrics"], outer["metrics"]) == ({"loss": 1.0}, {"loss": 2.0})
    assert [value for _, value in curve(repo, "loss", "outer")] == ["3.0", "2.0"]


def test_a_run_goes_on_from_another(repo: Scratch) -> None:
    train(repo, "with repro.start_run('first'): repro.log_metric('loss', 1.0, step=0)")
    train(
        repo,
        "with repro.start_run('second', resume='first'): repro.log_metric('loss', 0.5, step=1)",
    )
    assert shown(repo, "second")["resumes"] == shown(repo, "first")["id"]


def test_inside_repro_run_the_first_one_joins(repo: Scratch) -> None:
    repo.write(
        "log.py",
        "import repro\n"
        "with repro.start_run('mine', {'lr': 1}, {'a': 'b'}, message='why') as run:\n"
        "    repro.log_metric('loss', 1.0, step=0)\n"
        "repro.log_metric('loss', 2.0, step=1)\n"
        "with repro.start_run('child'): repro.log_metric('loss', 3.0, step=0)\n"
        "print(run.id)\n",
    )
    done = repo.run_cli("run", "--", sys.executable, "log.py")
    outer, child = shown(repo, "mine"), shown(repo, "child")
    assert outer["id"] in done.stdout
    assert len(runs(repo)) == 2
    assert (outer["params"], outer["tags"]) == ({"lr": 1, "layers": 2}, {"a": "b"})
    assert [value for _, value in curve(repo, "loss", "mine")] == ["1.0", "2.0"]
    assert (child["parent_run"], child["metrics"]) == (outer["id"], {"loss": 3.0})


def test_a_nested_run_inside_repro_run_is_one_of_its_own(repo: Scratch) -> None:
    repo.write("log.py", "import repro\nwith repro.start_run('child', nested=True): pass\n")
    repo.run_cli("run", "-n", "outer", "--", sys.executable, "log.py")
    assert shown(repo, "child")["parent_run"] == shown(repo, "outer")["id"]


def test_what_the_program_reads_is_its_input(repo: Scratch) -> None:
    repo.write(".gitignore", "*.csv\n")
    repo.commit()
    repo.write("before.csv", "1")
    repo.write("in.csv", "2")
    repo.write("after.csv", "3")
    train(
        repo,
        "open('before.csv').read()\n"
        "with repro.start_run('outer'):\n"
        "    with repro.start_run('inner'): open('in.csv').read()\n"
        "open('after.csv').read()",
    )
    for name in ("outer", "inner"):
        assert [item["path"] for item in shown(repo, name)["data"]] == ["in.csv"]


def test_the_variables_are_put_back(repo: Scratch) -> None:
    train(
        repo,
        "import os\n"
        "before = dict(os.environ)\n"
        "with repro.start_run() as run:\n"
        "    assert os.environ['REPRO_RUN'] == run.id\n"
        "    with repro.start_run() as inner: assert os.environ['REPRO_RUN'] == inner.id\n"
        "    assert os.environ['REPRO_RUN_DIRECTORY'] == run.directory\n"
        "assert dict(os.environ) == before",
    )


def test_a_program_that_is_killed_is_recorded_at_once(repo: Scratch) -> None:
    program = (
        "import repro, sys\n"
        "repro.start_run('killed')\n"
        "for step in range(100): repro.log_metric('loss', 0.5, step=step)\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        (sys.executable, "-c", program),
        cwd=repo.path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()  # until the recorder, too, has closed its stderr
    found = shown(repo, "killed")
    assert found["status"] == "crashed"
    assert len(curve(repo, "loss", "killed")) == 100
    assert os.listdir(repo.path / ".git/repro/live") == []


def test_tags_may_be_names_alone(repo: Scratch) -> None:
    done = train(
        repo,
        "with repro.start_run(tags=['sweep', 'paper'], params=[1]):\n    repro.set_tags('late')",
    )
    found = shown(repo)
    assert found["tags"] == {"sweep": "", "paper": "", "late": ""}
    assert [(gap["kind"], gap["subject"]) for gap in found["gaps"][-1:]] == [("params", "params")]
    assert "params: they have no names" in done.stderr
