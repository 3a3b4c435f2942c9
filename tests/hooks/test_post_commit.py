"""post-commit: what a commit is recorded as, and which run it is linked to."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.hooks.by_hand import add_hook, git, said
from tests.repos import Completed, Scratch, run_program

METRICS = '{"accuracy": 0.95, "loss": 0.05}'


@pytest.fixture
def hooked(repo: Scratch) -> Scratch:
    """A repository that tracks its metrics, with the hook."""
    repo.write(".gitignore", "__pycache__/\n/out/\n")
    repo.write("metrics.json", METRICS)
    repo.commit("metrics")
    add_hook(repo, "post-commit")
    return repo


def commit(scratch: Scratch, *args: str, env: Mapping[str, str] | None = None) -> Completed:
    """Commits all that is not ignored as a user does, or what the arguments say."""
    if not args:
        scratch.git("add", "--all")
    return git(scratch, "commit", "-q", *(args or ("-m", "change")), env=env)


def shown(scratch: Scratch, run: str = "@") -> dict[str, Any]:
    """Returns a run as `repro show --json` prints it."""
    found: dict[str, Any] = json.loads(scratch.run_cli("show", run, "--json").stdout)
    return found


def listed(scratch: Scratch) -> list[dict[str, Any]]:
    """Returns the runs, newest first."""
    found: list[dict[str, Any]] = json.loads(scratch.run_cli("ls", "--json").stdout)
    return found


def noted(scratch: Scratch, revision: str = "HEAD") -> list[str]:
    """Returns the runs that the git note on a commit names."""
    return scratch.git("notes", "--ref=repro", "show", revision, check=False).split()


def run_training(scratch: Scratch, lr: float, *args: str) -> str:
    """Trains with other params under `repro run`, and returns the run's id."""
    scratch.write("params.yaml", f"lr: {lr}\nlayers: 2\n")
    scratch.run_cli("run", "-q", *args, "--", "python3", "train.py")
    return str(listed(scratch)[0]["id"])


def test_a_commit_that_changes_params_is_recorded(hooked: Scratch) -> None:
    hooked.write("params.yaml", "lr: 0.2\nlayers: 2\n")
    hooked.write("metrics.json", '{"accuracy": 0.9, "loss": 0.1}')
    done = commit(hooked, "-am", "a higher rate\n\nmore words")
    [run] = listed(hooked)
    assert said(done) == [f"repro: recorded as {run['name']} ({str(run['id'])[-8:]})"]
    assert run["status"] == "recorded"
    assert run["params"] == {"lr": 0.2, "layers": 2}
    assert run["metrics"] == {"accuracy": 0.9, "loss": 0.1}
    assert run["commit"] == hooked.head()
    assert noted(hooked) == [run["id"]]
    tree = hooked.git("rev-parse", "HEAD^{tree}")
    hooked.git("read-tree", f"refs/repro/runs/{run['id']}")
    hooked.git("rm", "-r", "--cached", "-q", ".repro")
    assert hooked.git("write-tree") == tree
    details = shown(hooked)
    assert details["message"] == "a higher rate"


def test_metrics_from_before_are_a_gap_and_not_those_of_the_commit(hooked: Scratch) -> None:
    hooked.write("params.yaml", "lr: 0.2\n")
    commit(hooked)
    gaps = [(gap["kind"], gap["subject"]) for gap in shown(hooked)["gaps"]]
    assert gaps == [("metrics", "metrics.json")]
    assert shown(hooked)["metrics"] == {}
    hooked.write("params.yaml", "lr: 0.3\n")
    hooked.write("metrics.json", "{}")
    commit(hooked)
    assert shown(hooked)["gaps"] == []


def test_a_commit_that_changes_nothing_of_ours_is_let_pass(hooked: Scratch) -> None:
    hooked.write("train.py", "print('other')\n")
    done = commit(hooked)
    assert (done.stderr, hooked.runs(), noted(hooked)) == ("", [], [])


def test_what_is_uncommitted_is_in_no_run(hooked: Scratch) -> None:
    hooked.write("params.yaml", "lr: 0.2\nlayers: 2\n")
    hooked.write("train.py", "SECRET_PLAN = 1\n")
    hooked.write("metrics.json", '{"accuracy": 0.1, "loss": 0.9}')
    hooked.write("new.py", "SECRET_PLAN = 2\n")
    before = hooked.mtimes()
    commit(hooked, "-m", "only params", "-o", "params.yaml")
    [run] = listed(hooked)
    assert run["params"] == {"lr": 0.2, "layers": 2}
    assert run["metrics"] == {}
    assert hooked.mtimes() == before
    assert (
        hooked.git("grep", "-l", "SECRET_PLAN", f"refs/repro/runs/{run['id']}", check=False) == ""
    )
    assert shown(hooked)["dirty"] is False


def test_a_commit_of_chosen_hunks_is_recorded_as_it_is(hooked: Scratch) -> None:
    lines = [f"p{number}: {number}" for number in range(30)]
    hooked.write("params.yaml", "\n".join(lines) + "\n")
    hooked.commit("many")
    lines[0], lines[29] = "p0: 100", "p29: 200"
    hooked.write("params.yaml", "\n".join(lines) + "\n")
    run_program("git", "commit", "-q", "-p", "-m", "first hunk", cwd=hooked.path, input="y\nn\n")
    [run, *_] = listed(hooked)
    params = run["params"]
    assert isinstance(params, dict)
    assert (params["p0"], params["p29"]) == (100, 29)


def test_the_run_that_a_commit_is_gets_linked(hooked: Scratch) -> None:
    run = run_training(hooked, 0.2)
    done = commit(hooked)
    assert said(done) == [f"repro: this is {listed(hooked)[0]['name']} ({run[-8:]})"]
    assert len(hooked.runs()) == 1
    assert noted(hooked) == [run]


def test_files_that_lay_there_uncommitted_do_not_matter(hooked: Scratch) -> None:
    hooked.write("notes.txt", "thoughts\n")
    run = run_training(hooked, 0.2)
    hooked.git("add", "params.yaml", "metrics.json")
    commit(hooked, "-m", "results")
    assert noted(hooked) == [run]


def test_other_code_than_the_runs_is_another_run(hooked: Scratch) -> None:
    run = run_training(hooked, 0.2)
    hooked.write("train.py", hooked.read("train.py") + "# later\n")
    commit(hooked)
    assert len(hooked.runs()) == 2
    assert run not in noted(hooked)


def test_code_that_the_run_had_and_the_commit_has_not_is_another_run(hooked: Scratch) -> None:
    hooked.write("train.py", hooked.read("train.py") + "# not committed\n")
    run = run_training(hooked, 0.2)
    commit(hooked, "-m", "results", "params.yaml", "metrics.json")
    assert len(hooked.runs()) == 2
    assert run not in noted(hooked)


def test_other_metrics_than_the_runs_are_another_run(hooked: Scratch) -> None:
    run = run_training(hooked, 0.2)
    hooked.write("metrics.json", '{"accuracy": 0.99, "loss": 0.01}')
    commit(hooked)
    assert run not in noted(hooked)
    assert listed(hooked)[0]["metrics"] == {"accuracy": 0.99, "loss": 0.01}


def test_metrics_left_out_of_the_commit_are_not_the_runs(hooked: Scratch) -> None:
    run = run_training(hooked, 0.2)
    commit(hooked, "-m", "params alone", "params.yaml")
    assert run not in noted(hooked)


def test_metrics_that_a_formatter_rewrote_are_the_runs(hooked: Scratch) -> None:
    run = run_training(hooked, 0.2)
    values = json.loads(hooked.read("metrics.json"))
    hooked.write("metrics.json", json.dumps(values, indent=4) + "\n")
    commit(hooked)
    assert noted(hooked) == [run]


def test_a_run_whose_metrics_git_ignores_is_linked(repo: Scratch) -> None:
    add_hook(repo, "post-commit")
    run = run_training(repo, 0.2)
    commit(repo)
    assert noted(repo) == [run]


def test_a_run_with_another_flag_is_not_the_commit(hooked: Scratch) -> None:
    run = run_training(hooked, 0.2, "--param", "lr=0.7")
    commit(hooked)
    assert run not in noted(hooked)


def test_a_later_look_at_the_same_files_is_not_taken_for_the_training(hooked: Scratch) -> None:
    run = run_training(hooked, 0.2)
    hooked.run_cli("run", "-q", "--", "true")
    commit(hooked)
    assert noted(hooked) == [run]


def test_a_run_of_the_api_is_linked(hooked: Scratch) -> None:
    hooked.write("params.yaml", "lr: 0.3\n")
    hooked.write(
        "log.py",
        "import repro\nwith repro.start_run('api') as run:\n    repro.log_metric('f1', 0.5)\n",
    )
    hooked.python("log.py")
    done = commit(hooked)
    assert said(done)[0].startswith("repro: this is api (")


def test_the_same_state_again_is_the_same_run(hooked: Scratch) -> None:
    hooked.write("params.yaml", "lr: 0.2\n")
    hooked.write("metrics.json", '{"accuracy": 0.9, "loss": 0.1}')
    commit(hooked)
    commit(hooked, "--amend", "-m", "a better message")
    [run] = listed(hooked)
    assert noted(hooked) == [run["id"]]
    hooked.run_cli("record")
    assert len(hooked.runs()) == 1


def test_a_hook_that_is_called_twice_does_it_once(hooked: Scratch) -> None:
    line = "'{0}' -m repro hooks run post-commit; '{0}' -m repro hooks run post-commit"

    add_hook(hooked, "post-commit", line=line.format(sys.executable))
    hooked.write("params.yaml", "lr: 0.2\n")
    done = commit(hooked)
    assert len(said(done)) == 1
    assert len(hooked.runs()) == 1


def test_patterns_of_the_configuration_count(hooked: Scratch) -> None:
    hooked.write("pyproject.toml", '[tool.repro]\nrecord_on = ["models/*.onnx"]\n')
    done = commit(hooked)
    assert (said(done), hooked.runs()) == ([], [])
    hooked.write("models/a.onnx", "weights")
    assert len(said(commit(hooked))) == 1
    hooked.write("models/deep/b.onnx", "weights")
    assert said(commit(hooked)) == []


def test_settings_and_what_they_name_may_come_in_one_commit(hooked: Scratch) -> None:
    hooked.write("pyproject.toml", '[tool.repro]\nparams = ["conf/model.toml"]\n')
    hooked.write("conf/model.toml", "depth = 3\n")
    commit(hooked)
    [run] = listed(hooked)
    assert run["params"] == {"lr": 0.1, "layers": 2, "depth": 3}


def test_each_project_of_a_repository_is_recorded_by_itself(hooked: Scratch) -> None:
    for name in ("a", "b"):
        hooked.write(f"{name}/params.yaml", f"name: {name}\n")
        hooked.write(f"{name}/metrics.json", '{"acc": 1}')
    done = commit(hooked)
    assert len(said(done)) == 2
    found = {str(run["params"]["name"]): run["metrics"] for run in listed(hooked)}
    assert found == {"a": {"acc": 1}, "b": {"acc": 1}}
    assert len(noted(hooked)) == 2


def test_projects_that_change_alike_have_a_run_each(hooked: Scratch) -> None:
    for name in ("a", "b"):
        hooked.write(f"{name}/params.yaml", "lr: 0.1\n")
        hooked.write(f"{name}/metrics.json", f'{{"{name}": 1}}')
    commit(hooked)
    before = {run["id"] for run in listed(hooked)}
    for name in ("a", "b"):
        hooked.write(f"{name}/params.yaml", "lr: 0.2\n")
    lines = said(commit(hooked))
    assert [line.partition(" as ")[0] for line in lines] == ["repro: recorded"] * 2
    assert len({run["id"] for run in listed(hooked)} - before) == 2


def test_data_of_dvc_is_known_by_what_the_commit_says(dvc_repo: Scratch) -> None:
    add_hook(dvc_repo, "post-commit")
    dvc_repo.write("data/one.csv", "x,y\n5,6\n")
    dvc_repo.dvc("add", "--quiet", "data/one.csv")
    pointer = dvc_repo.read("data/one.csv.dvc")
    dvc_repo.write("data/one.csv", "x,y\nlater\n")
    commit(dvc_repo, "-am", "data")
    details = shown(dvc_repo)
    data = {entry["path"]: entry for entry in details["data"]}
    assert data["data/one.csv"]["hash"] in pointer
    assert data["data/one.csv"]["place"] == "nowhere"
    assert data["data/many"]["place"] == "store"
    [gap] = [gap for gap in details["gaps"] if gap["kind"] == "data"]
    assert gap["subject"] == "data/one.csv"
    assert gap["fix"] == "repro record -n NAME"


def test_params_alone_that_are_picked_elsewhere_are_the_same_run(hooked: Scratch) -> None:
    hooked.write("params.yaml", "lr: 0.2\n")
    commit(hooked)
    [run] = listed(hooked)
    git(hooked, "checkout", "-q", "-b", "other", "HEAD~1")
    hooked.write("other.py", "pass\n")
    commit(hooked)
    git(hooked, "cherry-pick", "main")
    assert noted(hooked) == [run["id"]]
    assert len(hooked.runs()) == 1


def test_metrics_that_dvc_keeps_are_a_gap(hooked: Scratch) -> None:
    hooked.write("dvc.yaml", "stages:\n  a:\n    cmd: x\n    metrics: [scores.json]\n")
    out = f"path: scores.json\n      md5: {'01234567' * 4}\n      hash: md5\n      size: 3\n"
    hooked.write("dvc.lock", f"schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n    - {out}")
    hooked.write(".gitignore", "/scores.json\n")
    commit(hooked)
    gaps = {gap["subject"]: gap for gap in shown(hooked)["gaps"] if gap["kind"] == "metrics"}
    assert "not in the commit" in gaps["scores.json"]["reason"]


def test_dvc_repro_under_repro_run_and_then_a_commit_is_one_run(dvc_repo: Scratch) -> None:
    add_hook(dvc_repo, "post-commit")
    dvc_repo.write(".gitignore", "__pycache__/\n")
    dvc_repo.write(
        "dvc.yaml",
        "stages:\n  train:\n    cmd: python3 train.py\n    deps: [train.py, data/one.csv]\n"
        "    params: [lr, layers]\n    metrics:\n      - metrics.json:\n          cache: false\n",
    )
    dvc_repo.run_cli("run", "-q", "--", sys.executable, "-m", "dvc", "repro", "-q")
    run = str(listed(dvc_repo)[0]["id"])
    done = commit(dvc_repo)
    assert said(done)[0].startswith("repro: this is")
    assert noted(dvc_repo) == [run]


def test_steps_of_a_rebase_are_not_recorded(hooked: Scratch) -> None:
    for number in range(3):
        hooked.write("params.yaml", f"lr: 0.{number + 5}\n")
        commit(hooked)
    n_runs = len(hooked.runs())
    git(hooked, "rebase", "-q", "--root", "--exec", "true", GIT_COMMITTER_NAME="Other")
    git(hooked, "rebase", "-q", "-f", "-i", "HEAD~2", GIT_SEQUENCE_EDITOR="sed -i 2s/pick/squash/")
    assert len(hooked.runs()) == n_runs


def test_a_commit_where_a_rebase_stopped_is_recorded(hooked: Scratch) -> None:
    for number in range(2):
        hooked.write("params.yaml", f"lr: 0.{number + 5}\n")
        commit(hooked)
    git(hooked, "rebase", "-q", "-i", "HEAD~2", GIT_SEQUENCE_EDITOR="sed -i 1s/pick/edit/")
    hooked.write("metrics.json", '{"accuracy": 0.5}')
    done = commit(hooked)
    assert said(done)[0].startswith("repro: recorded as")
    git(hooked, "rebase", "--abort")


def test_commits_that_dvc_makes_for_experiments_are_left_alone(hooked: Scratch) -> None:
    hooked.write("params.yaml", "lr: 0.2\n")
    assert said(commit(hooked, "-am", "dvc: commit experiment abc")) == []
    hooked.git("update-ref", "refs/exps/exec/EXEC_BASELINE", "HEAD")
    hooked.write("params.yaml", "lr: 0.3\n")
    assert said(commit(hooked, "-am", "on a branch"))
    hooked.git("checkout", "-q", "--detach")
    hooked.write("params.yaml", "lr: 0.4\n")
    assert said(commit(hooked, "-am", "detached")) == []


def test_a_merge_is_recorded_where_it_is_like_none_of_its_parents(hooked: Scratch) -> None:
    hooked.git("checkout", "-q", "-b", "side")
    hooked.write("params.yaml", "lr: 0.2\n")
    commit(hooked)
    hooked.git("checkout", "-q", "main")
    hooked.write("params.yaml", "lr: 0.3\n")
    commit(hooked)
    git(hooked, "merge", "-q", "side", check=False)
    hooked.write("params.yaml", "lr: 0.25\n")
    done = commit(hooked)
    assert said(done)[0].startswith("repro: recorded as")
    assert listed(hooked)[0]["params"] == {"lr": 0.25}


def test_a_first_commit_is_recorded(unborn_repo: Scratch) -> None:
    add_hook(unborn_repo, "post-commit")
    assert len(said(commit(unborn_repo))) == 1


def test_every_kind_of_repository_is_served(any_repo: Scratch) -> None:
    add_hook(any_repo, "post-commit")
    any_repo.write("params.yaml", "lr: 0.2\n")
    done = commit(any_repo)
    assert len(said(done)) == 1
    [run] = listed(any_repo)
    assert noted(any_repo) == [run["id"]]


def test_an_empty_commit_and_a_detached_head_are_no_trouble(hooked: Scratch) -> None:
    assert said(commit(hooked, "--allow-empty", "-m", "empty")) == []
    hooked.git("checkout", "-q", "--detach")
    hooked.write("params.yaml", "lr: 0.2\n")
    assert len(said(commit(hooked))) == 1
    assert shown(hooked)["branch"] is None


def test_submodules_are_recorded_each_for_itself(hooked: Scratch, tmp_path: Path) -> None:
    inner = Scratch(tmp_path / "inner")
    inner.path.mkdir()
    inner.git("init", "-q", "-b", "main")
    inner.write("params.yaml", "inner: 1\n")
    inner.commit()
    allow = ("-c", "protocol.file.allow=always")
    hooked.git(*allow, "submodule", "add", "-q", str(inner.path), "part")
    assert said(commit(hooked)) == []
    hooked.write("params.yaml", "lr: 0.2\n")
    assert len(said(commit(hooked))) == 1
    assert listed(hooked)[0]["params"] == {"lr": 0.2}


def test_a_cherry_pick_is_the_run_of_what_was_picked(hooked: Scratch) -> None:
    hooked.git("checkout", "-q", "-b", "side")
    run = run_training(hooked, 0.2)
    commit(hooked)
    hooked.git("checkout", "-q", "main")
    hooked.write("other.py", "1\n")
    commit(hooked)
    done = git(hooked, "cherry-pick", "side")
    assert len(said(done)) == 1, done.stderr
    assert noted(hooked) == [run]
    assert len(hooked.runs()) == 1


def test_a_commit_is_recorded_by_hand(hooked: Scratch) -> None:
    hooked.write("params.yaml", "lr: 0.2\n")
    hooked.commit("second")
    first = hooked.git("rev-parse", "HEAD~1")
    hooked.write("params.yaml", "lr: 0.9\n")
    hooked.run_cli("record", "--commit", "HEAD~1", "--name", "old")
    run = shown(hooked, "old")
    assert (run["commit"], run["params"], run["dirty"]) == (first, {"lr": 0.1, "layers": 2}, False)
    kinds = [gap["kind"] for gap in run["gaps"]]
    assert "environment" in kinds
    assert noted(hooked, first) == [run["id"]]


def test_a_commit_that_is_none_is_refused(hooked: Scratch) -> None:
    done = hooked.run_cli("record", "--commit", "nowhere", check=False)
    assert done.returncode == 2
    assert "nowhere" in done.stderr


def test_the_hooks_list_is_written_where_the_guard_reads_it(hooked: Scratch) -> None:
    hooked.write("pyproject.toml", '[tool.repro]\nmetrics = ["re[sults].json"]\n')
    commit(hooked)
    lines = (hooked.path / ".git/repro/hooks/watched").read_text().splitlines()
    assert ":(top,literal)re[sults].json" in lines
    assert ":(top,glob)**/params.yaml" in lines
    assert os.sep not in ".git/repro/hooks/watched".rpartition("/")[2]
