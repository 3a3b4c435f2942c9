"""What commits change, remembered: to find that out of the trees of ten thousand takes too long.

Only a cache, a file that may be deleted at any moment: any trouble with it is a miss, and what one
process adds while another does may get lost. A few commits are not worth reading it for.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice

from repro.git.repository import Repository
from repro.lineage.changes import Change, read_changes
from repro.lineage.commits import Step
from repro.model.ids import Oid

__all__ = ["KnownChanges"]

_FEW = 300
"""So many are read from git as quickly, and so many new ones are not worth writing it for."""
_MOST_ROWS = 40_000
"""The newest; some ten megabytes."""
_MOST_BYTES = 10_000
"""A commit that touches hundreds of files is read from git each time."""
_VERSION = b"changes 1\n"


class KnownChanges:
    """What commits change, from what is remembered and else from git."""

    def __init__(self, repo: Repository) -> None:
        self._repo = repo
        self._path = f"{repo.state_dir}/cache/changes-1"
        self._known: dict[Step, Change] | None = None

    def expect(self, n_commits: int) -> None:
        """Reads what is remembered, where so many commits are worth it."""
        if self._known is None and n_commits > _FEW:
            self._known = _read(self._path)

    def of(self, steps: Sequence[Step]) -> dict[Step, Change]:
        """Returns what commits change.

        Args:
            steps: Of commits, each from its first parent.

        Raises:
            GitError: git could not read the trees.
        """
        self.expect(len(steps))
        known = self._known or {}
        new = read_changes(self._repo, [step for step in steps if step not in known])
        if len(new) > _FEW:
            self._known = known = known | new
            _write(self._path, known)
        return {step: known[step] if step in known else new[step] for step in steps}


def _read(path: str) -> dict[Step, Change]:
    try:
        with open(path, "rb") as file:
            return dict(_parsed(file.read()))
    except (OSError, ValueError):
        return {}


def _parsed(text: bytes) -> Iterator[tuple[Step, Change]]:
    if not text.startswith(_VERSION):
        raise ValueError("another version")
    at, last = len(_VERSION), len(text)
    while at < last:
        end = text.index(b"\n", at)
        new, old, n_paths, n_objects = text[at:end].decode("ascii").split(" ")
        middle = end + 1 + int(n_paths)
        at = middle + int(n_objects) + 1
        if at <= end or text[at - 1 : at] != b"\n":
            raise ValueError("damaged")
        step = Step(Oid(new), Oid(old) if old != "-" else None)
        yield step, Change(text[end + 1 : middle], text[middle : at - 1])


def _write(path: str, changes: Mapping[Step, Change]) -> None:
    small = [
        b"%s %s %d %d\n%s%s\n"
        % (
            *(step.new.encode(), (step.old or "-").encode(), len(paths), len(objects)),
            *(paths, objects),
        )
        for step, (paths, objects) in changes.items()
        if len(paths) + len(objects) <= _MOST_BYTES
    ]
    scratch = f"{path}.{os.getpid()}-{os.urandom(4).hex()}.tmp"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(scratch, "wb") as file:
            file.write(_VERSION)
            file.writelines(islice(small, max(len(small) - _MOST_ROWS, 0), None))
        os.replace(scratch, path)
    except OSError:  # it is only forgotten
        with suppress(OSError):
            os.unlink(scratch)
