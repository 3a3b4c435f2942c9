"""Secrets that a name gives away: ``api_key = "..."``, in whatever language that is written."""

import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

from repro.secrets.names import (
    is_password_name,
    is_placeholder,
    is_plain_token_name,
    is_secret_name,
    looks_random,
    may_be_secret_name,
)
from repro.secrets.rule import Secret, Text

__all__ = ["Assignment"]

_WORDS = ("key", "token", "secret", "pass", "pwd", "auth", "credential", "cookie", "dsn", "session")
# Starts at the word that gives it away, so that the engine can skip to it; what stands before
# belongs to the name as well, and is looked at afterwards. Written for lower case.
_SPACES = r"(?:\s|\\n){0,40}"
_TAIL = (
    r"[\w\-]{0,40}+(?P<close>\\{0,3}[\"'])?[\])]{0,2}"
    rf"(?:(?P<value>,?{_SPACES}\\{{0,3}}[\"']?(?:\b|(?<=\\n))value\\{{0,3}}[\"']?"
    r"[ ]{0,3}[:=][ ]{0,3})"
    r"|(?P<sign>[ \t]{0,3}:[ \t]{0,3}[a-z][\w.\[\]| ]{0,40}=[ \t]{0,3}(?=[bfru]{0,2}\\{0,3}[\"'])"
    r"|,[^=\n\"']{0,60}default[ ]{0,2}=[ ]{0,2}|,[ \t]{0,3}(?=\\{0,3}[\"'])"
    r"|[ \t]{0,8}(?::=|=>|[=!]=|[:=])[ \t]{0,8})"
    rf")(?:\({_SPACES})?"
    r"(?:[bfru]{0,2}(?P<quote>(?:\\{0,3}\"){3}|(?:\\{0,3}'){3}|\\{0,3}[\"'])"
    r"(?P<quoted>(?:(?!(?P=quote))[^\\\n]){1,4096})(?P=quote)"
    r"|(?P<bare>[^\s\"'\\,;&|(){}]{1,4096}))"
)
"""What follows the word, in lower case: the rest of the name, a sign, a value.

The sign may be more than one: ``key: str = "..."``, ``get("key", "...")``,
``add_argument("--key", default="...")``; or ``name: DB_PASSWORD`` stands above ``value: ...``.
"""
_SHORTEST = 6
_SHORTEST_BARE = 8
_INSERT = re.compile(r"\{[A-Za-z_]\w*(?:[.(\[][^{}]*)?\}|^\(\?")
"""What an f-string puts in, and how a regular expression may begin."""
_BEGINS_LINE = re.compile(r"(?:^|\n|\\n)[ \t\-\"']*$")
_VALUE_FOLLOWS = re.compile(rf"\\{{0,3}}[\"'],?{_SPACES}\\{{0,3}}[\"']?value")
_SECTION = re.compile(r"(?:^|\n|\\n|\")\[[\w.\- :]{1,60}\](?:[ \t]*\r?\n|\\n)")
_LONGEST_SECTION = 2000
_ENDS_LINE = re.compile(r"\r?\n|\\n|\Z")
_LONGEST_HEAD = 60
_OF_NAMES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*(?:[.\[][\w.\[\]]*)?")
_PATH = re.compile(
    r"(?:~|\.{1,2})?(?:/[\w.\-]{1,24}){2,}/?|(?:https?|s3|gs|file)://.*|[\w.\-]+/[\w.\-/]+"
)


class _Assigned(NamedTuple):
    """Something that a name of interest is given.

    Attributes:
        name: The name, as far as it is one word.
        sign: What stands between both; "value" where that word does.
        value: Without quotes.
        is_quoted: Whether it had any.
        is_line: Whether the name begins a line and the value ends it.
        is_ini: Whether it stands below the name of a section, in brackets.
    """

    name: str
    sign: str
    value: str
    is_quoted: bool
    is_line: bool
    is_ini: bool


class Assignment(NamedTuple):
    """The rule for ``name = value``: the name decides, and what the value looks like."""

    def find(self, text: Text) -> Iterator[Secret]:
        """Yields what the rule finds."""
        low = text.low
        for word in _WORDS:
            at = low.find(word)
            while at >= 0:
                match = _tail().match(low, at + len(word))
                end = at + len(word)
                if match is not None:
                    group = "quoted" if match["quoted"] is not None else "bare"
                    start, end = match.span(group)
                    if end - start >= _SHORTEST and _is_secret(_read(text, match, at)):
                        yield Secret("assigned secret", start, end)
                    elif group == "quoted" and _VALUE_FOLLOWS.match(low, end):
                        end = start  # `key="ApiKey" value="..."`: the value is a name
                at = low.find(word, end)


@functools.cache
def _tail() -> re.Pattern[str]:
    return re.compile(_TAIL)


def _read(text: Text, match: re.Match[str], at: int) -> _Assigned:
    group = "quoted" if match["quoted"] is not None else "bare"
    before = text.text[max(0, at - _LONGEST_HEAD) : at]
    rest = before.rstrip(_OF_NAMES)
    head = before[len(rest) :]
    if rest.endswith("\\"):  # the n is that of an escaped line end
        rest, head = rest + head[:1], head[1:]
    ends = [end for end in map(match.start, ("close", "value", "sign")) if end >= 0]
    name = head + text.text[at : min(ends)].rstrip("])")
    if name.lower() == "key" and rest.endswith(" "):  # "API key", "cache key"
        words = rest.split()
        name = f"{words[-1] if words else ''}_{name}"
    end = match.end(group)
    is_line = _BEGINS_LINE.search(rest) is not None and _ENDS_LINE.match(text.text, end) is not None
    return _Assigned(
        name,
        "value" if match["sign"] is None else match["sign"],
        text.text[match.start(group) : end],
        is_quoted=group == "quoted",
        is_line=is_line,
        is_ini=is_line and _SECTION.search(text.low, max(0, at - _LONGEST_SECTION), at) is not None,
    )


def _is_secret(found: _Assigned) -> bool:
    name, value = found.name, found.value
    if is_placeholder(value) or value.startswith("<redacted:"):
        return False
    if not is_secret_name(name):
        is_code = found.sign.strip() in ("==", "!=") or _is_expression(found)
        return not is_code and may_be_secret_name(name) and looks_random(value)
    if found.sign == "=" and name.rsplit(".", maxsplit=1)[-1].isupper():
        # `export DB_PASSWORD=hunter2`: whatever it is
        return found.is_quoted or not re.search(r"[\[.]|^\W", value) or looks_random(value)
    if _INSERT.search(value):
        return False
    if looks_random(value):
        return not _is_expression(found)
    if is_plain_token_name(name) or _PATH.fullmatch(value) or "," in found.sign:
        return False
    has_both = bool(re.search(r"[A-Za-z]", value) and re.search(r"[0-9]", value))
    if found.is_quoted:
        is_dotted = re.fullmatch(r"[A-Za-z]\w*(?:\.\w+){1,9}", value)  # "backends.Model2"
        has_sign = is_password_name(name) and re.search(r"[!@#$%^&*+=?]", value)
        return (has_both and not is_dotted) or bool(has_sign)
    if not has_both:
        return False
    if found.sign == "value":
        return len(value) >= _SHORTEST_BARE
    if is_password_name(name) and found.is_line and value[0].islower():
        is_data = found.is_ini or found.sign.lstrip()[:1] == ":"
        return is_data or re.search(r"[!@#$^?]", value) is not None
    is_spaced = found.sign.strip() == "=" and found.sign != "="
    return not is_spaced and len(value) >= _SHORTEST_BARE and not _IDENTIFIER.fullmatch(value)


def _is_expression(found: _Assigned) -> bool:
    """Tells ``token = A1b2_c3d4`` and ``key: x25519.Key2``, the names of something else."""
    is_spaced = found.sign.strip() == "=" and found.sign != "="
    is_name = not found.is_quoted and _IDENTIFIER.fullmatch(found.value) is not None
    return is_name and not found.is_ini and (is_spaced or "." in found.value)
