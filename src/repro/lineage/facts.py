"""What was found out of two commits, remembered: commits never change, and to compare takes long.

Only a cache, text files that may be deleted at any moment: any trouble with one is a miss, and what
one process adds while another does may get lost.
"""

import os
import re
from contextlib import suppress
from enum import StrEnum

from repro.git.repository import Repository
from repro.model.ids import Oid

__all__ = ["FactKind", "Facts"]

_LINE = re.compile(
    "^([0-9a-f]{40,64}) ([0-9a-f]{40,64}|-) ([0-9a-z]{1,32})$", re.ASCII | re.MULTILINE
)
_MOST_ROWS = 20_000
"""Two megabytes, read in ten milliseconds; beyond, the oldest go."""


class FactKind(StrEnum):
    """What is remembered; another name whenever it is found out in another way."""

    PATCH = "patches-1"
    """The digest of the patch from one commit to another."""
    HOLDS = "held-1"
    """Whether a commit holds the results of a run: yes or no."""


class Facts:
    """Facts of one kind; nothing is read before it is asked for."""

    def __init__(self, repo: Repository, kind: FactKind) -> None:
        self._path = f"{repo.state_dir}/cache/{kind}"
        self._known: dict[tuple[str, str], str] | None = None
        self._n_new = 0

    def get(self, new: Oid, old: Oid | None) -> str | None:
        """Returns what is known of two commits, or of one and nothing; None for nothing."""
        return self._rows().get((new, old or "-"))

    def add(self, new: Oid, old: Oid | None, fact: str) -> None:
        """Remembers something, on disk with `save`: up to 32 digits and small letters."""
        self._rows()[new, old or "-"] = fact
        self._n_new += 1

    def _rows(self) -> dict[tuple[str, str], str]:
        if self._known is None:
            self._known = _read(self._path)
        return self._known

    def save(self) -> None:
        """Writes what is new; where that cannot be, it is only forgotten."""
        if not self._n_new:
            return
        # What others have added since is theirs to keep.
        rows = _read(self._path) | self._rows()
        kept = list(rows.items())[-_MOST_ROWS:]
        scratch = f"{self._path}.{os.getpid()}-{os.urandom(4).hex()}.tmp"
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            with open(scratch, "w", encoding="ascii") as file:
                file.writelines(f"{new} {old} {fact}\n" for (new, old), fact in kept)
            os.replace(scratch, self._path)
        except OSError:
            with suppress(OSError):
                os.unlink(scratch)
        self._n_new = 0


def _read(path: str) -> dict[tuple[str, str], str]:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            text = file.read()
    except OSError:
        return {}
    return {(new, old): fact for new, old, fact in _LINE.findall(text)}
