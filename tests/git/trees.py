"""Asks repro for snapshots, and git what they hold."""

import os
import shutil

from repro.git.repository import open_repository
from repro.git.snapshot import Snapshot, take_snapshot
from tests.repos import Scratch

__all__ = ["ODD_NAMES", "blob", "expected_tree", "git_files", "names_in", "take"]


def take(scratch: Scratch, *, large_bytes: int = 10 * 2**20) -> Snapshot:
    return take_snapshot(open_repository(str(scratch.path)), large_bytes=large_bytes)


def expected_tree(scratch: Scratch) -> str:
    """Returns the tree that ``git add -A`` and a commit would make, worked out in a copy."""
    copy = scratch.copy(scratch.path.with_name("expected"))
    try:
        # A copy has other inodes; what is unchanged must be hashed again, not believed.
        copy.git("add", "-A")
        return copy.git("write-tree")
    finally:
        shutil.rmtree(copy.path)


def names_in(scratch: Scratch, tree: str) -> set[bytes]:
    out = scratch.git("ls-tree", "-rz", "--name-only", "--full-tree", tree, binary=True)
    return set(out.split(b"\0")[:-1])


def blob(scratch: Scratch, tree: str, path: str) -> bytes:
    return scratch.git("cat-file", "blob", f"{tree}:{path}", binary=True)


def git_files(scratch: Scratch) -> set[str]:
    """Returns what lies in the git directory, objects left out."""
    found = set()
    for directory, names, files in os.walk(scratch.git("rev-parse", "--absolute-git-dir")):
        if "objects" in names:
            names.remove("objects")
        found |= {os.path.join(directory, name) for name in files}
    return found


ODD_NAMES = [
    *(b" lead", b"trail ", b"two  spaces", b"new\nline", b"tab\there", b'"quoted"', b"back\\slash"),
    *(b":(top)a", b":a", b":!a", b":^a", b":", b"-rf", b"--", b"*", b"?", b"[ab]", b"a*b", b"#x"),
    *(b"!bang", b"\xff\xfe", b"caf\xc3\xa9", b"cafe\xcc\x81", b"$HOME", b"`x`", b"~", b"a" * 255),
]
