"""The GPUs that a process may use: which they are, and who can be asked about them."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from repro.errors import ReproError
from repro.sensors.machine import gpu_is_there
from repro.sensors.panel import Panel

__all__ = ["GpusUnreadableError", "open_gpus", "visible_gpus"]


class GpusUnreadableError(ReproError):
    """There is a GPU, and nobody to ask about it."""


def visible_gpus(env: Mapping[str, str]) -> tuple[str, ...] | None:
    """Returns what CUDA_VISIBLE_DEVICES names: numbers, and UUIDs or how they begin.

    Returns:
        None for all GPUs. As CUDA does, nothing from the first word on that is none of these.
    """
    text = env.get("CUDA_VISIBLE_DEVICES")
    if text is None:
        return None
    found: list[str] = []
    for word in text.split(","):
        name = word.strip()
        is_number = name.isdecimal() and name.isascii()
        if not (is_number or name.startswith(("GPU-", "MIG-"))) or name in found:
            break
        found.append(name)
    return tuple(found)


def open_gpus(
    env: Mapping[str, str],
    *,
    load_nvml: Callable[[], Any] | None = None,
    root: str = "",
) -> Panel | None:
    """Returns the sensors of the GPUs that a process may use, numbered as it numbers them.

    It may take seconds: a driver that nobody uses has to be woken.

    Args:
        env: Environment of the process.
        load_nvml: Returns the module ``pynvml``, or one that does the same.
        root: Where the system's files lie.

    Returns:
        None where there are none.

    Raises:
        GpusUnreadableError: There are some, but neither NVML nor nvidia-smi answers.
    """
    visible = visible_gpus(env)
    if visible == () or not gpu_is_there(root):
        return None
    from repro.sensors import nvidia_smi, nvml

    load = nvml.load_nvml if load_nvml is None else load_nvml
    openers: tuple[Callable[[], Panel], ...] = (
        lambda: nvml.nvml_panel(load(), visible),
        lambda: nvidia_smi.nvidia_smi_panel(env, visible),
    )
    problems: list[str] = []
    for opener in openers:
        try:
            panel = opener()
        except Exception as error:  # noqa: BLE001 - of a driver, its library or its tool: the next
            problems.append(str(error) or type(error).__name__)
        else:
            return panel if panel.names else None
    if not _has_device(root):
        return None
    raise GpusUnreadableError(problems[0])


def _has_device(root: str) -> bool:
    """Tells whether there is a GPU, and not the driver alone."""
    devices = _listed(f"{root}/dev")
    if any(name == "dxg" or name.removeprefix("nvidia").isdecimal() for name in devices):
        return True
    return bool(_listed(f"{root}/proc/driver/nvidia/gpus"))


def _listed(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []
