"""Finds NVIDIA's GPUs: by the driver's own library, else by the files of its kernel module."""

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from repro.model.lazy_pattern import lazy_pattern

__all__ = ["Gpus", "observe_gpus"]

_GPU_NAME = lazy_pattern(r"^Model:\s*(.+?)\s*$", re.MULTILINE)
_DRIVER = lazy_pattern(r"^NVRM version:.*?\s(\d+(?:\.\d+)+)\s", re.MULTILINE)
_LIBRARY = "libnvidia-ml.so.1"
_LIBRARY_PLACES = (
    *("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"),
    *("/usr/lib/wsl/lib", "/usr/local/nvidia/lib64", "/run/opengl-driver/lib"),
)
_TIMEOUT_S = 5.0


class Gpus(NamedTuple):
    """What was found; as in `repro.model.environment.Hardware`."""

    names: tuple[str, ...] = ()
    memory_bytes: tuple[int, ...] = ()
    driver: str | None = None
    cuda: str | None = None


def observe_gpus(*, proc: str = "/proc", dev: str = "/dev", library_path: str = "") -> Gpus:
    """Returns the GPUs; none is no error, and neither is a driver that does not answer.

    Args:
        proc: Where the kernel's files are mounted.
        dev: Where its devices are.
        library_path: LD_LIBRARY_PATH of this process.
    """
    by_files = _by_files(f"{proc}/driver/nvidia")
    if not (by_files.names or by_files.driver or _may_have_driver(dev, library_path)):
        return by_files
    found = _by_library_in_time()
    return found if found.names else by_files._replace(cuda=found.cuda)


def _by_files(directory: str) -> Gpus:
    driver = _DRIVER.search(_text(f"{directory}/version"))
    try:
        addresses = sorted(os.listdir(f"{directory}/gpus"))
    except OSError:
        addresses = []
    names = (_GPU_NAME.search(_text(f"{directory}/gpus/{at}/information")) for at in addresses)
    return Gpus(tuple(name[1] for name in names if name), driver=driver[1] if driver else None)


def _may_have_driver(dev: str, library_path: str) -> bool:
    """Tells whether it is worth the time to load the driver's library."""
    if any(os.path.exists(f"{dev}/{name}") for name in ("nvidiactl", "nvidia0", "dxg")):
        return True
    places = (*(place for place in library_path.split(":") if place), *_LIBRARY_PLACES)
    return any(os.path.exists(f"{place}/{_LIBRARY}") for place in places)


def _by_library_in_time() -> Gpus:
    """Asks in a thread: a driver whose GPU has died answers after minutes, or never."""
    from threading import Thread

    answers: list[Gpus] = []
    thread = Thread(target=lambda: answers.append(_by_library()), daemon=True)
    thread.start()
    thread.join(_TIMEOUT_S)
    return answers[0] if answers else Gpus()


def _by_library() -> Gpus:
    try:
        import pynvml
    except ImportError:
        return Gpus()
    try:
        pynvml.nvmlInit()
    except (pynvml.NVMLError, OSError, AttributeError):  # no driver, or one that is not loaded
        return Gpus()
    try:
        seen = list(_each())
        driver = _text_of(pynvml.nvmlSystemGetDriverVersion())
        cuda = int(pynvml.nvmlSystemGetCudaDriverVersion_v2())
        names, sizes = tuple(name for name, _ in seen), tuple(size for _, size in seen)
        return Gpus(names, sizes, driver or None, f"{cuda // 1000}.{cuda % 1000 // 10}")
    except (pynvml.NVMLError, OSError, AttributeError):
        return Gpus()
    finally:
        _end()


def _each() -> Iterator[tuple[str, int]]:
    import pynvml

    for index in range(int(pynvml.nvmlDeviceGetCount())):
        try:
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            name = _text_of(pynvml.nvmlDeviceGetName(handle))
        except pynvml.NVMLError:  # lost, or not ours to use
            continue
        try:
            size = int(pynvml.nvmlDeviceGetMemoryInfo(handle).total)
        except pynvml.NVMLError:  # it shares the machine's memory
            size = 0
        yield name, size


def _end() -> None:
    import pynvml

    try:
        pynvml.nvmlShutdown()
    except pynvml.NVMLError:  # all has been said by then
        return


def _text_of(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""
