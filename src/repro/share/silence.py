"""Remotes that did not answer a push that nobody asked for; such a push leaves them alone for long.

A key that waits to be touched, say, cannot be seen from here: whoever has one is not to wait for it
with every push.
"""

import os
from contextlib import suppress
from datetime import datetime, timedelta

from repro.git.repository import Repository
from repro.model.escape import escape_name

__all__ = ["end_silence", "is_left_alone", "note_silence"]

_LEFT_ALONE = timedelta(hours=1)


def is_left_alone(repo: Repository, remote: str, *, now: datetime) -> bool:
    """Tells whether a remote did not answer a short while ago."""
    try:
        with open(_path(repo, remote), encoding="ascii") as file:
            silent_at = datetime.fromisoformat(file.read().strip())
        return timedelta(0) <= now - silent_at < _LEFT_ALONE
    except (OSError, ValueError, TypeError):  # TypeError: it says no time zone
        return False


def note_silence(repo: Repository, remote: str, *, now: datetime) -> None:
    """Notes that a remote did not answer.

    Raises:
        OSError: It cannot be written down.
    """
    os.makedirs(os.path.dirname(_path(repo, remote)), exist_ok=True)
    with open(_path(repo, remote), "w", encoding="ascii") as file:
        file.write(f"{now.isoformat()}\n")


def end_silence(repo: Repository, remote: str) -> None:
    """Forgets that a remote did not answer: it has answered."""
    with suppress(FileNotFoundError):
        os.unlink(_path(repo, remote))


def _path(repo: Repository, remote: str) -> str:
    return f"{repo.state_dir}/remotes/{escape_name(remote).replace('/', '%2F')}.silent"
