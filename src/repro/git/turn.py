"""Processes that take turns, so that none wastes work that another would undo."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from repro.git.repository import Repository

__all__ = ["turn"]


@contextmanager
def turn(repo: Repository, name: str) -> Iterator[None]:
    """Waits until no other process of this clone is at something; its death ends its turn.

    Args:
        repo: The repository.
        name: What is taken turns at: ``<name>.lock`` in repro's directory.

    Raises:
        OSError: repro's directory cannot be written.
    """
    os.makedirs(repo.state_dir, exist_ok=True)
    fd = os.open(f"{repo.state_dir}/{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
