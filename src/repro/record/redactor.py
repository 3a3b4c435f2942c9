"""The key by which the secrets of a repository are marked; it never leaves its directory."""

import os
from contextlib import suppress

from repro.git.repository import Repository
from repro.git.screen import Screen
from repro.secrets.redactor import Redactor

__all__ = ["redactor_of", "screen_of"]

_KEY_BYTES = 32


def redactor_of(repo: Repository) -> Redactor:
    """Returns what takes secrets out of the repository's records, its key made when first wanted.

    Raises:
        OSError: The key can be neither read nor written.
    """
    path = f"{repo.state_dir}/secret-key"
    key = _read(path)
    if key is None:
        os.makedirs(repo.state_dir, exist_ok=True)
        temporary = f"{path}.{os.getpid()}"
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, os.urandom(_KEY_BYTES))
            os.fsync(fd)
        finally:
            os.close(fd)
        with suppress(FileExistsError):  # another process was first: its key counts
            os.link(temporary, path)
        os.unlink(temporary)
        key = _read(path)
    return Redactor(key or b"")


def screen_of(repo: Repository) -> Screen:
    """Returns what keeps secrets out of the trees that are recorded.

    Raises:
        OSError: The key can be neither read nor written.
    """
    return Screen(redactor_of(repo), cache_dir=f"{repo.state_dir}/cache")


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
