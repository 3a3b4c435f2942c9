"""Keeps passwords and tokens that were typed on a command line out of records.

A record is pushed and lives for ever; a token in it cannot be called back.
"""

import functools
import re
from collections.abc import Sequence

__all__ = ["REDACTED", "is_secret_name", "redact_command", "redact_text"]

REDACTED = "<redacted>"

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
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Returns what to look for and what to put in its place; compiled when first wanted."""
    token = re.compile(
        r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
        r"|\bgh[pousr]_[A-Za-z0-9]{30,}"
        r"|\bgithub_pat_[A-Za-z0-9_]{30,}"
        r"|\bglpat-[A-Za-z0-9_\-]{16,}"
        r"|\bhf_[A-Za-z0-9]{20,}"
        r"|\bsk-(?:ant-)?[A-Za-z0-9_\-]{20,}"
        r"|\bxox[baprs]-[A-Za-z0-9\-]{10,}"
        r"|\bAIza[A-Za-z0-9_\-]{30,}"
        r"|\beyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{5,}"
        r"|\bpypi-[A-Za-z0-9_\-]{30,}"
        r"|\bnpm_[A-Za-z0-9]{30,}"
    )
    url_password = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*://[^\s/:@]*):[^\s/]+@")
    query = re.compile(
        r"([?&](?:[A-Za-z0-9]+[_\-])*(?:key|token|secret|password|signature|sig)=)[^\s&;#'\"]+",
        re.IGNORECASE,
    )
    bearer = re.compile(r"\b(Bearer|Basic) +[A-Za-z0-9+/=._~\-]{8,}")
    assignment = re.compile(
        r"\b([A-Z0-9_]*(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY)[A-Z0-9_]*=)"
        r"(?:'[^']*'|\"[^\"]*\"|[^\s;&|]+)"
    )
    """A shell's, within a word: ``sh -c 'export TOKEN=... ; train'``."""
    return (
        (token, REDACTED),
        (url_password, rf"\1:{REDACTED}@"),
        (bearer, rf"\1 {REDACTED}"),
        (query, rf"\1{REDACTED}"),
        (assignment, rf"\1{REDACTED}"),
    )


def is_secret_name(name: str) -> bool:
    """Tells whether a flag, param or variable of this name is likely to hold a secret."""
    words = [word.lower() for word in _NAME.findall(re.sub(r"([a-z])([A-Z])", r"\1_\2", name))]
    return any(word in _SECRET_WORDS for word in words) and not any(
        word in _NOT_SECRET for word in words
    )


def redact_text(text: str) -> str:
    """Returns the text without well-known tokens, and what URLs, headers, assignments hold."""
    if len(text) < _SHORTEST and "=" not in text and "://" not in text:
        return text
    for pattern, replacement in _patterns():
        text = pattern.sub(replacement, text)
    return text


def redact_command(command: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
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
        clean = redact_text(word)
        if follows_secret_flag and not word.startswith("-"):
            clean = REDACTED
            found.append(follows_secret_flag)
        elif equals and value and _FLAG.fullmatch(flag) and is_secret_name(flag):
            clean = f"{flag}={REDACTED}"
            found.append(flag)
        elif clean != word:
            found.append(f"argument {at}")
        is_bare_flag = word.startswith("-") and not equals and is_secret_name(word)
        follows_secret_flag = word if is_bare_flag else ""
        safe.append(clean)
    return tuple(safe), tuple(found)
