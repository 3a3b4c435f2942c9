"""Says on a terminal how far the hashing and storing of data have come, when that takes long."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from repro.data.progress import Progress
from repro.record.request import Surroundings

if TYPE_CHECKING:
    from repro.cli.progress_line import ProgressLine

__all__ = ["Watch", "watched"]

_PATIENCE_S = 2.0
"""What takes less is not worth a line."""


class Watch:
    """Listens to `Progress`; what shows it is imported when there is something to show."""

    def __init__(self, *, patience_s: float = _PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._since_s: float | None = None
        self._line: ProgressLine | None = None

    def __call__(self, progress: Progress) -> None:
        """Shows the progress, once there has been some for long enough."""
        now_s = time.monotonic()
        if self._since_s is None:
            self._since_s = now_s
        if now_s - self._since_s < self._patience_s:
            return
        try:
            self._show(progress)
        except OSError:  # the terminal is gone, which is no reason to record less
            return

    def clear(self) -> None:
        """Wipes the line."""
        if self._line is not None:
            self._line.clear()

    def _show(self, progress: Progress) -> None:
        if self._line is None:
            from repro.cli.progress_line import ProgressLine

            self._line = ProgressLine(is_shown=True)
        if progress.n_total == 1 and progress.bytes_total > 0:
            self._line.data(progress.bytes_done, progress.bytes_total)
        else:
            what = f"data: {progress.action} files"
            self._line.count(what, progress.n_done, progress.n_total)


@contextmanager
def watched(around: Surroundings, *, is_quiet: bool) -> Iterator[Surroundings]:
    """Yields the surroundings with a listener where a person watches; wipes its line at the end."""
    if is_quiet or not sys.stderr.isatty():
        yield around
        return
    watch = Watch()
    try:
        yield around._replace(listener=watch)
    finally:
        watch.clear()
