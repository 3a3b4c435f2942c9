"""Which bytes the object store keeps: by size, and by pattern."""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from repro.model.lazy_pattern import lazy_pattern

__all__ = ["Keep", "Rule", "StorePolicy", "is_pattern"]

_CLASS = lazy_pattern(r"\[([!^]?)(\]?[^\]/]*)\]")
_SPECIAL_IN_CLASS = lazy_pattern(r"[\\\[\]^&~|]")


class Keep(StrEnum):
    """What is done with the bytes of an input or output."""

    AUTO = "auto"
    """Kept up to a size; beyond it, where that costs no space: DVC's cache has them."""
    ALWAYS = "always"
    """Kept, whatever the size."""
    NEVER = "never"
    """Known by hash alone, with a gap."""


class Rule(NamedTuple):
    """What a policy says of some paths.

    Attributes:
        pattern: As in ``.gitignore``; "" for all that no pattern names.
        keep: What is done with them.
    """

    pattern: str
    keep: Keep


class StorePolicy(NamedTuple):
    """What ``[tool.repro] store`` says.

    Attributes:
        default: For paths that no rule names.
        rules: The last one that matches a path counts; patterns count from one directory.
    """

    default: Keep = Keep.AUTO
    rules: tuple[Rule, ...] = ()

    def rule_of(self, path: str, *, is_directory: bool = False) -> Rule:
        """Returns what holds for a path.

        A directory is kept or not as a whole: patterns for names inside it say nothing of it.

        Args:
            path: Relative to the directory that the patterns count from.
            is_directory: Whether the path is one.
        """
        name = f"{path}/" if is_directory else path
        for rule in reversed(self.rules):
            if _compiled(rule.pattern).fullmatch(name) is not None:
                return rule
        return Rule("", self.default)

    def below(self, directory: str) -> "StorePolicy":
        """Returns the same policy, with patterns that count from a directory above.

        Args:
            directory: Where its patterns count from today, relative to the one above.
        """
        if directory == ".":
            return self
        rules = (Rule(_moved(rule.pattern, directory), rule.keep) for rule in self.rules)
        return self._replace(rules=tuple(rules))


def is_pattern(text: str) -> bool:
    """Tells whether a text can be the pattern of a rule: it names something below a directory."""
    if not text.strip("/") or ".." in text.split("/"):
        return False
    try:
        _compiled(text)
    except re.error:  # a range such as [z-a]
        return False
    return True


def _moved(pattern: str, directory: str) -> str:
    literal = re.sub(r"([*?\[\\])", r"\\\1", directory)
    anywhere = "" if _is_anchored(pattern) else "**/"
    return f"/{literal}/{anywhere}{pattern.lstrip('/')}"


def _is_anchored(pattern: str) -> bool:
    return "/" in pattern.rstrip("/")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    names = re.sub(r"(?<![^/])\*\*(?:/\*\*(?![^/]))+", "**", pattern.strip("/")).split("/")
    # What is named is named with all below it.
    while len(names) > 1 and names[-1] == "**":
        names.pop()
    parts = ["" if _is_anchored(pattern) else "(?:[^/]+/)*"]
    parts += ["(?:[^/]+/)*" if n == "**" else "".join(_translated(n)) + "/" for n in names[:-1]]
    parts += [".+"] if names[-1] == "**" else _translated(names[-1])
    parts.append("/.*" if pattern.endswith("/") else "(?:/.*)?")
    return re.compile("".join(parts), re.DOTALL)


def _translated(name: str) -> Iterator[str]:
    """Yields the regular expression of a name with wildcards."""
    at = 0
    while at < len(name):
        char = name[at]
        found = _CLASS.match(name, at) if char == "[" else None
        if found is not None and (body := found[2]):
            body = _SPECIAL_IN_CLASS.sub(r"\\\g<0>", body)
            yield f"[^/{body}]" if found[1] else f"[{body}]"
            at = found.end()
            continue
        if char == "\\" and at + 1 < len(name):
            at += 1
            yield re.escape(name[at])
        else:
            yield {"*": "[^/]*", "?": "[^/]"}.get(char) or re.escape(char)
        at += 1
