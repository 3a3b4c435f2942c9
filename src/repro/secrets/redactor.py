"""Keeps passwords, tokens and keys out of records.

A record is pushed and lives for ever; a token in it cannot be called back. What is found gives way
to a keyed digest, ``<redacted:1a2b3c4d>``: equal secrets of one repository have equal marks, and
without the key, which never leaves the repository's own directory, nobody can try guesses on them.

What secrets look like stands in the modules that `repro.secrets.search` puts together, loaded
when there is a text that may hold one.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from repro.secrets.files import secret_file_kind
from repro.secrets.names import (
    is_placeholder,
    is_secret_name,
    looks_random,
    may_be_secret_name,
)

if TYPE_CHECKING:
    from repro.secrets.rule import Secret

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

_FLAG = r"[\w.+~/:@\-]*"
_SHORTEST = 14
"""No token is shorter, but for one behind a "=" or ":"."""
_LOOKED_AT_BYTES = 8000
"""A NUL among so many says that a file is no text; git has the same rule."""
_LOGINS = frozenset("curl wget http https xh".split())
_LOGIN_FLAGS = frozenset("-u --user -U --proxy-user -a --auth".split())
_GLUED_LOGIN = r"(?:-[uUa]|--(?:proxy-)?user=|--auth=)(?P<login>[^-\s:][^\s:]*:.+)"
_SHELLS = frozenset("sh bash zsh dash ksh fish ssh eval".split())
_HINTS = tuple(
    "key token secret pass pwd auth cred cookie dsn sess bearer basic sig login user account -u"
    " machine begin private :// @ // value name api hook sas".split()
)
_SHAPE = re.compile(r"[0-9_\-]|[a-z][A-Z]")
_LONG, _LONGEST, _N_BEFORE = 20, 200, 3
"""A word of such a length may be a key that nothing but the words before it gives away."""


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
    if not _may_hold(text):
        return ()
    from repro.secrets.search import search

    found = search(text)
    if not found:
        return ()
    found.sort(key=lambda secret: (secret.start, -secret.end))
    marks = [match.span() for match in REDACTED.finditer(text)]
    kept: list[Secret] = []
    end = n_passed = 0
    for secret in found:
        while n_passed < len(marks) and marks[n_passed][1] <= secret.start:
            n_passed += 1
        is_in_mark = n_passed < len(marks) and marks[n_passed][0] < secret.end
        if not is_in_mark and secret.start >= end:
            kept.append(secret)
            end = secret.end
    return tuple(kept)


def _may_hold(text: str) -> bool:
    """Tells whether to look: a short text mostly has neither a telling word nor a long one.

    The rules take longer to load and to compile than all that a small record holds takes to write.
    """
    if len(text) > _LONGEST:
        return True
    low = text.lower()
    if any(hint in low for hint in _HINTS):
        return True
    return any(len(word) >= _SHORTEST and _SHAPE.search(word) for word in text.split())


class Redactor:
    """Takes secrets out of texts, with the marks of one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def mark(self, secret: str) -> str:
        """Returns what stands for a secret; a mark stands for itself."""
        if REDACTED.fullmatch(secret):
            return secret
        import hmac

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
        programs = frozenset(word.rpartition("/")[2] for word in command)
        before = ""
        for at, word in enumerate(command):
            clean = self._by_program(word, before, programs) or self._word(word, before)
            if clean == word and _LONG <= len(word) <= _LONGEST:
                clean = self._in_context(word, command[max(0, at - _N_BEFORE) : at])
            if clean != word:
                flag, equals, _ = word.partition("=")
                is_flag = equals and clean.startswith(f"{flag}=<redacted:")
                follows = before if _is_secret_flag(before) else f"argument {at}"
                found.append(flag if is_flag and re.fullmatch(_FLAG, flag) else follows)
            safe.append(clean)
            before = word
        return tuple(safe), tuple(found)

    def _word(self, word: str, before: str) -> str:
        if _is_secret_flag(before) and not word.startswith("-") and not is_placeholder(word):
            return self.mark(word)
        flag, equals, value = word.partition("=")
        if equals and value and re.fullmatch(_FLAG, flag):
            return f"{flag}={self.value(flag, value)}"
        return self.text(word)

    def _by_program(self, word: str, before: str, programs: frozenset[str]) -> str | None:
        """Returns a word without the secret that it is to one of the programs; None if it is none.

        ``-u me:password`` and ``-p password`` are that to few programs only.
        """
        if not programs.isdisjoint(_LOGINS):
            head = word if before in _LOGIN_FLAGS else ""
            glued = re.match(_GLUED_LOGIN, word)
            head = glued["login"] if glued else head
            _, colon, password = head.partition(":")
            if colon and password:
                is_real = not is_placeholder(password)
                return f"{word[: -len(password)]}{self.mark(password)}" if is_real else word
        if "sshpass" in programs and (before == "-p" or (word[:2] == "-p" and word != "-p")):
            password = word if before == "-p" else word[2:]
            return word[: len(word) - len(password)] + self.mark(password)
        if before.startswith("-pass") and word.startswith("pass:"):  # openssl
            return f"pass:{self.mark(word[5:])}"
        if not programs.isdisjoint(_SHELLS) and re.search(r"\s", word):
            return self._script(word)
        return None

    def _script(self, script: str) -> str:
        """Returns a shell's script without secrets: each of its words, then all of it as a text."""
        parts = re.split(r"([\s;|&()]+)", script)
        words = [part.strip("\"'") for part in parts[::2]]
        for number, (word, clean) in enumerate(zip(words, self.command(words)[0], strict=True)):
            if clean != word:
                parts[2 * number] = parts[2 * number].replace(word, clean)
        return self.text("".join(parts))

    def _in_context(self, word: str, before: Sequence[str]) -> str:
        """Returns a word without what only the words before it give away: ``wandb login KEY``."""
        text = " ".join((*before, word))
        start = len(text) - len(word)
        inside = [secret for secret in find_secrets(text) if secret.start >= start]
        return self._replaced(text, inside)[start:]


def _is_secret_flag(word: str) -> bool:
    return word.startswith("-") and "=" not in word and is_secret_name(word)
