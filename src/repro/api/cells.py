"""Keeps the cells that a kernel executes, and writes them down for each run that is on."""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from repro.api.current import process
from repro.api.telling import warn

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

    from repro.api.active import ActiveRun

__all__ = ["History", "cells_of", "forget_cells", "watch_cells"]

_CELLS = "cells.jsonl"
"""Below the directory of a run; what stands in it is told in `repro.record.cells`."""

_Line: TypeAlias = dict[str, Any]


class _Open(NamedTuple):
    """A cell that has not ended.

    Attributes:
        cell: Which execution of this kernel.
        number: Its execution count; None for none.
        began: By the monotonic clock; None where nobody saw it: then it may have ended before.
    """

    cell: int
    number: int | None
    began: float | None


class History:
    """The cells that a kernel executed, in that order: those before it began to look, too.

    It hangs on IPython's events; nothing that goes wrong in it reaches the user's cells, but for
    one warning.
    """

    def __init__(self, shell: "InteractiveShell", *, notebook: Callable[[], str | None]) -> None:
        """Takes what was executed so far from the shell; see `start`.

        Args:
            shell: Of the kernel.
            notebook: Finds the path of the notebook.
        """
        self._shell = shell
        self._notebook = notebook
        self._lines: list[bytes] = []
        self._n_cells = 0
        self._n_missing = 0
        self._open: _Open | None = None
        self._depth = 0
        self._files: dict[str, int] = {}
        self._has_warned = False
        self._take_past()

    def start(self) -> None:
        """Begins to listen, to the shell and to what becomes of runs."""
        process.listeners.append(self.run_changed)
        for run in process.active:
            self.run_changed(run, is_on=True)
        self._shell.events.register("pre_run_cell", self.begin)
        self._shell.events.register("post_run_cell", self.end)

    def stop(self) -> None:
        """Listens no more."""
        process.listeners.remove(self.run_changed)
        for directory in list(self._files):
            self.detach(directory)
        self._shell.events.unregister("pre_run_cell", self.begin)
        self._shell.events.unregister("post_run_cell", self.end)

    def run_changed(self, run: "ActiveRun", *, is_on: bool) -> None:
        """Begins, or ends, to write the cells of a run.

        Where `repro run` executes the notebook it writes them itself.
        """
        is_written = "REPRO_NOTEBOOK" in os.environ and run.directory == process.outer
        if not run.directory or is_written:
            return
        if is_on:
            self.attach(run.directory)
        elif all(other.directory != run.directory for other in process.active):
            self.detach(run.directory)

    def attach(self, directory: str) -> None:
        """Writes all cells, past and to come, into the directory of a run.

        Args:
            directory: Of the live run.
        """
        if directory in self._files:
            return
        head = {"notebook": self._notebook(), "n_missing": self._n_missing}
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            fd = os.open(f"{directory}/{_CELLS}", flags, 0o600)
            self._files[directory] = fd
            os.write(fd, b"".join((_encoded(head), *self._lines)))
        except OSError as error:
            self._warn(error)

    def detach(self, directory: str) -> None:
        """Writes no more there: the run has ended."""
        fd = self._files.pop(directory, None)
        if fd is not None:
            os.close(fd)

    def begin(self, info: "ExecutionInfo") -> None:
        """Notes a cell that is about to run; one inside of another is part of that."""
        # IPython 9 counts when a cell begins, older ones when it ends; it is in none's history yet.
        number = len(self._past()) if info.store_history else None
        if self._open is not None and self._open.began is not None and number is None:
            self._depth += 1
            return
        self._depth = 0
        self._begin(str(info.raw_cell), number, getattr(info, "cell_id", None))
        self._open = _Open(self._n_cells, number, time.monotonic())

    def end(self, result: "ExecutionResult") -> None:
        """Notes how a cell ended."""
        if self._depth:
            self._depth -= 1
            return
        ended, self._open = self._open, None
        if ended is None or (ended.began is None and ended.number != result.execution_count):
            return
        error = result.error_before_exec or result.error_in_exec
        took_s = None if ended.began is None else round(time.monotonic() - ended.began, 3)
        name = None if error is None else type(error).__name__
        self._write({"ended": ended.cell, "took_s": took_s, "error": name})

    def _past(self) -> Sequence[str]:
        """Returns the cells that the shell knows, each at its execution count; none is at 0."""
        past: Sequence[str] = getattr(self._shell.history_manager, "input_hist_raw", ("",))
        return past

    def _take_past(self) -> None:
        for number, source in enumerate(self._past()):
            if number and source:
                self._begin(source, number, None)
                self._open = _Open(self._n_cells, number, None)  # the last may be the one that runs
            elif number:  # `%reset in` leaves the places empty
                self._n_missing += 1

    def _begin(self, source: str, number: int | None, cell_id: object) -> None:
        self._n_cells += 1
        self._write({"cell": self._n_cells, "source": source, "number": number, "id": cell_id})

    def _write(self, line: _Line) -> None:
        content = _encoded(line)
        self._lines.append(content)
        for fd in self._files.values():
            try:
                os.write(fd, content)
            except OSError as error:
                self._warn(error)

    def _warn(self, error: OSError) -> None:
        if not self._has_warned:
            self._has_warned = True
            warn(f"the cells of this notebook are not recorded: {error.strerror}")


def _encoded(line: _Line) -> bytes:
    kernel = {"kernel": os.getpid()}
    return f"{json.dumps(kernel | line, default=str)}\n".encode("ascii")


_histories: dict[int, History] = {}


def cells_of(shell: "InteractiveShell") -> History:
    """Returns the history of a shell's cells, which is kept from the first call on."""
    found = _histories.get(id(shell))
    if found is None:
        found = _histories[id(shell)] = History(shell, notebook=lambda: _notebook_path(shell))
        found.start()
    return found


def forget_cells(shell: "InteractiveShell") -> None:
    """Reverses `cells_of`."""
    found = _histories.pop(id(shell), None)
    if found is not None:
        found.stop()


def watch_cells() -> None:
    """Keeps the cells from now on, where this process is a kernel."""
    interactive: Any = sys.modules.get("IPython.core.getipython")
    shell = None if interactive is None else interactive.get_ipython()
    if shell is not None:
        cells_of(shell)


def _notebook_path(shell: "InteractiveShell") -> str | None:
    """Returns the absolute path of the notebook that a kernel belongs to; None when nobody says.

    `repro run` says so, VS Code in a variable of the notebook, Jupyter Server in one of the
    environment.
    """
    for name in (
        os.environ.get("REPRO_NOTEBOOK"),
        shell.user_ns.get("__vsc_ipynb_file__"),
        os.environ.get("JPY_SESSION_NAME"),
    ):
        # Of a session without a file it is a name of another sort.
        if isinstance(name, str) and name.endswith(".ipynb"):
            return os.path.realpath(name)
    return None
