"""Reads, copies and hashes the bytes of one file, and notices when they change meanwhile."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from repro.errors import ReproError

__all__ = [
    "ChangedWhileReadError",
    "FileState",
    "NotARegularFileError",
    "State",
    "copy_bytes",
    "hash_bytes",
    "hash_open_file",
    "hash_text_file",
    "is_protected",
    "is_same_state",
    "open_regular",
]

_CHUNK_BYTES = 1 << 20
_TEXT_SAMPLE_BYTES = 512
_TEXT_BYTES = bytes(range(32, 127)) + b"\n\r\t\f\b"


class FileState(NamedTuple):
    """What `os.stat` says of a file, as far as it tells whether the file is unchanged.

    It takes a third of the memory of an `os.stat_result`: there may be millions.
    """

    st_dev: int
    st_ino: int
    st_mode: int
    st_size: int
    st_mtime_ns: int
    st_ctime_ns: int


State: TypeAlias = os.stat_result | FileState


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


def hash_open_file(
    fd: int, path: str, *, advance: Callable[[int], object] | None = None
) -> tuple[str, os.stat_result]:
    """Returns the MD5 in hex of what a descriptor has left to read, and the state it was read in.

    Args:
        fd: The open file.
        path: Its name, for an error.
        advance: Told how many bytes were read, again and again.

    Raises:
        ChangedWhileReadError: The file changed meanwhile; `path` is named in it.
    """
    digest = hashlib.md5(usedforsecurity=False)
    before = os.fstat(fd)
    n_bytes = 0
    for chunk in _chunks(fd, before.st_size):
        digest.update(chunk)
        n_bytes += len(chunk)
        if advance is not None:
            advance(len(chunk))
    _require_unchanged(fd, path, before, n_bytes)
    return digest.hexdigest(), before


def hash_text_file(path: str) -> str:
    """Returns DVC 2's ``md5-dos2unix`` of a file, in hex.

    In what looks like text, CR LF counts as LF. As DVC does it (``dvc_data.hashfile.hash``): a
    chunk at a time, each judged by its first bytes.

    Raises:
        ChangedWhileReadError: Something wrote to it meanwhile.
        NotARegularFileError: It is no file.
        OSError: It cannot be read.
    """
    digest = hashlib.md5(usedforsecurity=False)
    fd = open_regular(path)
    try:
        before = os.fstat(fd)
        n_bytes = 0
        while chunk := _read_full(fd, _CHUNK_BYTES):
            is_text = _looks_like_text(chunk[:_TEXT_SAMPLE_BYTES])
            digest.update(chunk.replace(b"\r\n", b"\n") if is_text else chunk)
            n_bytes += len(chunk)
        _require_unchanged(fd, path, before, n_bytes)
    finally:
        os.close(fd)
    return digest.hexdigest()


def _read_full(fd: int, n_bytes: int) -> bytes:
    """Reads so many bytes unless the file ends: where a chunk ends decides on a CR LF across it."""
    chunk = os.read(fd, n_bytes)
    while chunk and len(chunk) < n_bytes and (more := os.read(fd, n_bytes - len(chunk))):
        chunk += more
    return chunk


def _looks_like_text(sample: bytes) -> bool:
    return b"\0" not in sample and len(sample.translate(None, _TEXT_BYTES)) / len(sample) <= 0.30


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


def is_protected(state: State) -> bool:
    """Tells whether nobody may write to the file, as with the objects of a store or a DVC cache."""
    return not state.st_mode & 0o222


def is_same_state(before: State, after: State) -> bool:
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
