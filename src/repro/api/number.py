"""Makes plain numbers of what people log as metrics and steps."""

from repro.errors import ReproError
from repro.model.values import Number

__all__ = ["NotANumberError", "number_from", "step_from"]

_MAX_BITS = 1023  # what a float can hold: it is drawn and compared as one
_MAX_STEP = 2**63


class NotANumberError(ReproError):
    """What was given is no number; its text says why. It stays within this package."""


def number_from(value: object) -> Number:
    """Returns a plain float or int.

    A number of another kind (Decimal, a scalar or array of one element of numpy, torch,
    tensorflow, jax) is taken for what it is worth; NaN and infinities stay.

    Raises:
        NotANumberError: It is none.
    """
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        if value.bit_length() > _MAX_BITS:
            raise NotANumberError(f"a whole number of {value.bit_length()} bits")
        return int(value)
    if isinstance(value, (str, bytes, complex)) or value is None:
        raise NotANumberError(_described(value))
    try:
        return _converted(value)
    except Exception as error:  # whatever a class of the user's raises here
        raise NotANumberError(_described(value)) from error


def _converted(value: object) -> Number:
    item = getattr(value, "item", None)
    inner = item() if callable(item) else value
    if type(inner) is not type(value) and isinstance(inner, (bool, int, float)):
        return number_from(inner)
    if not hasattr(type(inner), "__float__"):
        raise NotANumberError(_described(value))
    return float(inner)  # type: ignore[arg-type] # it has __float__


def step_from(step: object) -> int | str:
    """Returns a plain int, "" for None.

    Raises:
        NotANumberError: It is no whole number, or one beyond 64 bits.
    """
    if step is None:
        return ""
    try:
        number = number_from(step)
    except NotANumberError:
        number = 0.5
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if not isinstance(number, int) or not -_MAX_STEP <= number < _MAX_STEP:
        raise NotANumberError(f"its step is no whole number of 64 bits: {_described(step)}")
    return number


def _described(value: object) -> str:
    try:
        return f"{type(value).__name__}: {value!r:.80}"
    except Exception:  # noqa: BLE001 - it cannot even be printed
        return type(value).__name__
