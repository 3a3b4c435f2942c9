"""Folding: the archive lists runs as their own refs did, and loses none."""

from datetime import UTC, datetime

import pytest

from repro.git.refs import RefMovedError, list_refs
from repro.model.ids import ARCHIVE_REFS, RUN_REFS, WriterId, archive_ref
from repro.store import archive
from repro.store.archive import fold_runs
from repro.store.listing import known_runs, read_listing
from repro.store.runs import read_record
from tests.store.conftest import Shelf

AT = datetime(2024, 6, 1, tzinfo=UTC)
WRITER = WriterId("zyxwvuts")


def _fold(shelf: Shelf, n_runs: int = 100) -> int:
    runs = list_refs(shelf.repo, RUN_REFS)[:n_runs]
    return fold_runs(shelf.repo, runs, writer=WRITER, at=AT)


def test_folded_runs_are_listed_as_before(shelf: Shelf) -> None:
    for minute, letters in enumerate("klmno"):
        shelf.put(letters, minute=minute, metrics={"acc": minute / 10})
    before = read_listing(shelf.repo)
    assert _fold(shelf, 3) == 3
    after = read_listing(shelf.repo)
    assert after.n_runs == 5
    assert [run._replace(ref=archive_ref(WRITER)) for run in after.summaries] == [
        run._replace(ref=archive_ref(WRITER)) for run in before.summaries
    ]
    assert len(list_refs(shelf.repo, RUN_REFS)) == 2
    assert [run.id for run in read_listing(shelf.repo, newest=3).summaries] == [
        run.id for run in before.summaries[:3]
    ]


def test_a_second_fold_adds_to_the_first(shelf: Shelf) -> None:
    shelf.put("k")
    _fold(shelf)
    shelf.put("l", minute=1)
    _fold(shelf)
    assert [run.is_folded for run in known_runs(shelf.repo)] == [True, True]
    assert len(list_refs(shelf.repo, ARCHIVE_REFS)) == 1
    names = shelf.scratch.git("ls-tree", "--name-only", archive_ref(WRITER)).split()
    assert names == ["000001.jsonl", "000002.jsonl"]


def test_git_gc_keeps_folded_runs(shelf: Shelf) -> None:
    oid = shelf.put("k", metrics={"acc": 0.5})
    _fold(shelf)
    shelf.scratch.git("reflog", "expire", "--expire=now", "--all")
    shelf.scratch.git("gc", "--quiet", "--prune=now")
    assert read_record(shelf.repo, oid).metrics["acc"].value == 0.5
    assert shelf.scratch.git("fsck", "--strict").strip() == ""


def test_many_runs_take_several_segments(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "SEGMENT_RUNS", 2)
    for minute, letters in enumerate("klmno"):
        shelf.put(letters, minute=minute)
    assert _fold(shelf) == 5
    assert len(archive.list_segments(shelf.repo)) == 3
    assert read_listing(shelf.repo).n_runs == 5


def test_what_cannot_be_read_stays_on_its_ref(shelf: Shelf) -> None:
    shelf.put("k")
    head = shelf.scratch.git("rev-parse", "HEAD").strip()
    shelf.scratch.git("update-ref", "refs/repro/runs/20240506T070809-llllllll", head)
    assert _fold(shelf) == 1
    assert [ref for ref, _ in list_refs(shelf.repo, RUN_REFS)] == [
        "refs/repro/runs/20240506T070809-llllllll"
    ]


def test_a_run_removed_meanwhile_stops_the_fold(shelf: Shelf) -> None:
    shelf.put("k")
    shelf.put("l", minute=1)
    runs = list_refs(shelf.repo, RUN_REFS)
    shelf.scratch.git("update-ref", "-d", runs[0][0])
    with pytest.raises(RefMovedError):
        fold_runs(shelf.repo, runs, writer=WRITER, at=AT)
    assert list_refs(shelf.repo, RUN_REFS) == runs[1:]
    assert list_refs(shelf.repo, ARCHIVE_REFS) == []
