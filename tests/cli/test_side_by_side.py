"""`repro params` and `repro metrics`: a row a name, a column a run."""

import json

import pytest

from repro.cli.commands import metrics, params
from repro.store.resolve import UnknownRunError
from tests.cli.recorded import Shelf, call, shelf
from tests.repos import Scratch


@pytest.fixture
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    found = shelf(repo, monkeypatch)
    found.put("k", params={"lr": 0.1, "model": {"depth": 3}}, metrics={"acc": 0.5})
    found.put("m", minute=1, params={"lr": 0.2}, metrics={"acc": float("nan"), "loss": 2})
    return found


@pytest.mark.usefixtures("runs")
def test_a_pipe_gets_a_row_a_name_and_a_column_a_run() -> None:
    text = call(params.command, "run-k", "run-m").stdout
    assert text == "params\trun-k\trun-m\nlr\t0.1\t0.2\nmodel.depth\t3\t\n"


@pytest.mark.usefixtures("runs")
def test_without_a_name_it_is_the_newest_run() -> None:
    assert call(metrics.command).stdout == "metrics\trun-m\nacc\tnan\nloss\t2\n"


@pytest.mark.usefixtures("runs")
def test_a_terminal_gets_a_table() -> None:
    lines = call(metrics.command, "run-k", "run-m", terminal=True).stdout.splitlines()
    assert [line.split() for line in lines] == [
        ["metrics", "run-k", "run-m"],
        ["acc", "0.5", "nan"],
        ["loss", "2"],
    ]


@pytest.mark.usefixtures("runs")
def test_json_has_an_object_for_each_run() -> None:
    found = json.loads(call(metrics.command, "run-k", "run-m", "--json").stdout)
    assert found == {
        "20260131T080000-kkkkkkkk": {"acc": 0.5},
        "20260131T080100-mmmmmmmm": {"acc": "nan", "loss": 2},
    }


def test_a_run_without_any_says_so(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf(repo, monkeypatch).put("k")
    assert call(params.command).stderr == "no params\n"


@pytest.mark.usefixtures("runs")
def test_a_run_that_is_none_is_an_error() -> None:
    with pytest.raises(UnknownRunError):
        call(params.command, "nosuchrun")
