"""Hooks beside DVC itself: its pipelines become runs, its own commits do not."""

import json
import os
import sys
from pathlib import Path

import pytest

from repro.model.ids import RUN_REFS
from tests.hooks.by_hand import git, said
from tests.repos import Completed, Scratch, run_program

pytestmark = pytest.mark.slow

_STAGES = """\
stages:
  train:
    cmd: {python} train.py
    deps: [train.py, data/one.csv]
    params: [lr, layers]
    metrics:
    - metrics.json: {{cache: false}}
    outs: [model.txt]
"""


@pytest.fixture(scope="session")
def pipeline_template(_dvc_template: Scratch, tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    repo = _dvc_template.copy(tmp_path_factory.mktemp("pipeline") / "repo")
    repo.write(".gitignore", "__pycache__/\n")
    repo.write("dvc.yaml", _STAGES.format(python=sys.executable))
    repo.write("train.py", f"{repo.read('train.py')}open('model.txt', 'w').write(str(accuracy))\n")
    dvc(repo, "repro", "--quiet")
    repo.commit("pipeline")
    return repo


@pytest.fixture
def pipeline(pipeline_template: Scratch, tmp_path: Path) -> Scratch:
    """A repository whose one stage was run and committed, with our hooks."""
    repo = pipeline_template.copy(tmp_path / "repo")
    repo.run_cli("hooks", "install")
    return repo


def dvc(scratch: Scratch, *args: str) -> Completed:
    """Runs DVC as a user would, who has it on PATH."""
    return run_program("dvc", *args, cwd=scratch.path, env=with_dvc())


def with_dvc() -> dict[str, str]:
    directory = os.path.dirname(sys.executable)
    return {"PATH": f"{directory}:{os.environ['PATH']}"}


def runs(scratch: Scratch) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(scratch.run_cli("ls", "--json").stdout)
    return found


def set_lr(scratch: Scratch, value: float) -> None:
    scratch.write("params.yaml", f"lr: {value}\nlayers: 2\n")


def test_a_pipeline_that_is_run_and_committed_is_one_run(pipeline: Scratch) -> None:
    set_lr(pipeline, 0.5)
    dvc(pipeline, "repro", "--quiet")
    [line] = said(git(pipeline, "commit", "-a", "-m", "try 0.5"))
    assert line.startswith("repro: recorded as ")
    [run] = runs(pipeline)
    assert run["metrics"] == {"accuracy": 0.75, "loss": 0.25}
    assert run["gaps"] == []
    shown = json.loads(pipeline.run_cli("show", "@", "--json").stdout)
    assert {entry["path"] for entry in shown["data"]} >= {"data/one.csv", "data/many"}
    assert shown["params"]["lr"] == 0.5

    set_lr(pipeline, 0.2)
    pipeline.run_cli("run", "-n", "second", "--", "dvc", "repro", "--quiet", env=with_dvc())
    [line] = said(git(pipeline, "commit", "-a", "-m", "try 0.2"))
    assert line.startswith("repro: this is second (")
    assert len(runs(pipeline)) == 2


def test_experiments_of_dvc_are_dvcs_own(pipeline: Scratch) -> None:
    experiments = (
        ("exp", "run", "-n", "here", "-S", "lr=0.4"),
        ("exp", "run", "-n", "elsewhere", "--temp", "-S", "lr=0.3"),
        ("exp", "apply", "elsewhere"),
        ("exp", "save", "-n", "saved", "-f"),
        ("exp", "branch", "here", "from-here"),
    )
    for args in experiments:
        done = dvc(pipeline, *args)
        assert "repro: " not in (done.stdout + done.stderr).replace("dvc repro: ", ""), args
        assert pipeline.refs(RUN_REFS) == {}, args
    # What was applied and is committed by the user is theirs.
    [line] = said(git(pipeline, "commit", "-a", "-m", "the better one"))
    assert line.startswith("repro: recorded as ")
    assert len(pipeline.refs(RUN_REFS)) == 1
    assert said(git(pipeline, "checkout", "-q", "from-here")) == [
        "repro: data no longer matches dvc.lock: dvc checkout"
    ]
    assert len(pipeline.refs(RUN_REFS)) == 1


def test_dvcs_checkout_puts_right_what_was_told_of(pipeline: Scratch) -> None:
    set_lr(pipeline, 0.5)
    dvc(pipeline, "repro", "--quiet")
    pipeline.write("data/many/3.txt", "item 3\n")
    dvc(pipeline, "add", "--quiet", "data/many")
    git(pipeline, "commit", "-a", "-m", "try 0.5")
    line = "repro: data no longer matches 2 files (data/many.dvc, dvc.lock): dvc checkout"
    assert said(git(pipeline, "checkout", "-q", "HEAD~1")) == [line]
    dvc(pipeline, "checkout", "--quiet")
    assert said(git(pipeline, "checkout", "-q", "main")) == [line]
    dvc(pipeline, "checkout", "--quiet")
    git(pipeline, "checkout", "-q", "HEAD~1", REPRO_HOOKS="0")
    dvc(pipeline, "checkout", "--quiet")
    git(pipeline, "checkout", "-q", "main", REPRO_HOOKS="0")
    # It is said of what lies there, not of what git did.
    assert said(git(pipeline, "checkout", "-q", "HEAD~1")) == []


def test_dvcs_own_hooks_run_before_ours(pipeline_template: Scratch, tmp_path: Path) -> None:
    repo = pipeline_template.copy(tmp_path / "repo")
    dvc(repo, "install")
    repo.run_cli("hooks", "install")
    set_lr(repo, 0.5)
    dvc(repo, "repro", "--quiet")
    [line] = said(git(repo, "commit", "-a", "-m", "try 0.5", env=with_dvc()))
    assert line.startswith("repro: recorded as ")
    assert said(git(repo, "checkout", "-q", "HEAD~1", env=with_dvc())) == []
    assert repo.read("model.txt") == "0.95"
    repo.run_cli("hooks", "uninstall")
    assert b"dvc git-hook" in (repo.path / ".git/hooks/post-checkout").read_bytes()
