"""Runs whose data is yet to be sent to a remote, or yet to be brought from it.

A derived note, one file a remote and direction: it lets an interrupted push or pull go on where it
was. Without it nothing is lost; `repro push RUN` and `repro pull RUN` say what is wanted anew.
"""

import os
from collections.abc import Iterable
from typing import Literal

from repro.git.repository import Repository
from repro.model.escape import escape_name
from repro.model.ids import RunId, is_run_id

__all__ = ["Direction", "note_pending", "read_pending"]

Direction = Literal["to-send", "to-bring"]


def read_pending(repo: Repository, remote: str, direction: Direction) -> frozenset[RunId]:
    """Returns the runs; none where nothing was noted."""
    try:
        with open(_path(repo, remote, direction), encoding="ascii", errors="replace") as lines:
            return frozenset(RunId(line) for line in map(str.strip, lines) if is_run_id(line))
    except FileNotFoundError:
        return frozenset()


def note_pending(
    repo: Repository, remote: str, direction: Direction, runs: Iterable[RunId]
) -> None:
    """Writes the runs down in place of those noted before.

    Raises:
        OSError: They cannot be written.
    """
    path = _path(repo, remote, direction)
    rows = "".join(f"{run}\n" for run in sorted(runs))
    if not rows:
        if os.path.lexists(path):
            os.unlink(path)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    with open(temporary, "x", encoding="ascii") as file:
        file.write(rows)
    os.replace(temporary, path)


def _path(repo: Repository, remote: str, direction: Direction) -> str:
    return f"{repo.state_dir}/remotes/{escape_name(remote).replace('/', '%2F')}.{direction}"
