"""Writes commits that no branch knows of, each with one process.

``git fast-import`` takes a tree that exists, the files to add to it, the commit, and the refs to
move, in one stream: a fifth of the processes that the plumbing commands would need, and git's own
rules for object format, ref backend, hooks and permissions hold.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from repro.git.refs import RefExistsError, create_ref
from repro.git.repository import GitError, Repository
from repro.model.ids import Oid, RefName
from repro.model.run import Identity

__all__ = ["NOBODY", "commit_head", "commit_tree", "fast_import", "write_commit"]

_WORTH_LOOKING_BYTES = 4096
NOBODY = Identity("unknown", "")
"""The author where git knows none."""


def write_commit(
    repo: Repository,
    *,
    tree: Oid | None,
    parents: Sequence[Oid],
    message: bytes,
    author: Identity | None,
    at: datetime,
    ref: RefName | None,
    files: Mapping[str, bytes] | None = None,
    replace: str | None = None,
    drop_ref: RefName | None = None,
) -> Oid:
    """Writes a commit and makes a ref to it.

    Args:
        repo: The repository.
        tree: Its tree, before `files`; None for an empty one.
        parents: Its parents, in order.
        message: Its whole message.
        author: Author and committer; None where git knows none.
        at: Author and commit time, aware.
        ref: The ref to make; None to make none.
        files: Content by path, added to the tree.
        replace: A directory (or file) dropped from the tree before `files` are added.
        drop_ref: A ref deleted in the same stroke.

    Raises:
        RefExistsError: The ref exists already.
        GitError: git could not write.
    """
    branch = ref or RefName(f"refs/repro/tmp/{os.getpid()}-{os.urandom(4).hex()}")
    zero = "0" * (40 if repo.hash_name == "sha1" else 64)
    gone = [name for name in (drop_ref, branch if ref is None else None) if name is not None]
    stream = [
        commit_head(branch, message, author or NOBODY, at),
        *_changes(tree, parents, replace),
        *(_file(repo, path, content) for path, content in (files or {}).items()),
        b"\nget-mark :1\n",
        *(f"reset {name}\nfrom {zero}\n\n".encode() for name in gone),
        b"done\n",
    ]
    out = fast_import(repo, ref, b"".join(stream))
    return Oid(out.decode("ascii").strip())


def fast_import(repo: Repository, ref: RefName | None, stream: bytes) -> bytes:
    """Feeds ``git fast-import`` and returns what it printed.

    Args:
        repo: The repository.
        ref: The ref that the stream makes or moves forward; None for one that nobody else knows.
        stream: See git-fast-import(1).

    Raises:
        RefExistsError: The ref would lose what it names.
        GitError: git could not write.
    """
    # It makes a pack and then, of few objects, loose ones: the pack need not be small.
    quickly = ("-c", "pack.compression=1")
    command = ("fast-import", "--quiet", "--done", "--date-format=raw")
    result = repo.start(*quickly, *command, stdin=stream).result()
    if result.code != 0:
        error = GitError(command, result)
        _remove_crash_report(repo, error.stderr)
        if ref is not None and "does not contain" in error.stderr:
            raise RefExistsError(ref) from error
        raise error
    return result.out


def commit_tree(
    repo: Repository,
    *,
    tree: Oid,
    parents: Sequence[Oid],
    message: bytes,
    author: Identity | None,
    at: datetime,
    ref: RefName,
) -> Oid:
    """Writes a commit of a tree as it is, and makes a ref to it; quicker than `write_commit`.

    Raises:
        RefExistsError: The ref exists already.
        GitError: git could not write.
    """
    name, email = (_identity_text(text) for text in author or NOBODY)
    stamp = f"{int(at.timestamp())} +0000"
    env = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", name or NOBODY.name), ("EMAIL", email), ("DATE", stamp))
    }
    flags = [word for parent in parents for word in ("-p", parent)]
    out = repo.git("commit-tree", tree, *flags, stdin=message, env=env)
    oid = Oid(out.decode("ascii").strip())
    create_ref(repo, ref, oid)
    return oid


def _remove_crash_report(repo: Repository, stderr: str) -> None:
    """Removes the file that fast-import leaves in the git directory; its words are in the error."""
    _, found, name = stderr.partition("dumping crash report to ")
    if found:
        with suppress(OSError):
            os.unlink(os.path.join(repo.top, name.splitlines()[0]))


def commit_head(ref: RefName, message: bytes, author: Identity, at: datetime) -> bytes:
    """Returns how a commit begins in a stream for `fast_import`; its mark is ``:1``."""
    name, email = (_identity_text(text) for text in author)
    stamp = f"{name} <{email}> {int(at.timestamp())} {at:%z}" if at.tzinfo else ""
    who = stamp.encode("utf-8", "replace")
    return b"commit %s\nmark :1\nauthor %s\ncommitter %s\ndata %d\n%s\n" % (
        ref.encode(),
        who,
        who,
        len(message),
        message,
    )


def _identity_text(text: str) -> str:
    return text.translate({ord(c): None for c in "<>\n\0"}).strip()


def _changes(tree: Oid | None, parents: Sequence[Oid], replace: str | None) -> Iterator[bytes]:
    for number, parent in enumerate(parents):
        yield f"{'merge' if number else 'from'} {parent}\n".encode()
    # Without a word on its tree a commit has its first parent's.
    yield f'M 040000 {tree} ""\n'.encode() if tree is not None else b"deleteall\n"
    if replace is not None:
        yield b"D %s\n" % _quoted(replace)


def _file(repo: Repository, path: str, content: bytes) -> bytes:
    known = _loose_blob(repo, content) if len(content) >= _WORTH_LOOKING_BYTES else None
    if known is not None:
        return b"M 100644 %s %s\n" % (known.encode(), _quoted(path))
    return b"M 100644 inline %s\ndata %d\n%s\n" % (_quoted(path), len(content), content)


def _loose_blob(repo: Repository, content: bytes) -> str | None:
    """Returns the object that holds the content already, None when there is none to be seen.

    Environments and locks are the same in run after run; compressing them anew is half of what
    writing a run costs. The object is made young again, as git does, lest it be pruned.
    """
    state = hashlib.new(repo.hash_name, b"blob %d\0" % len(content), usedforsecurity=False)
    state.update(content)
    oid = state.hexdigest()
    try:
        os.utime(f"{repo.common_dir}/objects/{oid[:2]}/{oid[2:]}")
    except OSError:
        return None
    return oid


def _quoted(path: str) -> bytes:
    """Quotes a path as git-fast-import(1) wants it: C style, other bytes as they are."""
    raw = os.fsencode(path)
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'
