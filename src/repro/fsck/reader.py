"""Reads git objects where some are damaged: ``git cat-file`` ends at the first of those."""

import os
import re
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from repro.git.repository import Repository
from repro.model.ids import Oid

__all__ = ["GitObject", "Reader", "commit_headers", "parse_raw_tree"]

_BATCH = 2_000
_HEADER = re.compile(rb"(tree|parent) ([0-9a-f]+)\n")
_NO_FETCH = {"GIT_NO_LAZY_FETCH": "1"}
"""A partial clone would fetch what is missing, one object at a time."""


class GitObject(NamedTuple):
    """An object.

    Attributes:
        kind: "commit", "tree", "blob" or "tag".
        content: Its bytes.
    """

    kind: str
    content: bytes


class Reader:
    """Objects of a repository.

    Attributes:
        damaged: Known not to be readable; those found on the way join them.
    """

    def __init__(self, repo: Repository, *, damaged: Collection[Oid] = ()) -> None:
        self.damaged = set(damaged)
        self._repo = repo

    def read(self, oids: Iterable[Oid]) -> Iterator[tuple[Oid, GitObject | None]]:
        """Yields each object, in order, None for one that is missing or damaged."""
        wanted = list(dict.fromkeys(oids))
        for start in range(0, len(wanted), _BATCH):
            yield from self._read_batch(wanted[start : start + _BATCH])

    def kinds(self, oids: Iterable[Oid]) -> dict[Oid, str | None]:
        """Returns the kind of each object, None for one that is missing or damaged."""
        wanted = list(dict.fromkeys(oids))
        found: dict[Oid, str | None] = dict.fromkeys(wanted)
        todo = [oid for oid in wanted if oid not in self.damaged]
        while todo:
            out = self._ask("--batch-check=%(objectname) %(objecttype)", todo)
            rows = out.decode("ascii", "replace").splitlines()
            for oid, row in zip(todo, rows, strict=False):
                kind = row.partition(" ")[2]
                found[oid] = None if kind in ("missing", "ambiguous") else kind
            todo = self._rest(todo, len(rows))
        return found

    def _read_batch(self, oids: list[Oid]) -> Iterator[tuple[Oid, GitObject | None]]:
        todo = [oid for oid in oids if oid not in self.damaged]
        found: dict[Oid, GitObject | None] = {}
        while todo:
            rows = list(_parse(self._ask("--batch", todo)))
            found.update(zip(todo, rows, strict=False))
            todo = self._rest(todo, len(rows))
        for oid in oids:
            yield oid, found.get(oid)

    def _ask(self, how: str, oids: list[Oid]) -> bytes:
        stdin = "".join(f"{oid}\n" for oid in oids).encode("ascii")
        return self._repo.start("cat-file", how, "--buffer", stdin=stdin, env=_NO_FETCH).result()[1]

    def _rest(self, asked: list[Oid], n_answers: int) -> list[Oid]:
        """Returns what is still to be asked after git has ended at an object it cannot read."""
        if n_answers < len(asked):
            self.damaged.add(asked[n_answers])
        return asked[n_answers + 1 :]


def _parse(out: bytes) -> Iterator[GitObject | None]:
    at = 0
    while (line_end := out.find(b"\n", at)) >= 0:
        head = out[at:line_end]
        if head.endswith((b" missing", b" ambiguous")):
            yield None
            at = line_end + 1
            continue
        _, kind, size = head.decode("ascii", "replace").split(" ")
        end = line_end + 1 + int(size)
        if end >= len(out):  # it ended within
            return
        yield GitObject(kind, out[line_end + 1 : end])
        at = end + 1


def parse_raw_tree(content: bytes, *, n_hash_bytes: int) -> Iterator[tuple[str, str, Oid]]:
    """Yields mode, name and object of each entry of a tree object."""
    at = 0
    while at < len(content):
        space = content.index(b" ", at)
        end = content.index(b"\0", space)
        mode = content[at:space].decode("ascii", "replace")
        name = os.fsdecode(content[space + 1 : end])
        at = end + 1 + n_hash_bytes
        yield mode, name, Oid(content[end + 1 : at].hex())


def commit_headers(commit: bytes) -> tuple[Oid | None, tuple[Oid, ...]]:
    """Returns the tree and the parents of a commit object."""
    tree, parents = None, []
    for key, oid in _HEADER.findall(commit.partition(b"\n\n")[0] + b"\n"):
        if key == b"tree":
            tree = Oid(oid.decode("ascii"))
        else:
            parents.append(Oid(oid.decode("ascii")))
    return tree, tuple(parents)
