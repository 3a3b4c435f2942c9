"""A 32-bit float by the number that its user wrote."""

from struct import pack

__all__ = ["shortest"]


def shortest(number: float) -> float:
    """Returns the shortest number that is the same in 32 bits: 0.3 for 0.300000012."""
    try:
        bits = pack("f", number)
        return next(
            short
            for digits in (6, 7, 8, 9)
            if pack("f", short := float(f"{number:.{digits}g}")) == bits
        )
    except (OverflowError, StopIteration):  # it never was one of 32 bits, or is not a number
        return number
