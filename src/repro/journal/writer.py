"""Writes the journal, inside of the user's program."""

import errno
import json
import os
import struct
import time
from collections import deque
from collections.abc import Callable, Iterable

__all__ = ["DIRECTORY", "JournalWriter", "encode_name", "encode_number"]

DIRECTORY = "journal"
"""Below the directory of the live run."""

_KEPT_BYTES = 16 * 2**20
"""Of lines that cannot be written, as on a full disk, this much waits in memory."""


_pack = struct.Struct(">d").pack


class JournalWriter:
    """A file of the journal. Threads and forked processes may share it.

    Attributes:
        path: The file.
        error: Why lines wait in memory; None while all are in the file.
        fd: Where a line goes first: -1 while lines wait.
        n_lost: Lines that were given up, since too many waited.
        tails: How the line of a point ends, by the metric's name: the name, encoded.
    """

    __slots__ = (
        *("_file", "_is_torn", "_waiting", "_waiting_bytes"),
        *("error", "fd", "n_lost", "path", "tails"),
    )

    def __init__(self, directory: str | None, *, rank: int = 0, n_ranks: int = 1) -> None:
        """Makes the file.

        Args:
            directory: Of the live run; None where none can be made: lines wait in memory until
                there is one, see `open`.
            rank: Of this process in distributed training.
            n_ranks: How many processes train together.

        Raises:
            OSError: It cannot be made.
        """
        self.path = ""
        self._file = -1
        self.fd = -1
        self.error: OSError | None = None
        self.n_lost = 0
        self.tails: dict[str, str] = {}
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._is_torn = False
        if directory is not None:
            self.open(directory, rank=rank)
        begin = {"rank": rank, "host": os.uname().nodename, "pid": os.getpid()}
        self.event("b", begin if n_ranks == 1 else {**begin, "world_size": n_ranks})

    def open(self, directory: str, *, rank: int = 0) -> bool:
        """Makes the file, and writes what waits; returns whether nothing waits any more.

        Raises:
            OSError: It cannot be made.
        """
        host = "".join(c if c.isalnum() else "_" for c in os.uname().nodename)[:40]
        os.makedirs(f"{directory}/{DIRECTORY}", exist_ok=True)
        name = f"{rank}-{host}-{os.getpid()}-{time.time_ns():x}"
        path = f"{directory}/{DIRECTORY}/{name}"
        self._file = _create(path)
        self.path = path
        return self.flush()

    @property
    def n_waiting(self) -> int:
        """How many lines wait in memory."""
        return sum(content.count(b"\n") for content in self._waiting)

    def metric(
        self,
        name: str,
        value: float,
        step: int | str = "",
        now: Callable[[], int] = time.time_ns,
        write: Callable[[int, bytes], int] = os.write,
        *,
        pack: Callable[[float], bytes] = _pack,
    ) -> None:
        """Appends a point.

        Args:
            name: Of the metric.
            value: A float.
            step: A plain int, "" for none.
            now: Not for callers: a local name is found sooner than a global one.
            write: Likewise.
            pack: Likewise.
        """
        line = b""
        try:
            # Finding the shortest decimal digits would take as long as the write.
            line = f"{now() // 1000000}\t{step}\t={pack(value).hex()}{self.tails[name]}".encode()
            n_written = write(self.fd, line)
            if n_written == len(line):
                return
        except KeyError:
            self.tail(name)
            self.metric(name, value, step)
        except OSError as error:
            self._fail(line, error)
        else:
            self.cut_off(line, n_written)

    def tail(self, name: str) -> str:
        """Returns how the lines of a metric end."""
        tail = self.tails.get(name)
        if tail is None:
            tail = self.tails[name] = f"\t{encode_name(name)}\n"
        return tail

    def cut_off(self, line: bytes, n_written: int) -> None:
        """Keeps what was not written of a line, as on a disk that became full."""
        self._fail(line, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), n_written)

    def points(self, points: Iterable[tuple[str, float]], step: int | str = "") -> None:
        """Appends a point of each of several metrics, in one write; plain floats and ints."""
        start, tail = f"{time.time_ns() // 1000000}\t{step}\t", self.tail
        lines = [f"{start}{encode_number(value)}{tail(name)}" for name, value in points]
        self._append("".join(lines).encode())

    def event(self, letter: str, value: object) -> None:
        """Appends a line that is no point; `value` is what `json` can write."""
        self._append(f"{letter} {json.dumps(value)}\n".encode("ascii"))

    def flush(self) -> bool:
        """Writes what waits; returns whether nothing waits any more."""
        while self._waiting and self._file >= 0:
            # What is left of a line that was cut off is marked, so that it is taken for none.
            mark = b"\0\n" if self._is_torn else b""
            content = mark + self._waiting[0]
            try:
                n_written = os.write(self._file, content)
                if n_written != len(content):
                    self._tear(n_written - len(mark))
                    return False
            except OSError as error:
                self.error = error
                return False
            self._is_torn = False
            self._waiting_bytes -= len(self._waiting.popleft())
        self.error, self.fd = None, self._file
        return not self._waiting

    def close(self) -> None:
        """Writes what waits, and ends the file; what is said afterwards waits for ever."""
        if self._file >= 0:
            self.event("e", {"pid": os.getpid()})
        self.flush()
        fd, self._file, self.fd = self._file, -1, -1
        if fd >= 0:
            os.close(fd)

    def _append(self, content: bytes) -> None:
        n_written = 0
        try:
            n_written = os.write(self.fd, content)
            if n_written == len(content):
                return
        except OSError as error:
            self._fail(content, error)
        else:
            self.cut_off(content, n_written)

    def _fail(self, content: bytes, error: OSError, n_written: int = 0) -> None:
        """Keeps what was not written, or not whole, and tries again."""
        if self.fd >= 0:
            self.error = error
        self.fd = -1  # the next line comes here at once, and in its turn
        self._waiting.append(content)
        self._waiting_bytes += len(content)
        if n_written:
            self._tear(n_written)
        while self._waiting_bytes > _KEPT_BYTES:
            dropped = self._waiting.popleft()
            self._waiting_bytes -= len(dropped)
            self.n_lost += dropped.count(b"\n")
        self.flush()

    def _tear(self, n_written: int) -> None:
        """Drops the whole lines that were written of what waits first."""
        self._is_torn = True
        content = self._waiting[0]
        whole = content.rfind(b"\n", 0, max(n_written, 0)) + 1
        self._waiting[0] = content[whole:]
        self._waiting_bytes -= whole


def encode_number(value: float) -> str:
    """Returns a value as it stands in a line: a float by its bits, a whole number in decimal."""
    return f"={_pack(value).hex()}" if type(value) is float else repr(value)


def encode_name(name: str) -> str:
    """Returns a metric's name as it stands in a line: as it is, or as JSON."""
    if name and name.isprintable() and not name.startswith('"'):
        return name
    return json.dumps(name)


def _create(path: str) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_CREAT | os.O_EXCL
    return os.open(path, flags, 0o600)
