"""Regular expressions that are compiled when they are first used.

One takes a tenth of a millisecond to compile, a long alternation two; a module of ten costs as much
as a git command, and a recording that finds everything in its caches uses none of them.
"""

import re
from typing import Any, AnyStr, cast

__all__ = ["lazy_pattern"]


class _Lazy:
    __slots__ = ("_compiled", "_flags", "_text")

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text = text
        self._flags = flags
        self._compiled: re.Pattern[Any] | None = None

    def __getattr__(self, name: str) -> object:
        if self._compiled is None:
            self._compiled = re.compile(self._text, self._flags)
        return getattr(self._compiled, name)


def lazy_pattern(text: AnyStr, flags: int = 0) -> "re.Pattern[AnyStr]":
    """Returns what ``re.compile`` would, compiled when one of its methods is first called."""
    return cast("re.Pattern[AnyStr]", _Lazy(text, flags))
