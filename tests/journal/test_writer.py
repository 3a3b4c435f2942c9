"""The journal's writing side: every line whole, whatever happens."""

import errno
import json
import math
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from repro.journal.reader import Journal, read_journal
from repro.journal.writer import JournalWriter, encode_name

NAMES = [
    "loss",
    "train/loss",
    "with space",
    "tab\there",
    "line\nbreak",
    "nul\0byte",
    '"quoted"',
    'in "the" middle',
    "",
    "\udc80lone surrogate",
    "é漢🙂",
    "\u2028",
    "back\\slash",
    " ",
    "x" * 5000,
]


@pytest.fixture
def live(tmp_path: Path) -> str:
    return str(tmp_path)


def _values(journal: Journal, name: str) -> list[bytes]:
    return [point.value for point in journal.points[name]]


def test_a_point_is_in_the_file_when_the_call_returns(live: str) -> None:
    writer = JournalWriter(live)
    writer.metric("loss", 0.5, 3)

    (point,) = read_journal(live).points["loss"]
    assert (point.step, point.value) == (3, b"0.5")
    writer.close()


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
def test_any_name_comes_back(live: str, name: str) -> None:
    writer = JournalWriter(live)
    writer.metric(name, 1.0, 0)
    writer.metric(name, 2.0, 1)
    writer.points([(name, 3.0), ("other", 4.0)], 2)
    writer.close()
    journal = read_journal(live)

    assert _values(journal, name) == [b"1.0", b"2.0", b"3.0"]
    assert _values(journal, "other") == [b"4.0"]


def test_a_name_is_one_line_and_one_field() -> None:
    for name in NAMES:
        assert not set(encode_name(name)) & set("\t\n\0")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, b"0.1"),
        (-0.0, b"-0.0"),
        (1e-320, b"1e-320"),
        (1.7976931348623157e308, b"1.7976931348623157e+308"),
        (math.nan, b"nan"),
        (math.inf, b"inf"),
        (-math.inf, b"-inf"),
        (5, b"5"),
        (-(10**300), b"-1" + b"0" * 300),
    ],
)
def test_any_number_comes_back(live: str, value: float, text: bytes) -> None:
    writer = JournalWriter(live)
    writer.points([("x", value)], 0)
    writer.close()

    assert _values(read_journal(live), "x") == [text]


def test_steps_are_kept_as_given(live: str) -> None:
    writer = JournalWriter(live)
    steps: list[int | str] = [5, 5, 3, "", -7, 10**30]
    for step in steps:
        writer.metric("x", 0.5, step)
    writer.close()
    points = read_journal(live).points["x"]

    assert [point.step for point in points] == [5, 5, 3, None, -7, 10**30]


def test_events_come_back_in_order(live: str) -> None:
    writer = JournalWriter(live, rank=2)
    writer.event("p", {"lr": 0.1, "t\tab": "line\nbreak"})
    writer.event("t", {"é": "\udc80"})
    writer.close()
    events = read_journal(live).events

    assert [(event.letter, event.rank) for event in events] == [(c, 2) for c in "bpte"]
    assert events[0].value["rank"] == 2
    assert events[1].value == {"lr": 0.1, "t\tab": "line\nbreak"}
    assert events[2].value == {"é": "\udc80"}


def _error(writer: JournalWriter) -> OSError | None:
    return writer.error


class _Disk:
    """Stands in for `os.write` with room for so many bytes."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, fd: int, content: bytes) -> int:
        if fd < 0:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        if self.room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        n_written = REAL_WRITE(fd, content[: self.room])
        self.room -= n_written
        return n_written


REAL_WRITE = os.write


@pytest.mark.parametrize("room", range(0, 130, 7))
def test_what_a_full_disk_cuts_off_is_written_later(
    live: str, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    writer = JournalWriter(live)
    disk = _Disk(room)
    monkeypatch.setattr(os, "write", disk.write)
    for step in range(4):
        writer.metric("loss", step / 4, step, write=disk.write)
    writer.points([("a", 1.0), ("b", 2.0)], 0)
    writer.event("p", {"lr": 1})
    assert _error(writer) is not None
    torn = read_journal(live).points.get("loss", [])  # what is there is never wrong
    assert [(point.step, float(point.value)) for point in torn] == [
        (step, step / 4) for step in range(len(torn))
    ]
    disk.room = 10**6
    assert writer.flush()
    writer.metric("loss", 1.0, 4, write=disk.write)
    writer.close()
    journal = read_journal(live)

    assert _error(writer) is None
    assert writer.n_lost == 0
    assert _values(journal, "loss") == [b"0.0", b"0.25", b"0.5", b"0.75", b"1.0"]
    assert (_values(journal, "a"), _values(journal, "b")) == ([b"1.0"], [b"2.0"])
    assert [event.value for event in journal.said("p")] == [{"lr": 1}]


def test_beyond_some_room_in_memory_the_oldest_lines_are_given_up(
    live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repro.journal.writer._KEPT_BYTES", 200)
    writer = JournalWriter(live)
    writer.tail("loss")
    disk = _Disk(0)
    monkeypatch.setattr(os, "write", disk.write)
    for step in range(100):
        writer.metric("loss", 0.5, step, write=disk.write)
    n_lost = writer.n_lost
    assert 80 < n_lost < 100
    disk.room = 10**6
    writer.flush()
    steps = [point.step for point in read_journal(live).points["loss"]]

    assert steps == list(range(n_lost, 100))
    writer.close()


_FILL = """
import resource, signal, sys
from repro.journal.writer import JournalWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = JournalWriter(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
for step in range(100):
    writer.metric("loss", 0.5, step)
print(writer.error.errno)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.metric("loss", 0.25, 100)
print(writer.error)
"""


def test_a_real_limit_is_met_like_a_full_disk(live: str) -> None:
    done = subprocess.run(
        (sys.executable, "-c", _FILL, live), capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == [str(errno.EFBIG), "None"]
    assert [point.step for point in read_journal(live).points["loss"]] == list(range(101))


def test_threads_share_a_file(live: str) -> None:
    writer = JournalWriter(live)

    def work(number: int) -> None:
        for step in range(1000):
            writer.metric(f"thread{number}", float(step), step)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    points = read_journal(live).points

    for number in range(8):
        assert [point.step for point in points[f"thread{number}"]] == list(range(1000))


_FORKS = """
import os, sys
from repro.journal.writer import JournalWriter
writer = JournalWriter(sys.argv[1])
children = []
for number in range(4):
    pid = os.fork()
    if pid == 0:
        for step in range(2000):
            writer.metric("shared", float(number), step)
        os._exit(0)
    children.append(pid)
for pid in children:
    os.waitpid(pid, 0)
"""


def test_forked_processes_share_a_file(live: str) -> None:
    subprocess.run((sys.executable, "-c", _FORKS, live), check=True)
    points = read_journal(live).points["shared"]

    assert len(points) == 8000
    for number in range(4):
        own = [point.step for point in points if point.value == f"{float(number)}".encode()]
        assert own == list(range(2000))


_KILLED = """
import os, sys
from repro.journal.writer import JournalWriter
writer = JournalWriter(sys.argv[1])
for step in range(10**9):
    writer.metric("loss", 0.5, step)
    os.write(1, b"%d\\n" % step)
"""


def test_what_was_logged_survives_a_kill(live: str) -> None:
    with subprocess.Popen((sys.executable, "-c", _KILLED, live), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(500):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
    last = int(rest.split()[-1]) if rest.endswith(b"\n") else 499

    steps = [point.step for point in read_journal(live).points["loss"]]
    assert steps == list(range(len(steps)))
    assert len(steps) > last


def test_what_is_said_after_the_end_is_not_written(live: str) -> None:
    writer = JournalWriter(live)
    writer.close()
    size = os.path.getsize(writer.path)
    writer.metric("loss", 0.5, 0)
    writer.event("p", {})
    writer.close()

    assert os.path.getsize(writer.path) == size
    assert not writer.flush()


@pytest.fixture(autouse=True)
def _limits() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    assert resource.getrlimit(resource.RLIMIT_FSIZE) == before


def test_events_are_json_in_ascii(live: str) -> None:
    writer = JournalWriter(live)
    writer.event("n", {"name": "é"})
    writer.close()
    lines = Path(writer.path).read_bytes().splitlines()

    assert lines[1].isascii()
    assert json.loads(lines[1][2:]) == {"name": "é"}
