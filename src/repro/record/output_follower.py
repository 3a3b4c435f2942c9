"""Reads what a command prints while it prints, across the files that `OutputLog` keeps it in."""

import os

__all__ = ["LEFT_OUT", "OutputFollower", "read_output_end"]

LEFT_OUT = b"\n[... output left out ...]\n"
"""Stands where the log was written faster than it was read, or began before it was."""

_CHUNK_BYTES = 1 << 20


class OutputFollower:
    """The reading side of a log that grows.

    It holds the file open that it reads, so what was printed last is there when the run has ended
    and its directory is gone.
    """

    def __init__(self, path: str) -> None:
        """Takes the path that the log was made with; the file need not be there yet."""
        self._path = path
        self._segment = 0
        self._fd = -1

    def read(self) -> bytes:
        """Returns what is new; of what was printed earlier than is kept, a line says so."""
        parts = []
        while True:
            later = [
                n for n in _segments(self._path) if n > self._segment
            ]  # looked for first: then this one is complete
            if self._fd < 0:
                self._fd = _opened(self._path_of(self._segment))
            if self._fd >= 0:
                parts.append(_rest(self._fd))
            if not later:
                return b"".join(parts)
            following = _opened(self._path_of(later[0]))
            if following < 0:  # it was the oldest, and is gone meanwhile
                continue
            if later[0] != self._segment + 1:
                parts.append(LEFT_OUT)
            self.close()
            self._fd, self._segment = following, later[0]

    def close(self) -> None:
        """Lets go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def _path_of(self, segment: int) -> str:
        return f"{self._path}.{segment}" if segment else self._path


def read_output_end(path: str, *, at_most: int) -> bytes:
    """Returns the last bytes of the file that is written now.

    Args:
        path: That the log was made with.
        at_most: So many bytes.
    """
    later = _segments(path)
    fd = _opened(f"{path}.{max(later)}" if later else path)
    if fd < 0:
        return b""
    try:
        return os.pread(fd, at_most, max(os.fstat(fd).st_size - at_most, 0))
    finally:
        os.close(fd)


def _segments(path: str) -> list[int]:
    """Returns the numbers of a log's files behind the first."""
    directory, name = os.path.split(path)
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    ends = (n[len(name) + 1 :] for n in names if n.startswith(f"{name}."))
    return sorted(int(end) for end in ends if end.isdigit())


def _opened(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return -1


def _rest(fd: int) -> bytes:
    parts = []
    while chunk := os.read(fd, _CHUNK_BYTES):
        parts.append(chunk)
    return b"".join(parts)
