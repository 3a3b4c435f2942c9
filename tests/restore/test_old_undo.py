"""Old undo entries go, the newest of each working tree never."""

from datetime import UTC, datetime, timedelta

import pytest

from repro.git.repository import Repository, open_repository
from repro.git.working_tree import Head
from repro.restore import old_undo as pruning
from repro.restore.old_undo import drop_undo, old_undo
from repro.restore.state import Progress, begin
from repro.restore.undo_entries import Saved, list_undo, save_undo
from tests.repos import Scratch

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def _save(repo: Repository, *days: int) -> None:
    assert repo.head_tree is not None
    saved = Saved(Head(None, repo.head), repo.head_tree, repo.head_tree)
    for age in days:
        save_undo(repo, saved, reason="a test", at=NOW - timedelta(days=age))


@pytest.fixture
def place(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setattr(pruning, "_NEWEST", 2)
    return open_repository(str(repo.path))


def _numbers(repo: Repository) -> list[int]:
    return [entry.number for entry in old_undo(repo, now=NOW)]


def test_entries_are_old_beyond_the_newest_and_thirty_days(place: Repository) -> None:
    _save(place, 90, 40, 20, 39, 31)

    assert _numbers(place) == [2, 1]


def test_the_newest_stay_however_old(place: Repository) -> None:
    _save(place, 400, 300)

    assert _numbers(place) == []


def test_each_working_tree_has_its_own(repo: Scratch, place: Repository) -> None:
    side = open_repository(str(repo.worktree(repo.path.parent / "side").path))
    _save(place, 90, 89)
    _save(side, 88, 87, 86)

    assert _numbers(place) == [3]


def test_that_of_an_interrupted_checkout_stays(place: Repository) -> None:
    _save(place, 90, 89, 88, 87)
    begin(place, Progress(1, "a test"))

    assert _numbers(place) == [2]


def test_what_is_dropped_is_gone_and_numbers_go_on(place: Repository) -> None:
    _save(place, 90, 89, 88)
    drop_undo(place, old_undo(place, now=NOW))
    assert [entry.number for entry in list_undo(place)] == [3, 2]

    _save(place, 1)

    assert [entry.number for entry in list_undo(place)] == [4, 3, 2]
