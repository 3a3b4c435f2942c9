"""What the words of a listing mean: a filter, or revisions as ``git log`` takes them."""

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from repro.compare.fields import FIELDS, SCOPES
from repro.compare.parse import QueryError
from repro.compare.query import compile_query
from repro.errors import ReproError
from repro.git.repository import Repository
from repro.lineage.commits import UnknownRevisionError
from repro.selection.revisions import is_commit, nearest_revision

__all__ = ["SeveralFiltersError", "UnknownWordError", "Words", "read_words", "wrong_word"]

_PLAIN = re.compile(r"[\w./@^~{}:+-]+")
"""Nearly every revision looks so, and no filter but a single key."""


class SeveralFiltersError(ReproError):
    """More than one of the words is a filter.

    Attributes:
        filters: They.
    """

    def __init__(self, filters: Sequence[str]) -> None:
        joined = " and ".join(f"({text})" for text in filters)
        super().__init__("only one filter can be given", hint=f"as one: repro ls {joined!r}")
        self.filters = tuple(filters)


class UnknownWordError(ReproError):
    """A word is neither a revision nor a filter.

    Attributes:
        word: It.
    """

    def __init__(self, word: str, message: str, *, hint: str | None) -> None:
        super().__init__(message, hint=hint)
        self.word = word


class Words(NamedTuple):
    """What words mean.

    Attributes:
        expression: The filter among them.
        revisions: The others.
        shadowed: Where the filter is a single key by whose name there is a branch or a tag too:
            the word that means this.
    """

    expression: str | None
    revisions: tuple[str, ...]
    shadowed: str | None = None


def read_words(repo: Repository, words: Sequence[str]) -> Words:
    """Returns which of some words is the filter; whether the others are revisions git will tell.

    What can be read as a filter is one: where a branch is called as a key, ``dirty`` is the key and
    ``heads/dirty`` the branch.

    Raises:
        SeveralFiltersError: More than one is a filter.
    """
    filters: list[str] = []
    revisions: list[str] = []
    for word in words:
        (filters if _is_filter(repo, word) else revisions).append(word)
    if len(filters) > 1:
        raise SeveralFiltersError(filters)
    expression = filters[0] if filters else None
    return Words(expression, tuple(revisions), _shadowed(repo, expression))


def _is_filter(repo: Repository, word: str) -> bool:
    try:
        query = compile_query(word)
    except QueryError:
        return False
    # 1234567 is a number, but before that the beginning of a commit's name.
    return bool(query.keys) or not is_commit(repo, word)


def _shadowed(repo: Repository, expression: str | None) -> str | None:
    if expression is None or not _PLAIN.fullmatch(expression):
        return None
    places = (f"heads/{expression}", f"tags/{expression}")
    return next((place for place in places if is_commit(repo, place)), None)


def wrong_word(repo: Repository, unknown: UnknownRevisionError, words: Sequence[str]) -> ReproError:
    """Returns the error for a word that is no revision and cannot be read as a filter.

    Args:
        repo: The repository.
        unknown: What git says of it.
        words: All that were given.
    """
    from difflib import get_close_matches

    word = unknown.revisions[0]
    at = list(words).index(word)
    together = " ".join(words[at:])
    if len(words) > at + 1 and _reads(together) is None:
        message = f"{word!r} is no revision; a filter is one word"
        command = " ".join(("repro ls", *words[:at], repr(together)))
        return UnknownWordError(word, message, hint=command)
    flaw = _reads(word)
    if flaw is not None and not _PLAIN.fullmatch(word):
        return flaw
    if os.path.lexists(word):
        message = f"{word!r} is a file, and runs are chosen by revisions and filters"
        return UnknownWordError(word, message, hint="such as: repro ls HEAD")
    if repo.head is None:
        return unknown
    near = [nearest_revision(repo, word), *get_close_matches(word, [*FIELDS, *SCOPES], n=1)]
    guesses = " or ".join(dict.fromkeys(guess for guess in near if guess is not None))
    hint = f"did you mean {guesses}?" if guesses else unknown.hint
    if not guesses and flaw is not None and word.isidentifier():
        hint = flaw.hint
    return UnknownWordError(word, f"{word!r} is neither a revision nor a filter", hint=hint)


def _reads(text: str) -> QueryError | None:
    """Returns why a text cannot be read as a filter; None where it can."""
    try:
        compile_query(text)
    except QueryError as error:
        return error
    return None
