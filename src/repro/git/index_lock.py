"""git's own lock on the index, so that no other git process changes it while repro does."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from repro.errors import ReproError
from repro.git.repository import Repository

__all__ = ["IndexLockedError", "lock_index"]


class IndexLockedError(ReproError):
    """Another git or repro process works on the index, or one died while it did."""


@contextmanager
def lock_index(repo: Repository) -> Iterator[None]:
    """Keeps every other git process from changing the index.

    A lock that a repro of this machine left when it died is taken over.

    Raises:
        IndexLockedError: Someone else holds it.
    """
    path = f"{repo.index_path}.lock"
    _drop_dead_lock(path)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError as error:
        raise IndexLockedError(
            f"another git process works here: {path} exists",
            hint=f"wait for it; when it has died: rm {path}",
        ) from error
    try:
        os.write(fd, _lock_mark(os.getpid()))
        os.close(fd)
        yield
    finally:
        with suppress(FileNotFoundError):
            os.unlink(path)


def _lock_mark(pid: int) -> bytes:
    return b"repro %d %s\n" % (pid, os.fsencode(os.uname().nodename))


def _drop_dead_lock(path: str) -> None:
    try:
        with open(path, "rb") as file:
            content = file.read(400)
    except FileNotFoundError:
        return
    words = content.split()
    if len(words) < 2 or words[0] != b"repro" or not words[1].isdigit():
        return
    pid = int(words[1])
    if content == _lock_mark(pid) and not _is_alive(pid):
        os.unlink(path)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
