"""What secrets look like: one rule a kind.

Each rule has anchors, lower-case texts without which it cannot match: looking for those in a file
is a hundred times quicker than any regular expression, and most files hold none. No expression has
nested repetition, so each takes time in proportion to the text.
"""

import functools
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from repro.model.secret_names import (
    is_placeholder,
    is_secret_name,
    looks_random,
    may_be_secret_name,
)

__all__ = ["Rule", "Secret", "anchors_in", "rules"]


class Secret(NamedTuple):
    """A secret in a text.

    Attributes:
        kind: What it is, in words.
        start: Where it begins.
        end: Where it ends.
    """

    kind: str
    start: int
    end: int


class Rule(NamedTuple):
    """How a kind of secret is found.

    Attributes:
        kind: In words.
        anchors: Lower-case; one of them is in every text that the rule matches.
        pattern: Its group "secret" is the secret; compiled when first wanted, as most never are.
        is_real: Given the match, whether it is one after all.
    """

    kind: str
    anchors: tuple[str, ...]
    pattern: str
    is_real: Callable[[re.Match[str]], bool]

    def find(self, text: str) -> Iterator[Secret]:
        """Yields what the rule finds."""
        for match in re.finditer(self.pattern, text):
            if self.is_real(match):
                yield Secret(self.kind, *match.span("secret"))


def _always(match: re.Match[str]) -> bool:
    return not is_placeholder(match["secret"])


def _is_mixed(match: re.Match[str]) -> bool:
    """Tells a token from words with dashes, such as ``sk-learn-compatible-estimators``."""
    secret = match["secret"]
    return re.search(r"[0-9]", secret) is not None and re.search(r"[A-Z]", secret) is not None


def _is_credential(match: re.Match[str]) -> bool:
    """Tells what follows "Basic" in a header from what follows "basic" in a sentence."""
    secret = match["secret"]
    return re.search(r"[0-9]|=$|[a-z][A-Z]+[a-z]*[A-Z]", secret) is not None


def _is_signature(match: re.Match[str]) -> bool:
    """Tells ``?api_key=`` and ``?sig=`` from ``?key=intro``."""
    is_key = match[0][1:].lower().startswith("key=")
    return _always(match) and (not is_key or looks_random(match["secret"]))


_TOKENS = (
    ("AWS access key", "akia asia", r"\b(?P<secret>(?:AKIA|ASIA)[A-Z0-9]{16})\b"),
    ("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"\b(?P<secret>gh[pousr]_[A-Za-z0-9]{30,255})"),
    ("GitHub fine-grained token", "github_pat_", r"\b(?P<secret>github_pat_[A-Za-z0-9_]{30,255})"),
    (
        "GitLab token",
        "glpat- gldt- glrt- glptt- glcbt-",
        r"\b(?P<secret>gl(?:pat|dt|rt|ptt|cbt)-[\w\-]{16,})",
    ),
    ("Anthropic key", "sk-ant-", r"\b(?P<secret>sk-ant-[\w\-]{20,})"),
    ("Slack token", "xox", r"\b(?P<secret>xox[abeoprs]-[A-Za-z0-9\-]{10,})"),
    (
        "Slack webhook",
        "hooks.slack.com",
        r"hooks\.slack\.com/(?:services|workflows)/(?P<secret>[A-Za-z0-9/_]{20,})",
    ),
    (
        "Discord webhook",
        "/api/webhooks/",
        r"discord(?:app)?\.com/api/webhooks/[0-9]+/(?P<secret>[\w\-]{20,})",
    ),
    ("Google API key", "aiza", r"\b(?P<secret>AIza[\w\-]{30,})"),
    ("Google OAuth token", "ya29.", r"\b(?P<secret>ya29\.[\w\-]{20,})"),
    ("Google OAuth secret", "gocspx-", r"\b(?P<secret>GOCSPX-[\w\-]{20,})"),
    ("JSON web token", "eyj", r"\b(?P<secret>eyJ[\w\-]{8,}\.[\w\-]{8,}\.[\w\-]{5,})"),
    ("PyPI token", "pypi-", r"\b(?P<secret>pypi-[\w\-]{30,})"),
    ("npm token", "npm_", r"\b(?P<secret>npm_[A-Za-z0-9]{30,})"),
    ("SendGrid key", "sg.", r"\b(?P<secret>SG\.[\w\-]{16,}\.[\w\-]{16,})"),
    ("Stripe key", "k_live_ k_test_", r"\b(?P<secret>[sr]k_(?:live|test)_[A-Za-z0-9]{16,})"),
    ("Stripe webhook secret", "whsec_", r"\b(?P<secret>whsec_[A-Za-z0-9+/=]{20,})"),
    ("Twilio key", "sk", r"\b(?P<secret>SK[0-9a-f]{32})\b"),
    ("Databricks token", "dapi", r"\b(?P<secret>dapi[0-9a-f]{32}(?:-\d)?)\b"),
    ("Docker token", "dckr_pat_", r"\b(?P<secret>dckr_pat_[\w\-]{20,})"),
    ("DigitalOcean token", "dop_v1_ doo_v1_", r"\b(?P<secret>do[op]_v1_[0-9a-f]{40,})"),
    ("Telegram bot token", ":aa", r"\b(?P<secret>[0-9]{8,10}:AA[\w\-]{32,34})\b"),
    ("age key", "age-secret-key-1", r"(?P<secret>AGE-SECRET-KEY-1[0-9A-Z]{50,})"),
    (
        "Azure key",
        "accountkey= sharedaccesskey=",
        r"(?:AccountKey|SharedAccessKey)=(?P<secret>[A-Za-z0-9+/]{20,}={0,2})",
    ),
    (
        "private key",
        "-----begin",
        (
            r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
            r"(?P<secret>(?:(?!-----)[\s\S]){16,20000})"
        ),
    ),
    (
        "AWS secret key",
        "secret",
        (
            r"(?i:secret[_\- ]?(?:access[_\- ]?)?key)[\"'\\]{0,2}[ \t]{0,3}[=:,]"
            r"[ \t]{0,3}[\"'\\]{0,2}"
            r"(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"
        ),
    ),
    (
        "Weights & Biases key",
        "wandb",
        r"(?i:wandb)[^\n0-9]{1,40}?(?<![0-9a-zA-Z])(?P<secret>[0-9a-f]{40})(?![0-9a-zA-Z])",
    ),
    (
        "Neptune token",
        "neptune",
        r"(?i:neptune)[^\n]{1,40}?\b(?P<secret>eyJ[A-Za-z0-9+/=_\-]{40,})",
    ),
    (
        "Kaggle key",
        "username",
        (
            r"[\"']username\\?[\"']\s*:\s*\\?[\"'][^\"'\n]{0,80}[\"']\s*,\s*\\?[\"']key\\?[\"']\s*:\s*"
            r"\\?[\"'](?P<secret>[0-9a-f]{32})"
        ),
    ),
    (
        "URL password",
        "://",
        r"\b[A-Za-z][A-Za-z0-9+.\-]{1,20}://[^\s/:@\"'<>]{0,80}:(?P<secret>[^\s/\"']{1,200})@",
    ),
    (
        "password of a host",
        "machine",
        r"\bmachine[ \t\n]+\S+[ \t\n]+login[ \t\n]+\S+[ \t\n]+password[ \t\n]+(?P<secret>\S+)",
    ),
    (
        "registry token",
        "_auth _password",
        r"(?:(?m:^)|:)_(?:authToken|auth|password)[ ]{0,2}=[ ]{0,2}(?P<secret>[^\s\"'$]{6,})",
    ),
    (
        "password of a database",
        "password= pwd=",
        r"(?i:\b(?:password|pwd))=(?P<secret>[^;'\"\s\\&]{1,80})(?=;)",
    ),
)
_MIXED_TOKENS = (
    ("Hugging Face token", "hf_", r"\b(?P<secret>hf_[A-Za-z0-9]{20,})"),
    ("OpenAI key", "sk-", r"\b(?P<secret>sk-(?!ant-)[\w\-]{20,})"),
)
_WORDS = "key token secret pass pwd auth credential cookie dsn session"
# Starts at the word that gives it away, so that the engine can skip to it; what stands before
# belongs to the name as well, and is looked at afterwards.
_ASSIGNED = (
    r"(?i:key|token|secret|pass|pwd|auth|credential|cookie|dsn|session)[\w\-]{0,40}"
    r"(?P<close>\\?[\"'])?[\])]?(?P<sign>[ \t]{0,8}(?::=|[:=])[ \t]{0,8})"
    r"(?:(?P<quote>\\?[\"'])(?P<quoted>[^\"'\\\n]{1,300})(?P=quote)|(?P<bare>[^\s\"'\\,;&|(){}]{1,300}))"
)
_SHORTEST = 6
_WORD_AT = re.compile(_WORDS.replace(" ", "|"))
_BEFORE = re.compile(r"[\w.\-]{0,60}\Z")
_SIGNED_ANCHORS = ("key=", "token=", "secret=", "password=", "signature=", "sig=", "credential=")
_SIGNED = (
    r"[?&](?i:[A-Z0-9]+[_\-])*(?i:key|token|secret|password|signature|sig|credential)="
    r"(?P<secret>[^\s&;#'\"\\<>]+)"
)
_BEARER = r"\b(?i:bearer|basic)[ ]{1,3}(?P<secret>[A-Za-z0-9+/=._~\-]{8,})"
_HEADER = (
    r"(?i:\b(?:x-[\w\-]{0,30}(?:key|token|secret|auth)[\w\-]{0,20}|private-token|api-key))"
    r"[ ]?:[ ]?(?P<secret>[^\s\"'\\]{6,})"
)


class _Assignment(NamedTuple):
    """The rule for ``name = value``: the name decides, and what the value looks like."""

    kind: str
    anchors: tuple[str, ...]
    pattern: str

    def find(self, text: str) -> Iterator[Secret]:
        for match in self._matches(text):
            group = "quoted" if match["quoted"] is not None else "bare"
            if len(match[group]) < _SHORTEST:
                continue
            before = _BEFORE.search(text, max(0, match.start() - 60), match.start())
            head = before[0] if before else ""
            name = head + match[0][: match.start("sign") - match.start()].rstrip("\\\"')]")
            if _is_assigned_secret(name, match["sign"], match[group], is_quoted=group == "quoted"):
                yield Secret(self.kind, *match.span(group))

    def _matches(self, text: str) -> Iterator[re.Match[str]]:
        """Yields what the pattern matches; case is folded beforehand, at a tenth of the price."""
        low = text.lower()
        if len(low) != len(text):  # as for "\u0130": its places are not those of the text
            yield from re.finditer(self.pattern, text)
            return
        pattern = re.compile(self.pattern)
        end = 0
        for word in _WORD_AT.finditer(low):
            if word.start() >= end:
                match = pattern.match(text, word.start())
                if match is not None:
                    end = match.end()
                    yield match


def _is_assigned_secret(name: str, sign: str, value: str, *, is_quoted: bool) -> bool:
    if is_placeholder(value) or value.startswith("<redacted:"):
        return False
    if not is_secret_name(name):
        return may_be_secret_name(name) and looks_random(value)
    is_shell = sign == "=" and name.rsplit(".", maxsplit=1)[-1].isupper()
    if is_shell:  # `export DB_PASSWORD=hunter2`: whatever it is
        return is_quoted or not re.search(r"[\[.]|^\W", value) or looks_random(value)
    has_both = re.search(r"[A-Za-z]", value) and re.search(r"[0-9]", value)
    if is_quoted:
        return bool(has_both or re.search(r"[!@#$%^&*+=]", value)) and len(value) >= 6
    # Bare words stand for types, names and calls in most languages.
    is_plain = re.fullmatch(r"[A-Za-z_][\w]*(?:[.\[][\w.\[\]]*)?", value) is not None
    if sign.strip() == "=" and sign != "=":
        return looks_random(value) and not is_plain
    return looks_random(value) or (bool(has_both) and len(value) >= 8 and not is_plain)


@functools.cache
def rules() -> tuple[Rule | _Assignment, ...]:
    """Returns all rules."""
    found: list[Rule | _Assignment] = [
        Rule(kind, tuple(words.split()), pattern, _always) for kind, words, pattern in _TOKENS
    ]
    found += [
        Rule(kind, tuple(words.split()), pattern, _is_mixed)
        for kind, words, pattern in _MIXED_TOKENS
    ]
    found.append(Rule("signed URL", _SIGNED_ANCHORS, _SIGNED, _is_signature))
    found.append(Rule("authorization", ("bearer", "basic"), _BEARER, _is_credential))
    header = ("x-", "private-token", "api-key")
    found.append(Rule("header", header, _HEADER, _always))
    found.append(_Assignment("assigned secret", tuple(_WORDS.split()), _ASSIGNED))
    return tuple(found)


def anchors_in(low: str) -> frozenset[str]:
    """Returns the anchors that a lower-case text has: rules without any of them match nothing."""
    plain, signed = _anchors()
    found = [anchor for anchor in plain if anchor in low]
    for pattern, anchors in signed:
        if pattern.search(low):
            found += [anchor for anchor in anchors if anchor in low]
    return frozenset(found)


@functools.cache
def _anchors() -> tuple[tuple[str, ...], tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]]:
    """Returns the anchors without a sign, and the others by their sign.

    The engine finds a sign at once, and few are in a text: to look at what stands around each takes
    a fraction of the time that looking for each anchor would.
    """
    by_sign: dict[str, list[str]] = {}
    for anchor in dict.fromkeys(anchor for rule in rules() for anchor in rule.anchors):
        sign = next((sign for sign in "_:=./-" if sign in anchor), "")
        by_sign.setdefault(sign, []).append(anchor)
    plain = by_sign.pop("", [])
    signed = [
        (re.compile(f"{re.escape(sign)}(?:{'|'.join(_around(sign, a) for a in anchors)})"), anchors)
        for sign, anchors in by_sign.items()
    ]
    return tuple(plain), tuple((pattern, tuple(anchors)) for pattern, anchors in signed)


def _around(sign: str, anchor: str) -> str:
    before, _, after = anchor.partition(sign)
    return f"(?<={re.escape(before + sign)})(?={re.escape(after)})"
