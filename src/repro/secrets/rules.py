"""What secrets look like where the text around them says so: headers, URLs, files of passwords.

Beside them stand `repro.secrets.tokens`, for what needs no words around it, and
`repro.secrets.assigned`, for ``name = value``.

Each repetition has an end, so that time grows with the length of the text alone.
"""

import functools
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from repro.secrets.names import (
    is_placeholder,
    is_secret_name,
    looks_random,
    may_be_secret_name,
)
from repro.secrets.rule import Rule, Secret, Text
from repro.secrets.tokens import TOKENS, Token

__all__ = ["rules"]


def _is_mixed(_text: Text, match: re.Match[str]) -> bool:
    """Tells a token from words with dashes, such as ``sk-learn-compatible-estimators``."""
    token = match[0]
    if re.search(r"[0-9a-f]{32}", token):
        return True
    changes = re.findall(r"[A-Za-z](?=[0-9])|[0-9](?=[A-Za-z])|[a-z](?=[A-Z])", token[3:])
    return len(changes) >= 3 and re.search(r"[A-Z]", token[3:]) is not None


def _always(text: Text, match: re.Match[str]) -> bool:
    return not is_placeholder(text.text[slice(*match.span("secret"))])


def _is_header(text: Text, match: re.Match[str]) -> bool:
    """Tells what follows "Authorization:" in a header from what does in a sentence."""
    value = text.text[slice(*match.span("secret"))]
    has_sign = re.search(r"[0-9].*[A-Za-z]|[A-Za-z].*[0-9]|=$", value) is not None
    is_scheme = value.startswith("AWS4-")  # what is secret of it comes later
    return has_sign and not is_scheme and not is_placeholder(value)


def _is_bearer(text: Text, match: re.Match[str]) -> bool:
    value = text.text[slice(*match.span("secret"))]
    return looks_random(value) or _is_mixed_long(value)


def _is_mixed_long(value: str) -> bool:
    return len(value) >= 24 and re.search("[0-9]", value) is not None and "--" not in value


def _is_basic(text: Text, match: re.Match[str]) -> bool:
    """Tells whether user and password follow "Basic", in base 64."""
    import binascii

    try:
        decoded = binascii.a2b_base64(text.text[slice(*match.span("secret"))].encode("ascii"))
    except ValueError:
        return False
    return b":" in decoded and decoded.isascii()


def _is_query(text: Text, match: re.Match[str]) -> bool:
    """Tells ``?api_key=`` and ``?sig=`` from ``?key=intro`` and ``?sort_key=date``."""
    name, value = match["name"], text.text[slice(*match.span("secret"))]
    if re.fullmatch(r"\{.*\}|\[.*\]|\.+", value):
        return False
    if name.endswith(("sig", "signature", "-credential")):
        return re.fullmatch(r"(?:[\w\-]*[_\-])?(?:sig|signature|credential)", name) is not None
    if is_secret_name(name):
        return not is_placeholder(value)
    return may_be_secret_name(name) and looks_random(value)


def _is_url_password(text: Text, match: re.Match[str]) -> bool:
    value = text.text[slice(*match.span("secret"))]
    is_inserted = value.startswith("{") and value.endswith("}")  # an f-string
    is_word = value in ("pass", "pwd")
    return _has_scheme(text, match) and not (is_inserted or is_word or is_placeholder(value))


def _is_url_token(text: Text, match: re.Match[str]) -> bool:
    value = text.text[slice(*match.span("secret"))]
    is_random = looks_random(value) or re.fullmatch("[0-9a-f]{32,}", value) is not None
    return _has_scheme(text, match) and is_random


def _has_scheme(text: Text, match: re.Match[str]) -> bool:
    return text.low[max(0, match.start() - 1) : match.start()].isalnum()


def _is_of_connection(text: Text, match: re.Match[str]) -> bool:
    """Tells ``Uid=sa;Password=x;`` and ``user=me password=x`` from an argument of a call."""
    if not _always(text, match):
        return False
    before = text.low[max(0, match.start() - 160) : match.start()]
    is_part = re.search(
        r"(?:user id|user|uid|username|host|hostaddr|server|data source|dbname|database|port)"
        r"\s?=[^,()\n]{1,100}[;\s]$",
        before,
    )
    return is_part is not None or text.text[match.end() : match.end() + 1] == ";"


def _is_registry_line(text: Text, match: re.Match[str]) -> bool:
    before = text.text[max(0, match.start() - 2) : match.start()]
    return (not before or before[-1] in "\n:" or before == "\\n") and _always(text, match)


def _is_of_host(text: Text, match: re.Match[str]) -> bool:
    """Tells a line of ``.netrc`` from a sentence with the same words."""
    before = text.low[max(0, match.start() - 260) : match.start()]
    entry = re.search(rf"(?:machine{_GAP}(?P<host>\S{{1,200}})|default){_GAP}$", before)
    if entry is None or not _always(text, match):
        return False
    host = entry["host"] or "."
    return "." in host or host == "localhost" or re.search("[0-9]", match["secret"]) is not None


def _has_capital(text: Text, match: re.Match[str]) -> bool:
    value = text.text[slice(*match.span("secret"))]
    return not (value.islower() or value.isupper() or value.isalpha())


def _is_login(_text: Text, match: re.Match[str]) -> bool:
    """Tells a key of Weights & Biases from a commit that it logs."""
    return re.search("key|login|token|secret", match[0]) is not None


def _is_discord(text: Text, match: re.Match[str]) -> bool:
    return "discord" in text.low[max(0, match.start() - 24) : match.start()]


def _is_telegram(text: Text, match: re.Match[str]) -> bool:
    before = text.text[max(0, match.start() - 11) : match.start()]
    return re.search(r"(?:^|[^0-9])[0-9]{8,10}$", before) is not None


def _is_custom_header(text: Text, match: re.Match[str]) -> bool:
    return is_secret_name(match["name"]) and _always(text, match)


def _is_flag(text: Text, match: re.Match[str]) -> bool:
    """Tells ``--password hunter2`` from what a help text says of ``--password``."""
    value = text.text[slice(*match.span("secret"))]
    has_both = re.search("[A-Za-z]", value) and re.search("[0-9]", value)
    is_name = value.isupper() or value[0] in "-/.~"
    return bool(has_both) and not is_name and is_secret_name(match["name"]) and _always(text, match)


_LONGEST_KEY = 32768


class _PrivateKey(NamedTuple):
    """The rule for a private key: all between its first line and its last is secret."""

    gate: str = ""

    def find(self, text: Text) -> Iterator[Secret]:
        """Yields what lies between first and last line; of a key cut short, what is there."""
        for match in re.finditer(
            r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----", text.text
        ):
            start = match.end()
            end = text.text.find("-----", start, start + _LONGEST_KEY)
            if not re.search(r"[A-Za-z0-9+/]{32}", text.text[start : max(end, start + 200)]):
                continue  # a program that looks for such a line
            if end < 0:  # cut short: as many lines as look like one of it
                lines = re.compile(
                    r"(?:(?:\\[nr]|[^A-Za-z0-9+/=]){0,40}[A-Za-z0-9+/=]{24,90}){1,600}"
                )
                rest = lines.match(text.text, start)
                end = start if rest is None else rest.end()
            if end > start:
                yield Secret("private key", start, end)


_VALUE = r"(?P<secret>[^\s&;#?'\"\\<>]{1,4000})"
_QUERY = rf"(?P<name>[\w.\-]{{1,60}}+)={_VALUE}"
_QUOTED = r"\\{0,3}[\"']"
_COLON = rf"{_QUOTED}\s{{0,9}}:\s{{0,9}}{_QUOTED}"
_COMMA = rf"{_QUOTED}\s{{0,20}},\s{{0,20}}{_QUOTED}"
_GAP = r"(?:\s|\\n){1,20}"
_DATABASE = r"=(?P<secret>[^;'\"\s\\&,()]{1,80})"
_HEADER = r"[ ]?:[ ]?(?P<secret>[^\s\"'\\]{6,4000})"

_RULES = (
    Rule(
        "Slack webhook",
        "hooks.slack.com/",
        r"(?:services|workflows)/(?P<secret>[\w/]{20,100})",
        _always,
    ),
    Rule(
        "Discord webhook", "/api/webhooks/", r"[0-9]{1,25}/(?P<secret>[\w\-]{20,100})", _is_discord
    ),
    Rule(
        "Telegram bot token",
        ":AA",
        r"[\w\-]{32,34}(?![\w\-])",
        _is_telegram,
        "long",
        is_folded=False,
    ),
    Rule("Azure key", "accountkey=", r"(?P<secret>[a-z0-9+/]{20,200}={0,2})", _always, "key"),
    Rule("Azure key", "sharedaccesskey=", r"(?P<secret>[a-z0-9+/]{20,200}={0,2})", _always, "key"),
    Rule(
        "AWS secret key",
        "secret",
        r"[_\- ]?(?:access[_\- ]?)?key[\"'\\]{0,2}[ \t]{0,3}[=:, ][ \t]{0,3}[\"'\\]{0,2}"
        r"(?P<secret>[a-z0-9/+]{40})(?![a-z0-9/+=])",
        _has_capital,
        "key",
    ),
    Rule(
        "Weights & Biases key",
        "wandb",
        r"[^\n]{1,60}?(?<![0-9a-z])(?P<secret>[0-9a-f]{40})(?![0-9a-z])",
        _is_login,
    ),
    Rule(
        "Neptune token",
        "neptune",
        r"[^\n]{1,40}?(?<![a-z0-9])(?P<secret>eyj[a-z0-9+/=_\-]{40,2000})",
        _always,
    ),
    Rule(
        "Kaggle key",
        "username",
        rf"{_COLON}[^\"'\n]{{0,80}}{_COMMA}key{_COLON}(?P<secret>[0-9a-f]{{32}})",
        _always,
        "key",
    ),
    Rule(
        "Kaggle key", "key", rf"{_COLON}(?P<secret>[0-9a-f]{{32}}){_COMMA}username", _always, "key"
    ),
    Rule(
        "URL password",
        "://",
        r"[^\s/:@\"'<>\[\]]{0,80}:(?P<secret>(?![0-9]{1,5}[?#])[^\s/\"'\\]{1,200})@(?!sha256:)",
        _is_url_password,
        "://",
    ),
    Rule("URL token", "://", r"(?P<secret>[\w.~%\-]{16,255})@", _is_url_token, "://"),
    Rule(
        "password of a host",
        "login",
        rf"{_GAP}\S{{1,200}}(?:{_GAP}account{_GAP}\S{{1,200}})?{_GAP}password{_GAP}"
        r"(?P<secret>[^\s\"'\\]{1,200})",
        _is_of_host,
        "pass",
    ),
    Rule(
        "registry token",
        "_auth",
        r"(?:token)?[ ]{0,2}=[ ]{0,2}(?P<secret>[^\s\"'$\\]{6,4000})",
        _is_registry_line,
        "auth",
    ),
    Rule(
        "registry token",
        "_password",
        r"[ ]{0,2}=[ ]{0,2}(?P<secret>[^\s\"'$\\]{6,4000})",
        _is_registry_line,
        "pass",
    ),
    Rule("password of a database", "password", _DATABASE, _is_of_connection, "pass"),
    Rule("password of a database", "pwd", _DATABASE, _is_of_connection, "pwd"),
    Rule("signed URL", "?", _QUERY, _is_query),
    Rule("signed URL", "&", rf"(?:amp;)?{_QUERY}", _is_query),
    Rule("signed URL", "#", _QUERY, _is_query),
    Rule("signed URL", "\\u0026", _QUERY, _is_query),
    Rule(
        "authorization",
        "bearer",
        r"[ ]{1,3}(?P<secret>[a-z0-9+/=._~\-]{12,8000})",
        _is_bearer,
        is_word=True,
    ),
    Rule(
        "authorization",
        "basic",
        r"[ ]{1,3}(?P<secret>[a-z0-9+/]{8,2000}={0,2})",
        _is_basic,
        is_word=True,
    ),
    Rule(
        "authorization",
        "authorization",
        rf"(?:{_QUOTED})?\s{{0,3}}[:=,]\s{{0,3}}[bfru]?(?:{_QUOTED})?"
        r"(?:(?:bearer|basic|token|digest|apikey|bot|key)[ ]{1,3})?"
        r"(?P<secret>[^\s\"'\\,}]{8,8000})",
        _is_header,
        "auth",
        is_word=True,
    ),
    Rule("header", "x-", rf"(?P<name>[\w\-]{{1,50}}+){_HEADER}", _is_custom_header, is_word=True),
    Rule("header", "private-", rf"(?P<name>token){_HEADER}", _is_custom_header, "token"),
    Rule(
        "flag",
        "--",
        r"(?P<name>[a-z][\w.\-]{0,50}+)(?:=|[ ]{1,4}|[\"'],[ ]?)[\"']?"
        r"(?P<secret>[^\s\"'\\,;|&()<>]{6,200})",
        _is_flag,
    ),
    Rule(
        "assigned secret",  # in a Dockerfile
        "env ",
        r"(?P<name>[\w]{2,60}+)[ ]{1,4}(?P<secret>[^\s\"'\\=]{6,300})",
        _is_flag,
        is_word=True,
    ),
    Rule(
        "private key",
        "private-lines:",
        r" [0-9]{1,4}(?P<secret>(?:(?:\r?\n|\\n)[a-z0-9+/=]{4,100}(?![^\s\\\"'])){1,200})",
        _always,
    ),
)


@functools.cache
def rules() -> "tuple[Rule | _PrivateKey, ...]":
    """Returns all rules but that for assignments."""
    tokens = (
        Rule(
            *(token.kind, token.anchor, token.rest, _real(token), token.gate),
            is_folded=False,
            is_word=not token.is_tail,
        )
        for token in TOKENS
    )
    return (*tokens, _PrivateKey(), *_RULES)


def _real(token: Token) -> Callable[[Text, re.Match[str]], bool]:
    return _is_mixed if token.is_mixed else _is_whole


def _is_whole(_text: Text, match: re.Match[str]) -> bool:
    return not is_placeholder(match[0])
