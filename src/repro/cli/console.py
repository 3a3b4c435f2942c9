"""Output: data to stdout, talk to stderr, colours and width as the terminal has them."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from repro.cli.page import Block, clean, to_plain, to_rich

__all__ = ["Console", "current_console"]

_SIGPIPE_EXIT = 141


class Console:
    """Where a command's output goes.

    Streams are looked up when something is written, so that whoever redirects them is heeded.
    """

    def __init__(self, *, quiet: bool = False, environ: Mapping[str, str] | None = None) -> None:
        self.quiet = quiet
        self._environ = os.environ if environ is None else environ

    @property
    def is_terminal(self) -> bool:
        """Whether people read stdout: a terminal, or FORCE_COLOR for a pager behind a pipe."""
        return self._is_forced or _is_tty(sys.stdout)

    @property
    def has_colour(self) -> bool:
        """Whether stdout takes colours: see https://no-color.org and https://force-color.org."""
        if self._environ.get("NO_COLOR"):
            return False
        return self._is_forced or (self.is_terminal and self._environ.get("TERM") != "dumb")

    @property
    def _is_forced(self) -> bool:
        return self._environ.get("FORCE_COLOR", "") not in ("", "0", "false")

    @property
    def width(self) -> int:
        """Columns of the terminal: COLUMNS, what it says itself, or 80."""
        columns = self._environ.get("COLUMNS", "")
        if columns.isascii() and columns.isdigit() and int(columns) > 0:
            return int(columns)
        try:
            return os.get_terminal_size(sys.stdout.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    def write(self, text: str) -> None:
        """Writes data to stdout; when nobody reads it any more, ends the process as SIGPIPE would.

        Raises:
            SystemExit: The reader has gone; code 141.
        """
        try:
            _write(sys.stdout, text)
        except BrokenPipeError:
            # Python would try again, and complain, when it flushes stdout at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(_SIGPIPE_EXIT) from None

    def json(self, value: object) -> None:
        """Writes strict JSON in ASCII, whatever the value's texts hold.

        Raises:
            ValueError: It holds NaN or an infinity.
        """
        self.write(json.dumps(value, indent=2, allow_nan=False) + "\n")

    def show(self, blocks: Sequence[Block], *, width: int | None = None) -> None:
        """Writes a page, drawn for a terminal or as plain text for a pipe.

        Args:
            blocks: The page.
            width: To draw it as if the terminal were so wide.
        """
        if not self.is_terminal:
            self.write(to_plain(blocks))
            return
        from io import StringIO

        from rich.console import Console as RichConsole

        width = width or self.width
        drawn = StringIO()
        rich = RichConsole(
            file=drawn,
            width=width,
            force_terminal=True,
            no_color=not self.has_colour,
            color_system="standard" if self.has_colour else None,
            highlight=False,
            emoji=False,
            markup=False,
            legacy_windows=False,
        )
        for renderable in to_rich(blocks, width):
            rich.print(renderable)
        self.write("\n".join(line.rstrip() for line in drawn.getvalue().split("\n")))

    def talk(self, text: str) -> None:
        """Writes a line for people to stderr, unless they asked for quiet."""
        if self.quiet:
            return
        try:
            _write(sys.stderr, clean(text, keep="\n\t") + "\n")
        except BrokenPipeError:
            return


def _is_tty(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:  # a terminal that is not UTF-8
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "replace").decode(encoding))
    stream.flush()


def current_console() -> Console:
    """Returns the console that the command line set up, or a new one."""
    import click

    context = click.get_current_context(silent=True)
    found = context.find_object(Console) if context is not None else None
    return found or Console()
