"""How a record says that it holds no secrets: one gap for each part that lost something."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from repro.model.gap import Gap, GapKind
from repro.model.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from repro.secrets.redactor import Found, Redactor

__all__ = [
    "is_private_key",
    "left_out_gap",
    "marked_gap",
    "marked_whole_gap",
    "with_marks_for_values",
]

_MAX_LINES = 3
_FROM_ENVIRONMENT = "read it from an environment variable"
_ASSIGNED = lazy_pattern(
    r"""(?P<name>\s*(?:export\s+|set\s+)?["']?[\w.\-]+["']?\s*[=:][ \t]*)(?P<value>\S.*)"""
)
_COMMENT = ("#", ";", "//")
_PRIVATE_KEY = lazy_pattern(rb"\s*(?:-----BEGIN [A-Z ]*PRIVATE KEY|PuTTY-User-Key-File-)")


def is_private_key(content: bytes) -> bool:
    """Tells whether a file is a private key; its first hundred bytes are enough."""
    return _PRIVATE_KEY.match(content) is not None


def left_out_gap(path: str, kind: str) -> Gap:
    """Returns the gap for a file of secrets that is in no tree, though git does not ignore it."""
    import shlex

    return Gap(
        GapKind.SECRET,
        path,
        f"looks like a file of secrets ({kind}); it is not recorded",
        f"name it in .gitignore: echo {shlex.quote(f'/{path}')} >> .gitignore",
    )


def marked_whole_gap(path: str, kind: str) -> Gap:
    """Returns the gap for a file of secrets that git tracks; each of its values is marked."""
    import shlex

    return Gap(
        GapKind.SECRET,
        path,
        f"a file of secrets ({kind}): marks stand for its values in the recorded copy",
        f"git rm --cached {shlex.quote(path)}, and name it in .gitignore",
    )


def marked_gap(subject: str, found: "Sequence[Found]", *, fix: str = _FROM_ENVIRONMENT) -> Gap:
    """Returns the gap for a part of the record in which marks stand for secrets.

    Args:
        subject: The part: a path, "message".
        found: What was found in it; not empty.
        fix: How to do without.
    """
    lines = sorted({item.line for item in found})
    where = ", ".join(str(line) for line in lines[:_MAX_LINES])
    where += f" and {len(lines) - _MAX_LINES} more" if len(lines) > _MAX_LINES else ""
    kinds = ", ".join(sorted({item.kind for item in found}))
    what, was = ("1 secret", "was") if len(found) == 1 else (f"{len(found)} secrets", "were")
    mark = "a mark" if len(found) == 1 else "marks"
    line = "line" if len(lines) == 1 else "lines"
    reason = f"{what} at {line} {where} ({kinds}) {was} replaced by {mark} in the recorded copy"
    return Gap(GapKind.SECRET, subject, reason, fix)


def with_marks_for_values(content: bytes, redactor: "Redactor") -> bytes:
    """Returns a file of secrets with a mark for each value, and for each line that names none.

    Comments and what is marked already stay as they are; so a marked file is its own marked copy.
    What is no text gives way to one mark.
    """
    if b"\0" in content:
        return redactor.mark(content.decode("utf-8", "surrogateescape")).encode("ascii") + b"\n"
    lines = content.decode("utf-8", "surrogateescape").splitlines(keepends=True)
    safe = "".join(_marked_line(line, redactor) for line in lines)
    return redactor.content(safe.encode("utf-8", "surrogateescape"))[0]


def _marked_line(line: str, redactor: "Redactor") -> str:
    text = line.rstrip("\r\n")
    end = line[len(text) :]
    if not text.strip() or text.lstrip().startswith(_COMMENT):
        return line
    assigned = _ASSIGNED.fullmatch(text)
    if assigned is None:
        return redactor.mark(text) + end
    return assigned["name"] + redactor.mark(assigned["value"]) + end
