"""CPU, memory, disks and network of the machine, or of the part of it that a container has."""

import os

from repro.sensors.control_groups import cpu_limit, memory_limit
from repro.sensors.panel import Figures, Panel, open_panel, read_text
from repro.sensors.processes import ProcessTree

__all__ = ["Cpu", "DiskSpace", "DiskTraffic", "Memory", "Network", "gpu_is_there", "open_machine"]

_MB = 1e6
_SECTOR_BYTES = 512
"""The unit of the kernel's counters, whatever the disk's own is."""
_UNREAL_DISKS = ("loop", "ram", "zram", "dm-", "md", "sr", "fd", "drbd", "bcache")
"""Their traffic is that of memory, or counted again where it meets a real one."""
_INNER_LINKS = ("veth", "docker", "br-", "virbr", "cni", "flannel", "cali", "bond", "team", "ifb")
"""Their traffic is between containers of the machine, or counted again at its own interfaces."""


def open_machine(
    pid: int, *, path: str, root: str = "", at_s: float = 0.0
) -> tuple[Panel, Figures]:
    """Returns the sensors that this machine has, GPUs apart, and their first figures.

    Args:
        pid: Of the process whose own figures, with those of the ones below it, are wanted too.
        path: On the file system to watch.
        root: Where the system's files lie.
        at_s: Now, by a clock that never goes back.
    """
    openers = (
        lambda: Cpu(root),
        lambda: Memory(root),
        lambda: ProcessTree(pid, root),
        lambda: DiskSpace(path),
        lambda: DiskTraffic(root),
        lambda: Network(root),
    )
    panel, figures, _ = open_panel(openers, at_s)
    return panel, figures


def gpu_is_there(root: str = "") -> bool:
    """Tells whether the driver of a GPU is there, without loading anything.

    Args:
        root: Where the system's files lie.
    """
    try:
        devices = os.listdir(f"{root}/dev")
    except OSError:
        devices = []
    is_device = any(name.startswith("nvidia") or name == "dxg" for name in devices)  # dxg: WSL
    return is_device or os.path.isdir(f"{root}/proc/driver/nvidia")


class Cpu:
    """How busy the CPUs are that this process may use."""

    names = ("cpu_utilization_percentage",)

    def __init__(self, root: str = "") -> None:
        """Looks at what may be used.

        Args:
            root: Where the system's files lie.

        Raises:
            OSError: The kernel has no such figures.
        """
        self._path = f"{root}/proc/stat"
        self._allowed = _allowed_cpus(root)
        limit = cpu_limit(root)
        is_less = limit is not None and limit[0] < (len(self._allowed) or limit[0] + 1)
        self._limit = limit if is_less else None
        self._last: tuple[float, float] | None = None

    def read(self, at_s: float, /) -> Figures:
        """Returns the share of the time since the last call."""
        now, last = self._now(at_s), self._last
        self._last = now
        if last is None or now[1] <= last[1]:
            return (None,)
        return (min(100.0, max(0.0, 100 * (now[0] - last[0]) / (now[1] - last[1]))),)

    def _now(self, at_s: float) -> tuple[float, float]:
        """Returns the time that was used, and the time that could have been, in the same unit."""
        if self._limit is not None:
            n_cores, used_s = self._limit
            return used_s(), at_s * n_cores
        rows = [row.split() for row in read_text(self._path).splitlines() if row[:3] == "cpu"]
        some = [row for row in rows[1:] if row[0] in self._allowed]
        chosen = some if 0 < len(some) < len(rows) - 1 else rows[:1]
        # Of a guest's time the kernel counts each tick twice: only the first eight add up.
        ticks = [list(map(int, row[1:9])) for row in chosen]
        total = sum(map(sum, ticks))
        return total - sum(row[3] + row[4] for row in ticks), total


def _allowed_cpus(root: str) -> frozenset[str]:
    """Returns the names of the CPUs that this process may run on; none where nobody says."""
    for line in read_text(f"{root}/proc/self/status").splitlines():
        name, _, text = line.partition(":")
        if name == "Cpus_allowed_list":
            spans = (span.partition("-") for span in text.strip().split(",") if span)
            return frozenset(
                f"cpu{cpu}"
                for first, _, last in spans
                for cpu in range(int(first), int(last or first) + 1)
            )
    return frozenset()


class Memory:
    """How much of the memory is in use, caches that can be dropped left out."""

    names = ("system_memory_usage_megabytes", "system_memory_usage_percentage")

    def __init__(self, root: str = "") -> None:
        """Looks at what may be used; see `Cpu`."""
        self._path = f"{root}/proc/meminfo"
        self._limit = memory_limit(root, self._machine()[1])

    def read(self, _at_s: float, /) -> Figures:
        """Returns how much there is, and which share of what may be used."""
        if self._limit is None:
            used_bytes, total_bytes = self._machine()
        else:
            total_bytes, now_used_bytes = self._limit
            used_bytes = now_used_bytes()
        return (used_bytes / _MB, 100 * used_bytes / total_bytes)

    def _machine(self) -> tuple[float, float]:
        """Returns what is used and what there is, in bytes."""
        rows = (line.split() for line in read_text(self._path).splitlines())
        kib = {row[0]: int(row[1]) for row in rows if len(row) > 1}
        total = kib["MemTotal:"]
        available = kib.get("MemAvailable:")
        if available is None:  # a kernel before 3.14
            available = sum(kib.get(name, 0) for name in ("MemFree:", "Buffers:", "Cached:"))
        return (total - available) * 1024, total * 1024


class DiskSpace:
    """How full the file system is that the work lies on."""

    names = ("disk_usage_percentage", "disk_usage_megabytes", "disk_available_megabytes")

    def __init__(self, path: str) -> None:
        """Takes any path on it."""
        self._path = path

    def read(self, _at_s: float, /) -> Figures:
        """Returns the share in use, what is used, and what this user could still write."""
        system = os.statvfs(self._path)
        used = (system.f_blocks - system.f_bfree) * system.f_frsize
        free = system.f_bavail * system.f_frsize
        share = 100 * used / (used + free) if used + free else None
        return (share, used / _MB, free / _MB)


class DiskTraffic:
    """What the machine's disks read and write, all of them together."""

    names = ("disk_read_megabytes_per_second", "disk_write_megabytes_per_second")

    def __init__(self, root: str = "") -> None:
        """Takes the same as `Cpu`."""
        self._path = f"{root}/proc/diskstats"
        self._last: tuple[float, int, int] | None = None

    def read(self, at_s: float, /) -> Figures:
        """Returns the rates since the last call.

        Raises:
            OSError: There are no disks to be seen.
        """
        (n_read, n_written), last = self._sectors(), self._last
        self._last = (at_s, n_read, n_written)
        if last is None or at_s <= last[0]:
            return (None, None)
        unit = _SECTOR_BYTES / _MB / (at_s - last[0])
        return (max(0, n_read - last[1]) * unit, max(0, n_written - last[2]) * unit)

    def _sectors(self) -> tuple[int, int]:
        """Returns how many were read and written."""
        n_read = n_written = 0
        disk = ""
        for line in read_text(self._path).splitlines():
            row = line.split()
            if len(row) < 10 or row[2].startswith(_UNREAL_DISKS):
                continue
            if disk and row[2].startswith(disk) and row[2][len(disk) :].lstrip("p").isdecimal():
                continue  # a partition of the disk before it
            disk = row[2]
            n_read += int(row[5])
            n_written += int(row[9])
        if not disk:
            raise OSError(f"no disks in {self._path}")
        return n_read, n_written


class Network:
    """What came and went since the first call; what stays within the machine is not counted."""

    names = ("network_receive_megabytes", "network_transmit_megabytes")

    def __init__(self, root: str = "") -> None:
        """Takes the same as `Cpu`."""
        self._path = f"{root}/proc/net/dev"
        self._last: dict[str, tuple[int, int]] | None = None
        self._received = self._sent = 0

    def read(self, _at_s: float, /) -> Figures:
        """Returns both sums; a counter that fell began again from nothing."""
        now = self._counters()
        if self._last is not None:
            for name, counts in now.items():
                before = self._last.get(name, (0, 0))
                got, sent = (
                    count - was if count >= was else count
                    for count, was in zip(counts, before, strict=True)
                )
                self._received += got
                self._sent += sent
        self._last = now
        return (self._received / _MB, self._sent / _MB)

    def _counters(self) -> dict[str, tuple[int, int]]:
        """Returns the bytes received and sent by interface."""
        found = {}
        for line in read_text(self._path).splitlines()[2:]:
            name, _, rest = line.rpartition(":")
            row = rest.split()
            if name.strip() != "lo" and not name.strip().startswith(_INNER_LINKS) and len(row) > 8:
                found[name.strip()] = (int(row[0]), int(row[8]))
        return found
