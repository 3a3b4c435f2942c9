"""Which files have other bytes than git keeps or would write: line ends, LFS, keywords."""

import os
from collections.abc import Iterator, Mapping, Sequence

from repro.git.repository import Repository
from repro.model.ids import Oid

__all__ = ["unlike_git"]

_ATTRIBUTES = ("text", "eol", "ident", "filter", "working-tree-encoding")
_NONE = frozenset({"unspecified", "unset"})


def unlike_git(repo: Repository, files: Mapping[str, Oid]) -> list[str]:
    """Returns the files that git, writing them anew, might not give the bytes that they have.

    Args:
        repo: The repository.
        files: The blob that git keeps of each, by path; all are regular files that are there.
    """
    # hash-object and its kind read a name a line.
    plain = [path for path in files if "\n" not in path]
    if not plain:
        return list(files)
    hashes = dict(zip(plain, _raw_hashes(repo, plain), strict=True))
    rewritten = frozenset(_rewritten(repo, plain))
    return [p for p, oid in files.items() if hashes.get(p) != oid or p in rewritten]


def _raw_hashes(repo: Repository, paths: Sequence[str]) -> list[Oid]:
    # "./", because a name that starts with a quote is taken for a quoted one.
    stdin = b"".join(b"./%s\n" % os.fsencode(path) for path in paths)
    out = repo.git("hash-object", "--no-filters", "--stdin-paths", stdin=stdin)
    return [Oid(line) for line in out.decode("ascii").split()]


def _rewritten(repo: Repository, paths: Sequence[str]) -> Iterator[str]:
    """Yields the paths whose blobs git changes when it writes them."""
    settings = repo.start("config", "--get-regexp", r"^core\.(autocrlf|eol)$")
    stdin = b"".join(os.fsencode(path) + b"\0" for path in paths)
    out = repo.git("check-attr", "-z", "--stdin", *_ATTRIBUTES, stdin=stdin)
    config = settings.result().out.decode("utf-8", "replace").split()
    is_crlf = "true" in config[1::2] or "crlf" in config[1::2]
    fields = [os.fsdecode(field) for field in out.split(b"\0")]
    for path, name, value in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
        if name == "text":
            changes = is_crlf and value != "unset"
        elif name == "eol":
            changes = value == "crlf"
        else:
            changes = value not in _NONE
        if changes:
            yield path
