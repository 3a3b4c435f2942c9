"""What commits change: by the objects that they put in place, and by the lines of their patches.

To compare objects is cheap, and certain. Only where two commits change the same paths, and not from
the same to the same objects, is it worth while to look at lines: a rebase onto other work in
the same files leaves a patch as it is.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from repro.git.repository import Repository
from repro.lineage.commits import FACTS_ENV, Step
from repro.lineage.facts import Facts

__all__ = ["Change", "Rows", "read_changes", "read_patches"]

_RAW = (
    *("diff-tree", "--stdin", "--always", "-r", "-z", "--raw", "--root", "--no-renames"),
    *("--no-abbrev", "--ignore-submodules=none"),
)
_PATCH = (
    # A text so large is compared as a whole: a data set's lines are no code.
    *("-c", "core.bigFileThreshold=256k"),
    *("diff-tree", "--stdin", "--always", "-r", "-p", "--unified=3", "--root", "--no-renames"),
    *("--full-index", "--no-color", "--no-textconv", "--no-ext-diff", "--diff-algorithm=myers"),
    *("--src-prefix=a/", "--dst-prefix=b/", "--inter-hunk-context=0", "--ignore-submodules=none"),
)
_AT_ONCE = 100
"""Patches are read so many at a time: all of them may be more than memory holds."""
_BINARY = re.compile(rb"^index (.*\nBinary files )", re.MULTILINE)
_NOT_THE_CHANGE = (b"@@", b"index ")
"""Where a hunk stands, and the objects: what a rebase alters. Lines of text begin otherwise."""

Rows: TypeAlias = dict[bytes, tuple[bytes, bytes]]
"""By path, mode and object before and after: ``100644 <oid>``."""


class Change(NamedTuple):
    """What a step changes; equal where the same paths go from the same to the same objects.

    Attributes:
        paths: The paths, in bytewise order, with NUL between them; b"" for no change at all.
        objects: What happens to each, likewise: ``100644 100644 <oid> <oid>``.
    """

    paths: bytes
    objects: bytes

    @staticmethod
    def of(rows: Rows) -> "Change":
        """Returns the change that some rows are."""
        sides = [
            (*before.split(b" "), *after.split(b" ")) for _, (before, after) in sorted(rows.items())
        ]
        return Change(
            b"\0".join(sorted(rows)),
            b"\0".join(
                [b"%s %s %s %s" % (mode, new_mode, old, new) for mode, old, new_mode, new in sides]
            ),
        )

    @property
    def rows(self) -> Rows:
        """What it changes, by path."""
        found: Rows = {}
        for path, row in self.items():
            mode, new_mode, old, new = row.split(b" ")
            found[path] = (b"%s %s" % (mode, old), b"%s %s" % (new_mode, new))
        return found

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Yields the paths, and what happens to each."""
        if self.paths:
            yield from zip(self.paths.split(b"\0"), self.objects.split(b"\0"), strict=True)

    @property
    def n_paths(self) -> int:
        """How many paths it changes."""
        return self.paths.count(b"\0") + 1 if self.paths else 0

    def results(self) -> list[bytes]:
        """Returns the objects that it puts in place; what it deletes is not among them."""
        rows = self.objects.split(b"\0") if self.objects else ()
        return [row.rpartition(b" ")[2] for row in rows if row[7:13] != b"000000"]


def read_changes(repo: Repository, steps: Iterable[Step]) -> dict[Step, Change]:
    """Returns what steps change.

    Raises:
        GitError: git could not read the trees.
    """
    asked = list(steps)
    if not asked:
        return {}
    out = repo.git(*_RAW, stdin=_lines(asked), env=FACTS_ENV)
    return dict(zip(asked, _parsed(out), strict=True))


def _lines(steps: Sequence[Step]) -> bytes:
    return "".join([f"{new} {old}\n" if old else f"{new}\n" for new, old in steps]).encode()


def _parsed(out: bytes) -> Iterator[Change]:
    # The commit of a step, and then by turns what happens to a path, and the path.
    words = out.split(b"\0")
    last = len(words) - 1
    at = 0
    while at < last:
        start = at = at + 1
        while words[at][:1] == b":":
            at += 2
        rows = [word[1:-2] for word in words[start:at:2]]
        yield Change(b"\0".join(words[start + 1 : at : 2]), b"\0".join(rows))


def read_patches(repo: Repository, steps: Iterable[Step], cache: Facts) -> dict[Step, str]:
    """Returns a digest of the patch of each step: the lines, wherever in the file they stand.

    Unlike ``git patch-id`` it counts white space, which means something in Python, and tells
    one binary file from another.

    Args:
        repo: The repository.
        steps: The steps.
        cache: Digests that are known; it gets the new ones.

    Raises:
        GitError: git could not make a patch.
    """
    found: dict[Step, str] = {}
    unknown = []
    for step in dict.fromkeys(steps):
        digest = cache.get(step.new, step.old)
        if digest is None:
            unknown.append(step)
        else:
            found[step] = digest
    for at in range(0, len(unknown), _AT_ONCE):
        for step, digest in _patches(repo, unknown[at : at + _AT_ONCE]):
            cache.add(step.new, step.old, digest)
            found[step] = digest
    return found


def _patches(repo: Repository, steps: Sequence[Step]) -> Iterator[tuple[Step, str]]:
    out = repo.git(*_PATCH, stdin=_lines(steps), env=FACTS_ENV)
    if b"\nBinary files " in out:
        out = _BINARY.sub(rb"objects \1", out)
    ids = iter([step.new.encode() for step in steps])
    awaited = next(ids)
    patches: list[list[bytes]] = []
    for line in out.split(b"\n"):
        # No other line is an id alone: those of a patch begin with a sign or a word.
        if line == awaited:
            awaited = next(ids, b" ")
            patches.append([])
        elif patches and not line.startswith(_NOT_THE_CHANGE):
            patches[-1].append(line)
    return zip(steps, map(_digest, patches), strict=True)


def _digest(lines: Sequence[bytes]) -> str:
    text = b"\n".join(lines).rstrip(b"\n")
    return hashlib.blake2b(text, digest_size=16).hexdigest()
