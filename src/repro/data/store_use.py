"""Who relies on the object store at this moment, so that `repro gc` takes nothing from under them.

What looks for an object and finds it does not store it again, and only later makes the ref that
keeps it. From that look to its end (or to `leave_store`) a process therefore holds a shared lock on
``<root>/in-use``; the kernel takes it back however the process ends. Nobody ever waits for it:
`repro gc` only tries whether it could have the lock alone, and leaves the store as it is if not.
"""

import os

__all__ = ["enter_store", "is_store_in_use", "leave_store"]

_FILE = "in-use"
_held: dict[str, int] = {}
"""The descriptor that holds the lock, by root; each process has it once."""


def enter_store(root: str) -> None:
    """Says that this process relies on what a store holds, from now on; costs nothing again.

    A store that does not exist has nothing to rely on; one that cannot be written to loses nothing.

    Args:
        root: The store's directory.
    """
    if root in _held:
        return
    try:
        import fcntl

        fd = _open(f"{root}/{_FILE}")
        try:
            fcntl.flock(fd, fcntl.LOCK_SH)
        except OSError:  # a file system without locks, where `is_store_in_use` is always true
            os.close(fd)
            return
    except (ImportError, OSError):
        return
    _held[root] = fd


def leave_store(root: str) -> None:
    """Says that all that this process relies on is written down where `repro gc` looks."""
    fd = _held.pop(root, None)
    if fd is not None:
        os.close(fd)


def is_store_in_use(root: str) -> bool:
    """Tells whether another process relies on a store; True as well when that cannot be known.

    What this process relied on it no longer does.
    """
    leave_store(root)
    try:
        import fcntl

        fd = os.open(f"{root}/{_FILE}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(fd)
    except (ImportError, OSError):
        return True
    return False


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except PermissionError:  # another user's store: to read is enough to hold a shared lock
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
