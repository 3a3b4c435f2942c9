"""Where a repair puts what it takes away: nothing is deleted, and a log says how to get it back."""

import os
from datetime import UTC, datetime

from repro.git.repository import Repository

__all__ = ["Quarantine"]


class Quarantine:
    """A directory for one repair, ``<state>/fsck/quarantine/<time>``; made when it is needed.

    Attributes:
        path: The directory.
        n_items: How much is in it.
    """

    def __init__(self, repo: Repository, *, now: datetime) -> None:
        stamp = f"{now.astimezone(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
        self.path = f"{repo.state_dir}/fsck/quarantine/{stamp}"
        self.n_items = 0
        self._common_dir = repo.common_dir

    @property
    def log(self) -> str:
        """Path of the file that says what was done, and how to undo it."""
        return f"{self.path}/log.txt"

    def take(self, path: str, *, why: str) -> str | None:
        """Moves a file into quarantine and returns where it is now; None where it has gone.

        Raises:
            OSError: It cannot be moved.
        """
        target = f"{self.path}/{os.path.relpath(path, self._common_dir)}"
        os.makedirs(os.path.dirname(target), exist_ok=True)
        self.note(f"moved {path!r}: {why}", f"mv {target!r} {path!r}")
        import shutil

        try:
            shutil.move(path, target)  # the store may be a link to another file system
        except FileNotFoundError:
            return None
        return target

    def note(self, what: str, back: str) -> None:
        """Writes down what is about to be done, and the command that undoes it.

        Raises:
            OSError: It cannot be written.
        """
        os.makedirs(self.path, exist_ok=True)
        with open(self.log, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{what}\n  to undo: {back}\n")
            file.flush()
            os.fsync(file.fileno())
        self.n_items += 1
