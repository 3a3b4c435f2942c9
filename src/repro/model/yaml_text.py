"""Writes YAML: the small, deterministic part of it that records need.

PyYAML takes 17 ms to import and the recorder runs inside other people's commits, so records are
written here and read with PyYAML. Every string that YAML 1.1 could take for something else is
quoted; the tests hold that PyYAML reads back what was given.
"""

import json
import math
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence

__all__ = ["dump_yaml"]

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+\-]*(?: [A-Za-z0-9_./@+\-(][A-Za-z0-9_./@+\-()]*)*")
_MAX_PLAIN_LENGTH = 1000
_MAX_KEY_LENGTH = 900
"""YAML looks no further than 1024 characters for the colon after a key; then it wants a "?"."""
_MAX_DECIMAL_BITS = 14_000
"""Python writes no decimal integers beyond 4,300 digits."""
_RESERVED = frozenset("y n yes no on off true false null none nan inf".split())
_NO_BYTE = re.compile("[\\ud800-\\udc7f\\udd00-\\udfff]")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def dump_yaml(value: object) -> bytes:
    """Returns a value as a YAML document in UTF-8, ending in a newline.

    Mappings, sequences, strings, numbers, booleans and None are written; keys keep their order. A
    string that is not valid Unicode (a path that is not UTF-8) becomes ``!!binary``.

    Raises:
        TypeError: The value holds something else.
    """
    lines: list[str] = []
    _emit(value, 0, lines, "")
    return ("\n".join(lines) + "\n").encode("utf-8")


def _emit(value: object, depth: int, lines: list[str], lead: str) -> None:
    if isinstance(value, Mapping) and value:
        for number, (key, item) in enumerate(value.items()):
            start = lead if number == 0 else "  " * depth
            name = _scalar(key)
            if len(name) > _MAX_KEY_LENGTH:
                lines.append(f"{start}? {name}")
                start, name = "  " * depth, ""
            _emit_under(f"{start}{name}:", item, depth, lines)
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)) and value:
        for number, item in enumerate(value):
            start = lead if number == 0 else "  " * depth
            if _is_block(item):
                _emit(item, depth + 1, lines, f"{start}- ")
            else:
                lines.append(f"{start}- {_scalar(item)}")
    else:
        lines.append(f"{lead}{_scalar(value)}")


def _emit_under(head: str, item: object, depth: int, lines: list[str]) -> None:
    if _is_block(item):
        lines.append(head)
        _emit(item, depth + 1, lines, "  " * (depth + 1))
    else:
        lines.append(f"{head} {_scalar(item)}")


def _is_block(value: object) -> bool:
    return (
        bool(value)
        and isinstance(value, (Mapping, Sequence))
        and not isinstance(value, (str, bytes))
    )


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(str(value))
    if isinstance(value, int):
        return _whole(int(value))
    if isinstance(value, float):
        return _float(float(value))
    if isinstance(value, Mapping) and not value:
        return "{}"
    if isinstance(value, Sequence) and not isinstance(value, bytes) and not value:
        return "[]"
    raise TypeError(f"cannot be written as YAML: {type(value).__name__}")


def _whole(value: int) -> str:
    return str(value) if value.bit_length() <= _MAX_DECIMAL_BITS else hex(value)


def _float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    # YAML 1.1 reads 1e-05 as a string: its floats need a dot and a signed exponent.
    mantissa, exponent_mark, exponent = text.partition("e")
    if not exponent_mark:
        return text
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}e{exponent if exponent[0] in '+-' else '+' + exponent}"


def _string(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return f'!!binary "{b64encode(_raw(text)).decode()}"'
    if len(text) < _MAX_PLAIN_LENGTH and _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", quoted)


def _raw(text: str) -> bytes:
    """Returns the bytes that the text stands for; a surrogate that stands for none is replaced."""
    return _NO_BYTE.sub("\ufffd", text).encode("utf-8", "surrogateescape")
