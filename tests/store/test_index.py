"""The index: never anything else than what refs say, whatever happens to them."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from repro.git.repository import open_repository
from repro.model.event import EventKind
from repro.model.ids import RUN_REFS, WriterId, archive_ref
from repro.store import index, index_file, index_refs
from repro.store.index import ask_index
from repro.store.index_file import index_path
from repro.store.index_reader import Reader
from repro.store.listing import (
    Listing,
    read_listing,
    read_listing_directly,
)
from repro.store.writer import current_writer, new_writer
from tests.store.conftest import Shelf
from tests.store.indexed import OTHER, assert_right, by_index, fold, grow_old, say


@pytest.fixture(autouse=True)
def _is_always_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "FEW_RUNS", 0)


def test_it_lists_what_refs_do(any_shelf: Shelf) -> None:
    for minute, letters in enumerate("kml"):
        any_shelf.put(letters, minute=minute, metrics={"acc": minute / 10})
        assert_right(any_shelf)
    any_shelf.scratch.git("pack-refs", "--all")
    assert [run.name for run in assert_right(any_shelf).summaries] == ["run-l", "run-m", "run-k"]


def test_no_runs_are_an_empty_index(shelf: Shelf) -> None:
    assert assert_right(shelf) == Listing([], [], 0)


def test_few_runs_get_none(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "FEW_RUNS", 200)
    shelf.put("k")
    assert read_listing(shelf.repo).n_runs == 1
    assert not os.path.exists(index_path(shelf.repo))


@pytest.mark.parametrize("is_packed", [True, False])
def test_folded_runs_are_not_few(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, is_packed: bool
) -> None:
    monkeypatch.setattr(index, "FEW_RUNS", 200)
    shelf.put("k")
    fold(shelf, 1)
    if is_packed:
        shelf.scratch.git("pack-refs", "--all")
    assert read_listing(shelf.repo).n_runs == 1
    assert os.path.exists(index_path(shelf.repo))


def test_nothing_new_is_known_from_stat_alone(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("k")
    grow_old(shelf)
    assert_right(shelf)

    def no_process(*args: object, **kwargs: object) -> None:
        raise AssertionError(args, kwargs)

    monkeypatch.setattr("repro.process.start", no_process)
    monkeypatch.setattr(index, "_refresh_and_ask", no_process)
    assert by_index(shelf).n_runs == 1


def test_what_changed_just_now_is_looked_at_again(shelf: Shelf) -> None:
    shelf.put("k")
    by_index(shelf)
    runs = Path(shelf.repo.common_dir, "refs/repro/runs")
    before = runs.stat()
    shelf.put("m", minute=1)
    os.utime(runs, ns=(before.st_atime_ns, before.st_mtime_ns))  # as if within one tick
    assert [run.name for run in by_index(shelf).summaries] == ["run-m", "run-k"]


def test_only_the_new_run_is_read(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    for minute, letters in enumerate("klmnop"):
        shelf.put(letters, minute=minute)
    grow_old(shelf)
    by_index(shelf)
    grow_old(shelf)
    by_index(shelf)
    shelf.put("q", minute=9)
    asked: list[tuple[str, ...]] = []
    start = type(shelf.repo).start

    def counted(self: object, *args: str, **kwargs: object) -> object:
        asked.append((args[0], str(kwargs.get("stdin", b"").count(b"\n"))))  # type: ignore[attr-defined]
        return start(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(type(shelf.repo), "start", counted)
    assert by_index(shelf).n_runs == 7
    assert asked == [("cat-file", "1")]


def test_refs_that_repro_never_makes_are_read_from_git(shelf: Shelf) -> None:
    oid = shelf.put("k")
    shelf.scratch.git("update-ref", "refs/repro/runs/deep/20240506T070810-llllllll", oid)
    assert ask_index(shelf.repo, Reader.listing) is None
    assert read_listing(shelf.repo) == read_listing_directly(shelf.repo)
    shelf.scratch.git("update-ref", "-d", "refs/repro/runs/deep/20240506T070810-llllllll")
    assert_right(shelf)


def test_a_symbolic_ref_is_left_to_git(shelf: Shelf) -> None:
    shelf.put("k")
    ref = "refs/repro/runs/20240506T070809-mmmmmmmm"
    shelf.scratch.git("symbolic-ref", ref, "refs/repro/runs/20240506T070809-kkkkkkkk")
    assert assert_right(shelf).n_runs == 2


def test_what_cannot_be_read_is_told_until_it_can(shelf: Shelf) -> None:
    shelf.put("k")
    ref = "refs/repro/runs/20240506T070809-mmmmmmmm"
    shelf.put_damaged(ref)
    shelf.put_damaged("refs/repro/runs/nonsense")
    shelf.put_damaged(
        "refs/repro/runs/20240506T070809-pppppppp", 'x\n\nRepro-Summary: {"format": 99}'
    )
    assert len(assert_right(shelf).unreadable) == 3
    shelf.scratch.git("update-ref", "-d", ref)
    shelf.put("m")
    assert len(assert_right(shelf).unreadable) == 2


def test_a_missing_commit_is_told_until_it_is_back(shelf: Shelf) -> None:
    oid = shelf.put("k")
    shelf.put("m", minute=1)
    shelf.scratch.git("repack", "-adq")
    shelf.scratch.git("unpack-objects", "-q", check=False)
    packs = list(Path(shelf.repo.common_dir, "objects/pack").iterdir())
    kept = [(path, path.read_bytes()) for path in packs]
    for path in packs:
        path.unlink()
    assert len(assert_right(shelf).unreadable) == 2
    for path, content in kept:
        path.write_bytes(content)
    assert [run.oid for run in assert_right(shelf).summaries][-1] == oid


def test_summaries_written_by_others_are_read_too(shelf: Shelf) -> None:
    record = shelf.record("k")
    shelf.put("k")
    text = shelf.scratch.git("log", "-1", "--format=%B", f"{RUN_REFS}{record.run.id}")
    spaced = text.replace('","', '", "').replace("run-k", "\\u0072un-k \\ud800")
    shelf.scratch.git("update-ref", "-d", f"{RUN_REFS}{record.run.id}")
    shelf.put_damaged(f"{RUN_REFS}{record.run.id}", spaced)
    (run,) = assert_right(shelf).summaries
    assert run.name == "run-k \ud800"


def test_a_run_that_is_folded_and_hot_is_there_once(shelf: Shelf) -> None:
    oid = shelf.put("k")
    fold(shelf, 1)
    assert_right(shelf)
    shelf.scratch.git("update-ref", "refs/repro/runs/20240506T070809-kkkkkkkk", oid)
    assert assert_right(shelf).n_runs == 1
    shelf.scratch.git("update-ref", "-d", "refs/repro/runs/20240506T070809-kkkkkkkk")
    assert [run.ref for run in assert_right(shelf).summaries] == [archive_ref(OTHER)]


def test_an_archive_that_goes_takes_its_runs_with_it(shelf: Shelf) -> None:
    shelf.put("k")
    fold(shelf, 1)
    shelf.put("m", minute=1)
    fold(shelf, 1, WriterId("kkkkkkkk"))
    assert_right(shelf)
    shelf.scratch.git("update-ref", "-d", archive_ref(OTHER))
    assert [run.name for run in assert_right(shelf).summaries] == ["run-m"]


def test_an_archive_that_is_written_anew_is_read_anew(shelf: Shelf) -> None:
    for minute, letters in enumerate("klm"):
        shelf.put(letters, minute=minute)
    fold(shelf, 1)
    first = shelf.scratch.git("rev-parse", archive_ref(OTHER)).strip()
    fold(shelf, 1)
    assert_right(shelf)
    shelf.scratch.git("update-ref", archive_ref(OTHER), first)
    assert [run.name for run in assert_right(shelf).summaries] == ["run-m", "run-k"]


def test_what_people_say_is_added_as_it_comes(shelf: Shelf) -> None:
    shelf.put("k", name="first")
    assert_right(shelf)
    for kind, name, value in (
        (EventKind.TAG, "best", ""),
        (EventKind.NOTE, "", "look at this"),
        (EventKind.STAR, "", ""),
        (EventKind.RENAME, "second", ""),
        (EventKind.UNTAG, "best", ""),
    ):
        say(shelf, kind, "k", name, value)
        assert_right(shelf)
    (run,) = by_index(shelf).summaries
    assert (run.name, run.starred, len(run.notes)) == ("second", True, 1)
    found = ask_index(shelf.repo, lambda reader: reader.named("second"))
    assert found is not None
    assert found.summaries == [run]


def test_a_removed_run_is_hidden_where_it_was_removed(shelf: Shelf) -> None:
    shelf.put("k")
    shelf.put("m", minute=1)
    fold(shelf, 1)
    assert_right(shelf)
    say(shelf, EventKind.REMOVE, "k")
    assert assert_right(shelf).n_runs == 1
    say(shelf, EventKind.RESTORE, "k")
    assert assert_right(shelf).n_runs == 2
    say(shelf, EventKind.REMOVE, "k")
    new_writer(shelf.repo)
    assert assert_right(shelf).n_runs == 1
    Path(shelf.repo.state_dir, "writer").write_text(f"{OTHER}\n")  # as in another clone
    assert assert_right(shelf).n_runs == 2


def test_a_log_that_is_written_anew_is_read_anew(shelf: Shelf) -> None:
    shelf.put("k")
    say(shelf, EventKind.TAG, "k", "a")
    log = f"refs/repro/log/{current_writer(shelf.repo)}"
    first = shelf.scratch.git("rev-parse", log).strip()
    say(shelf, EventKind.TAG, "k", "b")
    assert {"a", "b"} <= assert_right(shelf).summaries[0].tags.keys()
    shelf.scratch.git("update-ref", log, first)
    assert "b" not in assert_right(shelf).summaries[0].tags
    shelf.scratch.git("update-ref", "-d", log)
    assert "a" not in assert_right(shelf).summaries[0].tags


def test_it_is_shared_by_all_worktrees(shelf: Shelf, tmp_path: Path) -> None:
    shelf.put("k")
    assert_right(shelf)
    side = shelf.scratch.worktree(tmp_path / "side")
    other = Shelf(side, open_repository(str(side.path)))
    other.put("m", minute=1)
    assert assert_right(other).n_runs == assert_right(shelf).n_runs == 2
    assert index_path(other.repo) == index_path(shelf.repo)


def test_a_copy_of_the_repository_has_its_own(shelf: Shelf, tmp_path: Path) -> None:
    shelf.put("k")
    grow_old(shelf)
    assert_right(shelf)
    copied = shelf.scratch.copy(tmp_path / "copy")
    other = Shelf(copied, open_repository(str(copied.path)))
    other.put("m", minute=1)
    assert (assert_right(other).n_runs, assert_right(shelf).n_runs) == (2, 1)


def test_times_are_taken_from_the_file_system(shelf: Shelf) -> None:
    stamp = index_refs.Stamp(mtime_ns=10_000_000_000)
    assert not stamp.is_settled(11_000_000_000)
    assert stamp.is_settled(12_000_000_001)
    with index_file.turn_to_write(shelf.repo) as now_ns:
        assert now_ns is not None
        fresh = Path(shelf.repo.state_dir, "fresh")
        fresh.touch()
        assert abs(fresh.stat().st_mtime_ns - now_ns) < timedelta(seconds=5).seconds * 10**9
