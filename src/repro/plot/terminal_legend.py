"""Which curve is which in a terminal: colours, or letters where there are none."""

from collections.abc import Sequence

from repro.plot.text import cell_width, plain, shorten

__all__ = ["Marks", "legend_lines"]

_COLOURS = (34, 33, 32, 35, 36, 31)
"""Of ANSI's sixteen, as the terminal's own palette shows them on its background."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_GUTTER = "  "
_LEAST_ROOM = 24


class Marks:
    """How curves are told apart.

    Attributes:
        has_letters: Whether letters stand on the curves.
    """

    def __init__(self, n_curves: int, *, has_colour: bool) -> None:
        self._has_colour = has_colour
        self.has_letters = not has_colour and n_curves > 1

    def of(self, number: int) -> str:
        """Returns what stands before a curve's name in a legend."""
        return self.letter(number) if self.has_letters else self.painted("━", number)

    def letter(self, number: int) -> str:
        """Returns what stands on a curve."""
        return _LETTERS[number % len(_LETTERS)]

    def painted(self, text: str, number: int) -> str:
        """Returns a text in the colour of a curve; -1 is the colour of the rest."""
        if not self._has_colour or number < 0:
            return text
        return f"\x1b[{_COLOURS[number % len(_COLOURS)]}m{text}\x1b[39m"

    def bold(self, text: str) -> str:
        """Returns a text that stands out."""
        return f"\x1b[1m{text}\x1b[22m" if self._has_colour else text


def legend_lines(names: Sequence[str], width: int, most: int, marks: Marks) -> list[str]:
    """Returns the names of curves in at most so many lines; the last says how many have no room.

    Args:
        names: May hold anything.
        width: Cells of a line.
        most: At least 1.
        marks: Of the curves.
    """
    rows: list[list[str]] = [[]]
    room = width
    for number, name in enumerate(names):
        n_left = len(names) - number
        count = f"{_GUTTER}+{n_left:,}"
        text = shorten(plain(name), max(width // 2, _LEAST_ROOM))
        needed = 2 + cell_width(text)
        # On the last line, a name leaves room for the count of those after it.
        spare = len(count) if len(rows) == most and n_left > 1 else 0
        if rows[-1] and len(_GUTTER) + needed + spare > room:
            if len(rows) == most:
                rows[-1].append(count.strip())
                break
            rows.append([])
            room = width
            spare = len(count) if len(rows) == most and n_left > 1 else 0
        room -= len(_GUTTER) if rows[-1] else 0
        text = shorten(text, room - 2 - spare)
        rows[-1].append(f"{marks.of(number)} {text}")
        room -= 2 + cell_width(text)
    return [_GUTTER.join(row) for row in rows if row]
