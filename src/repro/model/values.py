"""Params and metrics: nested values, their flat names, and learning curves."""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias, Union

__all__ = [
    "Metric",
    "Number",
    "Params",
    "Point",
    "Scalar",
    "Value",
    "flatten",
    "is_same",
    "numbers_in",
    "parse_scalar",
]

Scalar: TypeAlias = str | int | float | bool | None
Value: TypeAlias = Union[Scalar, list["Value"], dict[str, "Value"]]
"""What YAML, TOML and JSON have in common."""
Params: TypeAlias = dict[str, Value]
Number: TypeAlias = int | float


class Metric(NamedTuple):
    """The summary (last) value of a metric.

    Attributes:
        value: May be NaN or infinite: a diverged run is a result too.
        step: The step it was logged at, None where the source has no steps.
    """

    value: Number
    step: int | None = None


class Point(NamedTuple):
    """One point of a learning curve.

    Attributes:
        step: As logged; may repeat and may go back.
        time_s: Seconds since the Unix epoch, None where the source has no times.
        value: May be NaN or infinite.
    """

    step: int
    time_s: float | None
    value: Number


def flatten(values: Mapping[str, Value], *, prefix: str = "") -> dict[str, Value]:
    """Returns nested mappings as one level, names joined by dots.

    Lists stay values, and so do empty mappings, so that nothing disappears. Of two values with one
    name (``a.b: 1`` beside ``a: {b: 2}``) the later is called ``a.b#2``.
    """
    flat: dict[str, Value] = {}
    for name, value in _flat_items(values, prefix):
        free, number = name, 1
        while free in flat:
            number += 1
            free = f"{name}#{number}"
        flat[free] = value
    return flat


def _flat_items(values: Mapping[str, Value], prefix: str) -> Iterator[tuple[str, Value]]:
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            yield from _flat_items(value, f"{name}.")
        else:
            yield name, value


def numbers_in(values: Mapping[str, Value]) -> Iterator[tuple[str, Number]]:
    """Yields the flat name and value of every number; booleans count as 0 and 1."""
    for name, value in flatten(values).items():
        if isinstance(value, bool):
            yield name, int(value)
        elif isinstance(value, (int, float)):
            yield name, value


def parse_scalar(text: str) -> Scalar:
    """Reads a value as it is typed on a command line: a bool, null, int, float, or the text."""
    lowered = text.lower()
    if lowered in ("true", "false"):
        return lowered == "true"
    if lowered in ("null", "none"):
        return None
    if text.isascii() and "_" not in text and text == text.strip():
        for number in (int, float):
            try:
                value = number(text)
            except ValueError:
                continue
            if math.isinf(value) and "inf" not in lowered:
                break  # too large for a float: the digits say more
            return value
    return text


def is_same(left: Value, right: Value) -> bool:
    """Tells whether two values are equal, NaN being equal to itself, also within lists.

    A number is not equal to a boolean, whatever Python says.
    """
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(is_same(left[k], right[k]) for k in left)
    return left == right
