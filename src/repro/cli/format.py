"""How values read to people: times, durations, sizes, numbers, learning curves."""

import json
import math
from collections.abc import Sequence
from datetime import datetime

from repro.model.values import Number, Value

__all__ = [
    "SPARKS",
    "ago",
    "aligned",
    "counted",
    "duration",
    "number",
    "percent",
    "pointed",
    "signed",
    "size",
    "sparkline",
    "value",
]

_DAY_S = 86_400


def ago(at: datetime, now: datetime) -> str:
    """Returns how long ago something was: "just now", "3 min ago"; a date beyond a month."""
    seconds = (now - at).total_seconds()
    if seconds < 0:
        return f"{at:%Y-%m-%d %H:%M}"
    if seconds < 5:
        return "just now"
    for limit, unit_s, unit in ((60, 1, "s"), (3600, 60, "min"), (_DAY_S, 3600, "h")):
        if seconds < limit:
            return f"{int(seconds / unit_s)} {unit} ago"
    days = int(seconds / _DAY_S)
    return f"{counted(days, 'day')} ago" if days < 31 else f"{at:%Y-%m-%d}"


def duration(seconds: float) -> str:
    """Returns a duration in at most two units: "0.31 s", "3 min 20 s", "2 h 5 min"."""
    if seconds < 0.995:
        return f"{max(seconds, 0):.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for big_s, big, small_s, small in (
        (_DAY_S, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= big_s:
            rest = whole % big_s // small_s
            return f"{whole // big_s} {big}" + (f" {rest} {small}" if rest else "")
    return f"{whole} s"


def size(n_bytes: int) -> str:
    """Returns a size in decimal units: "512 B", "1.2 MB"."""
    amount = float(n_bytes)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 999.5 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 99.5 else f"{amount:.1f} {unit}"


def counted(n: int, noun: str) -> str:
    """Returns a count with its noun: "1 package", "3 packages"."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def number(given: Number) -> str:
    """Returns a number with six significant digits; integers whole."""
    if isinstance(given, int):
        return str(given) if abs(given) < 10**15 else f"{float_or_inf(given):.6g}"
    return f"{given:.6g}"


def float_or_inf(given: int) -> float:
    """Returns an integer as a float; one that no float can hold is infinite."""
    try:
        return float(given)
    except OverflowError:
        return math.inf if given > 0 else -math.inf


def signed(change: Number) -> str:
    """Returns a change with its sign and at most four digits: "+0.0123"; integers whole."""
    text = number(change) if isinstance(change, int) else f"{change:.4g}"
    return text if text.startswith("-") else f"+{text}"


def percent(relative: float) -> str:
    """Returns a relative change: "+1.3 %"."""
    share = relative * 100
    return f"{share:+,.1f} %" if abs(share) < 1e6 else f"{share:+.1e} %"


def value(given: Value) -> str:
    """Returns a param on one line, as one would type it."""
    if isinstance(given, str):
        return given if given and given == given.strip() else json.dumps(given)
    if isinstance(given, float):
        return repr(given)
    return json.dumps(given, ensure_ascii=False)


def aligned(numbers: Sequence[Number | None]) -> list[str]:
    """Returns the numbers of a column with as many decimals each, so that their points align.

    About four significant digits of the largest are kept, and more where small numbers need them;
    numbers of very different size are written each on its own. None is "".
    """
    if all(given is None or isinstance(given, int) for given in numbers):
        return ["" if given is None else number(given) for given in numbers]
    floats = [float_or_inf(given) if isinstance(given, int) else given for given in numbers]
    decimals = _decimals([given for given in floats if given is not None])
    style = ".4g" if decimals is None else f".{decimals}f"
    return ["" if given is None else f"{given:{style}}" for given in floats]


def _decimals(numbers: Sequence[float]) -> int | None:
    """Returns how many decimals suit all of the numbers; None where no number of them does."""
    sizes = [abs(given) for given in numbers if math.isfinite(given) and given]
    if not sizes:
        return 0
    enough = max(0, 3 - math.floor(math.log10(max(sizes))))
    needed = max(enough, 1 - math.floor(math.log10(min(sizes))))
    if needed > 6 or max(sizes) >= 1e7:
        return None
    finite = [given for given in numbers if math.isfinite(given)]
    return needed - min(_n_trailing_zeros(f"{given:.{needed}f}") for given in finite)


def pointed(texts: Sequence[str]) -> list[str]:
    """Returns numbers padded on both sides, so that their points align."""
    # 1e-05, nan and inf have no point to align.
    heads = [text if "e" in text or "n" in text else text.partition(".")[0] for text in texts]
    left = max(map(len, heads), default=0)
    padded = [" " * (left - len(head)) + text for head, text in zip(heads, texts, strict=True)]
    width = max(map(len, padded), default=0)
    return [text.ljust(width) for text in padded]


def _n_trailing_zeros(text: str) -> int:
    fraction = text.partition(".")[2]
    return len(fraction) - len(fraction.rstrip("0"))


SPARKS = 20
"""Characters of a curve in a line."""
_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[Number], width: int = SPARKS) -> str:
    """Returns a learning curve in at most `width` characters; "" for less than two points.

    Every character is the last value of its part of the curve; what is not finite is a space.
    """
    if len(values) < 2:
        return ""
    n = min(width, len(values))
    points = [float(values[(i + 1) * len(values) // n - 1]) for i in range(n)]
    finite = [point for point in points if math.isfinite(point)]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    span = high - low
    if not math.isfinite(span) or span == 0:
        return "".join(_BARS[3] if math.isfinite(point) else " " for point in points)
    return "".join(
        _BARS[min(7, int((point - low) / span * 8))] if math.isfinite(point) else " "
        for point in points
    )
