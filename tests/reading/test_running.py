"""Runs in progress: seen as they are, and as they were recorded once they have ended."""

from pathlib import Path

import pytest

from repro.git.repository import open_repository
from repro.journal.writer import JournalWriter
from repro.model.run import Status
from repro.reading import get_run, runs
from repro.reading.checking_out import NotEndedError
from repro.record.live import list_live_runs
from tests.cli.recorded import Shelf


def _say(curve: list[float]) -> None:
    directory = list_live_runs(open_repository())[0].directory
    writer = JournalWriter(directory)
    writer.event("p", {"opt": "adam"})
    for step, value in enumerate(curve):
        writer.metric("loss", value, step)
    writer.close()


def test_a_run_in_progress_is_among_the_others(shelf: Shelf) -> None:
    shelf.put("k")
    with shelf.running("m"):
        _say([1.0, 0.5])
        assert [run.name for run in runs()] == ["run-m", "run-k"]
        assert [run.name for run in runs("status == 'running'")] == ["run-m"]
        run = get_run("run-m")
        assert run.status is Status.RUNNING
        assert run.is_running
        assert not run.is_reproducible
        assert run.duration_s is None
        assert run.params == {"lr": 0.5, "opt": "adam"}
        assert run.metrics == {"loss": 0.5}
        assert run.history("loss").values == [1.0, 0.5]
        assert list(run.history()) == ["loss"]
        assert dict(run.artifacts) == {}
        assert run._repr_html_()
        assert runs()._repr_html_()
        assert run.diff("run-k").metrics["loss"] == (0.5, None)


def test_asked_again_it_says_what_is_new(shelf: Shelf) -> None:
    with shelf.running("m"):
        _say([1.0])
        before = get_run("run-m")
        assert before.metrics == {"loss": 1.0}
        _say([1.0, 0.5])
        assert before.metrics == {"loss": 1.0}
        assert get_run("run-m").metrics == {"loss": 0.5}


def test_it_cannot_be_checked_out_yet(shelf: Shelf, tmp_path: Path) -> None:
    with shelf.running("m"), pytest.raises(NotEndedError, match="still running") as caught:
        get_run("run-m").checkout(tmp_path / "there")
    assert "repro checkout mmmmmmmm" in (caught.value.hint or "")
    assert not (tmp_path / "there").exists()


def test_a_run_that_has_ended_meanwhile_is_as_it_was_recorded(shelf: Shelf) -> None:
    with shelf.running("m"):
        _say([1.0, 0.5])
        run, others = get_run("run-m"), runs()
    assert len(others) == 1
    assert get_run(run.id).status is Status.CRASHED  # its recorder is gone: recorded at once
    assert run.history("loss").values == [1.0, 0.5]
    assert run.status is Status.CRASHED
    assert others[0].params["opt"] == "adam"


def test_children_that_run_are_children(shelf: Shelf) -> None:
    with shelf.running("m"):
        parent = get_run("run-m")
        assert parent.children == []
