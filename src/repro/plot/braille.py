"""A canvas of braille dots, two by four in a character.

No library: those that draw in terminals take 16 to 190 ms to import or need numpy, 5 to 30 ms for
what is drawn several times a second here, and connect the points on both sides of a NaN.
"""

from collections.abc import Sequence

__all__ = ["Canvas"]

_LEFT = tuple(
    sum(bit for n, bit in enumerate((0x40, 0x04, 0x02, 0x01)) if dots >> n & 1)
    for dots in range(16)
)
"""The left half of a braille character, by its four dots, the lowest in the lowest bit."""
_RIGHT = tuple(
    sum(bit for n, bit in enumerate((0x80, 0x20, 0x10, 0x08)) if dots >> n & 1)
    for dots in range(16)
)
_BLANK = 0x2800


class Canvas:
    """Dots in layers, of which the last is on top.

    Attributes:
        n_columns: Dots from left to right.
        n_rows: Dots from bottom to top.
    """

    def __init__(self, width: int, height: int) -> None:
        """Takes a size in characters, at least 1 by 1."""
        self.width, self.height = width, height
        self.n_columns, self.n_rows = 2 * width, 4 * height
        self._layers: list[list[int]] = []  # of each column: a number, its bits the dots

    def draw(self, lines: Sequence[Sequence[tuple[int, int]]]) -> None:
        """Draws a layer of lines, each through its dots (column, row), row 0 being the lowest."""
        columns = [0] * self.n_columns
        for line in lines:
            column, row = line[0]
            columns[column] |= 1 << row
            for next_column, next_row in line[1:]:
                _connect(columns, column, row, next_column, next_row)
                column, row = next_column, next_row
        self._layers.append(columns)

    def rows(self) -> list[list[tuple[str, int]]]:
        """Returns the characters from the top, each with the layer that is on top, -1 for none."""
        n = self.width
        dots = [0] * (n * self.height)
        owners = [-1] * (n * self.height)
        for layer, columns in enumerate(self._layers):
            for x in range(n):
                left, right = columns[2 * x], columns[2 * x + 1]
                both = left | right
                if not both:
                    continue
                for y in range(
                    ((both & -both).bit_length() - 1) // 4, (both.bit_length() + 3) // 4
                ):
                    found = _LEFT[left >> 4 * y & 15] | _RIGHT[right >> 4 * y & 15]
                    if found:
                        at = (self.height - 1 - y) * n + x
                        dots[at] |= found
                        owners[at] = layer
        cells = [
            (chr(_BLANK + d) if d else " ", owner) for d, owner in zip(dots, owners, strict=True)
        ]
        return [cells[at : at + n] for at in range(0, len(cells), n)]


def _connect(columns: list[int], x0: int, y0: int, x1: int, y1: int) -> None:
    """Sets the dots between two; the line may be upright, or go to the right."""
    if x0 == x1:
        columns[x0] |= _upright(y0, y1)
        return
    slope = (y1 - y0) / (x1 - x0)
    here = y0
    for x in range(x0, x1):
        there = round(y0 + slope * (x - x0 + 0.5))
        columns[x] |= _upright(here, there)
        here = there
    columns[x1] |= _upright(here, y1)


def _upright(a: int, b: int) -> int:
    low, high = (a, b) if a < b else (b, a)
    return ((1 << (high - low + 1)) - 1) << low
