"""Removing runs and bringing them back: nothing is lost, whatever comes in between."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from repro.git.refs import RefMovedError
from repro.model.event import EventKind
from repro.model.ids import (
    RUN_REFS,
    TRASH_REFS,
    RefName,
    RunId,
    log_ref,
    run_ref,
    trash_ref,
)
from repro.model.run import Identity
from repro.model.summary import Summary
from repro.store import removal
from repro.store.archive import fold_runs
from repro.store.listing import KnownRun, known_runs, list_runs
from repro.store.log import Word, append_events, read_events
from repro.store.removal import (
    TrashTakenError,
    list_trash,
    remove_runs,
    removed_here,
    restore_runs,
    take_back_removals,
)
from repro.store.resolve import AmbiguousRunError, UnknownRunError
from repro.store.shared import Shared, note_shared
from repro.store.trash import NotInTrashError, find_trashed
from repro.store.writer import current_writer, new_writer
from tests.store.conftest import START, Shelf

ANN = Identity("Ann", "ann@example.org")
LATER = START + timedelta(hours=1)


class Killed(BaseException):
    """The process ends here."""


def names(shelf: Shelf) -> list[str]:
    """Returns the names of the runs that are listed, oldest first."""
    return [run.name for run in reversed(list_runs(shelf.repo))]


def run(shelf: Shelf, name: str) -> Summary:
    """Returns a run that is listed."""
    return next(run for run in list_runs(shelf.repo) if run.name == name)


def fold(shelf: Shelf) -> None:
    """Folds all runs that have refs of their own."""
    refs = [
        (RefName(ref), run.oid)
        for ref in shelf.scratch.refs(RUN_REFS)
        for run in known_runs(shelf.repo)
        if run.ref == ref
    ]
    fold_runs(shelf.repo, refs, writer=current_writer(shelf.repo), at=START)


def remove(shelf: Shelf, *wanted: str) -> list[RunId]:
    """Removes runs by name."""
    runs = [run(shelf, name) for name in wanted]
    return remove_runs(shelf.repo, runs, now=LATER, author=ANN)


def restore(shelf: Shelf, *wanted: str) -> list[RunId]:
    """Restores runs by what is typed."""
    runs = [find_trashed(shelf.repo, text) for text in wanted]
    return restore_runs(shelf.repo, runs, now=LATER, author=ANN)


@pytest.fixture
def three(any_shelf: Shelf) -> Shelf:
    """Runs k, m and p."""
    for minute, letters in enumerate("kmp"):
        any_shelf.put(letters, minute=minute)
    return any_shelf


@pytest.fixture(params=["hot", "folded"])
def either(request: pytest.FixtureRequest, shelf: Shelf) -> Shelf:
    """Runs k, m and p, on refs of their own or folded."""
    for minute, letters in enumerate("kmp"):
        shelf.put(letters, minute=minute)
    if request.param == "folded":
        fold(shelf)
    return shelf


def test_a_removed_run_moves_to_the_trash_and_back(three: Shelf) -> None:
    before = three.scratch.refs(RUN_REFS)
    [removed] = remove(three, "run-m")
    assert names(three) == ["run-k", "run-p"]
    assert three.scratch.refs(TRASH_REFS) == {trash_ref(removed): before[run_ref(removed)]}
    assert restore(three, "run-m") == [removed]
    assert three.scratch.refs(RUN_REFS) == before
    assert three.scratch.refs(TRASH_REFS) == {}


def test_hot_and_folded_runs_are_removed_and_brought_back_alike(either: Shelf) -> None:
    oid = run(either, "run-m").oid
    [removed] = remove(either, "run-m")
    assert names(either) == ["run-k", "run-p"]
    assert either.scratch.refs(TRASH_REFS) == {trash_ref(removed): oid}
    assert removed_here(either.repo) == {removed}
    restore(either, "run-m")
    assert names(either) == ["run-k", "run-m", "run-p"]
    assert run(either, "run-m").oid == oid
    assert removed_here(either.repo) == frozenset()
    assert list_trash(either.repo) == []


def test_a_restored_run_stays_when_it_is_folded_again(either: Shelf) -> None:
    remove(either, "run-m")
    restore(either, "run-m")
    fold(either)
    assert names(either) == ["run-k", "run-m", "run-p"]


def test_a_removed_run_can_be_removed_again_after_it_came_back(either: Shelf) -> None:
    for _ in range(3):
        remove(either, "run-m")
        assert names(either) == ["run-k", "run-p"]
        restore(either, "mmmm")
        assert names(either) == ["run-k", "run-m", "run-p"]


def test_a_run_that_is_hot_and_folded_at_once_goes_whole(shelf: Shelf) -> None:
    oid = shelf.put("k")
    fold(shelf)
    [folded] = known_runs(shelf.repo)
    shelf.scratch.git("update-ref", run_ref(folded.id), oid)
    remove(shelf, "run-k")
    assert names(shelf) == []
    restore(shelf, "run-k")
    assert names(shelf) == ["run-k"]


def test_the_trash_says_what_is_in_it(either: Shelf) -> None:
    word = Word(EventKind.RENAME, run(either, "run-k").id, "best")
    append_events(either.repo, [word], now=START, author=ANN)
    remove(either, "best")
    remove(either, "run-p")
    last, first = list_trash(either.repo)
    assert (last.name, first.name) == ("run-p", "best")
    assert first.by == "Ann <ann@example.org>"
    assert first.removed_at == LATER
    assert not first.is_back


@pytest.mark.parametrize("text", ["kkkkkkkk", "kk", "run-k", "20240506T0708"])
def test_a_removed_run_is_found_by_what_people_call_it(either: Shelf, text: str) -> None:
    removed = remove(either, "run-k")
    assert [find_trashed(either.repo, text).id] == removed


def test_a_name_that_two_removed_runs_have_is_ambiguous(shelf: Shelf) -> None:
    shelf.put("k", name="twin")
    shelf.put("m", name="twin", minute=1)
    remove_runs(shelf.repo, list_runs(shelf.repo), now=LATER, author=None)
    with pytest.raises(AmbiguousRunError) as caught:
        find_trashed(shelf.repo, "twin")
    assert "2 runs" in caught.value.message


def test_what_was_never_removed_is_not_restored(either: Shelf) -> None:
    remove(either, "run-k")
    with pytest.raises(NotInTrashError, match=r"run-m .* was not removed") as not_removed:
        find_trashed(either.repo, "run-m")
    assert not_removed.value.hint == "repro show mmmmmmmm"
    with pytest.raises(UnknownRunError) as unknown:
        find_trashed(either.repo, "run-kk")
    assert unknown.value.hint == "did you mean run-k?"
    with pytest.raises(UnknownRunError):
        find_trashed(either.repo, "")


def test_an_emptied_trash_says_where_the_run_still_is(shelf: Shelf) -> None:
    shelf.put("k")
    [removed] = remove(shelf, "run-k")
    shelf.scratch.git("update-ref", "-d", trash_ref(removed))
    note_shared(shelf.repo, Shared("origin", frozenset({removed})))
    with pytest.raises(NotInTrashError, match="origin had it") as caught:
        find_trashed(shelf.repo, "kkkk")
    assert caught.value.hint == f"repro pull {removed}"


def test_a_folded_run_that_lost_its_ref_is_restored_from_the_archive(shelf: Shelf) -> None:
    shelf.put("k")
    fold(shelf)
    [removed] = remove(shelf, "run-k")
    shelf.scratch.git("update-ref", "-d", trash_ref(removed))
    restore(shelf, "kkkk")
    assert names(shelf) == ["run-k"]


def test_what_is_pulled_again_counts_as_not_removed(shelf: Shelf) -> None:
    oid = shelf.put("k")
    [removed] = remove(shelf, "run-k")
    take_back_removals(shelf.repo, [removed], now=LATER, author=ANN)
    shelf.scratch.git("update-ref", run_ref(removed), oid)
    assert removed_here(shelf.repo) == frozenset()
    assert [trashed.is_back for trashed in list_trash(shelf.repo)] == [True]
    fold(shelf)
    assert names(shelf) == ["run-k"]


def test_a_clone_restores_what_it_removed_under_an_older_name(shelf: Shelf) -> None:
    shelf.put("k")
    [removed] = remove(shelf, "run-k")
    new_writer(shelf.repo)
    assert removed_here(shelf.repo) == {removed}
    restore(shelf, "run-k")
    assert removed_here(shelf.repo) == frozenset()


def test_what_a_copy_of_this_clone_removes_is_not_removed_here(shelf: Shelf) -> None:
    shelf.put("k")
    shelf.put("m", minute=1)
    [before] = remove(shelf, "run-k")
    old = current_writer(shelf.repo)
    [tip] = shelf.scratch.refs("refs/repro/log/").values()
    after = run(shelf, "run-m").id
    append_events(shelf.repo, [Word(EventKind.REMOVE, after)], now=LATER, author=None)
    [theirs] = shelf.scratch.refs("refs/repro/log/").values()
    new = new_writer(shelf.repo)
    shelf.scratch.git("update-ref", log_ref(new), tip)
    assert shelf.scratch.refs("refs/repro/log/") == {log_ref(old): theirs, log_ref(new): tip}
    assert removed_here(shelf.repo) == {before}


def test_a_log_from_elsewhere_removes_nothing_here(shelf: Shelf) -> None:
    shelf.put("k")
    fold(shelf)
    ours = current_writer(shelf.repo)
    [known] = known_runs(shelf.repo)
    append_events(shelf.repo, [Word(EventKind.STAR, known.id)], now=START, author=None)
    hostile = (
        f'{{"id": "00", "at": "{START.isoformat()}", "writer": "{ours}", "kind": "remove",'
        f' "run": "{known.id}"}}'
    )
    tree = shelf.scratch.git("mktree", input="")
    oid = shelf.scratch.git("commit-tree", tree, "-m", f"x\n\n{hostile}")
    shelf.scratch.git("update-ref", "refs/repro/log/llllllll", oid)
    assert removed_here(shelf.repo) == frozenset()


def test_another_commit_under_the_id_in_the_trash_is_not_overwritten(shelf: Shelf) -> None:
    shelf.put("k")
    found = run(shelf, "run-k")
    shelf.scratch.git("update-ref", trash_ref(found.id), shelf.scratch.head())
    before = shelf.scratch.refs()
    with pytest.raises(TrashTakenError) as caught:
        remove(shelf, "run-k")
    assert trash_ref(found.id) in (caught.value.hint or "")
    assert shelf.scratch.refs() == before


def test_what_is_no_run_at_all_can_be_removed(shelf: Shelf) -> None:
    oid = shelf.put_damaged("refs/repro/runs/what")
    [known] = known_runs(shelf.repo)
    remove_runs(shelf.repo, [known], now=LATER, author=None)
    assert known_runs(shelf.repo) == []
    assert shelf.scratch.refs(TRASH_REFS) == {"refs/repro/trash/what": oid}
    assert read_events(shelf.repo) == []
    [trashed] = list_trash(shelf.repo)
    assert (trashed.id, trashed.summary) == ("what", None)
    restore(shelf, "what")
    assert [run.ref for run in known_runs(shelf.repo)] == ["refs/repro/runs/what"]


def test_many_are_removed_at_once(shelf: Shelf) -> None:
    oid = shelf.put("k")
    runs = [
        KnownRun(
            RunId(f"20240507T0{n // 3600:01}{n // 60 % 60:02}{n % 60:02}-zzzzzzzz"),
            oid,
            run_ref(RunId("")),
        )
        for n in range(300)
    ]
    shelf.scratch.git(
        "update-ref", "--stdin", input="".join(f"create {run_ref(r.id)} {oid}\n" for r in runs)
    )
    remove_runs(shelf.repo, runs, now=LATER, author=ANN)
    assert len(shelf.scratch.refs(TRASH_REFS)) == 300
    assert len(removed_here(shelf.repo)) == 300
    assert names(shelf) == ["run-k"]


def test_who_is_slower_looks_again(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.put("k")
    found = run(shelf, "run-k")
    update_refs: Callable[..., object] = vars(removal)["update_refs"]

    def fold_first(*args: Any) -> None:
        monkeypatch.setattr(removal, "update_refs", update_refs)
        fold(shelf)
        update_refs(*args)

    monkeypatch.setattr(removal, "update_refs", fold_first)
    remove_runs(shelf.repo, [found], now=LATER, author=ANN)
    assert names(shelf) == []
    assert [trashed.id for trashed in list_trash(shelf.repo)] == [found.id]


def test_two_that_remove_the_same_run_both_succeed(shelf: Shelf) -> None:
    shelf.put("k")
    found = run(shelf, "run-k")
    for _ in range(2):
        remove_runs(shelf.repo, [found], now=LATER, author=ANN)
    assert [trashed.id for trashed in list_trash(shelf.repo)] == [found.id]
    assert len(read_events(shelf.repo)) == 1


def test_a_ref_that_never_stands_still_is_an_error(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("k")

    def refuse(*_: object) -> None:
        raise RefMovedError("another process moved a ref", hint="try again")

    monkeypatch.setattr(removal, "update_refs", refuse)
    with pytest.raises(RefMovedError):
        remove(shelf, "run-k")
    assert names(shelf) == ["run-k"]


def _dies(monkeypatch: pytest.MonkeyPatch, step: str, *, after: bool) -> None:
    done: Callable[..., object] = getattr(removal, step)

    def die(*args: object, **fields: object) -> None:
        monkeypatch.setattr(removal, step, done)
        if after:
            done(*args, **fields)
        raise Killed

    monkeypatch.setattr(removal, step, die)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", ["update_refs", "append_events"])
def test_a_removal_killed_anywhere_loses_nothing_and_can_be_done_again(
    either: Shelf, monkeypatch: pytest.MonkeyPatch, step: str, *, after: bool
) -> None:
    found = run(either, "run-m")
    _dies(monkeypatch, step, after=after)
    with pytest.raises(Killed):
        remove_runs(either.repo, [found], now=LATER, author=ANN)
    trashed: Sequence[str] = [run.name for run in list_trash(either.repo)]
    assert "run-m" in (*names(either), *trashed)
    assert found.oid in either.scratch.git("rev-list", "--all")
    remove_runs(either.repo, [found], now=LATER, author=ANN)
    assert names(either) == ["run-k", "run-p"]
    assert removed_here(either.repo) == {found.id}
    restore(either, "run-m")
    assert names(either) == ["run-k", "run-m", "run-p"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", ["update_refs", "append_events"])
def test_a_restoration_killed_anywhere_loses_nothing_and_can_be_done_again(
    either: Shelf, monkeypatch: pytest.MonkeyPatch, step: str, *, after: bool
) -> None:
    remove(either, "run-m")
    found = find_trashed(either.repo, "run-m")
    _dies(monkeypatch, step, after=after)
    with pytest.raises(Killed):
        restore_runs(either.repo, [found], now=LATER, author=ANN)
    assert "run-m" in (*names(either), *(run.name for run in list_trash(either.repo)))
    restore_runs(either.repo, [found], now=LATER, author=ANN)
    assert names(either) == ["run-k", "run-m", "run-p"]
    assert either.scratch.refs(TRASH_REFS) == {}
    fold(either)
    assert names(either) == ["run-k", "run-m", "run-p"]


def test_what_an_interrupted_removal_did_not_say_is_said_by_the_next(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("k")
    shelf.put("m", minute=1)
    first = run(shelf, "run-k").id
    _dies(monkeypatch, "append_events", after=False)
    with pytest.raises(Killed):
        remove(shelf, "run-k")
    assert [trashed.removed_at for trashed in list_trash(shelf.repo)] == [None]
    [second] = remove(shelf, "run-m")
    assert removed_here(shelf.repo) == {first, second}
    assert log_ref(current_writer(shelf.repo)) in shelf.scratch.refs("refs/repro/log/")
