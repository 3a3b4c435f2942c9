"""What the operating system and the machine are, from a few files and system calls.

``platform.platform()`` takes 15 ms (it reads the interpreter's binary), ``nvidia-smi`` seconds; all
of this takes less than one millisecond.
"""

import os
import re

from repro.model.environment import Hardware, Platform

__all__ = ["observe_hardware", "observe_platform"]

_CPU_NAME = re.compile(r"^(?:model name|cpu model|Model|Hardware)\s*:\s*(.+)$", re.MULTILINE)
_PRETTY_NAME = re.compile(r"^PRETTY_NAME=[\"']?(.*?)[\"']?$", re.MULTILINE)
_GPU_NAME = re.compile(r"^Model:\s*(.+?)\s*$", re.MULTILINE)
_DRIVER = re.compile(r"^NVRM version:.*?\s(\d+(?:\.\d+)+)\s", re.MULTILINE)


def observe_platform(*, etc: str = "/etc") -> Platform:
    """Returns the operating system.

    Args:
        etc: Where ``os-release`` lies.
    """
    system = os.uname()
    name = _PRETTY_NAME.search(_text(f"{etc}/os-release") or _text("/usr/lib/os-release"))
    return Platform(
        system=system.sysname,
        release=system.release,
        machine=system.machine,
        libc=_libc(),
        distribution=name[1] if name else "",
    )


def observe_hardware(*, proc: str = "/proc") -> Hardware:
    """Returns the machine.

    Args:
        proc: Where the kernel's files are mounted.
    """
    cpu = _CPU_NAME.search(_text(f"{proc}/cpuinfo"))
    driver = _DRIVER.search(_text(f"{proc}/driver/nvidia/version"))
    return Hardware(
        cpu=cpu[1].strip() if cpu else "",
        n_cores=_n_cores(),
        memory_bytes=_memory_bytes(),
        gpus=_gpus(f"{proc}/driver/nvidia/gpus"),
        gpu_driver=driver[1] if driver else None,
    )


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:  # another system, or no such device
        return ""


def _libc() -> str:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):  # musl, macOS
        return ""


def _n_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_bytes() -> int:
    try:
        return max(0, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (ValueError, OSError):
        return 0


def _gpus(directory: str) -> tuple[str, ...]:
    try:
        addresses = sorted(os.listdir(directory))
    except OSError:
        return ()
    names = (_GPU_NAME.search(_text(f"{directory}/{x}/information")) for x in addresses)
    return tuple(name[1] for name in names if name)
