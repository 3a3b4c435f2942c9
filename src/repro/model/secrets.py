"""Keeps passwords, tokens and keys out of records.

A record is pushed and lives for ever; a token in it cannot be called back. What is found gives way
to a keyed digest, ``<redacted:1a2b3c4d>``: equal secrets of one repository have equal marks, and
without the key, which never leaves the repository's own directory, nobody can try guesses on them.
"""

import functools
import hmac
import re
from collections.abc import Sequence

__all__ = ["REDACTED", "Redactor", "is_secret_name"]

REDACTED = re.compile(r"<redacted:[0-9a-f]{8}>")
"""A mark that stands where a secret stood."""

_SECRET_WORDS = frozenset(
    (
        "key apikey token secret password passwd pwd passphrase credential credentials auth cookie"
        " dsn accesskey authtoken privatekey secretkey"
    ).split()
)
_NOT_SECRET = frozenset("num max min dim size len length n pad eos bos unk mask pass_k".split())
"""Words that turn "token" and "key" into a hyperparameter: ``--max-tokens``, ``--key-dim``."""
_FLAG = re.compile(r"[\w.+~/:@\-]*")
_NAME = re.compile(r"[A-Za-z]+")


_SHORTEST = 14
"""No token is shorter, but for one behind a "=" or in a URL."""


@functools.cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """Returns what to look for, each with the group "secret"; compiled when first wanted."""
    token = re.compile(
        r"\b(?P<secret>(?:AKIA|ASIA)[0-9A-Z]{16}\b"
        r"|\bgh[pousr]_[A-Za-z0-9]{30,}"
        r"|\bgithub_pat_[A-Za-z0-9_]{30,}"
        r"|\bglpat-[A-Za-z0-9_\-]{16,}"
        r"|\bhf_[A-Za-z0-9]{20,}"
        r"|\bsk-(?:ant-)?[A-Za-z0-9_\-]{20,}"
        r"|\bxox[baprs]-[A-Za-z0-9\-]{10,}"
        r"|\bAIza[A-Za-z0-9_\-]{30,}"
        r"|\beyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{5,}"
        r"|\bpypi-[A-Za-z0-9_\-]{30,}"
        r"|\bnpm_[A-Za-z0-9]{30,})"
    )
    url_password = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^\s/:@]*:(?P<secret>[^\s/]+)@")
    query = re.compile(
        r"([?&](?:[A-Za-z0-9]+[_\-])*(?:key|token|secret|password|signature|sig)=)(?P<secret>[^\s&;#'\"]+)",
        re.IGNORECASE,
    )
    bearer = re.compile(r"\b(?:Bearer|Basic) +(?P<secret>[A-Za-z0-9+/=._~\-]{8,})")
    assignment = re.compile(
        r"\b([A-Z0-9_]*(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY)[A-Z0-9_]*=)"
        r"(?P<secret>'[^']*'|\"[^\"]*\"|[^\s;&|]+)"
    )
    """A shell's, within a word: ``sh -c 'export TOKEN=... ; train'``."""
    return (token, url_password, bearer, query, assignment)


def is_secret_name(name: str) -> bool:
    """Tells whether a flag, param or variable of this name is likely to hold a secret."""
    words = [word.lower() for word in _NAME.findall(re.sub(r"([a-z])([A-Z])", r"\1_\2", name))]
    return any(word in _SECRET_WORDS for word in words) and not any(
        word in _NOT_SECRET for word in words
    )


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
        """Returns the text without well-known tokens, and what URLs, headers, assignments hold."""
        if len(text) < _SHORTEST and "=" not in text and "://" not in text:
            return text
        for pattern in _patterns():
            text = pattern.sub(self._replaced, text)
        return text

    def _replaced(self, match: re.Match[str]) -> str:
        start, end = (at - match.start() for at in match.span("secret"))
        return f"{match[0][:start]}{self.mark(match['secret'])}{match[0][end:]}"

    def value(self, name: str, value: str) -> str:
        """Returns the value of a param or variable; where the name says so, all of it is secret."""
        return self.mark(value) if value and is_secret_name(name) else self.text(value)

    def command(self, command: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Returns the command without its secrets, and the words that held one.

        Returns:
            The command with each secret replaced, and for each a name to show: the flag, or the
            position ("argument 3").
        """
        safe: list[str] = []
        found: list[str] = []
        follows_secret_flag = ""
        for at, word in enumerate(command):
            flag, equals, value = word.partition("=")
            clean = self.text(word)
            if follows_secret_flag and not word.startswith("-"):
                clean = self.mark(word)
                found.append(follows_secret_flag)
            elif equals and value and _FLAG.fullmatch(flag) and is_secret_name(flag):
                clean = f"{flag}={self.mark(value)}"
                found.append(flag)
            elif clean != word:
                found.append(f"argument {at}")
            is_bare_flag = word.startswith("-") and not equals and is_secret_name(word)
            follows_secret_flag = word if is_bare_flag else ""
            safe.append(clean)
        return tuple(safe), tuple(found)
