"""Texts of a plot: harmless, and measured in the cells that a terminal gives them."""

import re
import unicodedata

__all__ = ["cell_width", "painted_width", "plain", "shorten"]

# Control characters, what breaks lines, what turns the direction of text round, and halves of
# characters: a terminal would obey some of them, and no XML may hold others.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_COLOUR = re.compile("\x1b\\[[0-9]+m")


def plain(text: str) -> str:
    r"""Returns a text on one line that nothing obeys: control characters are spelled ``\x1b``."""
    return _UNSAFE.sub(_spelled, text)


def _spelled(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def cell_width(text: str) -> int:
    """Returns how many cells of a terminal a plain text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def shorten(text: str, width: int) -> str:
    """Returns a text in at most `width` cells, "…" at the end where something was left out."""
    if cell_width(text) <= width:
        return text
    room, end = width - 1, 0
    for character in text:
        room -= _cells(character)
        if room < 0:
            break
        end += 1
    return text[:end] + "…" if width > 0 else ""


def _cells(character: str) -> int:
    # Accents that join the letter before them, and joiners and variation selectors, take no cell.
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def painted_width(text: str) -> int:
    """Returns how many cells of a terminal a text takes that colours were put around."""
    return cell_width(_COLOUR.sub("", text))
