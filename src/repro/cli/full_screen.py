"""A screen that is drawn over and over, and a keyboard read meanwhile."""

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from repro.cli.console import Console

__all__ = ["FullScreen", "full_screen"]

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
"""The other screen, no cursor, and no line goes on in the next."""
_LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"


class FullScreen:
    """A terminal of which all is ours; what stood there comes back."""

    def __init__(self, console: Console, keyboard: int | None) -> None:
        self._console = console
        self._keyboard = keyboard

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines, as they are at this moment."""
        try:
            found = os.get_terminal_size(sys.stdout.fileno())
        except (OSError, ValueError):
            return self._console.width, 24
        return found.columns or 80, found.lines or 24

    def draw(self, lines: Sequence[str]) -> None:
        """Draws from the top, over what stood there."""
        self._console.write("\x1b[H" + "\r\n".join(f"{line}\x1b[K" for line in lines) + "\x1b[J")

    def key(self, wait_s: float) -> str:
        """Waits for a key; returns "" when there was none."""
        if self._keyboard is None:
            select.select([], [], [], wait_s)
            return ""
        if not select.select([self._keyboard], [], [], wait_s)[0]:
            return ""
        typed = os.read(self._keyboard, 64)
        if not typed:  # the terminal is gone
            self._keyboard = None
        return typed.decode("utf-8", "replace")


@contextmanager
def full_screen(console: Console) -> Iterator[FullScreen]:
    """Yields the screen, and gives it back as it was, also when the process is asked to end."""
    keyboard = _keyboard()
    before = None if keyboard is None else termios.tcgetattr(keyboard)
    asked = signal.signal(signal.SIGTERM, _end)
    try:
        if keyboard is not None:
            tty.setcbreak(keyboard, termios.TCSANOW)
        console.write(_ENTER)
        yield FullScreen(console, keyboard)
    finally:
        signal.signal(signal.SIGTERM, asked)
        if keyboard is not None and before is not None:
            with suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(keyboard, termios.TCSANOW, before)
        with suppress(OSError):
            console.write(_LEAVE)


def _keyboard() -> int | None:
    try:
        fd = sys.stdin.fileno()
        # A job in the background would be stopped by reading, or by changing the terminal.
        return fd if os.isatty(fd) and os.tcgetpgrp(fd) == os.getpgrp() else None
    except (OSError, ValueError):
        return None


def _end(number: int, frame: FrameType | None) -> None:
    del frame
    raise SystemExit(128 + number)
