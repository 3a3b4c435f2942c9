"""A run as an object: each part of its record, read when it is asked for."""

import math
from datetime import UTC, datetime

import pytest

from repro.errors import ReproError
from repro.git import objects
from repro.git.repository import NotARepositoryError, open_repository
from repro.model.data import DataEntry, Source
from repro.model.event import EventKind
from repro.model.gap import Gap, GapKind
from repro.model.run import Status
from repro.model.values import Metric, Value, is_same
from repro.reading import Run, Runs, get_run, runs
from repro.store.log import Word, append_events
from repro.store.resolve import AmbiguousRunError, UnknownRunError
from tests.cli.recorded import Shelf
from tests.reading.journals import record_logged
from tests.repos import Scratch


def test_a_run_is_found_by_whatever_names_one(shelf: Shelf) -> None:
    first = shelf.put("k", metrics={"acc": 0.9}).run
    second = shelf.put("l", minute=1, metrics={"acc": 0.5}).run
    words = {"@": second, "@~1": first, "best:acc": first, "run-k": first, "llll": second}
    assert {word: get_run(word).id for word in words} == {w: r.id for w, r in words.items()}
    assert get_run().id == second.id
    assert get_run(shelf.scratch.head()).id == second.id


def test_another_repository_is_named_by_a_directory(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("k")
    inside = shelf.scratch.path / "deep"
    inside.mkdir()
    monkeypatch.chdir("/")
    assert get_run(repo=inside).name == "run-k"
    assert [run.name for run in runs(repo=str(inside))] == ["run-k"]


def test_outside_of_a_repository_there_are_no_runs() -> None:
    with pytest.raises(NotARepositoryError):
        runs()


def test_an_unknown_run_is_an_error_with_a_hint(shelf: Shelf) -> None:
    shelf.put("k")
    with pytest.raises(UnknownRunError) as caught:
        get_run("run-kk")
    assert "run-k" in (caught.value.hint or "")


def test_an_ambiguous_word_is_an_error(shelf: Shelf) -> None:
    shelf.put("k", run={"name": "same"})
    shelf.put("l", minute=1, run={"name": "same"})
    with pytest.raises(AmbiguousRunError):
        get_run("same")


def test_what_the_summary_says(shelf: Shelf) -> None:
    written = shelf.put("k", metrics={"acc": 0.5}, run={"tags": {"stage": "dev"}}).run
    run = get_run("run-k")
    assert (run.id, run.short_id, run.name) == (written.id, "kkkkkkkk", "run-k")
    assert run.status is Status.FINISHED
    assert str(run.status) == "finished"
    assert run.started_at == written.started_at
    assert run.started_at.utcoffset() == datetime.now(UTC).utcoffset()
    assert (run.duration_s, run.exit_code) == (30, 0)
    assert (run.command, run.argv) == ("python train.py", ("python", "train.py"))
    assert (run.commit, run.branch) == (shelf.scratch.head(), "main")
    assert run.tags == {"stage": "dev"}
    assert run.oid == shelf.scratch.refs()[shelf.scratch.runs()[0]]
    assert run.is_reproducible
    assert repr(run) == "<Run run-k kkkkkkkk finished acc=0.5>"


def test_what_people_said_since_counts(shelf: Shelf) -> None:
    run_id = shelf.put("k", run={"tags": {"old": ""}}).run.id
    repo = open_repository()
    words = [
        Word(EventKind.RENAME, run_id, name="renamed"),
        Word(EventKind.STAR, run_id),
        Word(EventKind.NOTE, run_id, value="look again"),
    ]
    append_events(repo, words, now=datetime.now(UTC), author=None)
    run = get_run("renamed")
    assert run.starred
    assert [note.text for note in run.notes] == ["look again"]
    assert run.record.run.name == "run-k"


def test_params_are_flat_and_nested(shelf: Shelf) -> None:
    shelf.put("k", params={"lr": 0.1, "model": {"depth": 3, "act": "relu"}})
    run = get_run()
    assert run.params == {"lr": 0.1, "model.depth": 3, "model.act": "relu"}
    assert run.params_nested == {"lr": 0.1, "model": {"depth": 3, "act": "relu"}}
    run.params["lr"] = 5
    run.params_nested["model"] = 5
    assert run.params["lr"] == 0.1
    assert run.params_nested["model"] == {"depth": 3, "act": "relu"}


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, [1.0, math.nan], 2**20_000, [2**20_000]],
    ids=["nan", "inf", "-inf", "list", "huge", "list-huge"],
)
def test_a_param_that_json_cannot_hold_is_what_it_was(shelf: Shelf, value: Value) -> None:
    shelf.put("k", params={"x": value, "text": "NaN"})
    run = get_run()
    found = run.params["x"]
    assert is_same(found, value)
    assert type(found) is type(value)
    assert run.params["text"] == "NaN"
    assert run._repr_html_()


def test_values_that_no_summary_has_room_for_are_read(shelf: Shelf) -> None:
    params = {f"p{n}": "x" * 100 for n in range(1000)}
    shelf.put("k", params=params, metrics={"acc": 0.5})
    run = get_run()
    assert run.params == params
    assert run.metrics == {"acc": 0.5}


def test_metrics_are_numbers(shelf: Shelf) -> None:
    shelf.put("k", metrics={"acc": Metric(0.5, 3), "n": 3, "bad": math.nan})
    metrics = get_run().metrics
    assert (metrics["acc"], metrics["n"]) == (0.5, 3)
    assert isinstance(metrics["n"], int)
    assert math.isnan(metrics["bad"])


def test_the_record_is_there_part_by_part(shelf: Shelf) -> None:
    entry = DataEntry("data/x.csv", "0" * 32, 7, 1, Source.TRACED)
    gap = Gap(GapKind.DATA, "trace", "nobody looked", "look")
    shelf.put(
        "k",
        data=(entry,),
        output=b"hello \xff\n",
        run={"gaps": (gap,), "message": "a try"},
    )
    run = get_run()
    assert run.data == (entry,)
    assert run.gaps == (gap,)
    assert not run.is_reproducible
    assert run.output == "hello \N{REPLACEMENT CHARACTER}\n"
    assert run.message == "a try"
    assert run.environment is not None
    assert run.environment.interpreter is not None
    assert run.environment.interpreter.version == "3.11.7"


def test_what_a_record_does_not_have_is_empty(shelf: Shelf) -> None:
    shelf.put("k", environment=None)
    run = get_run()
    assert (run.data, dict(run.artifacts), run.gaps, run.output) == ((), {}, (), "")
    assert run.environment is None
    assert (run.parent, run.resumes, run.children) == (None, None, [])
    assert run.history() == {}


def test_the_code_of_a_run(shelf: Shelf) -> None:
    shelf.scratch.write("train.py", "changed\n")
    shelf.put("k")
    code = get_run().code
    assert (code.commit, code.branch) == (shelf.scratch.head(), "main")
    assert [(path.path, path.change) for path in code.dirty] == [("train.py", "modified")]
    assert code.is_dirty
    assert "+changed\n" in code.patch()
    assert ".repro" not in code.patch()


def test_clean_code_has_no_patch(shelf: Shelf) -> None:
    shelf.put("k")
    assert get_run().code.patch() == ""


def test_runs_before_the_first_commit_have_no_patch(unborn_repo: Scratch) -> None:
    unborn_repo.run_cli("record")
    run = get_run(repo=unborn_repo.path)
    assert (run.commit, run.code.patch()) == (None, "")


def test_relatives_are_found(shelf: Shelf) -> None:
    parent = shelf.put("k").run
    inside = {"parent_run": parent.id}
    shelf.put("l", minute=0, run=inside)
    shelf.put("m", minute=0, run=inside | {"resumes": parent.id})
    shelf.put("n", minute=0)
    shelf.put("o", minute=2)
    run = get_run("run-k")
    assert [child.name for child in run.children] == ["run-m", "run-l"]
    assert isinstance(run.children, Runs)
    assert get_run("run-l").parent == run
    assert get_run("run-m").resumes == run
    assert get_run("run-n").parent is None


def test_a_relative_that_is_gone_is_none(shelf: Shelf) -> None:
    shelf.put("l", run={"parent_run": "20200101T000000-zzzzzzzz"})
    assert get_run().parent is None


def test_the_same_run_is_equal(shelf: Shelf) -> None:
    shelf.put("k")
    shelf.put("l", minute=1)
    assert get_run("run-k") == get_run("kkkk")
    assert get_run("run-k") != get_run("run-l")
    assert len({get_run("run-k"), get_run("kkkk"), get_run("run-l")}) == 2
    assert get_run("run-k") != "run-k"


def test_what_is_read_once_is_not_read_again(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.put("k", history={"loss": ()}, metrics={"loss": 1}, data=())
    run = get_run()
    seen = _look(run)
    monkeypatch.setattr(objects, "_parse_batch", _never)
    assert _look(run) == seen


def _look(run: Run) -> list[object]:
    return [run.params_nested, run.data, run.environment, run.history(), run.message, run.gaps]


def _never(*_: object) -> object:
    raise AssertionError("git was asked")


def test_a_damaged_record_names_its_file(shelf: Shelf) -> None:
    repo = shelf.scratch
    record_logged(repo, "logged", curves={"loss": [(0, 1.0), (1, 0.5)]})
    blob = repo.git("rev-parse", f"{repo.runs()[0]}:.repro/history/loss.tsv")
    (repo.path / f".git/objects/{blob[:2]}/{blob[2:]}").unlink()
    run = get_run()
    assert run.metrics == {"loss": 0.5}
    with pytest.raises(ReproError, match=r"history/loss\.tsv.*missing") as caught:
        run.history("loss")
    assert caught.value.hint == "repro fsck --repair"
