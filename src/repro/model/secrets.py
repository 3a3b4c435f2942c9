"""Keeps passwords, tokens and keys out of records.

A record is pushed and lives for ever; a token in it cannot be called back. What is found gives way
to a keyed digest, ``<redacted:1a2b3c4d>``: equal secrets of one repository have equal marks, and
without the key, which never leaves the repository's own directory, nobody can try guesses on them.

What secrets look like stands in `repro.model.secret_rules`, loaded when there is a text that may
hold one.
"""

import hmac
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from repro.model.secret_files import secret_file_kind
from repro.model.secret_names import (
    is_placeholder,
    is_secret_name,
    looks_random,
    may_be_secret_name,
)

if TYPE_CHECKING:
    from repro.model.secret_rules import Secret

__all__ = [
    "REDACTED",
    "Found",
    "Redactor",
    "find_secrets",
    "is_secret_name",
    "secret_file_kind",
]

REDACTED = re.compile(r"<redacted:[0-9a-f]{8}>")
"""A mark that stands where a secret stood."""

_FLAG = re.compile(r"[\w.+~/:@\-]*")
_SHORTEST = 14
"""No token is shorter, but for one behind a "=" or ":"."""
_LOOKED_AT_BYTES = 8000
"""A NUL among so many says that a file is no text; git has the same rule."""
_LOGINS = frozenset({"curl", "wget", "http", "https", "xh"})


class Found(NamedTuple):
    """A secret that was in a file.

    Attributes:
        kind: What it is, in words.
        line: Where, from 1.
    """

    kind: str
    line: int


def find_secrets(text: str) -> "tuple[Secret, ...]":
    """Returns the secrets in a text, in order; none overlaps another or lies in a mark."""
    from repro.model.secret_rules import anchors_in, rules

    anchors = anchors_in(text.lower())
    if not anchors:
        return ()
    found = [
        secret
        for rule in rules()
        if not anchors.isdisjoint(rule.anchors)
        for secret in rule.find(text)
    ]
    if not found:
        return ()
    marks = [match.span() for match in REDACTED.finditer(text)]
    found.sort(key=lambda secret: (secret.start, -secret.end))
    kept: list[Secret] = []
    for secret in found:
        is_in_mark = any(start < secret.end and secret.start < end for start, end in marks)
        if not is_in_mark and (not kept or secret.start >= kept[-1].end):
            kept.append(secret)
    return tuple(kept)


class Redactor:
    """Takes secrets out of texts, with the marks of one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def mark(self, secret: str) -> str:
        """Returns what stands for a secret; a mark stands for itself."""
        if REDACTED.fullmatch(secret):
            return secret
        content = secret.encode("utf-8", "surrogateescape")
        return f"<redacted:{hmac.digest(self._key, content, 'sha256').hex()[:8]}>"

    def text(self, text: str) -> str:
        """Returns a text of any length with marks in place of secrets."""
        if len(text) < _SHORTEST and not any(sign in text for sign in "=:"):
            return text
        return self._replaced(text, find_secrets(text))

    def _replaced(self, text: str, secrets: "Sequence[Secret]") -> str:
        parts: list[str] = []
        at = 0
        for secret in secrets:
            parts += [text[at : secret.start], self.mark(text[secret.start : secret.end])]
            at = secret.end
        return "".join([*parts, text[at:]])

    def content(self, content: bytes) -> tuple[bytes, tuple[Found, ...]]:
        """Returns the content of a file with marks in place of secrets, and what they stand for.

        A file that is no text comes back as it is: bytes changed in the middle of it would make
        something else of it.
        """
        if b"\0" in content[:_LOOKED_AT_BYTES]:
            return content, ()
        text = content.decode("utf-8", "surrogateescape")
        secrets = find_secrets(text)
        if not secrets:
            return content, ()
        found: list[Found] = []
        line, at = 1, 0
        for secret in secrets:
            line += text.count("\n", at, secret.start)
            at = secret.start
            found.append(Found(secret.kind, line))
        return self._replaced(text, secrets).encode("utf-8", "surrogateescape"), tuple(found)

    def value(self, name: str, value: str) -> str:
        """Returns the value of a param or variable; where the name says so, all of it is secret."""
        if is_placeholder(value):
            return value
        is_secret = is_secret_name(name) or (may_be_secret_name(name) and looks_random(value))
        return self.mark(value) if is_secret else self.text(value)

    def command(self, command: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Returns the command without its secrets, and the words that held one.

        Returns:
            The command with each secret replaced, and for each a name to show: the flag, or the
            position ("argument 3").
        """
        safe: list[str] = []
        found: list[str] = []
        is_login = bool(command) and command[0].rpartition("/")[2] in _LOGINS
        before = ""
        for at, word in enumerate(command):
            clean = self._word(word, before, is_login=is_login)
            if clean != word:
                flag, equals, _ = word.partition("=")
                is_flag = equals and clean.startswith(f"{flag}=<redacted:")
                follows = before if _is_secret_flag(before) else f"argument {at}"
                found.append(flag if is_flag and _FLAG.fullmatch(flag) else follows)
            safe.append(clean)
            before = word
        return tuple(safe), tuple(found)

    def _word(self, word: str, before: str, *, is_login: bool) -> str:
        if _is_secret_flag(before) and not word.startswith("-") and not is_placeholder(word):
            return self.mark(word)
        if is_login and before in ("-u", "--user") and ":" in word:
            user, _, password = word.partition(":")
            return f"{user}:{self.mark(password)}"
        flag, equals, value = word.partition("=")
        if equals and value and _FLAG.fullmatch(flag):
            return f"{flag}={self.value(flag, value)}"
        return self.text(word)


def _is_secret_flag(word: str) -> bool:
    return word.startswith("-") and "=" not in word and is_secret_name(word)
