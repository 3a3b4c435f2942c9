"""Runs that go on from earlier ones."""

import json
import os
from typing import Any

import pytest

from repro.journal.writer import JournalWriter
from tests.recorder.driving import Driven, driven, log, program
from tests.repos import Scratch


def _shown(repo: Scratch, started: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(repo.run_cli("show", "--json", started["run"]).stdout)
    return shown


def _history(repo: Scratch, started: dict[str, Any], metric: str) -> list[tuple[int, float]]:
    ref = f"refs/repro/runs/{started['run']}"
    text = repo.git("show", f"{ref}:.repro/history/{metric}.tsv")
    rows = [line.split("\t") for line in text.splitlines()]
    return [(int(step), float(value)) for step, _, value in rows]


def _ask(recorder: Driven, resumes: str) -> dict[str, Any]:
    cwd = str(recorder.repo.path)
    return recorder.ask(do="begin", pid=os.getpid(), argv=["python"], cwd=cwd, resumes=resumes)


@pytest.fixture
def earlier(repo: Scratch) -> dict[str, Any]:
    with driven(repo) as recorder:
        started = recorder.begin(
            name="mine", params={"model": {"depth": 3, "width": 8}}, tags={"a": "1", "b": "1"}
        )
        log(started, loss=[0.5, 0.25], only=[1])
        recorder.end(started)
    return started


def test_it_has_the_earlier_ones_name_params_tags_and_curves(
    repo: Scratch, earlier: dict[str, Any]
) -> None:
    old = repo.runs()
    with driven(repo) as recorder:
        started = recorder.begin(
            resumes="mine", params={"model": {"depth": 4}}, tags={"b": "2"}, argv=["-c", "pass"]
        )
        writer = JournalWriter(started["directory"])
        writer.metric("loss", 0.125, 2)
        writer.close()
        recorder.end(started)
    run = _shown(repo, started)

    assert started["name"] == "mine"
    assert run["id"] != earlier["run"]
    assert run["resumes"] == earlier["run"]
    assert run["tags"] == {"a": "1", "b": "2"}
    assert (run["params"]["model.depth"], run["params"]["model.width"]) == (4, 8)
    assert run["metrics"] == {"loss": 0.125, "only": 1}
    assert _history(repo, started, "loss") == [(0, 0.5), (1, 0.25), (2, 0.125)]
    assert _history(repo, started, "only") == [(0, 1.0)]
    assert repo.refs(old[0])  # the earlier one is as it was


def test_points_without_steps_are_counted_on(repo: Scratch) -> None:
    with driven(repo) as recorder:
        started: dict[str, Any] = {}
        for resumes in (None, "@"):
            started = recorder.begin(resumes=resumes, quiet=True)
            writer = JournalWriter(started["directory"])
            writer.metric("loss", 0.5)
            writer.metric("loss", 0.25)
            writer.close()
            recorder.end(started)

    assert _history(repo, started, "loss") == [(0, 0.5), (1, 0.25), (2, 0.5), (3, 0.25)]


def test_a_name_of_its_own_counts(repo: Scratch, earlier: dict[str, Any]) -> None:
    with driven(repo) as recorder:
        started = recorder.begin(resumes=earlier["run"], name="another")
        recorder.end(started)

    assert _shown(repo, started)["name"] == "another"


def test_a_name_means_the_last_of_those_that_went_on(
    repo: Scratch, earlier: dict[str, Any]
) -> None:
    before = earlier["run"]
    for _ in range(2):
        with driven(repo) as recorder:
            started = recorder.begin(resumes="mine")
            recorder.end(started)
        assert _shown(repo, started)["resumes"] == before
        before = started["run"]


def test_a_name_of_two_that_went_on_from_one_is_not_guessed(
    repo: Scratch, earlier: dict[str, Any]
) -> None:
    for _ in range(2):
        with driven(repo) as recorder:
            recorder.end(recorder.begin(resumes=earlier["run"]))
    with driven(repo) as recorder:
        answer = _ask(recorder, "mine")
    assert answer["ok"] is False
    assert "fits 3 runs" in answer["error"]


def test_a_run_that_goes_on_cannot_be_gone_on_from(repo: Scratch) -> None:
    with driven(repo) as recorder:
        started = recorder.begin(name="mine")
        for text in ("mine", started["run"], started["run"][-8:], started["run"][-8:][:4]):
            answer = _ask(recorder, text)
            assert answer["error"].endswith("only a run that has ended can be resumed")
            assert answer["hint"].startswith("wait for its end")
        recorder.end(started)
        recorder.end(recorder.begin(resumes="mine"))


def test_a_dead_run_is_recorded_first(repo: Scratch) -> None:
    with driven(repo) as recorder, program() as training:
        started = recorder.begin(name="mine", pid=training.pid)
        log(started, loss=[0.5])
        recorder.process.kill()
        training.kill()
    with driven(repo) as recorder:
        again = recorder.begin(resumes="mine")
        log(again, loss=[0.25])
        recorder.end(again)

    assert len(repo.runs()) == 2
    assert _history(repo, again, "loss") == [(0, 0.5), (0, 0.25)]


def test_a_run_that_there_is_not_is_said(repo: Scratch, earlier: dict[str, Any]) -> None:
    with driven(repo) as recorder:
        answer = _ask(recorder, "nothing-of-this-name")

    assert not answer["ok"]
    assert "nothing-of-this-name" in answer["error"]
    assert earlier["run"] in repo.runs()[0]


def test_the_earlier_one_removed_meanwhile_is_a_gap(repo: Scratch, earlier: dict[str, Any]) -> None:
    with driven(repo) as recorder:
        started = recorder.begin(resumes="mine")
        log(started, loss=[0.125])
        repo.run_cli("rm", earlier["run"])
        recorder.end(started)
    run = _shown(repo, started)

    assert run["metrics"] == {"loss": 0.125}
    gap = next(gap for gap in run["gaps"] if gap["kind"] == "metrics")
    assert gap["reason"].startswith("the run that it goes on from could not be read")
    assert gap["fix"] == f"repro restore {earlier['run'][-8:]}"
