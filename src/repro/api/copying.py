"""Keeps the bytes of artifacts as they are when they are logged."""

import errno
import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Copied", "copy_path", "put_bytes"]

_CHUNK_BYTES = 1 << 30
_READ_BYTES = 1 << 20


class Copied(NamedTuple):
    """What was copied.

    Attributes:
        content: Its name below ``artifacts/``.
        problems: By path, what could not be copied as it is.
    """

    content: str
    problems: dict[str, str]


def copy_path(source: str, key: str, *, directory: str) -> Copied:
    """Copies a file or a directory; an earlier copy of the same artifact gives way to it.

    Args:
        source: The file or directory.
        key: What tells the artifact from others.
        directory: Of the live run.

    Raises:
        OSError: It cannot be read, or not be copied.
    """
    content, temporary = _places(key, directory)
    problems: dict[str, str] = {}
    try:
        if os.path.isdir(source):
            _copy_tree(source, temporary, problems)
        else:
            _copy_open(_open_file(source), source, temporary, problems)
        _put(temporary, f"{directory}/artifacts/{content}")
    except BaseException:  # Ctrl-C too: no half a copy stays behind
        _remove(temporary)
        raise
    return Copied(content, problems)


def put_bytes(data: bytes, key: str, *, directory: str) -> Copied:
    """Writes what has no file as yet; see `copy_path`."""
    content, temporary = _places(key, directory)
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        _put(temporary, f"{directory}/artifacts/{content}")
    except BaseException:  # Ctrl-C too: no half a copy stays behind
        _remove(temporary)
        raise
    return Copied(content, {})


def _places(key: str, directory: str) -> tuple[str, str]:
    """Returns the name of the copy, the same for the same artifact, and where it is made."""
    import hashlib

    if not os.path.isdir(directory):
        raise FileNotFoundError(2, "the run has ended elsewhere", directory)
    os.makedirs(f"{directory}/artifacts", exist_ok=True)
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return digest, f"{directory}/artifacts/.{digest}-{os.getpid()}-{os.urandom(4).hex()}"


def _put(temporary: str, target: str) -> None:
    try:
        os.replace(temporary, target)
    except OSError:
        # A directory, which cannot be replaced while there is anything in it.
        aside = f"{temporary}-old"
        os.rename(target, aside)
        os.rename(temporary, target)
        _remove(aside)


def _copy_tree(source: str, target: str, problems: dict[str, str]) -> None:
    os.mkdir(target, 0o700)
    for path in _below(source, problems):
        full, inner = f"{source}/{path}", f"{target}/{path}"
        os.makedirs(os.path.dirname(inner), exist_ok=True)
        try:
            fd = _open_file(full)
        except OSError as error:
            problems[full] = f"it cannot be read: {error.strerror}"
            continue
        _copy_open(fd, full, inner, problems)


def _below(source: str, problems: dict[str, str]) -> Iterator[str]:
    """Yields the files of a directory, relative to it."""
    for parent, names, files in os.walk(source):
        for name in list(names):
            if os.path.islink(f"{parent}/{name}"):
                problems[f"{parent}/{name}"] = "it links to a directory, which is not followed"
                names.remove(name)
            elif name == ".git":
                names.remove(name)
        names.sort()
        for name in sorted(files):
            yield os.path.relpath(f"{parent}/{name}", source)


def _open_file(path: str) -> int:
    # A pipe that nobody writes to is not waited for.
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "it is no file", path)
    return fd


def _copy_open(fd: int, source: str, target: str, problems: dict[str, str]) -> None:
    """Copies a file that is open, and closes it."""
    try:
        before = os.fstat(fd)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        out = os.open(target, flags, before.st_mode & 0o777 | 0o600)
        try:
            _copy_bytes(fd, out)
        finally:
            os.close(out)
        after = os.fstat(fd)
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            problems[source] = "it was written to while it was logged"
    finally:
        os.close(fd)


def _copy_bytes(fd: int, out: int) -> None:
    """Copies all of a file; where the file system can, the two share their blocks."""
    try:
        while os.copy_file_range(fd, out, _CHUNK_BYTES):
            pass
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP):
            raise
    # Some kernels copy nothing of files that have no size, as those in /proc: read to the end.
    while chunk := os.read(fd, _READ_BYTES):
        view = memoryview(chunk)
        while view:
            view = view[os.write(out, view) :]


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        import shutil

        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        os.unlink(path)
