"""What a container, or a job of a cluster, may use of its machine: Linux control groups."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeAlias

from repro.sensors.panel import read_text

__all__ = ["Limit", "cpu_limit", "memory_limit"]

Limit: TypeAlias = tuple[float, Callable[[], float]]
"""How much may be used (cores; bytes), and what tells how much is (seconds; bytes)."""


def cpu_limit(root: str) -> Limit | None:
    """Returns the tightest limit to this process's CPU time; None for none.

    Args:
        root: Where the system's files lie.
    """
    found: list[Limit] = []
    for directory, is_v2 in _directories(root, "cpu"):
        with suppress(OSError, ValueError):
            if is_v2:
                quota, period = read_text(f"{directory}/cpu.max").split()
            else:
                quota = read_text(f"{directory}/cpu.cfs_quota_us").strip()
                period = read_text(f"{directory}/cpu.cfs_period_us").strip()
            if quota.isdecimal() and int(period) > 0:  # neither "max" nor "-1"
                used_s = _used_v2(directory) if is_v2 else _used_v1(root, directory)
                used_s()  # if it can be asked: else the groups around it count
                found.append((int(quota) / int(period), used_s))
    return min(found, key=lambda limit: limit[0], default=None)


def memory_limit(root: str, total_bytes: float) -> Limit | None:
    """Returns the tightest limit to this process's memory; None for none.

    Copies of files that can be dropped at any time are not counted as used.

    Args:
        root: Where the system's files lie.
        total_bytes: Of the machine: a limit beyond it is none.
    """
    found: list[Limit] = []
    for directory, is_v2 in _directories(root, "memory"):
        with suppress(OSError, ValueError):  # ValueError: "max"
            name = "memory.max" if is_v2 else "memory.limit_in_bytes"
            limit = int(read_text(f"{directory}/{name}"))
            if 0 < limit < total_bytes:
                used_bytes = _memory_used(directory, is_v2=is_v2)
                used_bytes()  # if it can be asked, likewise
                found.append((limit, used_bytes))
    return min(found, key=lambda limit: limit[0], default=None)


def _directories(root: str, controller: str) -> Iterator[tuple[str, bool]]:
    """Yields the directories of this process's groups and of those around them, and if version 2.

    Not all of them need exist: inside of a container the outer ones are out of sight.
    """
    with suppress(OSError):
        for row in read_text(f"{root}/proc/self/cgroup").splitlines():
            _, _, rest = row.partition(":")
            controllers, _, path = rest.partition(":")
            if controllers and controller not in controllers.split(","):
                continue
            mount = f"{root}/sys/fs/cgroup/{controllers}".rstrip("/")
            parts = [part for part in path.split("/") if part not in ("", "..")]
            for depth in range(len(parts), -1, -1):
                yield "/".join([mount, *parts[:depth]]), not controllers


def _used_v2(directory: str) -> Callable[[], float]:
    return lambda: _named(read_text(f"{directory}/cpu.stat"), "usage_usec") / 1e6


def _used_v1(root: str, directory: str) -> Callable[[], float]:
    """Counts the time of a group: the file that does may lie elsewhere."""
    cgroups = f"{root}/sys/fs/cgroup/"
    controllers, slash, path = directory.removeprefix(cgroups).partition("/")
    if "cpuacct" not in controllers.split(","):
        directory = f"{cgroups}cpuacct{slash}{path}"
    return lambda: int(read_text(f"{directory}/cpuacct.usage")) / 1e9


def _memory_used(directory: str, *, is_v2: bool) -> Callable[[], float]:
    usage, cache = (
        ("memory.current", "inactive_file")
        if is_v2
        else ("memory.usage_in_bytes", "total_inactive_file")
    )

    def used_bytes() -> float:
        used = int(read_text(f"{directory}/{usage}"))
        return max(0, used - _named(read_text(f"{directory}/memory.stat"), cache))

    return used_bytes


def _named(text: str, name: str) -> int:
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    raise ValueError(f"no {name}")
