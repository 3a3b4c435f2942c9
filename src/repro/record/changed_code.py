"""Code that changed between the start of a Python and that of the run inside of it.

A snapshot is taken when the run begins. A module that was loaded before, and edited since, runs as
it was, and the snapshot holds what it became.
"""

import os
from collections.abc import Iterable

from repro.model.gap import Gap, GapKind
from repro.record.begun import Begun
from repro.record.trace import Trace, python_options

__all__ = ["changed_code_gaps", "edited_since"]

_CLOCK_S = 1.0
"""When a process started is known no better: the kernel counts from a boot in whole seconds."""


def edited_since(process_started: float | None, begun: Begun) -> tuple[str, ...]:
    """Returns the uncommitted Python files that changed since a process had started.

    Args:
        process_started: Seconds since the epoch.
        begun: What is known of the run.
    """
    if process_started is None:
        return ()
    dirty = [path.path for path in begun.code.dirty]
    return tuple(_edited(dirty, begun.worktree, process_started, float("inf")))


def changed_code_gaps(begun: Begun, trace: Trace) -> list[Gap]:
    """Returns a gap for each script or module that may run otherwise than it is recorded.

    Args:
        begun: What is known of the run's start.
        trace: What the program said of itself.
    """
    if begun.process_started is None:
        return []
    prefix = f"{begun.worktree}/"
    loaded = {
        path.removeprefix(prefix)
        for ended in trace.exits.values()
        for path in ended.foreign
        if path.startswith(prefix)
    }
    started_s = begun.started_ns / 1e9
    found = set(_edited(loaded, begun.worktree, begun.process_started, started_s))
    script = _script(begun)
    # A process that died did not say what it had loaded: then whatever changed may be part of it.
    found |= {path for path in begun.edited if not trace.exits or path in loaded or path == script}
    reason = "it changed after the process had begun, which may run it as it was before"
    return [
        Gap(GapKind.CODE, path, reason, "start the program again, or repro run -- python ...")
        for path in sorted(found)
    ]


def _edited(paths: Iterable[str], top: str, since_s: float, until_s: float) -> Iterable[str]:
    for path in paths:
        if path.endswith(".py"):
            try:
                changed_s = os.stat(f"{top}/{path}").st_mtime
            except OSError:
                continue
            if since_s + _CLOCK_S < changed_s < until_s:
                yield path


def _script(begun: Begun) -> str:
    *_, (option, value) = python_options(begun.command)
    return os.path.normpath(os.path.join(begun.cwd, value)) if not option and value else ""
