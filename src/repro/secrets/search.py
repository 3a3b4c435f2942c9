"""Puts all rules to a text."""

import re

from repro.secrets.assigned import Assignment
from repro.secrets.rule import Secret, Text
from repro.secrets.rules import rules

__all__ = ["search"]

_LONG_WORDS = {
    "_": r"_[A-Za-z0-9]{15}",
    # Of a line of dashes, the first counts.
    "-": r"-(?<!--)(?=[A-Za-z_\-]{0,60}+[0-9])[A-Za-z0-9_\-]{15}",
}
"""Most texts have no such word, and so need not be searched for the many tokens that are one."""

_LONG = 16
_IN_WORDS = bytes(49 if re.match(rb"[\w\-]", bytes([byte])) else 48 for byte in range(256))
"""To find a run of letters as one of ones is many times quicker than by a pattern."""


def search(text: str) -> list[Secret]:
    """Returns what each rule finds; where two find the same, the one that says more comes first."""
    folded = Text.of(text)
    is_open = {"": True}
    found: list[Secret] = []
    for rule in rules():
        if rule.gate not in is_open:
            is_open[rule.gate] = _holds(folded, rule.gate)
        if is_open[rule.gate]:
            found += rule.find(folded)
    found += Assignment().find(folded)
    return found


def _holds(text: Text, gate: str) -> bool:
    if gate == "long":
        words = text.text.encode("utf-8", "surrogatepass").translate(_IN_WORDS)
        return b"1" * _LONG in words
    word = _LONG_WORDS.get(gate)
    return gate in text.low if word is None else re.search(word, text.text) is not None
