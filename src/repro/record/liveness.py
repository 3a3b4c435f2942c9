"""Tells whether a run still runs, by process, boot and machine, also for who looks from elsewhere.

The file of the recorder's lock holds who records and where; ``child.json`` who runs. On the same
boot of the same machine the kernel knows: the lock is held as long as the recorder lives, and a
process is the one that was noted when it began in the same tick. Everything of an earlier boot is
dead. Of another machine nothing is known but when the run last wrote: a run is *elsewhere*, and
running, until it is proven dead there or its user says so.
"""

import json
import os
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any, NamedTuple, TypeAlias

__all__ = [
    "RECORDER",
    "Elsewhere",
    "Life",
    "command_of",
    "elsewhere",
    "last_sign",
    "life_of_command",
    "process_facts",
    "recorder_facts",
    "recorder_of",
]

_Json: TypeAlias = dict[str, Any]

RECORDER = "recorder"
"""The file in a live directory whose lock the recorder holds; its content names the recorder."""
_NO_SIGN = frozenset((RECORDER, "reserve"))
"""Files that tell nothing of when the program last lived."""

_FIRST_NAMESPACE = "pid:[4026531836]"
"""Of processes, on every Linux: from there all processes of the machine are seen."""


class Life(Enum):
    """What is known of a run's command."""

    RUNS = auto()
    """It lives, here."""
    ENDED = auto()
    """It is gone, or never was."""
    UNSEEN = auto()
    """It can't be seen from here."""


class Elsewhere(NamedTuple):
    """A run that another machine, or a container that can't be looked into, began.

    Attributes:
        host: The name of the machine; of a container its own.
        last_sign_at: When it last wrote anything, UTC by the clock of the file system.
    """

    host: str
    last_sign_at: datetime


class _Place(Enum):
    HERE = auto()
    HERE_BEFORE = auto()  # before the last boot
    CONTAINER = auto()  # this kernel, other process ids
    OTHER = auto()


def recorder_facts() -> bytes:
    """Returns who this process is and where, to be written into the file of its lock."""
    return json.dumps(process_facts(os.getpid()) | _here()).encode()


def process_facts(pid: int) -> _Json:
    """Returns what tells a process from all that ever had, or will have, its number."""
    seen = _seen(pid)
    return {"pid": pid, "started": None if seen is None else seen.started}


def elsewhere(directory: str) -> Elsewhere | None:
    """Returns where a run is when nobody here can tell whether it lives; else None.

    Args:
        directory: Of the live run.
    """
    facts = _read(f"{directory}/{RECORDER}")
    place = _place_of(facts)
    is_unseen = place is _Place.OTHER or (
        place is _Place.CONTAINER and life_of_command(directory) is Life.UNSEEN
    )
    if not is_unseen:
        return None
    return Elsewhere(str(facts.get("host") or "?"), last_sign(directory))


def life_of_command(directory: str) -> Life:
    """Tells whether the command of a run, whose recorder is gone, lives on.

    Args:
        directory: Of the live run.
    """
    place = _place_of(_read(f"{directory}/{RECORDER}"))
    if place is _Place.OTHER:
        return Life.UNSEEN
    child = _read(f"{directory}/child.json")
    pid, started = child.get("pid"), child.get("started")
    if place is _Place.HERE_BEFORE or not isinstance(pid, int):
        return Life.ENDED
    if place is _Place.CONTAINER:
        return _life_in_container(pid, started)
    if started is None:
        return _life_by_date(pid, os.stat(f"{directory}/child.json").st_mtime)
    seen = _seen(pid)
    return Life.RUNS if seen is not None and seen.is_alive(started) else Life.ENDED


def recorder_of(directory: str) -> int | None:
    """Returns the process id of who records a run; None where it was not noted."""
    return _pid(_read(f"{directory}/{RECORDER}"))


def command_of(directory: str) -> int | None:
    """Returns the process id of what a run runs; None where it was not noted."""
    return _pid(_read(f"{directory}/child.json"))


def last_sign(directory: str) -> datetime:
    """Returns when a run last wrote anything: it lived then.

    Args:
        directory: Of the live run.

    Raises:
        FileNotFoundError: The run has ended meanwhile.
    """
    times = []
    for at in (directory, f"{directory}/journal"):
        try:
            with os.scandir(at) as entries:
                times += [entry.stat().st_mtime for entry in entries if entry.name not in _NO_SIGN]
        except (FileNotFoundError, NotADirectoryError):  # no journal, or it has just ended
            continue
    return datetime.fromtimestamp(max(times) if times else os.stat(directory).st_mtime, UTC)


class _Seen(NamedTuple):
    state: str
    started: int

    def is_alive(self, started: int) -> bool:
        """Tells whether it is the process that began then, and no more than its exit code."""
        return self.started == started and self.state not in "ZX"


def _seen(pid: int, proc: str = "/proc") -> _Seen | None:
    """Returns a process as Linux shows it; None where it, or /proc, is not there."""
    try:
        with open(f"{proc}/{pid}/stat", "rb") as file:
            # Its name, in parentheses, may hold anything.
            fields = file.read().rpartition(b")")[2].split()
        return _Seen(fields[0].decode("ascii"), int(fields[19]))
    except (OSError, IndexError, ValueError):
        return None


def _life_in_container(pid: int, started: int | None) -> Life:
    """Looks for a process by the number that it has in a container."""
    if started is None or _link("/proc/self/ns/pid") != _FIRST_NAMESPACE:
        return Life.UNSEEN
    for name in os.listdir("/proc"):
        if name.isdigit() and (seen := _seen(int(name))) is not None and seen.is_alive(started):
            numbers = _text(f"/proc/{name}/status").partition("\nNSpid:")[2].partition("\n")[0]
            if numbers.split()[-1:] == [str(pid)]:
                return Life.RUNS
    return Life.ENDED


def _life_by_date(pid: int, noted_at: float) -> Life:
    """Judges by the dates alone: an older repro noted the number, or there is no /proc here."""
    import psutil

    try:
        process = psutil.Process(pid)
        is_gone = process.status() == psutil.STATUS_ZOMBIE
        # A number is used again some day; its process is ours if it began no later than our note.
        return Life.ENDED if is_gone or process.create_time() > noted_at + 1.0 else Life.RUNS
    except psutil.Error:
        return Life.ENDED


def _here() -> _Json:
    return {
        "host": os.uname().nodename,
        "machine": _text("/etc/machine-id").strip() or None,
        "boot": _text("/proc/sys/kernel/random/boot_id").strip() or None,
        "namespace": _link("/proc/self/ns/pid"),
    }


def _place_of(facts: _Json) -> _Place:
    """Returns where a recorder was, as seen from here; an older repro did not say, and was here."""
    if not facts:
        return _Place.HERE
    here = _here()
    there = {key: facts.get(key) for key in here}
    has_same_host = there["host"] == here["host"]
    if there["boot"] is None or here["boot"] is None:
        return _Place.HERE if has_same_host else _Place.OTHER
    if there["boot"] == here["boot"]:
        return _Place.HERE if there["namespace"] == here["namespace"] else _Place.CONTAINER
    # Machines made from one image may share the id, but then not the name as well.
    is_same = has_same_host and here["machine"] is not None and there["machine"] == here["machine"]
    return _Place.HERE_BEFORE if is_same else _Place.OTHER


def _pid(facts: _Json) -> int | None:
    pid = facts.get("pid")
    return pid if isinstance(pid, int) else None


def _read(path: str) -> _Json:
    """Returns a JSON object; an empty one where there is none."""
    try:
        with open(path, "rb") as file:
            value = json.load(file)
    except (FileNotFoundError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _link(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None
