"""What a command and everything that it started use of the machine."""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from repro.sensors.panel import Figures, read_text

__all__ = ["ProcessTree", "environment_of"]

_MB = 1e6


class _Stat(NamedTuple):
    """A line of ``/proc/<pid>/stat``, as far as it is needed.

    Attributes:
        state: "Z" for one that has ended.
        parent: Its parent's pid.
        ticks: CPU time of the process and of the children that it has waited for.
        started: When, in ticks since the boot: with the pid, no other process has it.
        n_pages: In memory, those shared with others too.
    """

    state: str
    parent: int
    ticks: int
    started: int
    n_pages: int


class ProcessTree:
    """CPU time and memory of a process and of those below it.

    100 % is one CPU that is busy all of the time. Memory that several of them share, as the workers
    of a data loader do, is counted for each. One whose parent has ended is no longer below it. Who
    asks is not part of it, though the process that it watches may have started it.
    """

    names = ("process_cpu_percentage", "process_memory_megabytes")

    def __init__(self, pid: int, root: str = "") -> None:
        """Takes the process.

        Args:
            pid: Of it.
            root: Where the system's files lie.
        """
        self._proc = f"{root}/proc"
        self._pid = pid
        self._started: int | None = None
        self._tick_s = 1 / os.sysconf("SC_CLK_TCK")
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        self._last: tuple[float, int] | None = None

    def read(self, at_s: float, /) -> Figures:
        """Returns the share of one CPU since the last call, and the memory.

        Raises:
            ProcessLookupError: The process has ended.
            OSError: Likewise.
        """
        top = self._stat(self._pid)
        if top.started != (self._started or top.started) or top.state == "Z":
            raise ProcessLookupError(self._pid)
        self._started = top.started
        stats = [top, *self._below()]
        ticks, n_pages = sum(s.ticks for s in stats), sum(s.n_pages for s in stats)
        last, self._last = self._last, (at_s, ticks)
        share = None
        if last is not None and at_s > last[0]:
            share = max(0.0, 100 * (ticks - last[1]) * self._tick_s / (at_s - last[0]))
        return (share, n_pages * self._page_bytes / _MB)

    def _below(self) -> Iterator[_Stat]:
        if not os.path.exists(f"{self._proc}/{self._pid}/task/{self._pid}/children"):
            yield from self._below_by_parent()
            return
        waiting = self._children(self._pid)
        seen = {self._pid, os.getpid()}
        while waiting:
            pid = waiting.pop()
            if pid not in seen:
                seen.add(pid)
                with suppress(OSError, ValueError):  # it has just ended
                    yield self._stat(pid)
                    waiting += self._children(pid)

    def _children(self, pid: int) -> list[int]:
        """Returns the children of each thread of a process."""
        found: list[int] = []
        tasks = f"{self._proc}/{pid}/task"
        with suppress(OSError):
            for thread in os.listdir(tasks):
                found += map(int, read_text(f"{tasks}/{thread}/children").split())
        return found

    def _below_by_parent(self) -> Iterator[_Stat]:
        """Looks at every process of the machine: not every kernel lists children."""
        by_parent: dict[int, list[tuple[int, _Stat]]] = {}
        for name in os.listdir(self._proc):
            if name.isdecimal():
                with suppress(OSError, ValueError):
                    stat = self._stat(int(name))
                    by_parent.setdefault(stat.parent, []).append((int(name), stat))
        waiting = [self._pid]
        while waiting:
            for pid, stat in by_parent.pop(waiting.pop(), ()):
                if pid != os.getpid():
                    yield stat
                    waiting.append(pid)

    def _stat(self, pid: int) -> _Stat:
        # The name of the command, in brackets, may hold anything, brackets too.
        row = read_text(f"{self._proc}/{pid}/stat").rpartition(")")[2].split()
        if len(row) < 22:
            raise ValueError(f"/proc/{pid}/stat has {len(row)} fields only")
        return _Stat(row[0], int(row[1]), sum(map(int, row[11:15])), int(row[19]), int(row[21]))


def environment_of(pid: int, root: str = "") -> dict[str, str]:
    """Returns the variables that a process was started with.

    Raises:
        OSError: It is gone, or somebody else's.
    """
    pairs = (pair.partition("=") for pair in read_text(f"{root}/proc/{pid}/environ").split("\0"))
    return {name: value for name, equals, value in pairs if equals}
