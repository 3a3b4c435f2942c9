"""`repro pull` and `repro ls --remote` as typed."""

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


def test_a_pull_says_what_it_did_in_a_line(lab: Lab) -> None:
    lab.alice.put_many(2)
    lab.alice.push()

    done = lab.bob.scratch.run_cli("pull")

    assert (done.stdout, done.stderr) == ("", "pulled 2 runs from origin\n")
    assert lab.bob.scratch.run_cli("pull").stderr == "nothing new on origin\n"


def test_what_is_not_sound_is_named_with_the_reason(lab: Lab) -> None:
    good = lab.alice.put("k")
    bad = lab.alice.forge("l", minute=1, files={"run.yaml": b"- nonsense\n"})
    lab.alice.plant()

    done = lab.bob.scratch.run_cli("pull", check=False)

    assert done.returncode == 1
    assert "pulled 1 run from origin\n" in done.stderr
    assert f"warning: not taken: run {short_id(bad)}: .repro/run.yaml" in done.stderr
    assert lab.bob.scratch.runs() == [run_ref(good)]


def test_terminal_escapes_of_a_hostile_run_are_not_passed_on(lab: Lab) -> None:
    lab.alice.forge("l", files={"params.yaml": b"\x1b]0;owned\x07: &x [*x]\n"})
    lab.alice.plant()
    done = lab.bob.scratch.run_cli("pull", check=False)
    assert done.returncode == 1
    assert "\x1b" not in done.stderr


def test_json_says_all_of_it(lab: Lab) -> None:
    run = lab.alice.put("k")
    lab.alice.push()
    assert json.loads(lab.bob.scratch.run_cli("pull", "--json").stdout) == {
        "remote": "origin",
        "runs": [run],
        "refused": {},
        "clashes": [],
        "data_bytes": 0,
        "without_data": {},
    }


def test_data_that_is_nowhere_is_said(lab: Lab) -> None:
    run = lab.alice.put("k", with_data=True)
    lab.alice.push()

    done = lab.bob.scratch.run_cli("pull", check=False)

    assert done.returncode == 1
    assert f"warning: without its data: {short_id(run)}: data/train.csv: " in done.stderr
    assert "hint: on a machine that has them: repro push" in done.stderr
    assert lab.bob.scratch.run_cli("pull").stderr == "nothing new on origin\n"
    assert lab.bob.scratch.run_cli("pull", "@", check=False).returncode == 1


def test_a_run_that_is_not_there_is_an_error(lab: Lab) -> None:
    lab.alice.put("k")
    lab.alice.push()
    done = lab.bob.scratch.run_cli("pull", "nothing-like-it", check=False)
    assert done.returncode == 2
    assert "there is no run 'nothing-like-it'" in done.stderr


def test_a_remote_that_is_gone_is_an_error(lab: Lab) -> None:
    lab.hub.path.rename(lab.hub.path.with_name("away"))
    done = lab.bob.scratch.run_cli("pull", check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: origin: there is no git repository at its address\n")


def test_ls_remote_says_where_every_run_is(lab: Lab) -> None:
    both, here = lab.alice.put_many(2)
    lab.alice.push(both)
    there = lab.bob.put("z", minute=9)
    lab.bob.push()

    done = lab.alice.scratch.run_cli("ls", "--remote")

    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert rows == [
        ["id", "name", "record", "code", "data"],
        [here, "run-lk", "here", "branch", "-"],
        [both, "run-kk", "both", "branch", "-"],
        [there, "", "there", "?", "?"],
    ]
    assert done.stderr == (
        "1 run on origin alone: repro pull\n1 run not shared whole: repro push\n"
    )


def test_ls_remote_takes_filters_and_a_name(lab: Lab) -> None:
    run, _ = lab.alice.put_many(2)
    lab.bob.put("z", minute=9)
    lab.bob.push()
    listed = lab.alice.scratch.run_cli("ls", 'name == "run-kk"', "--remote=origin", "--json")
    assert [row["id"] for row in json.loads(listed.stdout)] == [run]
    wrong = lab.alice.scratch.run_cli("ls", "--remote", "nowhere", check=False)
    assert wrong.returncode == 2
    assert "hint: one of: origin" in wrong.stderr


def test_ls_remote_draws_a_table_on_a_terminal(lab: Lab) -> None:
    run = lab.alice.put("k")
    drawn = lab.alice.scratch.run_cli("ls", "--remote", env={"FORCE_COLOR": "1", "COLUMNS": "100"})
    assert short_id(run) in drawn.stdout
    assert "record" in drawn.stdout


@pytest.mark.parametrize("is_emptied", [False, True])
def test_a_removed_run_comes_back_when_it_is_asked_for_alone(lab: Lab, *, is_emptied: bool) -> None:
    run = lab.alice.put("k")
    lab.alice.push()
    bob = lab.bob.scratch
    bob.run_cli("pull")
    bob.run_cli("rm", short_id(run))
    if is_emptied:
        bob.run_cli("gc", "--now")
        assert bob.refs("refs/repro/trash/") == {}

    assert bob.run_cli("pull").stderr == "nothing new on origin\n"
    assert bob.runs() == []
    bob.run_cli("pull", short_id(run))
    assert bob.runs() == [run_ref(run)]
    assert json.loads(bob.run_cli("ls", "--json").stdout)[0]["id"] == run


def test_a_run_removed_here_stays_out_of_sight_though_an_archive_brings_it(lab: Lab) -> None:
    first, second = lab.alice.put("k"), lab.alice.put("l", minute=1)
    lab.alice.push()
    bob = lab.bob.scratch
    bob.run_cli("pull")
    bob.run_cli("rm", short_id(first))
    bob.run_cli("gc", "--now")
    lab.alice.fold()
    lab.alice.push()

    bob.run_cli("pull")
    assert [row["id"] for row in json.loads(bob.run_cli("ls", "--json").stdout)] == [second]
    bob.run_cli("pull", short_id(first))
    assert len(json.loads(bob.run_cli("ls", "--json").stdout)) == 2
