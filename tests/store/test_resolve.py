"""Words that name runs."""

import math

import pytest

from repro.git.repository import open_repository
from repro.lineage.belonging import attach
from repro.lineage.resolve import resolve_run
from repro.model.ids import Oid
from repro.store import index
from repro.store.resolve import AmbiguousRunError, UnknownRunError, UnreadableRunError
from tests.repos import Scratch
from tests.store.conftest import START, Shelf


@pytest.fixture(autouse=True, params=["by the index", "from git"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "FEW_RUNS", 0 if request.param == "by the index" else 10**6)


def found(shelf: Shelf, text: str) -> Oid:
    return resolve_run(shelf.repo, text).oid


def unknown(shelf: Shelf, text: str) -> UnknownRunError:
    with pytest.raises(UnknownRunError) as caught:
        resolve_run(shelf.repo, text)
    assert caught.value.text == text
    return caught.value


def ambiguous(shelf: Shelf, text: str) -> list[str]:
    with pytest.raises(AmbiguousRunError) as caught:
        resolve_run(shelf.repo, text)
    assert len(caught.value.details) == len(caught.value.candidates)
    return [run.name for run in caught.value.candidates]


@pytest.mark.parametrize(
    "text",
    [
        "20240506T070809-kxkxkxkx",
        "kxkxkxkx",
        "kx",
        "k",
        "20240506T070809-k",
        "20240506T070809-",
        "20240506T0708",
        "run-kx",
        "refs/repro/runs/20240506T070809-kxkxkxkx",
        "repro/runs/20240506T070809-kxkxkxkx",
    ],
)
def test_a_run_has_many_names(any_shelf: Shelf, text: str) -> None:
    oid = any_shelf.put("kx")
    any_shelf.put("z", minute=1)
    assert found(any_shelf, text) == oid


def test_a_run_is_found_by_its_commit_and_its_beginning(shelf: Shelf) -> None:
    oid = shelf.put("k")
    shelf.put("z", minute=1)
    assert found(shelf, oid) == oid
    assert found(shelf, oid[:12]) == oid


def test_at_is_the_newest_and_the_nth_before_it(shelf: Shelf) -> None:
    first, second, third = (shelf.put(c, minute=at) for at, c in enumerate("kml"))
    assert [found(shelf, text) for text in ("@", "@~0", "@~", "@~1", "@~2")] == [
        third,
        third,
        second,
        second,
        first,
    ]


def test_runs_that_cannot_be_read_do_not_count(shelf: Shelf) -> None:
    first, second = (shelf.put(c, minute=at) for at, c in enumerate("km"))
    shelf.put_damaged("refs/repro/runs/20250101T000000-kkkkkkkk")
    assert [found(shelf, text) for text in ("@", "@~1")] == [second, first]


def test_before_the_first_there_is_nothing(shelf: Shelf) -> None:
    shelf.put("k")
    assert unknown(shelf, "@~1").message == "there is only 1 run, so no @~1"


def test_a_beginning_that_fits_several_is_ambiguous(shelf: Shelf) -> None:
    shelf.put("kx")
    shelf.put("ky", minute=1)
    assert ambiguous(shelf, "k") == ["run-ky", "run-kx"]
    assert ambiguous(shelf, "20240506") == ["run-ky", "run-kx"]


def test_a_name_that_several_have_is_ambiguous(shelf: Shelf) -> None:
    shelf.put("k", name="baseline")
    shelf.put("m", minute=1, name="baseline")
    assert ambiguous(shelf, "baseline") == ["baseline", "baseline"]


def test_the_hint_of_what_is_ambiguous_can_be_typed(shelf: Shelf) -> None:
    shelf.put("k", name="baseline")
    newest = shelf.put("m", minute=1, name="baseline")
    with pytest.raises(AmbiguousRunError) as caught:
        resolve_run(shelf.repo, "baseline")
    assert caught.value.hint is not None
    assert found(shelf, caught.value.hint.rpartition(" ")[2]) == newest


def test_only_some_of_many_candidates_are_shown(shelf: Shelf) -> None:
    for minute in range(12):
        shelf.put("klmnopqrstuv"[minute], minute=minute, name="same")
    with pytest.raises(AmbiguousRunError) as caught:
        resolve_run(shelf.repo, "same")
    assert len(caught.value.candidates) == 12
    assert caught.value.details[-1] == "and 2 more"


def test_a_name_goes_before_the_beginning_of_letters(shelf: Shelf) -> None:
    shelf.put("lstm")
    named = shelf.put("k", minute=1, name="lstm")
    assert found(shelf, "lstm") == named


def test_all_eight_letters_go_before_a_name(shelf: Shelf) -> None:
    meant = shelf.put("lstm")
    shelf.put("k", minute=1, name="lstmlstm")
    assert found(shelf, "lstmlstm") == meant


def test_a_branch_a_tag_and_head_mean_their_newest_run(shelf: Shelf) -> None:
    shelf.put("k")
    newest = shelf.put("m", minute=1)
    shelf.scratch.git("tag", "-a", "v1", "-m", "one")
    head = shelf.scratch.head()
    shelf.scratch.commit("later")
    shelf.put("p", minute=2)
    for text in ("HEAD~1", "v1", head, head[:10], "main^"):
        assert found(shelf, text) == newest


def test_a_commit_means_a_run_that_it_is_before_one_that_changed_it(shelf: Shelf) -> None:
    changed = shelf.put("m", minute=1, is_dirty=True)
    assert found(shelf, "main") == changed
    clean = shelf.put("k")
    assert found(shelf, "main") == clean


def test_a_commit_means_a_run_that_it_holds_before_one_that_changed_it(shelf: Shelf) -> None:
    said = shelf.put("k")
    shelf.scratch.write("new.py", "")
    commit = shelf.scratch.commit("what k made")
    shelf.put("m", minute=1, is_dirty=True)
    run = resolve_run(shelf.repo, "k").id
    attach(shelf.repo, [(Oid(commit), run)], now=START, author=None)
    assert found(shelf, "HEAD") == said


def test_a_name_goes_before_a_branch(shelf: Shelf) -> None:
    named = shelf.put("k", name="main")
    shelf.put("m", minute=1)
    assert found(shelf, "main") == named


def test_a_commit_without_runs_is_told_apart_from_a_typo(shelf: Shelf) -> None:
    shelf.put("k")
    shelf.scratch.write("new.py", "")
    shelf.scratch.commit("later")
    assert unknown(shelf, "HEAD").message.startswith("no run belongs to HEAD (")


def test_best_is_the_highest(shelf: Shelf) -> None:
    shelf.put("k", metrics={"acc": 0.5})
    best = shelf.put("m", minute=1, metrics={"acc": 0.9})
    shelf.put("p", minute=2, metrics={"acc": 0.7})
    shelf.put("q", minute=3)
    assert found(shelf, "best:acc") == found(shelf, "max:acc") == best


@pytest.mark.parametrize("metric", ["loss", "val_loss", "val/RMSE", "valLoss", "error.rate", "mae"])
def test_best_is_the_lowest_where_the_name_says_so(shelf: Shelf, metric: str) -> None:
    best = shelf.put("k", metrics={metric: 0.1})
    worst = shelf.put("m", minute=1, metrics={metric: 0.5})
    assert found(shelf, f"best:{metric}") == found(shelf, f"min:{metric}") == best
    assert found(shelf, f"max:{metric}") == worst


@pytest.mark.parametrize("metric", ["glossary", "terror", "mean", "n_losses"])
def test_a_word_within_a_word_does_not_count(shelf: Shelf, metric: str) -> None:
    shelf.put("k", metrics={metric: 0.1})
    highest = shelf.put("m", minute=1, metrics={metric: 0.5})
    assert found(shelf, f"best:{metric}") == highest


def test_nan_never_wins(shelf: Shelf) -> None:
    shelf.put("k", metrics={"acc": math.nan})
    best = shelf.put("m", minute=1, metrics={"acc": -1.0})
    shelf.put("p", minute=2, metrics={"acc": math.nan})
    assert found(shelf, "best:acc") == found(shelf, "min:acc") == best


def test_of_equal_values_the_newest_wins(shelf: Shelf) -> None:
    shelf.put("k", metrics={"acc": 1, "loss": 1})
    newest = shelf.put("m", minute=1, metrics={"acc": 1.0, "loss": 1.0})
    assert found(shelf, "best:acc") == found(shelf, "best:loss") == newest


def test_a_metric_left_out_of_the_message_still_wins(shelf: Shelf) -> None:
    many = {f"metric_{n:05}": 0.5 for n in range(2000)}
    best = shelf.put("k", metrics=many | {"acc": 0.9})
    shelf.put("m", minute=1, metrics={"acc": 0.5})
    assert found(shelf, "best:acc") == best


def test_a_metric_with_a_typo_is_put_right(shelf: Shelf) -> None:
    shelf.put("k", metrics={"accuracy": 0.5})
    assert unknown(shelf, "best:acuracy").hint == "did you mean best:accuracy?"


def test_a_metric_that_is_nan_everywhere_is_said_to_be(shelf: Shelf) -> None:
    shelf.put("k", metrics={"acc": math.nan})
    assert unknown(shelf, "max:acc").message == "acc is NaN in every run"


def test_a_name_with_a_typo_is_put_right(shelf: Shelf) -> None:
    shelf.put("k", name="quiet-harbor")
    assert unknown(shelf, "quite-harbor").hint == "did you mean quiet-harbor?"


@pytest.mark.parametrize(
    "text", ["", "nothing-like-it", "-x", "--all", "a\0b", "a\nb", "\udce9", "best:", "@{x}", "-"]
)
def test_what_names_nothing_is_unknown(shelf: Shelf, text: str) -> None:
    shelf.put("k", name="zzz-zzz")
    assert unknown(shelf, text).hint == "repro ls"


def test_a_name_may_begin_with_a_dash(shelf: Shelf) -> None:
    oid = shelf.put("k", name="--all")
    assert found(shelf, "--all") == oid


@pytest.mark.parametrize("text", ["@", "kxkx", "best:acc", "HEAD", "baseline"])
def test_without_runs_the_hint_is_how_to_make_one(shelf: Shelf, text: str) -> None:
    assert unknown(shelf, text).hint == "repro run -- python train.py"


@pytest.mark.parametrize("text", ["mmmmmmmm", "mm", "20240506T070809-mmmmmmmm"])
def test_a_run_that_cannot_be_read_says_why(shelf: Shelf, text: str) -> None:
    shelf.put("k")
    ref = "refs/repro/runs/20240506T070809-mmmmmmmm"
    shelf.put_damaged(ref, 'x\n\nRepro-Summary: {"format": 99}')
    with pytest.raises(UnreadableRunError) as caught:
        resolve_run(shelf.repo, text)
    assert caught.value.run.ref == ref
    assert caught.value.hint == "pip install --upgrade repro-git"


def test_runs_are_found_from_every_worktree(shelf: Shelf, worktree_repo: Scratch) -> None:
    oid = shelf.put("k")
    side = open_repository(str(worktree_repo.path))
    assert resolve_run(side, "HEAD").oid == oid
