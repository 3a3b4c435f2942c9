"""One `repro gc` at a time; nothing that records ever waits for it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from repro.errors import ReproError
from repro.git.repository import Repository

__all__ = ["GcRunningError", "only_gc"]


class GcRunningError(ReproError):
    """Another `repro gc` tidies this repository at the moment."""


@contextmanager
def only_gc(repo: Repository) -> Iterator[None]:
    """Holds this repository's turn; the kernel gives it back when the process ends.

    Raises:
        GcRunningError: Another process has it.
        OSError: repro's directory cannot be written.
    """
    os.makedirs(repo.state_dir, exist_ok=True)
    fd = os.open(f"{repo.state_dir}/gc.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise GcRunningError(
                "another repro gc is at work in this repository",
                hint="wait until it has ended, then: repro gc",
            ) from error
        yield
    finally:
        os.close(fd)
