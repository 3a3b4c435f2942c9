"""Keeps what a command prints, bounded: the head whole, and the newest of the rest.

The head goes to ``<path>``, what follows to ``<path>.1``, ``<path>.2`` and so on, of which only the
newest two are kept: a command that prints for a week costs a few megabytes, and what it said last
is on disk when it dies.
"""

import os
from contextlib import suppress

from repro.record.output_follower import LEFT_OUT

__all__ = ["SEGMENT_BYTES", "OutputLog", "read_output"]

SEGMENT_BYTES = 512 * 1024
"""Kept: this much of the beginning, and at least this much of the end."""


class OutputLog:
    """The writing side.

    A disk that fills up ends the log, never the command; `error` then holds why.
    """

    def __init__(self, path: str, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.error: OSError | None = None
        self._path = path
        self._segment_bytes = segment_bytes
        self._room = segment_bytes
        self._segment = 0
        self._fd = _create(path)

    def write(self, chunk: bytes) -> None:
        """Appends what was printed."""
        view = memoryview(chunk)
        try:
            while view and self.error is None:
                if self._room == 0:
                    self._next_segment()
                written = os.write(self._fd, view[: self._room])
                self._room -= written
                view = view[written:]
        except OSError as error:
            self.error = error

    def close(self) -> None:
        """Ends the log."""
        os.close(self._fd)

    def _next_segment(self) -> None:
        self._segment += 1
        following = _create(f"{self._path}.{self._segment}")
        os.close(self._fd)
        self._fd = following
        self._room = self._segment_bytes
        if self._segment > 2:
            with suppress(FileNotFoundError):
                os.unlink(f"{self._path}.{self._segment - 2}")


def read_output(path: str) -> bytes | None:
    """Returns what was kept, with a line where something is left out; None when nothing was."""
    directory, name = os.path.split(path)
    prefix = f"{name}."
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return None
    numbers = sorted(int(n[len(prefix) :]) for n in names if n.startswith(prefix))
    if name not in names:
        return None
    parts = [_read(path), *(_read(f"{path}.{number}") for number in numbers)]
    if numbers and numbers[0] > 1:
        parts.insert(1, LEFT_OUT)
    return b"".join(parts) or None


def _create(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
