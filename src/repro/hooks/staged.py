"""What a commit is about to change: the index that git commits, beside HEAD."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from repro.git.repository import GitError, Repository
from repro.model.ids import Oid

__all__ = ["StagedFile", "staged_files", "staged_sizes"]

_DIFF = (
    *("diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames"),
    # Deleted ones may go, and unmerged ones git itself does not commit.
    *("--diff-filter=AMT", "--ignore-submodules=all"),
)
_SIZES = ("cat-file", "--batch-check=%(objectsize)", "--buffer")
_NO_FETCH = {"GIT_NO_LAZY_FETCH": "1"}
"""What is missing in a partial clone is not worth a network."""


class StagedFile(NamedTuple):
    """A regular file that the commit adds or changes.

    Attributes:
        path: Relative to the top.
        old: Its blob at HEAD; None where there is no such file.
        new: Its blob in the index.
    """

    path: str
    old: Oid | None
    new: Oid


def staged_files(repo: Repository, env: Mapping[str, str]) -> list[StagedFile]:
    """Returns the regular files that the commit under way adds or changes, by path.

    Args:
        repo: The repository.
        env: The hook's: ``git commit FILE`` commits another index than the user's, which
            ``GIT_INDEX_FILE`` names.

    Raises:
        GitError: git cannot read the index.
    """
    named = env.get("GIT_INDEX_FILE")
    index = os.path.join(repo.top, named) if named else None
    base = repo.head or hashlib.new(repo.hash_name, b"tree 0\0").hexdigest()
    fields = repo.git(*_DIFF, base, "--", index=index).split(b"\0")
    rows = zip(fields[::2], fields[1::2], strict=False)
    return [file for head, path in rows if (file := _file(head.decode("ascii"), path))]


def _file(head: str, path: bytes) -> StagedFile | None:
    old_mode, new_mode, old, new, _ = head.removeprefix(":").split(" ")
    if not new_mode.startswith("100"):
        return None
    was_file = old_mode.startswith("100")
    return StagedFile(os.fsdecode(path), Oid(old) if was_file else None, Oid(new))


def staged_sizes(repo: Repository, files: Sequence[StagedFile]) -> list[int]:
    """Returns how many bytes git keeps of each file: few, where a filter keeps it elsewhere.

    Raises:
        GitError: git cannot read its objects.
    """
    stdin = "".join(f"{file.new}\n" for file in files).encode("ascii")
    result = repo.start(*_SIZES, stdin=stdin, env=_NO_FETCH).result()
    if result.code != 0:
        raise GitError(_SIZES, result)
    return [int(line) if line.isdigit() else 0 for line in result.out.splitlines()]
