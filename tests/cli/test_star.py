"""`repro star`: the runs that matter."""

import json

import pytest

from repro.cli.commands import ls, show
from repro.cli.commands.star import command
from repro.store.resolve import UnknownRunError
from tests.cli.recorded import Shelf, call, shelf
from tests.repos import Scratch


@pytest.fixture
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    found = shelf(repo, monkeypatch)
    for minute, letters in enumerate("kmp"):
        found.put(letters, minute=minute)
    return found


def starred() -> list[str]:
    """Returns the names of the runs with a star, newest first."""
    return [run["name"] for run in json.loads(call(ls.command, "starred", "--json").stdout)]


@pytest.mark.usefixtures("runs")
def test_runs_are_starred_and_unstarred() -> None:
    done = call(command, "@", "kkkk", "run-k")
    assert done.stderr == "starred pppppppp run-p\nstarred kkkkkkkk run-k\n"
    assert starred() == ["run-p", "run-k"]
    done = call(command, "--remove", "@")
    assert done.stderr == "took the star from pppppppp run-p\n"
    assert starred() == ["run-k"]


def test_a_star_twice_is_one(runs: Shelf) -> None:
    call(command, "@")
    log = runs.scratch.refs("refs/repro/log/")
    assert call(command, "@").stderr == "pppppppp run-p has a star already\n"
    assert call(command, "--remove", "run-k").stderr == "kkkkkkkk run-k has no star\n"
    assert runs.scratch.refs("refs/repro/log/") == log


def test_all_are_starred_or_none(runs: Shelf) -> None:
    with pytest.raises(UnknownRunError):
        call(command, "@", "nothing")
    assert runs.scratch.refs("refs/repro/log/") == {}


@pytest.mark.usefixtures("runs")
def test_a_star_stands_beside_the_name() -> None:
    assert "★" not in call(ls.command, terminal=True).stdout
    call(command, "run-m")
    lines = call(ls.command, terminal=True).stdout.splitlines()
    assert [("★" in line) for line in lines] == [False, False, True, False]
    assert call(show.command, "run-m").stdout.startswith("run-m ★  mmmmmmmm")
    assert json.loads(call(show.command, "run-m", "--json").stdout)["starred"] is True
    rows = [line.split("\t") for line in call(ls.command, "--sort", "-starred").stdout.splitlines()]
    at = rows[0].index("starred")
    assert [(row[1], row[at]) for row in rows[1:]] == [
        ("run-m", "true"),
        ("run-p", "false"),
        ("run-k", "false"),
    ]


def test_a_run_in_progress_is_starred(runs: Shelf) -> None:
    with runs.running("s"):
        call(command, "ssss")
        assert starred() == ["run-s"]
