"""`repro push` as typed: what it says, and what it returns."""

import json
from pathlib import Path

import pytest

from repro.model.ids import run_ref, short_id
from tests.repos import Scratch
from tests.share.clones import Lab, make_hub


@pytest.fixture
def lab(repo: Scratch, tmp_path: Path) -> Lab:
    """A bare repository and two clones of it."""
    return make_hub(repo, tmp_path)


def test_a_push_says_what_it_did_in_a_line(lab: Lab) -> None:
    lab.alice.put_many(2)

    done = lab.alice.scratch.run_cli("push")

    assert (done.stdout, done.stderr) == ("", "pushed 2 runs to origin\n")
    again = lab.alice.scratch.run_cli("push")
    assert again.stderr == "origin has everything already; 2 there already\n"


def test_a_push_of_words_alone_says_so(lab: Lab) -> None:
    [run] = lab.alice.put_many(1)
    lab.alice.scratch.run_cli("push")
    lab.alice.scratch.run_cli("star", short_id(run))
    plan = lab.alice.scratch.run_cli("push", "--dry-run").stderr
    assert plan.startswith("would push what was said of runs to origin; 1 there already")
    done = lab.alice.scratch.run_cli("push")
    assert done.stderr == "pushed what was said of runs to origin; 1 there already\n"
    plan = lab.alice.scratch.run_cli("push", "--dry-run").stderr
    assert plan == "origin has everything already; 1 there already\n"


def test_a_clone_without_runs_is_told_where_to_get_some(lab: Lab) -> None:
    assert "get those of others with: repro pull" in lab.bob.scratch.run_cli("ls").stderr


def test_runs_are_named_as_everywhere(lab: Lab) -> None:
    first, second = lab.alice.put_many(2)
    lab.alice.scratch.run_cli("push", short_id(first), "@~1")
    assert lab.hub.runs() == [run_ref(first)]
    done = lab.alice.scratch.run_cli("push", "@")
    assert done.stderr == "pushed 1 run to origin\n"
    assert lab.hub.runs() == [run_ref(first), run_ref(second)]


def test_a_dry_run_names_the_runs_and_sends_none(lab: Lab) -> None:
    runs = lab.alice.put_many(2)

    done = lab.alice.scratch.run_cli("push", "--dry-run")

    assert done.stdout.split() == runs
    assert done.stderr == "would push 2 runs to origin; to do it: repro push\n"
    assert lab.hub.runs() == []
    assert json.loads(lab.alice.scratch.run_cli("push", "--dry-run", "--json").stdout) == {
        "remote": "origin",
        "runs": runs,
        "already_there": 0,
        "data_bytes": 0,
        "clashes": [],
    }


def test_json_says_all_of_it(lab: Lab) -> None:
    run = lab.alice.put("k", with_data=True)

    done = lab.alice.scratch.run_cli("push", "--json", check=False)

    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["runs"] == [run]
    assert list(found["without_data"]) == [run]
    assert found["refused"] == {}


def test_data_that_cannot_be_shared_is_said_with_the_way_to_share_it(lab: Lab) -> None:
    run = lab.alice.put("k", with_data=True)

    done = lab.alice.scratch.run_cli("push", check=False)

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "pushed 1 run to origin",
        f"warning: without its data: {short_id(run)}: there is no DVC remote",
        "hint: dvc init && dvc remote add -d NAME URL && repro push",
    ]
    assert lab.hub.runs() == [run_ref(run)]
    assert lab.alice.scratch.run_cli("push", "--no-data").returncode == 0


def test_without_a_remote_it_says_how_to_add_one(repo: Scratch) -> None:
    done = repo.run_cli("push", check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "error: this repository has no git remote to share runs through\n"
        "hint: git remote add origin URL\n"
    )


def test_a_remote_that_declines_is_an_error(lab: Lab) -> None:
    lab.alice.put("k")
    lab.hub.write("hooks/pre-receive", "#!/bin/sh\necho no runs\nexit 1\n", mode=0o755)

    done = lab.alice.scratch.run_cli("push", check=False)

    assert done.returncode == 2
    assert done.stderr.startswith("error: origin: nothing was pushed: a hook of the remote")
    assert "  no runs\n" in done.stderr
    assert "hint: " in done.stderr


def test_a_run_of_the_same_id_there_is_said(lab: Lab) -> None:
    lab.bob.forge("k", files={"notes.txt": b"another"})
    lab.bob.plant()
    run = lab.alice.put("k")

    done = lab.alice.scratch.run_cli("push", check=False)

    assert done.returncode == 1
    assert f"another run with the id of {short_id(run)}" in done.stderr


def test_a_worktree_pushes_to_the_same_remote(lab: Lab, tmp_path: Path) -> None:
    run = lab.alice.put("k")
    side = lab.alice.scratch.worktree(tmp_path / "side")
    side.run_cli("push")
    assert lab.hub.runs() == [run_ref(run)]
