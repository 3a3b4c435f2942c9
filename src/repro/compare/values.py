"""How two values of a run compare: never an error, NaN equal to itself, unlike types unequal."""

import ast
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from repro.compare.fields import MISSING, Name

__all__ = ["COMPARISONS", "contains", "is_equal", "is_less", "parse_date"]


def parse_date(text: str) -> datetime | None:
    """Returns an ISO 8601 date or time, UTC where it names no zone; None when it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def is_equal(left: object, right: object) -> bool:
    """Tells whether two values are equal."""
    if left is MISSING or right is MISSING:
        return False
    if isinstance(left, datetime) or isinstance(right, datetime):
        return _as_date(left) == _as_date(right)
    if isinstance(left, Name) and isinstance(right, str):
        return left.is_named_by(right)
    if isinstance(right, Name) and isinstance(left, str):
        return right.is_named_by(left)
    if _is_nan(left) and _is_nan(right):
        return True
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_equal, left, right))
    return left == right


def is_less(left: object, right: object) -> bool:
    """Tells whether one value is less than the other; false where they have no order."""
    if isinstance(left, datetime) or isinstance(right, datetime):
        first, second = _as_date(left), _as_date(right)
        return first is not None and second is not None and first < second
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return left < right
    return isinstance(left, str) and isinstance(right, str) and left < right


def contains(container: object, item: object) -> bool:
    """Tells whether a list has an item, a mapping a key, or a text another."""
    if isinstance(container, str):
        return isinstance(item, str) and item in container
    if isinstance(container, Mapping):
        return isinstance(item, str) and item in container
    return isinstance(container, list) and any(is_equal(item, element) for element in container)


def _as_date(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    return parse_date(value) if isinstance(value, str) else None


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _both(left: object, right: object) -> bool:
    return left is not MISSING and right is not MISSING


COMPARISONS: Mapping[type[ast.cmpop], Callable[[object, object], bool]] = {
    ast.Eq: is_equal,
    ast.NotEq: lambda left, right: _both(left, right) and not is_equal(left, right),
    ast.Lt: is_less,
    ast.Gt: lambda left, right: is_less(right, left),
    ast.LtE: lambda left, right: is_less(left, right) or is_equal(left, right),
    ast.GtE: lambda left, right: is_less(right, left) or is_equal(left, right),
    ast.In: lambda left, right: _both(left, right) and contains(right, left),
    ast.NotIn: lambda left, right: _both(left, right) and not contains(right, left),
}
"""What each operator of a filter means; a missing value makes every one of them false."""
