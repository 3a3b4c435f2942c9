"""The stat cache: right hashes always, remembered when that is safe."""

import hashlib
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from repro.data import stat_cache
from repro.data.hashing import ChangedWhileReadError, NotARegularFileError, hash_open_file
from repro.data.progress import Progress
from repro.data.stat_cache import StatCache

LATER_NS = 3_600_000_000_000


def later() -> int:
    """A clock for which every file is old."""
    return time.time_ns() + LATER_NS


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def known(cache: StatCache, path: Path) -> str | None:
    return cache.known([os.stat(path)])[0]


def test_the_hash_is_the_md5_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"hello\r\n")
    assert StatCache(str(tmp_path / "db")).hash_file(str(tmp_path / "f")) == md5(b"hello\r\n")


def test_an_old_file_is_known_to_another_process(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    with StatCache(str(tmp_path / "a" / "db"), clock=later) as cache:
        cache.hash_file(str(tmp_path / "f"))
    assert known(StatCache(str(tmp_path / "a" / "db")), tmp_path / "f") == md5(b"x")


def test_a_file_modified_just_now_is_not_remembered(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    cache = StatCache(str(tmp_path / "db"))
    cache.hash_file(str(tmp_path / "f"))
    assert known(cache, tmp_path / "f") is None


@pytest.mark.parametrize("content", [b"y", b"longer"])
def test_a_changed_file_is_read_again(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"x")
    os.utime(file, ns=(10**18, 10**18))
    cache = StatCache(str(tmp_path / "db"), clock=later)
    cache.hash_file(str(file))
    file.write_bytes(content)
    assert cache.hash_file(str(file)) == md5(content)


def test_a_change_that_keeps_size_and_mtime_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"x")
    os.utime(file, ns=(10**18, 10**18))
    cache = StatCache(str(tmp_path / "db"), clock=later)
    cache.hash_file(str(file))
    while os.stat(file).st_ctime_ns == cache_time(tmp_path):
        file.write_bytes(b"y")
    file.write_bytes(b"y")
    os.utime(file, ns=(10**18, 10**18))
    assert cache.hash_file(str(file)) == md5(b"y")


def cache_time(directory: Path) -> int:
    """Returns the file system's clock."""
    (directory / "now").write_bytes(b"")
    return os.stat(directory / "now").st_ctime_ns


def test_a_new_hard_link_to_a_protected_file_does_not_make_it_unknown(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"x")
    file.chmod(0o444)
    cache = StatCache(str(tmp_path / "db"), clock=later)
    cache.hash_file(str(file))
    os.link(file, tmp_path / "g")
    assert known(cache, tmp_path / "g") == md5(b"x")


def test_a_damaged_database_is_a_miss_and_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "db").write_bytes(b"this is no database" * 100)
    (tmp_path / "f").write_bytes(b"x")
    for _ in range(2):
        with StatCache(str(tmp_path / "db"), clock=later) as cache:
            assert cache.hash_file(str(tmp_path / "f")) == md5(b"x")
    assert known(StatCache(str(tmp_path / "db")), tmp_path / "f") == md5(b"x")


def test_a_locked_database_is_a_miss(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    with StatCache(str(tmp_path / "db"), clock=later) as cache:
        cache.hash_file(str(tmp_path / "f"))
    holder = sqlite3.connect(tmp_path / "db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    cache = StatCache(str(tmp_path / "db"))
    assert cache.hash_file(str(tmp_path / "f")) == md5(b"x")
    holder.close()


def test_a_database_that_cannot_be_made_is_a_miss(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    with StatCache(str(tmp_path / "f" / "db"), clock=later) as cache:
        assert cache.hash_file(str(tmp_path / "f")) == md5(b"x")


def test_a_database_of_another_version_is_made_anew(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "db")
    database.execute("CREATE TABLE files (other)")
    database.execute("PRAGMA user_version = 99")
    database.close()
    (tmp_path / "f").write_bytes(b"x")
    with StatCache(str(tmp_path / "db"), clock=later) as cache:
        cache.hash_file(str(tmp_path / "f"))
    assert known(StatCache(str(tmp_path / "db")), tmp_path / "f") == md5(b"x")


def test_many_files_come_back_in_their_order(tmp_path: Path) -> None:
    contents = [b"small", b"b" * (6 << 20), b"", b"c" * (6 << 20)]
    for i, content in enumerate(contents):
        (tmp_path / str(i)).write_bytes(content)
    paths = [str(tmp_path / str(i)) for i in range(len(contents))]
    with StatCache(str(tmp_path / "db")) as cache:
        found = cache.hash_files([(path, os.stat(path)) for path in paths])
    assert found == [md5(content) for content in contents]


def test_many_processes_may_share_it(tmp_path: Path) -> None:
    for i in range(50):
        (tmp_path / str(i)).write_bytes(str(i).encode())
    script = (
        "import sys, time\n"
        "from repro.data.stat_cache import StatCache\n"
        "with StatCache(sys.argv[1], clock=lambda: time.time_ns() + 10**13) as cache:\n"
        "    for i in range(50):\n"
        "        cache.hash_file(f'{sys.argv[2]}/{i}')\n"
        "        cache.flush()\n"
    )
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    argv = [sys.executable, "-c", script, str(tmp_path / "db"), str(tmp_path)]
    started = [subprocess.Popen(argv, env=env) for _ in range(4)]
    assert [process.wait() for process in started] == [0, 0, 0, 0]
    cache = StatCache(str(tmp_path / "db"))
    assert [known(cache, tmp_path / str(i)) for i in range(50)] == [
        md5(str(i).encode()) for i in range(50)
    ]


def test_several_threads_may_use_one(tmp_path: Path) -> None:
    for i in range(20):
        (tmp_path / str(i)).write_bytes(str(i).encode())
    found: list[list[str]] = []
    with StatCache(str(tmp_path / "db"), clock=later) as cache:

        def work() -> None:
            found.append([cache.hash_file(str(tmp_path / str(i))) for i in range(20)])

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [[md5(str(i).encode()) for i in range(20)]] * 4


def test_a_file_that_changes_while_it_is_read_has_no_hash(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"x" * 10)
    fd = os.open(file, os.O_RDONLY)
    os.read(fd, 5)  # as if the file had grown meanwhile: fewer bytes come than were there
    with pytest.raises(ChangedWhileReadError) as caught:
        hash_open_file(fd, str(file))
    os.close(fd)
    assert caught.value.path == str(file)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotARegularFileError):
        StatCache(str(tmp_path / "db")).hash_file(str(tmp_path / "pipe"))


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        StatCache(str(tmp_path / "db")).hash_file(str(tmp_path / "none"))


def _make(directory: Path, contents: list[bytes]) -> list[tuple[str, os.stat_result]]:
    paths = [directory / f"file{number}" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return [(str(path), os.stat(path)) for path in paths]


def test_files_that_are_waited_for_are_read_by_many_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = set()

    def read_slowly(fd: int, path: str, **_: object) -> tuple[str, os.stat_result]:
        threads.add(threading.get_ident())
        time.sleep(0.002)  # as a server far away
        return hash_open_file(fd, path)

    monkeypatch.setattr(stat_cache, "hash_open_file", read_slowly)
    contents = [b"%d" % number for number in range(600)]
    cache = StatCache(str(tmp_path / "db"))
    assert cache.hash_files(_make(tmp_path, contents)) == [md5(content) for content in contents]
    assert len(threads) > 2


def test_progress_counts_every_file_and_byte(tmp_path: Path) -> None:
    contents = [b"x" * size for size in (0, 1, 5, 3 << 20, 7 << 20)]
    files = _make(tmp_path, contents)
    for path, _ in files:
        os.utime(path, ns=(10**18, 10**18))
    files = [(path, os.stat(path)) for path, _ in files]
    cache = StatCache(str(tmp_path / "db"), clock=later)
    for _ in ("read", "known"):
        seen: list[tuple[int, int]] = []
        progress = Progress(lambda now, seen=seen: seen.append((now.n_done, now.bytes_done)))  # type: ignore[misc]
        cache.hash_files(files, progress=progress)
        assert (progress.n_done, progress.bytes_done) == (5, sum(map(len, contents)))
        assert seen[-1] == (5, sum(map(len, contents)))


def test_what_is_kept_in_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stat_cache, "_MOST_ROWS", 10)
    files = _make(tmp_path, [b"%d" % number for number in range(100)])
    cache = StatCache(str(tmp_path / "db"), clock=later)
    for start in range(0, 100, 10):
        cache.hash_files(files[start : start + 10])
        cache.flush()
    assert len(cache._rows) <= 20
    assert cache.known([state for _, state in files]) == [md5(b"%d" % n) for n in range(100)]
