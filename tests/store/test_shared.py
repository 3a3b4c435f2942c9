"""What is known of remotes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from repro.git.refs import list_refs, read_ref
from repro.git.repository import Repository
from repro.model.ids import RUN_REFS, Oid, RunId, WriterId, archive_ref
from repro.store import index
from repro.store.archive import fold_runs
from repro.store.folded import FoldedRun, find_folded
from repro.store.index import ask_index
from repro.store.index_reader import Reader
from repro.store.shared import (
    Shared,
    forget_shared,
    note_shared,
    read_note,
    read_shared,
    shared_with,
)
from tests.store.conftest import START, Shelf

RUN = RunId("20240506T070809-kkkkkkkk")


@pytest.mark.parametrize("name", ["origin", "../up", "git@host:a/b.git"])
def test_what_was_noted_is_known(shelf: Shelf, name: str) -> None:
    assert read_shared(shelf.repo, name) == Shared(name)
    shared = Shared(name, frozenset({RUN}), data={"s3": frozenset({"0" * 32})})
    note_shared(shelf.repo, shared)
    assert read_shared(shelf.repo, name) == shared
    assert shared_with(shelf.repo) == [shared]
    assert [path.parent.name for path in Path(shelf.repo.state_dir).rglob("*.json")] == ["remotes"]
    forget_shared(shelf.repo, name)
    assert shared_with(shelf.repo) == []


@pytest.mark.parametrize("text", ["", "[]", '{"remote": 1}', '{"runs": {}, "data": []}'])
def test_a_damaged_note_is_as_good_as_none(shelf: Shelf, text: str) -> None:
    note_shared(shelf.repo, Shared("origin", frozenset({RUN})))
    [path] = Path(shelf.repo.state_dir).rglob("*.json")
    path.write_text(text)
    assert read_shared(shelf.repo, "origin") == Shared("origin")
    assert shared_with(shelf.repo) == []


def test_what_a_remote_has_folded_is_among_its_runs(shelf: Shelf) -> None:
    shelf.put("k")
    shelf.put("l", minute=1)
    writer = WriterId("zyxwvuts")
    fold_runs(shelf.repo, list_refs(shelf.repo, RUN_REFS)[:1], writer=writer, at=START)
    tip = read_ref(shelf.repo, archive_ref(writer))
    assert tip is not None
    note_shared(shelf.repo, Shared("origin", archives={archive_ref(writer): tip}))
    assert read_note(shelf.repo, "origin").runs == frozenset()
    assert read_shared(shelf.repo, "origin").runs == {RUN}
    assert shared_with(shelf.repo)[0].runs == {RUN}


def test_an_archive_that_is_not_here_tells_nothing(shelf: Shelf) -> None:
    lost = {archive_ref(WriterId("zyxwvuts")): Oid("1" * 40)}
    note_shared(shelf.repo, Shared("origin", frozenset({RUN}), archives=lost))
    assert read_shared(shelf.repo, "origin").runs == {RUN}


@pytest.mark.parametrize("has_index", [True, False])
def test_a_folded_run_is_found_by_its_id(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, *, has_index: bool
) -> None:
    oid = shelf.put("k")
    shelf.put("l", minute=1)
    writer = WriterId("zyxwvuts")
    fold_runs(shelf.repo, list_refs(shelf.repo, RUN_REFS)[:1], writer=writer, at=START)
    answered = []
    if has_index:
        monkeypatch.setattr(index, "FEW_RUNS", 0)

        def ask(repo: Repository, question: Callable[[Reader], object]) -> object:
            answered.append(ask_index(repo, question))
            return answered[-1]

        monkeypatch.setattr(index, "ask_index", ask)
    else:
        monkeypatch.setattr(index, "ask_index", lambda *_: None)
    other = RunId("20240506T070909-llllllll")
    assert find_folded(shelf.repo, [RUN, other]) == {
        RUN: FoldedRun(RUN, oid, archive_ref(writer), find_folded(shelf.repo, [RUN])[RUN].summary)
    }
    assert None not in answered
