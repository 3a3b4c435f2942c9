"""Reads, copies and hashes the bytes of one file, and notices when they change meanwhile."""

import hashlib
import os
import stat
from collections.abc import Iterator

from repro.errors import ReproError

__all__ = [
    "ChangedWhileReadError",
    "NotARegularFileError",
    "copy_bytes",
    "hash_bytes",
    "hash_open_file",
    "is_protected",
    "is_same_state",
    "open_regular",
]

_CHUNK_BYTES = 1 << 20


class ChangedWhileReadError(ReproError):
    """A file was written to while it was read, so no hash can be given for it.

    Attributes:
        path: The file.
    """

    def __init__(self, path: str) -> None:
        super().__init__(
            f"file changed while it was read: {os.fsencode(path).decode('utf-8', 'replace')}",
            hint="wait until nothing writes to it and try again",
        )
        self.path = path


class NotARegularFileError(ReproError):
    """A path holds a directory, a pipe, a socket or a device where a file was expected.

    Attributes:
        path: The path.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"not a regular file: {os.fsencode(path).decode('utf-8', 'replace')}")
        self.path = path


def open_regular(path: str) -> int:
    """Returns a descriptor for reading a regular file; symbolic links are followed.

    Raises:
        NotARegularFileError: It is something else; a pipe would otherwise block for ever.
        OSError: It cannot be opened.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NotARegularFileError(path)
    return fd


def hash_bytes(content: bytes) -> str:
    """Returns the MD5 of the bytes in hex."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def hash_open_file(fd: int, path: str) -> tuple[str, os.stat_result]:
    """Returns the MD5 in hex of what a descriptor has left to read, and the state it was read in.

    Raises:
        ChangedWhileReadError: The file changed meanwhile; `path` is named in it.
    """
    digest = hashlib.md5(usedforsecurity=False)
    before = os.fstat(fd)
    n_bytes = 0
    for chunk in _chunks(fd, before.st_size):
        digest.update(chunk)
        n_bytes += len(chunk)
    _require_unchanged(fd, path, before, n_bytes)
    return digest.hexdigest(), before


def copy_bytes(source: int, target: int, path: str) -> str:
    """Copies one open file into another and returns the MD5 in hex of what was copied.

    Raises:
        ChangedWhileReadError: The source changed meanwhile; `path` is named in it.
        OSError: Reading or writing failed, such as when the disk is full.
    """
    digest = hashlib.md5(usedforsecurity=False)
    before = os.fstat(source)
    n_bytes = 0
    for chunk in _chunks(source, before.st_size):
        digest.update(chunk)
        n_bytes += len(chunk)
        view = memoryview(chunk)
        while view:
            view = view[os.write(target, view) :]
    _require_unchanged(source, path, before, n_bytes)
    return digest.hexdigest()


def is_protected(state: os.stat_result) -> bool:
    """Tells whether nobody may write to the file, as with the objects of a store or a DVC cache."""
    return not state.st_mode & 0o222


def is_same_state(before: os.stat_result, after: os.stat_result) -> bool:
    """Tells whether a file can be taken as unchanged between two looks at it.

    The change time of a protected file does not count: every new hard link to it moves it.
    """
    return (
        before.st_size == after.st_size
        and before.st_mtime_ns == after.st_mtime_ns
        and (before.st_ctime_ns == after.st_ctime_ns or is_protected(after))
    )


def _chunks(fd: int, size_bytes: int) -> Iterator[bytes]:
    chunk_bytes = min(size_bytes + 1, _CHUNK_BYTES)
    while chunk := os.read(fd, chunk_bytes):
        yield chunk


def _require_unchanged(fd: int, path: str, before: os.stat_result, n_bytes: int) -> None:
    if n_bytes != before.st_size or not is_same_state(before, os.fstat(fd)):
        raise ChangedWhileReadError(path)
