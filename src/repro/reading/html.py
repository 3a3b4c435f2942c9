"""Pieces of HTML that a notebook shows: every text escaped, no colours of their own.

They take the colour and the font of the page, light or dark.
"""

import html
import math
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime

from repro.model.values import Number, Value

__all__ = [
    "duration",
    "escaped",
    "faint",
    "moment",
    "number",
    "section",
    "sparkline",
    "spelled_out",
    "table",
    "value",
]

_MAX_CHARS = 300
_WIDTH, _HEIGHT = 120, 20
_MAX_POINTS = 240
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Control characters, those that turn the direction of a line, and halves of characters."""


def escaped(text: str) -> str:
    """Returns a text as HTML, cut where it is long; what cannot be seen is spelled out."""
    return html.escape(spelled_out(f"{text[:_MAX_CHARS]}…" if len(text) > _MAX_CHARS else text))


def spelled_out(text: str) -> str:
    """Returns a text that no terminal obeys and that does not run from right to left unseen."""
    if text.isprintable():
        return text
    return "".join(_spelled(c) if unicodedata.category(c) in _HIDDEN else c for c in text)


def _spelled(character: str) -> str:
    code = ord(character)
    return "⏎" if character == "\n" else f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def number(given: Number) -> str:
    """Returns a number with six significant digits; integers whole."""
    if isinstance(given, int):
        return str(given) if abs(given) < 10**15 else _large(given)
    return f"{given:.6g}"


def _large(given: int) -> str:
    try:
        return f"{given:.6g}"
    except OverflowError:
        return f"{'-' * (given < 0)}1e+{int(given.bit_length() * math.log10(2))}"


def value(given: Value) -> str:
    """Returns a param on one line; texts as they are."""
    if isinstance(given, str):
        return given
    if isinstance(given, int) and not isinstance(given, bool):
        return number(given)
    try:
        return repr(given)
    except ValueError:  # a number in it has more digits than Python writes
        return "…"


def moment(at: datetime) -> str:
    """Returns a time in UTC, to the minute."""
    return f"{at:%Y-%m-%d %H:%M}"


def duration(seconds: float | None) -> str:
    """Returns a duration: "0.31 s", "3 min 20 s", "2 h 5 min"; "" where there is none."""
    if seconds is None:
        return ""
    if seconds < 59.5:
        return f"{seconds:.2g} s" if seconds < 1 else f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min"


def faint(inner: str) -> str:
    """Returns HTML that stands back behind the rest."""
    return f'<span style="opacity:.6">{inner}</span>'


def table(rows: Iterable[Sequence[str]], *, header: Sequence[str] = ()) -> str:
    """Returns a table; the cells are HTML already."""
    head = "".join(f'<th style="text-align:left">{cell}</th>' for cell in header)
    body = "".join(
        "<tr>" + "".join(f'<td style="text-align:left">{cell}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    lead = f"<thead><tr>{head}</tr></thead>" if head else ""
    return f'<table style="margin:.3em 0">{lead}<tbody>{body}</tbody></table>'


def section(title: str, inner: str) -> str:
    """Returns a part of a page under its title; nothing where it is empty."""
    return f'<div style="margin-top:.5em"><b>{escaped(title)}</b>{inner}</div>' if inner else ""


def sparkline(values: Sequence[Number]) -> str:
    """Returns a curve as a small inline SVG; "" for less than two points.

    What is not finite leaves the line open.
    """
    if len(values) < 2:
        return ""
    shown = _thinned([_float(x) for x in values])
    finite = [x for x in shown if math.isfinite(x)]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    span = high - low if math.isfinite(high - low) and high > low else 0.0
    path: list[str] = []
    is_open = False
    for at, point in enumerate(shown):
        if not math.isfinite(point):
            is_open = False
            continue
        x = 1 + at * (_WIDTH - 2) / (len(shown) - 1)
        share = (point - low) / span if span else 0.5
        path.append(f"{'L' if is_open else 'M'}{x:.1f} {_HEIGHT - 2 - share * (_HEIGHT - 4):.1f}")
        is_open = True
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'role="img" aria-label="learning curve" style="vertical-align:middle">'
        f'<path d="{"".join(path)}" fill="none" stroke="currentColor" stroke-width="1.2"/></svg>'
    )


def _thinned(values: list[float]) -> list[float]:
    if len(values) <= _MAX_POINTS:
        return values
    last = len(values) - 1
    return [values[at * last // (_MAX_POINTS - 1)] for at in range(_MAX_POINTS)]


def _float(given: Number) -> float:
    try:
        return float(given)
    except OverflowError:
        return math.inf if given > 0 else -math.inf
