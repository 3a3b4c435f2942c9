"""Reads the YAML that most params files are made of, without PyYAML.

PyYAML takes longer to import than git takes for a snapshot, and nearly every ``params.yaml`` is
names and plain values, nested by two spaces. Such a file is read here; of anything else (quotes,
lists, anchors, several documents, odd indentation, a value that YAML might take for something else)
this reader says that it is not for it. A property test holds that PyYAML reads alike what it reads.
"""

import re

from repro.model.values import Params, Scalar

__all__ = ["read_plain_yaml"]

_LINE = re.compile(
    r"(?P<indent> *)(?P<key>[A-Za-z_][A-Za-z0-9_]*):(?: +(?P<value>[^\s#][^#]*?))?(?: +#.*)? *"
)
_INT = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)")
_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9_./\-]*")
_RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_LONGEST = 64 * 1024


def read_plain_yaml(text: str) -> Params | None:
    """Returns the values of a plain file; None when PyYAML must read it."""
    if len(text) > _LONGEST or not text.isascii():
        return None
    root: Params = {}
    levels = [root]
    is_open = False  # the line before was a name without a value
    for line in text.split("\n"):
        if not line.strip(" ") or line.lstrip(" ").startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            return None
        depth, odd = divmod(len(match["indent"]), 2)
        # A name without a value is null unless something is below it: left to PyYAML.
        if odd or depth > len(levels) - 1 or (is_open and depth != len(levels) - 1):
            return None
        del levels[depth + 1 :]
        key, value = match["key"], match["value"]
        if key.lower() in _RESERVED or key in levels[depth]:
            return None
        is_open = value is None
        if value is None:
            below: Params = {}
            levels[depth][key] = below
            levels.append(below)
        else:
            found = _scalar(value)
            if found is _NOT_PLAIN:
                return None
            levels[depth][key] = found
    return None if is_open or not root else root


_NOT_PLAIN = "\0"


def _scalar(text: str) -> Scalar:
    if _INT.fullmatch(text):
        return int(text) if len(text) < 300 else _NOT_PLAIN
    if _FLOAT.fullmatch(text):
        return float(text)
    if text in ("true", "false"):
        return text == "true"
    if text == "null":
        return None
    if _TEXT.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    return _NOT_PLAIN
