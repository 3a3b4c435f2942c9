"""Looks through trees that came from a remote, before anything believes or unpacks them.

Objects are read once each and by size first, so that neither a tree that names itself a million
times over nor a file of gigabytes of zeros costs more than its few bytes on the wire.
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from repro.git.objects import read_objects
from repro.git.repository import Repository
from repro.model.data import is_reserved
from repro.model.ids import Oid

__all__ = ["Entry", "Trees", "Verdict", "sizes_of", "tree_oid"]

MAX_PATHS = 2_000_000
MAX_BLOB_BYTES = 4 << 30
MAX_TREE_BYTES = 64 << 20
MAX_LINK_BYTES = 4096
_MAX_DEPTH = 200
_TREE, _LINK, _SUBMODULE = "40000", "120000", "160000"
_MODES = frozenset({_TREE, "100644", "100755", "100664", _LINK, _SUBMODULE})
_SHOWN_LINKS = 3


class Entry(NamedTuple):
    """An entry of one tree object.

    Attributes:
        mode: As git writes it there: "40000" for a tree.
        name: Its name.
        oid: The object.
    """

    mode: str
    name: str
    oid: Oid


class Verdict(NamedTuple):
    """What a tree and all below it are.

    Attributes:
        problem: Why it is not to be unpacked, as a clause; "" for none.
        n_paths: Files and links in it.
        links: Some of the links that lead out of it.
        depth: How deep it goes.
    """

    problem: str = ""
    n_paths: int = 0
    links: tuple[str, ...] = ()
    depth: int = 0


def sizes_of(repo: Repository, oids: Iterable[str]) -> dict[Oid, tuple[str, int]]:
    """Returns kind and size in bytes of each object that is there, without reading any."""
    wanted = list(dict.fromkeys(oids))
    if not wanted:
        return {}
    stdin = "".join(f"{oid}\n" for oid in wanted).encode("ascii")
    check = "--batch-check=%(objectname) %(objecttype) %(objectsize)"
    out = repo.git("cat-file", check, "--buffer", stdin=stdin)
    rows = (line.split(" ") for line in out.decode("ascii", "replace").splitlines())
    return {Oid(row[0]): (row[1], int(row[2])) for row in rows if len(row) == 3}


def tree_oid(entries: Sequence[Entry], hash_name: str) -> Oid:
    """Returns the object id of a tree of these entries, in git's order."""
    content = b"".join(
        b"%s %s\0%s" % (mode.encode(), os.fsencode(name), bytes.fromhex(oid))
        for mode, name, oid in entries
    )
    state = hashlib.new(hash_name, b"tree %d\0" % len(content), usedforsecurity=False)
    state.update(content)
    return Oid(state.hexdigest())


def is_name(name: str) -> bool:
    """Tells whether a file or directory may be called so wherever it is unpacked."""
    if not name or "/" in name or name in (".", ".."):
        return False
    return not is_reserved(f"below/{name}")


class Trees:
    """The trees of some commits, and what is known of them."""

    def __init__(self, repo: Repository, *, has_all_blobs: bool = True) -> None:
        """Knows no tree yet.

        Args:
            repo: The repository.
            has_all_blobs: False in a partial clone, where asking for a file's size downloads it.
        """
        self._repo = repo
        self._has_all_blobs = has_all_blobs
        self._id_bytes = 20 if repo.hash_name == "sha1" else 32
        self._entries: dict[Oid, tuple[Entry, ...]] = {}
        self._problems: dict[Oid, str] = {}
        self._sizes: dict[Oid, int] = {}
        self._targets: dict[Oid, bytes] = {}
        self._verdicts: dict[Oid, Verdict] = {}

    def read(self, roots: Iterable[Oid]) -> None:
        """Reads trees and everything below them that was not read yet.

        Raises:
            GitError: git could not read them.
        """
        level = [oid for oid in dict.fromkeys(roots) if not self._is_known(oid)]
        blobs: dict[Oid, None] = {}
        links: dict[Oid, None] = {}
        while level:
            following: dict[Oid, None] = {}
            for oid in self._read_level(level):
                for mode, _, child in self._entries[oid]:
                    if mode == _TREE:
                        following[child] = None
                    elif mode != _SUBMODULE:
                        (links if mode == _LINK else blobs)[child] = None
            level = [oid for oid in following if not self._is_known(oid)]
        self._weigh([*links, *blobs] if self._has_all_blobs else list(links))
        small = [x for x in links if self._sizes.get(x, MAX_LINK_BYTES + 1) <= MAX_LINK_BYTES]
        contents = read_objects(self._repo, small)
        self._targets |= {oid: content or b"" for oid, content in zip(small, contents, strict=True)}

    def entries(self, tree: Oid) -> tuple[Entry, ...]:
        """Returns the entries of a tree that was read; none for one that could not be."""
        return self._entries.get(tree, ())

    def files_below(self, tree: Oid, *, prefix: str = "") -> list[tuple[str, str, Oid]]:
        """Returns path, mode and object of all that is below a tree whose verdict is good."""
        found = []
        for mode, name, oid in self.entries(tree):
            if mode == _TREE:
                found += self.files_below(oid, prefix=f"{prefix}{name}/")
            else:
                found.append((prefix + name, mode, oid))
        return found

    def judge(self, tree: Oid, *, depth_left: int = _MAX_DEPTH) -> Verdict:
        """Returns what a tree that was read is, with all that is below it."""
        known = self._verdicts.get(tree)
        if known is None:
            if depth_left <= 0:
                return Verdict(f"directories are nested deeper than {_MAX_DEPTH} levels")
            known = self._verdicts[tree] = self._judge(tree, depth_left)
        if known.depth > depth_left:
            return Verdict(f"directories are nested deeper than {_MAX_DEPTH} levels")
        return known

    def _judge(self, tree: Oid, depth_left: int) -> Verdict:
        if tree in self._problems:
            return Verdict(self._problems[tree])
        n_paths, depth = 0, 0
        links: list[str] = []
        for mode, name, oid in self.entries(tree):
            if mode == _TREE:
                below = self.judge(oid, depth_left=depth_left - 1)
                if below.problem:
                    return below
                n_paths += below.n_paths
                depth = max(depth, below.depth)
                links += [f"{name}/{link}" for link in below.links]
                if n_paths > MAX_PATHS:
                    return Verdict(f"it has more than {MAX_PATHS:,} files")
                continue
            n_paths += 1
            if problem := self._problem_of_file(mode, name, oid):
                return Verdict(problem)
            if mode == _LINK and self._targets.get(oid, b"").startswith(b"/"):
                links.append(name)
        return Verdict("", n_paths, tuple(links[:_SHOWN_LINKS]), depth + 1)

    def _problem_of_file(self, mode: str, name: str, oid: Oid) -> str:
        size_bytes = self._sizes.get(oid)
        if mode == _LINK and (size_bytes is None or size_bytes > MAX_LINK_BYTES):
            return f"{name!a} is a link too long to be one"
        if size_bytes is not None and size_bytes > MAX_BLOB_BYTES:
            return f"{name!a} has {size_bytes:,} bytes, more than git can be trusted with"
        return ""

    def _is_known(self, oid: Oid) -> bool:
        return oid in self._entries or oid in self._problems

    def _read_level(self, level: Sequence[Oid]) -> list[Oid]:
        """Reads some trees and returns those that could be."""
        sizes = sizes_of(self._repo, level)
        wanted = []
        for oid in level:
            kind, size_bytes = sizes.get(oid, ("", 0))
            if kind != "tree":
                self._problems[oid] = f"a directory is missing: {oid}"
            elif size_bytes > MAX_TREE_BYTES:
                self._problems[oid] = f"a directory with {size_bytes:,} bytes of names"
            else:
                wanted.append(oid)
        read = []
        for oid, content in zip(wanted, read_objects(self._repo, wanted), strict=True):
            try:
                self._entries[oid] = self._parse(content or b"")
            except ValueError as error:
                self._problems[oid] = str(error)
            else:
                read.append(oid)
        return read

    def _parse(self, content: bytes) -> tuple[Entry, ...]:
        """Reads a tree object.

        Raises:
            ValueError: It holds what no directory may; the message says what.
        """
        entries = []
        names = set()
        start = 0
        while start < len(content):
            end = content.find(b"\0", start)
            mode, _, raw = content[start:end].decode("utf-8", "surrogateescape").partition(" ")
            mode = mode.lstrip("0")  # as some old tools wrote it
            start = end + 1 + self._id_bytes
            if end < 0 or start > len(content) or mode not in _MODES:
                raise ValueError("a directory that is damaged")
            if not is_name(raw):
                raise ValueError(f"no file may be called {raw!a}")
            if raw in names:
                raise ValueError(f"two files are called {raw!a}")
            names.add(raw)
            entries.append(Entry(mode, raw, Oid(content[end + 1 : start].hex())))
        return tuple(entries)

    def _weigh(self, oids: Sequence[Oid]) -> None:
        unknown = [oid for oid in oids if oid not in self._sizes]
        self._sizes |= {oid: size for oid, (_, size) in sizes_of(self._repo, unknown).items()}
