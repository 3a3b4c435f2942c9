"""Our hooks under pre-commit and prek, installed for real from a tag."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.hooks.managed import (
    MANAGERS,
    ROOT,
    TAG,
    Managed,
    Manager,
    add_venv,
    for_all_workers,
    once,
    publish,
    users_repository,
)
from tests.repos import Scratch, run_program

Managing = Callable[[str], Managed]
SECRET = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    path = for_all_workers(tmp_path_factory, "published") / "repro"
    with once(path) as is_first:
        return publish(path) if is_first else Scratch(path)


@pytest.fixture
def manage(
    published: Scratch, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Managing:
    """Returns what makes a user's repository with the hooks of a manager installed."""

    def make(name: str) -> Managed:
        home = for_all_workers(tmp_path_factory, f"home-of-{name}")
        manager = Manager(name, home, published.path)
        repo, hub = users_repository(tmp_path)
        manager.configure(repo)
        add_venv(repo.path / ".venv")
        repo.commit("first")
        repo.git("push", "--quiet", "--set-upstream", "origin", "main")
        with once(home / "environment") as is_first:
            manager.run(repo, "install", *(["--install-hooks"] if is_first else []))
        return Managed(repo, hub, manager)

    return make


def runs_of_head(repo: Scratch) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(repo.run_cli("ls", "HEAD", "--json").stdout)
    return found


def prefixes(repo: Scratch) -> list[str]:
    """Returns the environment of each run, oldest first."""
    shown = [repo.run_cli("show", ref.rpartition("/")[2], "--json") for ref in repo.runs()]
    return [json.loads(done.stdout)["environment"]["interpreter"]["prefix"] for done in shown]


@pytest.mark.parametrize("manager", MANAGERS)
def test_what_the_managers_read_of_this_repository_is_valid(manager: str) -> None:
    program = str(Path(sys.executable).with_name(manager))
    run_program(program, "validate-manifest", ".pre-commit-hooks.yaml", cwd=ROOT)


@pytest.mark.slow
@pytest.mark.parametrize("manager", MANAGERS)
def test_a_commit_is_recorded_once_and_stays_so_when_amended(
    manage: Managing, manager: str
) -> None:
    user = manage(manager)
    user.repo.write("notes.txt", "nothing of ours\n")
    user.commit()
    assert user.repo.runs() == []
    user.repo.write("params.yaml", "lr: 0.5\nlayers: 2\n")

    user.commit()
    (run,) = runs_of_head(user.repo)
    user.git("commit", "--amend", "-m", "said better")

    assert len(user.repo.runs()) == 1
    assert [found["id"] for found in runs_of_head(user.repo)] == [run["id"]]
    assert run["params"] == {"lr": 0.5, "layers": 2}


@pytest.mark.slow
@pytest.mark.parametrize("manager", MANAGERS)
def test_a_rebase_in_a_linked_worktree_keeps_the_run(manage: Managing, manager: str) -> None:
    user = manage(manager)
    side = Managed(user.repo.worktree(user.repo.path.parent / "side"), user.hub, user.manager)
    side.repo.write("params.yaml", "lr: 0.5\nlayers: 2\n")
    side.commit()
    (run,) = runs_of_head(side.repo)
    user.repo.write("notes.txt", "something\n")
    user.commit()

    side.git("rebase", "main")

    assert len(side.repo.runs()) == 1
    assert [found["id"] for found in runs_of_head(side.repo)] == [run["id"]]


@pytest.mark.slow
@pytest.mark.parametrize("manager", MANAGERS)
def test_the_environment_of_the_record_is_the_users(manage: Managing, manager: str) -> None:
    user = manage(manager)
    user.repo.write("params.yaml", "lr: 0.5\nlayers: 2\n")
    user.commit()
    # Another than the project's, which its user has activated.
    other = add_venv(user.repo.path.parent / "other")
    user.repo.write("params.yaml", "lr: 0.25\nlayers: 2\n")
    user.commit(VIRTUAL_ENV=str(other), PATH=f"{other}/bin:/usr/bin:/bin")

    # Ids tell runs of one second in no order.
    assert sorted(prefixes(user.repo)) == sorted([str(user.repo.path / ".venv"), str(other)])


@pytest.mark.slow
@pytest.mark.parametrize("manager", MANAGERS)
def test_a_push_brings_the_runs(manage: Managing, manager: str) -> None:
    user = manage(manager)
    user.repo.write("params.yaml", "lr: 0.5\nlayers: 2\n")
    user.commit()

    user.git("push", "origin", "main")

    assert user.runs_at_hub() == user.repo.runs()
    assert len(user.runs_at_hub()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("manager", MANAGERS)
def test_the_check_refuses_what_it_should_and_nothing_else(manage: Managing, manager: str) -> None:
    user = manage(manager)
    user.repo.write("metrics.json", '{"accuracy": 0.93}')
    user.repo.write("params.yaml", f"lr: 0.5\nlayers: 2\nhub: {SECRET}\n")
    before = user.repo.head()

    done = user.commit(check=False)

    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "metrics.json: accuracy 0.93 comes from no run here: repro run -- <command>" in said
    assert "params.yaml:3: holds a secret (" in said
    assert "SKIP=repro-check git commit" in said
    assert SECRET not in said
    assert user.repo.head() == before
    user.repo.write("params.yaml", "lr: 0.5\nlayers: 2\n")
    user.repo.run_cli("run", "--quiet", "--", sys.executable, "train.py")
    user.commit()
    assert user.repo.head() != before


@pytest.mark.slow
@pytest.mark.parametrize(("manager", "is_ours_last"), [("pre-commit", True), ("prek", False)])
def test_both_kinds_of_hooks_record_a_commit_once(
    manage: Managing, manager: str, is_ours_last: bool
) -> None:
    user = manage(manager)
    user.repo.run_cli("hooks", "install")
    if not is_ours_last:
        user.manager.run(user.repo, "install")
    user.repo.write("params.yaml", "lr: 0.5\nlayers: 2\n")
    user.repo.write("metrics.json", '{"accuracy": 0.93}')

    refused = user.commit(check=False)
    assert "comes from no run here" in refused.stdout + refused.stderr
    user.repo.run_cli("record", "--quiet")
    done = user.commit()
    user.git("commit", "--amend", "-m", "said better")
    user.git("push", "origin", "main")

    assert (done.stdout + done.stderr).count("repro: ") <= 1
    (run,) = runs_of_head(user.repo)
    assert user.repo.runs() == [f"refs/repro/runs/{run['id']}"]
    assert user.runs_at_hub() == user.repo.runs()


@pytest.mark.slow
@pytest.mark.parametrize("manager", MANAGERS)
def test_hooks_that_were_installed_over_each_other_go_round_in_no_circle(
    manage: Managing, manager: str
) -> None:
    user = manage(manager)
    for _ in range(2):
        user.repo.run_cli("hooks", "install")
        user.manager.run(user.repo, "install")
    user.repo.write("params.yaml", "lr: 0.5\nlayers: 2\n")

    user.commit()

    assert len(user.repo.runs()) == 1
    user.repo.run_cli("hooks", "install")
    user.repo.write("params.yaml", "lr: 0.25\nlayers: 2\n")
    user.commit()
    assert len(user.repo.runs()) == 2


def test_the_tag_of_these_tests_is_one_that_pre_commit_takes_for_fixed() -> None:
    assert "." in TAG
