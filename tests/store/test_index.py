"""The index: never anything else than what refs say, whatever happens to it or to them."""

import os
import sqlite3
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from repro.git.refs import list_refs
from repro.git.repository import Repository, open_repository
from repro.model.event import EventKind
from repro.model.ids import RUN_REFS, RunId, WriterId, archive_ref
from repro.store import index, index_file, index_refs
from repro.store.archive import fold_runs
from repro.store.index import ask_index
from repro.store.index_file import index_path
from repro.store.index_reader import Reader
from repro.store.listing import (
    Listing,
    known_runs,
    known_runs_directly,
    read_listing,
    read_listing_directly,
)
from repro.store.log import Word, append_events
from repro.store.writer import current_writer, new_writer
from tests.store.conftest import START, Shelf

NOW = datetime(2024, 6, 1, tzinfo=UTC)
OTHER = WriterId("zyxwvuts")


@pytest.fixture(autouse=True)
def _is_always_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "FEW_RUNS", 0)


def by_index(shelf: Shelf, newest: int | None = None) -> Listing:
    """Returns what the index lists; fails where it does not answer."""
    found = ask_index(shelf.repo, lambda reader: reader.listing(newest=newest))
    assert found is not None
    return found


def assert_right(shelf: Shelf) -> Listing:
    """Fails unless the index says what refs do, and returns it."""
    found = by_index(shelf)
    assert found == read_listing_directly(shelf.repo)
    for newest in (0, 1, 2):
        assert by_index(shelf, newest) == read_listing_directly(shelf.repo, newest=newest)
    assert ask_index(shelf.repo, Reader.known_runs) == known_runs_directly(shelf.repo)
    return found


def fold(shelf: Shelf, n_runs: int, writer: WriterId = OTHER) -> None:
    fold_runs(shelf.repo, list_refs(shelf.repo, RUN_REFS)[:n_runs], writer=writer, at=NOW)


def say(shelf: Shelf, kind: EventKind, run: str, name: str = "", value: str = "") -> None:
    word = Word(kind, RunId(f"20240506T070809-{run * 8}"), name, value)
    append_events(shelf.repo, [word], now=START, author=None)


def grow_old(shelf: Shelf) -> None:
    """Makes every place where refs change look as if it were untouched for a while."""
    for path in ("packed-refs", *(f"refs/repro/{kind}" for kind in ("runs", "archive", "log"))):
        full = Path(shelf.repo.common_dir) / path
        if full.exists():
            os.utime(full, (1_700_000_000, 1_700_000_000))


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


def _delete(shelf: Shelf) -> None:
    os.unlink(index_path(shelf.repo))


def _delete_all(shelf: Shelf) -> None:
    for path in Path(shelf.repo.state_dir).glob("runs.sqlite*"):
        path.unlink()


def _truncate(shelf: Shelf) -> None:
    size = os.stat(index_path(shelf.repo)).st_size
    os.truncate(index_path(shelf.repo), size // 2)


def _empty(shelf: Shelf) -> None:
    os.truncate(index_path(shelf.repo), 0)


def _garble(shelf: Shelf) -> None:
    path = Path(index_path(shelf.repo))
    path.write_bytes(b"not a database at all" * 1000)


def _spoil_pages(shelf: Shelf) -> None:
    path = Path(index_path(shelf.repo))
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


def _of_another_version(shelf: Shelf) -> None:
    with sqlite3.connect(index_path(shelf.repo)) as db:
        db.execute("DROP TABLE runs")
        db.execute("PRAGMA user_version = 99")


def _without_a_table(shelf: Shelf) -> None:
    with sqlite3.connect(index_path(shelf.repo)) as db:
        db.execute("DELETE FROM state")


def _with_nonsense(shelf: Shelf) -> None:
    with sqlite3.connect(index_path(shelf.repo)) as db:
        db.execute("UPDATE state SET stamps = 'x y'")


def _of_another_start(shelf: Shelf) -> None:
    with sqlite3.connect(index_path(shelf.repo)) as db:
        db.execute("UPDATE state SET made_on = 'an earlier boot'")
        db.execute("DELETE FROM runs")  # as a power cut may leave it


def _half_built(shelf: Shelf) -> None:
    _delete(shelf)
    Path(f"{index_path(shelf.repo)}.123.abcdef").write_bytes(b"half")
    Path(f"{index_path(shelf.repo)}-journal").write_bytes(b"half")


DAMAGES: tuple[Callable[[Shelf], None], ...] = (
    *(_delete, _delete_all, _truncate, _empty, _garble, _spoil_pages),
    *(_of_another_version, _without_a_table, _with_nonsense, _of_another_start, _half_built),
)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_is_built_anew(shelf: Shelf, damage: Callable[[Shelf], None]) -> None:
    for minute, letters in enumerate("klmn"):
        shelf.put(letters, minute=minute)
    fold(shelf, 2)
    grow_old(shelf)
    assert_right(shelf)
    damage(shelf)
    assert_right(shelf)
    assert sorted(path.name for path in Path(shelf.repo.state_dir).glob("runs.sqlite*")) == [
        "runs.sqlite",
        "runs.sqlite.lock",
    ]


def test_what_cannot_be_repaired_is_read_from_git(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("k")

    def broken(db: sqlite3.Connection) -> None:
        raise sqlite3.DatabaseError(f"{db}: database disk image is malformed")

    monkeypatch.setattr(index_file, "read_state", broken)
    assert ask_index(shelf.repo, Reader.listing) is None
    assert read_listing(shelf.repo) == read_listing_directly(shelf.repo)
    assert known_runs(shelf.repo) == known_runs_directly(shelf.repo)


def test_a_directory_that_cannot_be_written_is_no_error(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("k")
    by_index(shelf)
    shelf.put("m", minute=1)

    def refused(repo: Repository) -> None:
        raise PermissionError(repo.state_dir)

    monkeypatch.setattr(index_file, "turn_to_write", refused)
    assert ask_index(shelf.repo, Reader.listing) is None
    assert read_listing(shelf.repo).n_runs == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_directory_is_no_error(shelf: Shelf) -> None:
    shelf.put("k")
    os.makedirs(shelf.repo.state_dir, exist_ok=True)
    os.chmod(shelf.repo.state_dir, stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert read_listing(shelf.repo) == read_listing_directly(shelf.repo)
    finally:
        os.chmod(shelf.repo.state_dir, stat.S_IRWXU)


def test_a_file_where_its_directory_should_be_is_no_error(shelf: Shelf) -> None:
    shelf.put("k")
    Path(shelf.repo.state_dir).write_text("")
    assert ask_index(shelf.repo, Reader.listing) is None
    assert read_listing(shelf.repo).n_runs == 1


def test_a_disk_that_is_full_is_no_error(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.put("k")

    def full(path: str) -> sqlite3.Connection:
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA max_page_count = 1")
        return db

    monkeypatch.setattr(index_file, "connect", full)
    assert ask_index(shelf.repo, Reader.listing) is None
    assert read_listing(shelf.repo).n_runs == 1
    assert not list(Path(shelf.repo.state_dir).glob("runs.sqlite.*[0-9a-f]"))


def test_a_lock_that_is_held_for_long_is_no_error(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("k")
    by_index(shelf)
    shelf.put("m", minute=1)
    monkeypatch.setattr(index_file, "BUSY_S", 0.05)
    with index_file.turn_to_write(shelf.repo) as now_ns:
        assert now_ns is not None
        assert ask_index(shelf.repo, Reader.listing) is None
        assert read_listing(shelf.repo).n_runs == 2


def test_on_a_network_file_system_there_is_none(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("k")
    monkeypatch.setattr(index_file, "is_on_network", lambda _: True)
    assert ask_index(shelf.repo, Reader.listing) is None
    assert not os.path.exists(index_path(shelf.repo))


@pytest.mark.parametrize(
    ("kind", "is_network"),
    [("ext4", False), ("nfs4", True), ("lustre", True), ("fuse.sshfs", True), ("overlay", False)],
)
def test_network_file_systems_are_known_by_what_is_mounted(
    shelf: Shelf, tmp_path: Path, kind: str, is_network: bool
) -> None:
    device = os.stat(shelf.repo.common_dir).st_dev
    place = f"{os.major(device)}:{os.minor(device)}"
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 0:21 / /proc rw shared:1 - proc proc rw\n"
        f"23 1 {place} / /home rw,relatime shared:5 master:1 - {kind} host:/home rw\n"
    )
    assert index_file.is_on_network(shelf.repo, mounts=str(mounts)) is is_network
    assert not index_file.is_on_network(shelf.repo, mounts=str(tmp_path / "absent"))


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
