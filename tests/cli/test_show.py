"""`repro show`: one run on one page."""

import json
from pathlib import Path

import pytest

from repro.cli.commands.show import command
from repro.model.data import Artifact, DataEntry, Place, Source
from repro.model.gap import Gap, GapKind
from repro.model.run import Status
from repro.model.values import Metric, Point
from repro.store.resolve import UnknownRunError
from tests.cli.recorded import Shelf, call, shelf
from tests.repos import Scratch


@pytest.fixture
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    found = shelf(repo, monkeypatch)
    repo.write("train.py", "print('changed')\n")
    found.put(
        "k",
        params={"model": {"lr": 0.1}, "layers": [64, 32]},
        metrics={"train/loss": Metric(0.25, 7), "nan": float("nan")},
        history={"train/loss": tuple(Point(step, None, 8 - step) for step in range(8))},
        data=(
            DataEntry("data/a.csv", "3f2a1b9c" * 4, 1_234_567, 1, Source.DVC, "data/a.csv.dvc"),
            DataEntry("/mnt/x", "ab" * 16, 9, 1, Source.TRACED, place=Place.NOWHERE),
        ),
        artifacts=(Artifact("model.pkl", "cd" * 16, 4_100_000),),
        lock=b"lock-version = '1.0'\n",
        output=b"epoch 1\n\x1b[31mred\n",
        run={"tags": {"baseline": "", "team": "vision"}, "message": "try it"},
    )
    return found


@pytest.mark.usefixtures("runs")
def test_a_page_has_everything_that_people_look_for() -> None:
    text = call(command).stdout
    for part in (
        "run-k  kkkkkkkk  finished in 30.0 s, 2026-01-31",
        "try it",
        "$ python train.py",
        "on main, 1 uncommitted change",
        "modified  train.py",
        "model.lr  0.1",
        "layers    [64, 32]",
        "train/loss  0.25  step 7  █▇▆▅▄▃▂▁",
        "data/a.csv  3f2a1b9c  1.2 MB  dvc",
        "/mnt/x      abababab     9 B  traced, not kept",
        "model.pkl  cdcdcdcd  4.1 MB  object store",
        "Python 3.11.7, 1 package, locked",
        "OMP_NUM_THREADS=1",
        "baseline, team=vision",
        "none: reproducible",
        "repro checkout kkkkkkkk",
    ):
        assert part in text


def test_a_state_that_was_recorded_lasted_for_no_time(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf(repo, monkeypatch).put("k", run={"status": Status.RECORDED})
    assert call(command).stdout.startswith("run-k  kkkkkkkk  recorded 2026-01-31")


@pytest.mark.usefixtures("runs")
def test_a_terminal_gets_the_same_words_as_a_pipe() -> None:
    assert call(command, terminal=True).stdout == call(command).stdout


@pytest.mark.parametrize(
    "text", ["@", "kkkkkkkk", "kkkk", "run-k", "20260131T080000-kkkkkkkk", "main"]
)
@pytest.mark.usefixtures("runs")
def test_a_run_is_named_in_many_ways(text: str) -> None:
    assert call(command, text).stdout.startswith("run-k")


def test_a_gap_says_why_and_how_to_close_it(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    gap = Gap(GapKind.DATA, "big.bin", "it is nowhere", "dvc add big.bin")
    shelf(repo, monkeypatch).put("k", run={"gaps": (gap,)})
    text = call(command).stdout
    assert "data  big.bin: it is nowhere\n                   fix: dvc add big.bin\n" in text


def test_a_failed_run_shows_its_exit_code(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf(repo, monkeypatch).put("k", run={"status": Status.FAILED, "exit_code": 3})
    assert "failed (3) after 30.0 s" in call(command).stdout


def test_a_record_with_next_to_nothing_is_a_page_too(
    unborn_repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = {"command": (), "status": Status.RECORDED}
    shelf(unborn_repo, monkeypatch).put("k", environment=None, run=nothing)
    text = call(command).stdout
    assert "no commit yet" in text
    assert "not observed" in text
    assert "params" not in text


@pytest.mark.usefixtures("runs")
def test_json_has_the_whole_record() -> None:
    found = json.loads(call(command, "--json").stdout)
    assert found["name"] == "run-k"
    assert found["params"] == {"model.lr": 0.1, "layers": [64, 32]}
    assert found["params_nested"] == {"model": {"lr": 0.1}, "layers": [64, 32]}
    assert found["metrics"] == {"train/loss": 0.25, "nan": "nan"}
    assert found["steps"] == {"train/loss": 7, "nan": None}
    assert len(found["history"]["train/loss"]) == 8
    assert found["data"][0]["pointer"] == "data/a.csv.dvc"
    assert found["environment"]["interpreter"]["version"] == "3.11.7"
    assert found["code"]["dirty"] == [{"path": "train.py", "change": "modified"}]
    assert (found["has_lock"], found["has_output"]) == (True, True)


@pytest.mark.usefixtures("runs")
def test_the_log_is_what_was_printed() -> None:
    assert call(command, "--log").stdout == "epoch 1\n\x1b[31mred\n"


@pytest.mark.usefixtures("runs")
def test_a_terminal_does_not_obey_the_log() -> None:
    assert call(command, "--log", terminal=True).stdout == "epoch 1\n\\x1b[31mred\n"


@pytest.mark.usefixtures("runs")
def test_the_patch_is_the_uncommitted_change_alone() -> None:
    text = call(command, "--patch").stdout
    assert "+print('changed')" in text
    assert ".repro" not in text


def test_the_patch_applies(runs: Shelf, tmp_path: Path) -> None:
    patch = tmp_path / "patch"
    patch.write_text(call(command, "--patch").stdout, encoding="utf-8")
    runs.scratch.git("checkout", "--quiet", "--", ".")
    runs.scratch.git("apply", str(patch))
    assert runs.scratch.read("train.py") == "print('changed')\n"


def test_a_run_without_log_or_changes_says_so(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf(repo, monkeypatch).put("k")
    assert call(command, "--log").stderr == "it printed nothing\n"
    assert call(command, "--patch").stderr == "no uncommitted changes\n"


@pytest.mark.usefixtures("runs")
def test_a_run_that_is_none_is_an_error() -> None:
    with pytest.raises(UnknownRunError):
        call(command, "nosuchrun")


def test_a_run_in_progress_can_be_looked_at(runs: Shelf) -> None:
    with runs.running("n"):
        text = call(command, "run-n").stdout
    assert text.startswith("run-n  nnnnnnnn  running for ")
    assert "checkout" not in text
