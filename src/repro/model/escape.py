"""Turns names that people choose into paths that any file system and git accept, and back.

A metric may be called ``../x``, ``a//b`` or ``.git/config``, and two may differ by case alone.
Ordinary names stay as they are; in others, bytes are written ``%2E``. Two marks that no such byte
can be mistaken for complete it: ``%_`` is an empty part, and a part that ends in ``%+`` goes on in
the next one, so that none is longer than file systems allow.
"""

import re
from collections import Counter
from collections.abc import Iterable

__all__ = ["escape_name", "escape_names", "unescape_name"]

_SPECIAL = frozenset('%\\:*?"<>|~')
"""The escape itself, and what Windows or git's protection of NTFS refuses."""
_MAX_PART_BYTES = 200
_BYTE = re.compile(rb"%([0-9A-F]{2})?")


def escape_name(name: str, *, suffix: str = "", fold: bool = False) -> str:
    """Returns a relative path, "/" between its parts, that holds the name.

    Args:
        name: Any text.
        suffix: Added to the last part; parts before it that end so are escaped, so that no file
            stands where another name needs a directory.
        fold: Escape all that is not lower-case ASCII.
    """
    *directories, last = name.split("/")
    parts = [_escape_part(part, suffix, fold) for part in directories]
    return "/".join([*parts, _escape_part(last, "", fold) + suffix])


def escape_names(names: Iterable[str], *, suffix: str) -> dict[str, str]:
    """Returns the path of each name; no two are equal where case and Unicode form do not count."""
    plain = {name: escape_name(name, suffix=suffix) for name in sorted(names)}
    folded = {name: _fold(path) for name, path in plain.items()}
    n_uses = Counter(folded.values())
    return {
        name: path if n_uses[folded[name]] == 1 else escape_name(name, suffix=suffix, fold=True)
        for name, path in plain.items()
    }


def unescape_name(path: str) -> str:
    """Returns the name in a path without its suffix.

    Raises:
        ValueError: The path was not made here.
    """
    joined = path.replace("%+/", "").replace("%_", "")
    return _BYTE.sub(_byte, joined.encode("utf-8", "surrogatepass")).decode(
        "utf-8", "surrogatepass"
    )


def _byte(match: re.Match[bytes]) -> bytes:
    if match[1] is None:
        raise ValueError("a % that escapes nothing")
    return bytes.fromhex(match[1].decode())


def _escape_part(part: str, suffix: str, fold: bool) -> str:
    if not part:
        return "%_"
    folded = part.casefold()
    hidden = folded in (".", "..") or folded.startswith(".git")
    closing = part[-1] in ". " or (suffix != "" and folded.endswith(suffix))
    dot = len(part) - len(suffix) if suffix and folded.endswith(suffix) else len(part) - 1
    pieces = [
        _hex(char)
        if (at == 0 and hidden) or (at == dot and closing) or not _is_safe(char, fold)
        else char
        for at, char in enumerate(part)
    ]
    return _wrap(pieces)


def _is_safe(char: str, fold: bool) -> bool:
    if char in _SPECIAL or not char.isprintable():
        return False
    return not fold or (char.isascii() and not char.isupper())


def _hex(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))


def _wrap(pieces: list[str]) -> str:
    lines = [""]
    n_bytes = 0
    for piece in pieces:
        n_bytes += len(piece.encode())
        if n_bytes > _MAX_PART_BYTES:
            lines.append("")
            n_bytes = len(piece.encode())
        lines[-1] += piece
    return "%+/".join(lines)


def _fold(path: str) -> str:
    if path.isascii():
        return path.casefold()
    from unicodedata import normalize

    return normalize("NFC", normalize("NFC", path).casefold())
