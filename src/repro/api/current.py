"""Which run what is said belongs to: the innermost of this context, else the process's first.

Contexts are those of `contextvars`: a thread has its own, and so has each task of asyncio, which
begins with that of whoever made it.
"""

import os
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from repro.api.active import ActiveRun

__all__ = ["Listener", "Process", "find_run", "innermost", "process", "run_of_context"]

innermost: "ContextVar[ActiveRun | None]" = ContextVar("repro_run", default=None)
"""Of this context. It may have ended meanwhile, in another one."""


class Listener(Protocol):
    """Who is told of runs."""

    def __call__(self, run: "ActiveRun", *, is_on: bool) -> None:
        """Takes notice; raises nothing."""


class Process:
    """What is known of this process.

    Attributes:
        active: The runs that are on, in the order in which they began.
        outermost: The first of them.
        outer: The directory of the run that this process was started in, None for none.
        has_joined: Whether a run was begun that is that run.
        n_begun: How many runs of its own it has begun.
        is_over: Whether it ends.
        listeners: Told of each run whether it is on, when it begins and when it ends.
        lock: Held while a run begins or ends; never while anybody waits for a recorder.
    """

    def __init__(self) -> None:
        self.active: list[ActiveRun] = []
        self.outermost: ActiveRun | None = None
        self.n_begun = 0
        self.is_over = False
        self.listeners: list[Listener] = []
        self.look()

    def look(self) -> None:
        """Takes from the environment what this process is part of."""
        self.outer = os.environ.get("REPRO_RUN_DIRECTORY") or None
        self.outer_run = os.environ.get("REPRO_RUN") or None
        self.has_joined = False
        self.lock = threading.RLock()

    def add(self, run: "ActiveRun") -> None:
        """Notes that a run is on."""
        with self.lock:
            self.active.append(run)
            self.outermost = self.active[0]
        innermost.set(run)
        for listener in self.listeners:
            listener(run, is_on=True)

    def drop(self, run: "ActiveRun") -> None:
        """Notes that it is no longer."""
        with self.lock:
            self.active = [other for other in self.active if other is not run]
            self.outermost = self.active[0] if self.active else None
        if innermost.get() is run:
            innermost.set(_still_on(run.outer))
        for listener in self.listeners:
            listener(run, is_on=False)


process = Process()


def find_run() -> "ActiveRun | None":
    """Returns the run that is on here, None for none."""
    return run_of_context() or process.outermost


def run_of_context() -> "ActiveRun | None":
    """Returns the run that is on in this context: not that of another thread or task."""
    return _still_on(innermost.get())


def _still_on(run: "ActiveRun | None") -> "ActiveRun | None":
    while run is not None and not run.is_recording:
        run = run.outer
    return run
