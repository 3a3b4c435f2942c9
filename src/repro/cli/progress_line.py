"""One line on stderr that says how far long work is; only where a person watches."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from repro.cli.console import Console
from repro.cli.format import size
from repro.git.remotes import OnProgress

__all__ = ["ProgressLine", "progress_line"]

_PAUSE_S = 0.1


class ProgressLine:
    """The line; several threads may write it."""

    def __init__(self, *, is_shown: bool) -> None:
        self._is_shown = is_shown
        self._is_dirty = False
        self._next_s = 0.0
        self._lock = threading.Lock()

    def count(self, what: str, n_done: int, n_all: int) -> None:
        """Shows how many things are done."""
        self._show(f"{what} {n_done:,} of {n_all:,}")

    @property
    def git(self) -> OnProgress | None:
        """Shows how far git is; None where nobody watches, so that nothing need be told."""
        return self._git if self._is_shown else None

    def _git(self, stage: str, n_done: int, n_all: int) -> None:
        what = stage if stage.endswith(":") else f"git, {stage} objects:"
        self._show(f"{what} {n_done:,} of {n_all:,}")

    def data(self, bytes_done: int, bytes_all: int) -> None:
        """Shows how many bytes of data are over."""
        self._show(f"data: {size(bytes_done)} of {size(bytes_all)}")

    def clear(self) -> None:
        """Wipes the line."""
        with self._lock:
            if self._is_dirty:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()
                self._is_dirty = False

    def _show(self, text: str) -> None:
        if not self._is_shown:
            return
        with self._lock:
            now_s = time.monotonic()
            if now_s < self._next_s:
                return
            self._next_s = now_s + _PAUSE_S
            sys.stderr.write(f"\r{text}\x1b[K")
            sys.stderr.flush()
            self._is_dirty = True


@contextmanager
def progress_line(console: Console) -> Iterator[ProgressLine]:
    """Opens the line, and wipes it at the end, whatever comes."""
    line = ProgressLine(is_shown=not console.quiet and sys.stderr.isatty())
    try:
        yield line
    finally:
        line.clear()
