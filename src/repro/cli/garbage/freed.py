"""What was removed, and what was not: the rows of the report."""

import os
from typing import NamedTuple

__all__ = ["Freed", "Left", "disk_bytes"]


class Freed(NamedTuple):
    """Something removed, or that would be.

    Attributes:
        kind: Such as "environment", the same in all reports.
        text: What it is, for people.
        why: Why it may go.
        n_bytes: Bytes freed on disk.
        n: How many things it stands for.
        shared_bytes: Bytes that stay, since they have another name: in DVC's cache, or in a
            working tree.
        path: Where it lay, "" for what is no file of its own.
    """

    kind: str
    text: str
    why: str
    n_bytes: int = 0
    n: int = 1
    shared_bytes: int = 0
    path: str = ""

    def to_json(self) -> dict[str, object]:
        """Returns it for ``--json``."""
        fields: dict[str, object] = {
            "kind": self.kind,
            "n": self.n,
            "bytes": self.n_bytes,
            "shared_bytes": self.shared_bytes,
            "why": self.why,
        }
        return fields | ({"path": self.path} if self.path else {})


class Left(NamedTuple):
    """Something that would go, but for a reason.

    Attributes:
        text: What it is, for people.
        reason: Why it stays.
        fix: The command that removes the reason, "" where there is none.
    """

    text: str
    reason: str
    fix: str = ""

    def to_json(self) -> dict[str, str]:
        """Returns it for ``--json``."""
        return self._asdict()


def disk_bytes(path: str) -> int:
    """Returns how many bytes go with a file or directory: what has another name stays there."""
    if not os.path.isdir(path) or os.path.islink(path):
        return _own_bytes(os.lstat(path))
    total = 0
    for directory, _, names in os.walk(path):
        total += sum(_own_bytes(os.lstat(os.path.join(directory, name))) for name in names)
    return total


def _own_bytes(state: os.stat_result) -> int:
    return state.st_size if state.st_nlink == 1 else 0
