"""What a rule for secrets is: a text that each match begins with, and a pattern for the rest."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

__all__ = ["Rule", "Secret", "Text"]


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


class Text(NamedTuple):
    """A text, and the same with A to Z in lower case: each character stands in the same place."""

    text: str
    low: str

    @classmethod
    def of(cls, text: str) -> "Text":
        """Folds the case of a text."""
        low = text.lower()
        if len(low) != len(text):  # "\u0130" becomes two characters
            low = text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
        return cls(text, low)


class Rule(NamedTuple):
    """How a kind of secret is found.

    Attributes:
        kind: In words.
        anchor: What each match begins with.
        rest: A pattern for what follows; its group "secret" is the secret, without one all is.
        is_real: Given the text and the match, whether it is a secret after all.
        gate: What a text must hold for a search to be worth while; see `repro.secrets.search`.
        is_folded: Whether both are written for a text in lower case.
        is_word: Whether a match must begin where a word does.
    """

    kind: str
    anchor: str
    rest: str
    is_real: Callable[[Text, re.Match[str]], bool]
    gate: str = ""
    is_folded: bool = True
    is_word: bool = False

    def find(self, text: Text) -> Iterator[Secret]:
        """Yields what the rule finds."""
        where = text.low if self.is_folded else text.text
        at = where.find(self.anchor)
        if at < 0:
            return
        pattern = re.compile(
            re.escape(self.anchor) + self.rest
        )  # when first wanted: most never are
        group = "secret" if "secret" in pattern.groupindex else 0
        while at >= 0:
            is_start = not self.is_word or _starts_word(text.text, at)
            match = pattern.match(where, at) if is_start else None
            if match is not None and self.is_real(text, match):
                yield Secret(self.kind, *match.span(group))
                at = where.find(self.anchor, match.end())
            else:
                at = where.find(self.anchor, at + 1)


_STARTS = (
    r"(?<![A-Za-z0-9])|(?<=\\[abfnrtv0])|(?<=[\[;0-9]m)|(?<=%[0-9A-Fa-f]{2})"
    r"|(?<=\\x[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4})"
)
"""Where a word starts: also after what stands for a line's end, a colour, a character of a URL."""


def _starts_word(text: str, at: int) -> bool:
    if at == 0 or not text[at - 1].isalnum():
        return True
    return re.compile(_STARTS).match(text, at) is not None
