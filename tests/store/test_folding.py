"""Automatic folding: due or not, never in the way, never losing a run."""

import fcntl
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from repro.git.refs import list_refs
from repro.model.ids import ARCHIVE_REFS, RUN_REFS, WriterId, archive_ref
from repro.store import archive, folding
from repro.store.archive import fold_runs
from repro.store.folding import fold_cold_runs, tend_refs
from repro.store.listing import read_listing
from repro.store.writer import current_writer
from tests.store.conftest import START, Shelf

LATER = START + timedelta(days=1)
OTHER = WriterId("zyxwvuts")


@pytest.fixture
def full(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Six runs, a minute apart; four make it too many, two make a segment, two stay."""
    monkeypatch.setattr(folding, "MAX_COLD_RUNS", 2)
    monkeypatch.setattr(folding, "_N_KEPT", 2)
    monkeypatch.setattr(folding, "SEGMENT_RUNS", 2)
    monkeypatch.setattr(folding, "_MOST_AT_ONCE", 4)
    monkeypatch.setattr(archive, "SEGMENT_RUNS", 2)
    for minute, letters in enumerate("klmnop"):
        shelf.put(letters, minute=minute)
    return shelf


def hot(shelf: Shelf) -> str:
    """Returns the first letter of each run that has a ref of its own, oldest first."""
    return "".join(ref[-1] for ref, _ in list_refs(shelf.repo, RUN_REFS))


def test_the_oldest_are_folded_and_the_newest_stay(full: Shelf) -> None:
    before = [run.oid for run in read_listing(full.repo).summaries]
    tend_refs(full.repo, now=LATER)
    assert hot(full) == "op"
    assert [run.oid for run in read_listing(full.repo).summaries] == before
    assert [ref for ref, _ in list_refs(full.repo, ARCHIVE_REFS)] == [
        archive_ref(current_writer(full.repo))
    ]


def test_runs_of_the_last_hour_stay(full: Shelf) -> None:
    tend_refs(full.repo, now=START + timedelta(minutes=62))
    assert hot(full) == "klmnop"  # two are cold, and two may be
    tend_refs(full.repo, now=START + timedelta(minutes=63))
    assert hot(full) == "mnop"


def test_folding_goes_by_whole_segments(full: Shelf) -> None:
    full.put("q", minute=6)
    tend_refs(full.repo, now=LATER)
    assert hot(full) == "opq"


def test_what_has_piled_up_goes_bit_by_bit(full: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "_MOST_AT_ONCE", 2)
    tend_refs(full.repo, now=LATER)
    assert hot(full) == "mnop"


def test_gc_folds_all_that_are_cold(full: Shelf) -> None:
    assert fold_cold_runs(full.repo, now=LATER, at_least=0) == 4
    assert hot(full) == "op"
    assert fold_cold_runs(full.repo, now=LATER, at_least=0) == 0


def test_few_runs_cost_no_process(full: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "MAX_COLD_RUNS", 1000)

    def no_process(*args: object, **kwargs: object) -> None:
        raise AssertionError(args, kwargs)

    monkeypatch.setattr("repro.process.start", no_process)
    tend_refs(full.repo, now=LATER)


def test_packed_refs_count_too(full: Shelf) -> None:
    full.scratch.git("pack-refs", "--all")
    tend_refs(full.repo, now=LATER)
    assert hot(full) == "op"


def test_afterwards_refs_are_packed_and_commits_are_known(full: Shelf) -> None:
    tend_refs(full.repo, now=LATER)
    assert not list(Path(full.repo.common_dir, "refs/repro").rglob("*-*"))
    assert list(Path(full.repo.common_dir, "objects/info/commit-graphs").glob("*.graph"))
    assert full.scratch.git("fsck", "--strict").strip() == ""


def test_many_loose_refs_are_packed(full: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "MAX_COLD_RUNS", 1000)
    monkeypatch.setattr(folding, "MAX_LOOSE_RUNS", 5)
    tend_refs(full.repo, now=LATER)
    assert hot(full) == "klmnop"
    assert not list(Path(full.repo.common_dir, "refs/repro").rglob("*-*"))


def test_a_run_that_an_archive_holds_loses_its_ref_only(full: Shelf) -> None:
    runs = list_refs(full.repo, RUN_REFS)
    fold_runs(full.repo, runs[:2], writer=OTHER, at=LATER)
    for ref, oid in runs[:2]:
        full.scratch.git("update-ref", ref, oid)
    assert fold_cold_runs(full.repo, now=LATER) == 4
    assert hot(full) == "op"
    own = archive_ref(current_writer(full.repo))
    assert full.scratch.git("ls-tree", "--name-only", own).split() == ["000001.jsonl"]
    assert read_listing(full.repo).n_runs == 6


def test_a_run_that_an_archive_only_lists_keeps_its_commit(full: Shelf) -> None:
    oid = list_refs(full.repo, RUN_REFS)[0][1]
    text = full.scratch.git("log", "-1", "--format=%B", oid)
    line = archive.encode_segment([(oid, text.rpartition("Summary: ")[2].strip().encode())])
    full.scratch.write("segment", line)
    blob = full.scratch.git("hash-object", "-w", "segment").strip()
    os.unlink(full.scratch.path / "segment")
    tree = full.scratch.git("mktree", input=f"100644 blob {blob}\t000001.jsonl\n").strip()
    commit = full.scratch.git("commit-tree", tree, "-m", "half an archive").strip()
    full.scratch.git("update-ref", archive_ref(OTHER), commit)
    fold_cold_runs(full.repo, now=LATER)
    full.scratch.git("gc", "--quiet", "--prune=now")
    assert full.scratch.git("cat-file", "-t", oid).strip() == "commit"


def test_who_folds_at_the_same_time_is_left_to_it(full: Shelf) -> None:
    os.makedirs(full.repo.state_dir, exist_ok=True)
    with open(f"{full.repo.state_dir}/fold.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert fold_cold_runs(full.repo, now=LATER) == 0
    assert hot(full) == "klmnop"


def test_a_run_removed_meanwhile_stops_the_fold_and_nothing_else(
    full: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = list_refs(full.repo, RUN_REFS)[0][0]

    def remove_first(*args: object, **kwargs: object) -> int:
        full.scratch.git("update-ref", "-d", gone)
        return fold_runs(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(folding, "fold_runs", remove_first)
    assert fold_cold_runs(full.repo, now=LATER) == 0
    assert hot(full) == "lmnop"


def test_a_lock_of_gits_own_is_no_error(full: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repro.git.repository._SETTINGS", ("-c", "core.packedRefsTimeout=10"))
    full.scratch.git("pack-refs", "--all")
    Path(full.repo.common_dir, "packed-refs.lock").touch()
    tend_refs(full.repo, now=LATER)
    assert hot(full) == "klmnop"


def test_names_that_are_no_ids_stay(full: Shelf) -> None:
    full.put_damaged("refs/repro/runs/00000000-odd")
    full.put_damaged("refs/repro/runs/20230101T000000-kkkkkkkk")
    fold_cold_runs(full.repo, now=datetime(2025, 1, 1, tzinfo=UTC))
    assert hot(full) == "dkop"
