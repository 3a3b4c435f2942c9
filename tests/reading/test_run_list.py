"""Lists of runs: filtered as `repro ls` filters, and their columns."""

import math

import pytest

from repro.compare.parse import QueryError
from repro.lineage.commits import UnknownRevisionError
from repro.reading import Run, Runs, runs
from repro.store import runs as stored_runs
from tests.cli.recorded import Shelf


def _fill(shelf: Shelf) -> None:
    shelf.put("k", params={"lr": 0.1, "opt": "adam"}, metrics={"acc": 0.5})
    shelf.put("l", minute=1, params={"lr": 0.2, "opt": "adam"}, metrics={"acc": 0.7})
    shelf.put("m", minute=2, params={"lr": 0.3, "opt": "adam", "new": True}, metrics={"loss": 1})


def _names(found: Runs) -> list[str]:
    return [run.name for run in found]


def test_all_runs_newest_first(shelf: Shelf) -> None:
    _fill(shelf)
    assert _names(runs()) == ["run-m", "run-l", "run-k"]
    assert all(isinstance(run, Run) for run in runs())


def test_filters_and_order_are_those_of_the_command_line(shelf: Shelf) -> None:
    _fill(shelf)
    assert _names(runs("params.lr < 0.3 and metrics.acc > 0.6")) == ["run-l"]
    assert _names(runs(sort="-metrics.acc", limit=2)) == ["run-l", "run-k"]
    assert _names(runs("params.lr > 0.1", limit=1)) == ["run-m"]
    assert _names(runs(commit="HEAD")) == ["run-m", "run-l", "run-k"]
    assert _names(runs("params.lr > 9")) == []


def test_runs_of_commits_are_chosen_by_revisions(shelf: Shelf) -> None:
    _fill(shelf)
    first = shelf.scratch.head()
    shelf.scratch.git("switch", "--quiet", "-c", "feature")
    shelf.scratch.write("new.py", "")
    second = shelf.scratch.commit("second")
    shelf.put("p", minute=3, params={"lr": 0.4})
    assert _names(runs(revisions="main..")) == ["run-p"]
    assert _names(runs(revisions=["feature", "^main"])) == ["run-p"]
    assert _names(runs("params.lr > 0.2", revisions="HEAD")) == ["run-p", "run-m"]
    assert _names(runs(commit=[first, second], limit=2)) == ["run-p", "run-m"]
    assert _names(runs(commit=first, revisions="main..")) == ["run-p", "run-m", "run-l", "run-k"]
    assert runs(revisions="main..")[0].commits == ()


def test_mistakes_are_errors(shelf: Shelf) -> None:
    _fill(shelf)
    with pytest.raises(QueryError, match="params"):
        runs("params.lrr > 0")
    with pytest.raises(QueryError):
        runs("params.lr >")
    with pytest.raises(UnknownRevisionError):
        runs(commit="nowhere")
    with pytest.raises(UnknownRevisionError):
        runs(revisions="nowhere..")
    with pytest.raises(UnknownRevisionError):
        runs(revisions=["HEAD", "no\0where"])
    with pytest.raises(ValueError, match="limit is 0"):
        runs(limit=0)


def test_an_empty_repository_has_none(shelf: Shelf) -> None:
    assert shelf
    assert runs() == []
    assert len(runs().to_pandas()) == 0


def test_a_part_of_the_runs_is_a_list_of_runs_too(shelf: Shelf) -> None:
    _fill(shelf)
    found = runs()
    assert isinstance(found[:2], Runs)
    assert _names(found[:2]) == ["run-m", "run-l"]
    assert isinstance(found[0], Run)
    assert _names(found[1:] + found[:1]) == ["run-l", "run-k", "run-m"]
    assert isinstance(found + found, Runs)
    assert _names(found.where(lambda run: "acc" in run.metrics)) == ["run-l", "run-k"]


def test_columns_that_differ(shelf: Shelf) -> None:
    _fill(shelf)
    found = runs()
    assert found.params == {"lr": [0.3, 0.2, 0.1], "new": [True, None, None]}
    assert found.metrics == {"loss": [1, None, None], "acc": [None, 0.7, 0.5]}
    assert found[:1].params == {"lr": [0.3], "opt": ["adam"], "new": [True]}


def test_a_param_that_is_null_differs_from_none_at_all(shelf: Shelf) -> None:
    shelf.put("k", params={"x": None, "nan": math.nan})
    shelf.put("l", minute=1, params={"nan": math.nan})
    assert runs().params == {"x": [None, None]}


def test_a_frame_has_a_row_a_run(shelf: Shelf) -> None:
    pandas = pytest.importorskip("pandas")
    _fill(shelf)
    shelf.put("n", minute=3, run={"tags": {"stage": "dev"}, "ended_at": None})
    frame = runs().to_pandas()
    assert list(frame.columns) == [
        *("id", "name", "status", "started_at", "duration_s"),
        *("params.lr", "params.opt", "params.new", "metrics.loss", "metrics.acc", "tags.stage"),
    ]
    assert list(frame["name"]) == ["run-n", "run-m", "run-l", "run-k"]
    assert list(frame["metrics.acc"].dropna()) == [0.7, 0.5]
    assert str(frame["started_at"].dt.tz) == "UTC"
    assert pandas.isna(frame["duration_s"][0])
    assert list(frame["status"]) == ["finished"] * 4


def test_listing_reads_no_record(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(shelf)
    monkeypatch.setattr(stored_runs, "read_record", _never)
    monkeypatch.setattr("repro.reading.record_files.read_objects", _never)
    found = runs("params.lr > 0")
    assert [run.params["lr"] for run in found] == [0.3, 0.2, 0.1]
    assert found._repr_html_()
    assert found.metrics


def _never(*_: object) -> object:
    raise AssertionError("a record was read")


def test_what_is_no_run_is_warned_of(shelf: Shelf, caplog: pytest.LogCaptureFixture) -> None:
    _fill(shelf)
    shelf.scratch.git("update-ref", "refs/repro/runs/20260131T080000-zzzzzzzz", "HEAD")
    assert len(runs()) == 3
    assert "zzzzzzzz" in caplog.text
