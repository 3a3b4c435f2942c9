"""Reads objects: trees, and any number of blobs or commits through one ``cat-file --batch``."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from repro import process
from repro.git.repository import GitError, Repository
from repro.model.ids import Oid

__all__ = [
    "TreeEntry",
    "list_rows",
    "list_tree",
    "parse_tree",
    "read_file",
    "read_objects",
    "start_rows",
]


_ROWS = ("ls-tree", "-r", "-z", "--full-tree")


class TreeEntry(NamedTuple):
    """An entry of a tree.

    Attributes:
        mode: "100644", "100755", "120000" (symbolic link), "160000" (submodule) or "040000".
        kind: "blob", "commit" or "tree".
        oid: The object.
        path: From the tree listed, "/" between names.
    """

    mode: str
    kind: str
    oid: Oid
    path: bytes


def list_tree(repo: Repository, tree: str, *paths: str, recursive: bool = True) -> list[TreeEntry]:
    """Returns the entries of a tree in git's order.

    Args:
        repo: The repository.
        tree: Anything that names a tree.
        paths: Only these, taken literally.
        recursive: Whether to go into subtrees and leave the trees themselves out.

    Raises:
        GitError: There is no such tree.
    """
    flags = ("-r",) if recursive else ()
    literal = {"GIT_LITERAL_PATHSPECS": "1"}  # or ":x" would be read as pathspec magic
    out = repo.git("ls-tree", "-z", "--full-tree", *flags, tree, "--", *paths, env=literal)
    return parse_tree(out)


def start_rows(repo: Repository, tree: str) -> process.Pending:
    """Starts what `list_rows` reads."""
    return repo.start(*_ROWS, tree)


def list_rows(
    repo: Repository, tree: str, *, started: process.Pending | None = None
) -> dict[str, str]:
    """Returns every file, link and submodule of a tree as git prints it, by path, in git's order.

    A row is mode, kind and object, a tab, and the path; for trees so large that a tuple for each
    entry would be felt.

    Args:
        repo: The repository.
        tree: Anything that names a tree.
        started: `start_rows` of the same tree, where it was started a while ago.

    Raises:
        GitError: There is no such tree.
    """
    result = (started or start_rows(repo, tree)).result()
    if result.code != 0:
        raise GitError((*_ROWS, tree), result)
    out = os.fsdecode(result.out)
    return {row.partition("\t")[2]: row for row in out.split("\0")[:-1]}


def parse_tree(out: bytes) -> list[TreeEntry]:
    """Reads the output of ``git ls-tree -z``."""
    entries = []
    for row in out.split(b"\0")[:-1]:
        head, _, path = row.partition(b"\t")
        mode, kind, oid = head.decode("ascii").split()
        entries.append(TreeEntry(mode, kind, Oid(oid), path))
    return entries


def read_objects(repo: Repository, specs: Sequence[str]) -> list[bytes | None]:
    """Returns the content of each object, None for one that is missing.

    Args:
        repo: The repository.
        specs: Anything that names an object, without newlines: an oid, ``HEAD:train.py``.
    """
    if not specs:
        return []
    stdin = "".join(f"{spec}\n" for spec in specs).encode("utf-8", "surrogateescape")
    # --buffer, because git else flushes after every object.
    out = repo.git("cat-file", "--batch", "--buffer", stdin=stdin)
    return _parse_batch(out, len(specs))


def read_file(repo: Repository, tree: str, path: str) -> bytes | None:
    """Returns the content of a file in a tree, None when there is no such file.

    Args:
        repo: The repository.
        tree: Anything that names a tree.
        path: From its top.
    """
    # A name cannot hold a newline on the way to `cat-file`; none that matters does.
    return None if "\n" in path else read_objects(repo, [f"{tree}:{path}"])[0]


def _parse_batch(out: bytes, n_objects: int) -> list[bytes | None]:
    contents: list[bytes | None] = []
    at = 0
    while len(contents) < n_objects:
        line_end = out.find(b"\n", at)
        if line_end < 0:
            raise GitError(("cat-file",), process.Result(1, b"", b"its output ended early"))
        head = out[at:line_end]
        if head.endswith((b" missing", b" ambiguous")):
            contents.append(None)
            at = line_end + 1
            continue
        size_bytes = int(head.rpartition(b" ")[2])
        contents.append(out[line_end + 1 : line_end + 1 + size_bytes])
        at = line_end + 2 + size_bytes
    return contents
