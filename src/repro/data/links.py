"""Makes a file that has the bytes of another: shared by reflink or hard link, or copied.

Everything is made under its final name only when whole, or under a temporary one beside it.
"""

import errno
import os

from repro.data.hashing import copy_bytes, open_regular

__all__ = ["can_clone", "clone_or_copy", "hard_link", "temporary_name"]

_FICLONE = 0x40049409
"""ioctl of Linux that lets two files share their blocks (linux/fs.h)."""
_NO_LINK = frozenset(
    {errno.EXDEV, errno.EMLINK, errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS}
)
"""Other file system, too many links, not ours to link, or no hard links at all."""
_unclonable: set[tuple[int, int]] = set()
"""Pairs of devices between which reflinks do not work, so that it is tried once only."""


def temporary_name(path: str) -> str:
    """Returns a name beside `path` that nothing else uses."""
    directory, _, name = path.rpartition("/")
    prefix = f"{directory}/" if directory or path.startswith("/") else ""
    # The name is left out when it is long: with more behind it, it would be too long.
    kept = name if len(os.fsencode(name)) < 128 else ""
    return f"{prefix}.{kept}.{os.urandom(6).hex()}.tmp"


def hard_link(source: str, target: str) -> bool:
    """Links `target` to `source`; returns False where that is not possible.

    Raises:
        FileExistsError: `target` exists.
        FileNotFoundError: `source` does not, or the directory of `target`.
    """
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno in _NO_LINK:
            return False
        raise
    return True


def clone_or_copy(source: str, target: str, *, mode: int, must_clone: bool = False) -> str | None:
    """Makes the new file `target` with the bytes of `source`.

    Args:
        source: Symbolic links are followed.
        target: Must not exist. It is removed again when it cannot be made whole.
        mode: Permissions, from which the umask is taken.
        must_clone: Whether to make nothing rather than copy.

    Returns:
        The MD5 in hex of the bytes when they were copied, "" when they were shared by a reflink,
        None when `must_clone` was set and reflinks do not work here.

    Raises:
        ChangedWhileReadError: The source was written to meanwhile.
        OSError: Reading or writing failed.
    """
    source_fd = open_regular(source)
    try:
        target_fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        is_whole = False
        try:
            if _clone(source_fd, target_fd):
                is_whole = True
                return ""
            if must_clone:
                return None
            value = copy_bytes(source_fd, target_fd, source)
            is_whole = True
            return value
        finally:
            os.close(target_fd)
            if not is_whole:
                os.unlink(target)
    finally:
        os.close(source_fd)


def can_clone(source: str, directory: str) -> bool:
    """Tells whether a reflink into a directory is worth a try: False once one has failed."""
    return (os.stat(source).st_dev, os.stat(directory).st_dev) not in _unclonable


def _clone(source_fd: int, target_fd: int) -> bool:
    pair = (os.fstat(source_fd).st_dev, os.fstat(target_fd).st_dev)
    if pair in _unclonable:
        return False
    try:
        import fcntl

        fcntl.ioctl(target_fd, _FICLONE, source_fd)
    except (ImportError, OSError):
        _unclonable.add(pair)
        return False
    return True
