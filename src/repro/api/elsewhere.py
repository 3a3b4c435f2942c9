"""Keeps the journal of a run that cannot be recorded: no repository, a full or read-only disk.

``$XDG_STATE_HOME/repro/journals/<time>-<pid>/`` is as a run's own directory, but for ``kept.json``,
which says what was begun, where, and how it ended; `repro record --journal DIR` reads it.
"""

import json
import os
import sys
import time
from contextlib import suppress
from typing import Any

__all__ = [
    "KEPT",
    "command_line",
    "make_directory",
    "note_end",
    "note_ended",
    "now",
    "started_at",
    "write_kept",
]

KEPT = "kept.json"


def make_directory() -> str:
    """Makes a directory for a journal.

    Raises:
        OSError: It cannot be made.
    """
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    if not os.path.isabs(state):
        raise FileNotFoundError(2, "no home directory", state)
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    for number in range(1000):
        suffix = f"-{number}" if number else ""
        directory = f"{state}/repro/journals/{stamp}-{os.getpid()}{suffix}"
        try:
            os.makedirs(directory, mode=0o700)
        except FileExistsError:
            continue
        return directory
    raise FileExistsError(17, "no free name", state)


def write_kept(directory: str, values: dict[str, Any]) -> None:
    """Writes what is known of the run, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    temporary = f"{directory}/{KEPT}.tmp"
    with open(temporary, "w", encoding="ascii") as file:
        json.dump(values, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, f"{directory}/{KEPT}")


def note_end(directory: str, values: dict[str, Any], *, status: str, exit_code: int | None) -> None:
    """Adds how the run ended.

    Raises:
        OSError: It cannot be written.
    """
    end = {"status": status, "exit_code": exit_code, "ended_at": time.time()}
    write_kept(directory, values | end)


def note_ended(directory: str, end: dict[str, Any]) -> None:
    """Notes how a run ended beside its journal, unless that is known: its recorder is of no help.

    Args:
        directory: Of the run.
        end: What the recorder would have been told.

    Raises:
        OSError: It cannot be written; the directory may be gone, with the run recorded.
    """
    with suppress(FileNotFoundError):
        os.unlink(f"{directory}/reserve")
    path = f"{directory}/ended.json"
    if not os.path.exists(path):
        temporary = f"{path}.{os.getpid()}"
        with open(temporary, "w", encoding="ascii") as file:
            json.dump(end, file)
        os.replace(temporary, path)


def now() -> float:
    """Returns the time in seconds since the epoch."""
    return time.time()


def started_at() -> float:
    """Returns when this process began, in seconds since the epoch; now, where nothing tells."""
    try:
        with open("/proc/self/stat", "rb") as file:
            ticks = int(file.read().rpartition(b") ")[2].split()[19])
        with open("/proc/stat", "rb") as file:
            booted = next(int(line[6:]) for line in file if line.startswith(b"btime "))
    except (OSError, ValueError, IndexError, StopIteration):
        return time.time()
    return booted + ticks / os.sysconf("SC_CLK_TCK")


def command_line() -> list[str]:
    """Returns how this process was started, the interpreter first.

    Of one that `multiprocessing` has spawned, how the program was: its own is of no use to anybody.
    """
    argv = list(getattr(sys, "orig_argv", ()))
    if not argv or "--multiprocessing-fork" in argv:
        return [sys.executable, *sys.argv]
    return argv
