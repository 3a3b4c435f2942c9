"""Values as JSON that any reader accepts."""

import math
from typing import TypeAlias

__all__ = ["Json", "strict"]

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"


def strict(value: object) -> Json:
    """Returns a value with NaN and infinities spelled out, so that it is strict JSON."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(name): strict(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [strict(item) for item in value]
    return value if value is None or isinstance(value, (str, int, float)) else str(value)
