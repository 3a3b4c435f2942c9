"""What the operating system and the machine are, from a few files and system calls.

``platform.platform()`` takes 15 ms (it reads the interpreter's binary), ``nvidia-smi`` seconds; all
of this takes less than one millisecond.
"""

import os
import re

from repro.environment.gpus import observe_gpus
from repro.model.environment import Hardware, Platform
from repro.model.lazy_pattern import lazy_pattern

__all__ = ["observe_hardware", "observe_platform"]

_CPU_NAME = lazy_pattern(r"^(?:model name|cpu model|Model|Hardware)\s*:\s*(.+)$", re.MULTILINE)
_CPU_CODES = lazy_pattern(r"^CPU (implementer|part)\s*:\s*(\S+)$", re.MULTILINE)
_CPU_FLAGS = lazy_pattern(r"^(?:flags|Features|isa)\s*:\s*(.+)$", re.MULTILINE)
_PRETTY_NAME = lazy_pattern(r"^PRETTY_NAME=[\"']?(.*?)[\"']?$", re.MULTILINE)
_CPU_TEXT_CHARS = 16384


def observe_platform(*, etc: str = "/etc", container: str = "") -> Platform:
    """Returns the operating system.

    Args:
        etc: Where ``os-release`` lies.
        container: What `observe_container` says.
    """
    system = os.uname()
    name = _PRETTY_NAME.search(_text(f"{etc}/os-release") or _text("/usr/lib/os-release"))
    return Platform(
        system=system.sysname,
        release=system.release,
        machine=system.machine,
        libc=_libc(),
        distribution=name[1] if name else "",
        container=container,
    )


def observe_hardware(
    *,
    proc: str = "/proc",
    dev: str = "/dev",
    cgroups: str = "/sys/fs/cgroup",
    library_path: str = "",
) -> Hardware:
    """Returns the machine.

    Args:
        proc: Where the kernel's files are mounted.
        dev: Where its devices are.
        cgroups: Where its control groups are mounted.
        library_path: LD_LIBRARY_PATH of this process.
    """
    name, flags = _cpu(f"{proc}/cpuinfo")
    gpus = observe_gpus(proc=proc, dev=dev, library_path=library_path)
    return Hardware(
        cpu=name,
        n_cores=_n_cores(proc, cgroups),
        memory_bytes=_memory_bytes(),
        gpus=gpus.names,
        gpu_driver=gpus.driver,
        cpu_flags=flags,
        cuda=gpus.cuda,
        gpu_memory_bytes=gpus.memory_bytes,
    )


def _text(path: str, limit: int = -1) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read(limit)
    except OSError:  # another system, or no such device
        return ""


def _libc() -> str:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):  # musl, macOS
        return ""


def _cpu(path: str) -> tuple[str, str]:
    """Returns name and flags of the first CPU; the kernel takes a while to write of hundreds."""
    text = _text(path, _CPU_TEXT_CHARS)
    name, flags = _CPU_NAME.search(text), _CPU_FLAGS.search(text)
    codes = " ".join(" ".join(pair) for pair in dict.fromkeys(_CPU_CODES.findall(text)))
    known = name[1].strip() if name else codes  # ARM has numbers for names
    return known, " ".join(sorted(set(flags[1].split()))) if flags else ""


def _n_cores(proc: str, cgroups: str) -> int:
    """Returns the cores that may be used at one time: a share of 1.5 is 2, one of them half.

    A container is given a share of all cores, not some cores of its own.
    """
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    shares = (_share(words) for words in _quotas(proc, cgroups))
    return min([allowed, *(share for share in shares if share)])


def _quotas(proc: str, cgroups: str) -> list[list[str]]:
    """Returns quota and period of the process's control groups and of those around them."""
    quotas = []
    for row in _text(f"{proc}/self/cgroup").splitlines():
        _, _, rest = row.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        parts = [part for part in path.split("/") if part not in ("", "..")]
        for depth in range(len(parts), -1, -1):
            place = "/".join([f"{cgroups}/{controllers}".rstrip("/"), *parts[:depth]])
            if controllers:  # version 1
                names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
                quotas.append([_text(f"{place}/{name}").strip() for name in names])
            else:
                quotas.append(_text(f"{place}/cpu.max").split())
    return quotas


def _share(words: list[str]) -> int:
    """Returns a quota in cores, rounded up; 0 for no limit ("max", "-1", no such file)."""
    if len(words) != 2 or not all(word.isdecimal() for word in words) or words[1] == "0":
        return 0
    return -(-int(words[0]) // int(words[1]))


def _memory_bytes() -> int:
    try:
        return max(0, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (ValueError, OSError):
        return 0
