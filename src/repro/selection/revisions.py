"""Revisions that git does not know: which it is, and what was meant."""

import re
from collections.abc import Iterable

from repro.compare.fields import nearest
from repro.git.repository import Repository
from repro.lineage.commits import UnknownRevisionError

__all__ = ["is_commit", "nearest_revision", "unknown_revision"]

_RANGE = re.compile(r"(\.{2,3})")
_NAME = re.compile(r"(\^?)([^~^:@{]+)(.*)", re.DOTALL)
_SHOWN = 4


def is_commit(repo: Repository, word: str) -> bool:
    """Tells whether git takes a word for a commit."""
    if not word or "\0" in word:
        return False
    spec = f"{word}^{{commit}}"
    return repo.start("rev-parse", "-q", "--verify", "--end-of-options", spec).result().code == 0


def unknown_revision(repo: Repository, revisions: Iterable[str]) -> UnknownRevisionError:
    """Returns the error for the first of some revisions that git does not know."""
    word = next((word for word in revisions if not _is_known(repo, word)), "")
    if repo.head is None and (_is_about_head(word) or not _names(repo)):
        message = f"{word!r} names no commit: there are none here yet"
        return UnknownRevisionError([word], message, hint="repro ls")
    near = nearest_revision(repo, word)
    hint = f"did you mean {near}?" if near is not None else _branches(repo)
    return UnknownRevisionError([word], f"git knows no revision {word!r}", hint=hint)


def nearest_revision(repo: Repository, word: str) -> str | None:
    """Returns a revision with the branches or tags that those in a word were most likely meant."""
    names = _names(repo)
    parts = [_corrected(repo, part, names) for part in _RANGE.split(word)]
    found = "".join(part for part in parts if part is not None)
    return found if None not in parts and found != word else None


def _is_about_head(word: str) -> bool:
    sides = (side.removeprefix("^") for side in _RANGE.split(word)[::2])
    return any(re.match(r"(HEAD|@)?($|[~^])", side) for side in sides)


def _corrected(repo: Repository, part: str, names: list[str]) -> str | None:
    """Returns one side of a range as it was meant; None where nothing is near."""
    if not part.strip(".") or is_commit(repo, part.removeprefix("^")):
        return part
    match = _NAME.fullmatch(part)
    guess = nearest(match[2], names) if match is not None else None
    return f"{match[1]}{guess}{match[3]}" if match is not None and guess is not None else None


def _is_known(repo: Repository, word: str) -> bool:
    if "\0" in word:
        return False
    return repo.start("rev-list", "-n", "1", "--end-of-options", word, "--").result().code == 0


def _names(repo: Repository) -> list[str]:
    kinds = ("refs/heads", "refs/tags", "refs/remotes")
    out = repo.git("for-each-ref", "--format=%(refname:short)", *kinds)
    return out.decode("utf-8", "replace").splitlines()


def _branches(repo: Repository) -> str:
    names = _names(repo)
    return f"there are: {', '.join(names[:_SHOWN])}" + (", …" if len(names) > _SHOWN else "")
