"""Reads the text of a filter, and says where it goes wrong."""

import ast

from repro.errors import ReproError

__all__ = ["QueryError", "one_line", "parse"]

MAX_LENGTH = 4096
"""Longer filters are refused: they come from no keyboard."""
MAX_DEPTH = 40
"""Deeper nesting is refused."""


class QueryError(ReproError):
    """A filter, a sort key or a column that cannot be read.

    Attributes:
        text: All of it.
        column: Where it goes wrong, counted from 0.
    """

    def __init__(self, message: str, text: str, column: int, *, hint: str | None = None) -> None:
        column = max(0, min(column, len(text)))
        # A long filter is shown around the place.
        start = max(0, column - 60)
        shown = text[start : column + 20]
        super().__init__(message, hint=hint, details=(shown, " " * (column - start) + "^"))
        self.text = text
        self.column = column


def one_line(text: str) -> str:
    """Returns what was written as one line, so that a column names one place in it."""
    return text.translate({ord(space): " " for space in "\n\r\t"}).strip()


def parse(text: str) -> ast.expr:
    """Parses an expression and bounds its size.

    Args:
        text: On one line.

    Raises:
        QueryError: It is no expression, or is too long or too deep.
    """
    import warnings

    if "\0" in text:
        raise QueryError("cannot be read", text, text.index("\0"))
    if len(text) > MAX_LENGTH:
        raise QueryError(f"longer than {MAX_LENGTH} characters", text, MAX_LENGTH)
    if not text:
        raise QueryError("empty", text, 0, hint="such as: metrics.acc > 0.9 and not dirty")
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        # ast gives the column 0 when the text ends where more was expected.
        column = (error.offset or len(text) + 1) - 1
        raise QueryError(_reason(error), text, column, hint=_syntax_hint(text, column)) from None
    except (ValueError, RecursionError, MemoryError):
        raise QueryError("cannot be read", text, 0) from None
    if _depth(tree) > MAX_DEPTH:
        raise QueryError("nested too deeply", text, 0)
    return tree


def _reason(error: SyntaxError) -> str:
    if not error.offset:
        return "cannot be read: it ends too early"
    reason = (error.msg or "invalid syntax").partition(".")[0]
    return "cannot be read" if reason == "invalid syntax" else f"cannot be read: {reason}"


def _syntax_hint(text: str, column: int) -> str:
    import keyword

    word = text[column:].partition(" ")[0].strip("().[]")
    if keyword.iskeyword(word) and text[:column].endswith("."):
        scope = text[:column].rstrip(".").rpartition(" ")[2].strip("(")
        return f'quote names that are words of the language: {scope}["{word}"]'
    if "&&" in text or "||" in text:
        return "write `and`, `or`, `not`"
    if "=" in text.replace("==", "").replace("<=", "").replace(">=", "").replace("!=", ""):
        return "equality is `==`"
    return "such as: metrics.acc > 0.9 and status == 'finished'"


def _depth(tree: ast.expr) -> int:
    deepest, level = 0, [tree]
    while level:
        deepest += 1
        level = [
            child
            for node in level
            for child in ast.iter_child_nodes(node)
            if isinstance(child, ast.expr)
        ]
    return deepest
