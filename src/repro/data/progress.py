"""How far a long piece of work on data has come."""

import threading
from collections.abc import Callable

__all__ = ["Progress"]


class Progress:
    """Counts what is done; whoever listens is told. It may be used from several threads.

    Attributes:
        action: What is being done, such as "hashing"; "" before anything is.
        n_done: Files done.
        n_total: Files to do in all.
        bytes_done: Bytes done.
        bytes_total: Bytes to do in all.
        listener: Called after each step, by the thread that works; it must be quick.
    """

    def __init__(self, listener: "Callable[[Progress], None] | None" = None) -> None:
        self.action = ""
        self.n_done = self.n_total = 0
        self.bytes_done = self.bytes_total = 0
        self.listener = listener
        self._lock = threading.Lock()

    def begin(self, action: str, n_files: int, n_bytes: int) -> None:
        """Starts another piece of work."""
        with self._lock:
            self.action = action
            self.n_done = self.bytes_done = 0
            self.n_total, self.bytes_total = n_files, n_bytes
        self._tell()

    def advance(self, n_files: int, n_bytes: int) -> None:
        """Adds what was done."""
        with self._lock:
            self.n_done += n_files
            self.bytes_done += n_bytes
        self._tell()

    def advance_bytes(self, n_bytes: int) -> None:
        """Adds bytes of a file that is not done yet."""
        self.advance(0, n_bytes)

    def _tell(self) -> None:
        if self.listener is not None:
            self.listener(self)
