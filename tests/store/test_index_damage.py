"""An index that is damaged, cannot be written, or cannot be trusted: never an error."""

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from repro.git.repository import Repository
from repro.store import index, index_file
from repro.store.index import ask_index
from repro.store.index_file import index_path
from repro.store.index_reader import Reader
from repro.store.listing import (
    known_runs,
    known_runs_directly,
    read_listing,
    read_listing_directly,
)
from tests.store.conftest import Shelf
from tests.store.indexed import assert_right, by_index, fold, grow_old


@pytest.fixture(autouse=True)
def _is_always_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "FEW_RUNS", 0)


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
