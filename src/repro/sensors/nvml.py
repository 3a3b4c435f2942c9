"""GPUs, asked by NVIDIA's own library."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from repro.sensors.panel import Figures, Panel, open_panel

__all__ = ["load_nvml", "nvml_panel"]

_MB = 1e6
_CHIP = 0
"""NVML_TEMPERATURE_GPU: the sensor of the chip itself, which every GPU has."""


class _Gpu(NamedTuple):
    """What the library calls a device.

    Attributes:
        handle: What the process uses: a GPU, or a part of one (MIG).
        card: The GPU that it is, or is a part of: its temperature and power are those of all parts.
    """

    handle: Any
    card: Any


class _Figure:
    """One question to the library about one GPU.

    Attributes:
        names: What the answers are called.
    """

    def __init__(self, names: tuple[str, ...], ask: Callable[[], Figures]) -> None:
        self.names = names
        self._ask = ask

    def read(self, _at_s: float, /) -> Figures:
        """Asks."""
        return self._ask()


def load_nvml() -> Any:  # noqa: ANN401 - a module without types
    """Returns the library's module, ready to be asked.

    Raises:
        Exception: There is no library or no driver, by errors of their own.
    """
    import pynvml

    pynvml.nvmlInit()
    return pynvml


def nvml_panel(nvml: Any, visible: tuple[str, ...] | None) -> Panel:  # noqa: ANN401
    """Returns a sensor for each thing that each GPU can tell.

    What it can't tell now (a part of a GPU has no power of its own) is not asked again.

    Args:
        nvml: The module ``pynvml``, initialised.
        visible: See `repro.sensors.gpus.visible_gpus`.

    Raises:
        Exception: The library's own error; also where there are GPUs, and none tells anything.
    """
    figures = [
        figure
        for number, gpu in enumerate(_gpus(nvml, visible))
        for figure in _figures(nvml, gpu, f"gpu_{number}")
    ]
    panel, _, problems = open_panel([partial(_same, figure) for figure in figures], 0.0)
    if problems and not panel.names:
        raise problems[0]
    return panel


def _same(figure: _Figure) -> _Figure:
    return figure


def _figures(nvml: Any, gpu: _Gpu, name: str) -> list[_Figure]:  # noqa: ANN401
    def utilization() -> Figures:
        return (float(nvml.nvmlDeviceGetUtilizationRates(gpu.handle).gpu),)

    def memory() -> Figures:
        found = nvml.nvmlDeviceGetMemoryInfo(gpu.handle)
        share = 100 * found.used / found.total if found.total else None
        return (found.used / _MB, share)

    def temperature() -> Figures:
        return (float(nvml.nvmlDeviceGetTemperature(gpu.card, _CHIP)),)

    def power() -> Figures:
        milliwatts = nvml.nvmlDeviceGetPowerUsage(gpu.card)
        share = (100 * milliwatts / limit,) if limit else ()
        return (milliwatts / 1000, *share)

    limit = _power_limit(nvml, gpu.card)
    drawn = (f"{name}_power_usage_watts", f"{name}_power_usage_percentage")

    used = (f"{name}_memory_usage_megabytes", f"{name}_memory_usage_percentage")
    return [
        _Figure((f"{name}_utilization_percentage",), utilization),
        _Figure(used, memory),
        _Figure((f"{name}_temperature_celsius",), temperature),
        _Figure(drawn if limit else drawn[:1], power),
    ]


def _power_limit(nvml: Any, card: Any) -> int:  # noqa: ANN401
    """Returns the limit in milliwatts; 0 where there is none."""
    try:
        return int(nvml.nvmlDeviceGetEnforcedPowerLimit(card))
    except nvml.NVMLError:  # it has none, and draws power all the same
        return 0


def _gpus(nvml: Any, visible: tuple[str, ...] | None) -> list[_Gpu]:  # noqa: ANN401
    """Returns the GPUs in the order of the process, up to the first that is not there."""
    cards = [_card(nvml, index) for index in range(int(nvml.nvmlDeviceGetCount()))]
    if visible is None:
        return [_usable(nvml, card) for card in cards if card is not None]
    found: list[_Gpu] = []
    for word in visible:
        gpu = _named(nvml, cards, word)
        if gpu is None:
            break
        found.append(gpu)
    return found


def _card(nvml: Any, index: int) -> Any:  # noqa: ANN401
    try:
        return nvml.nvmlDeviceGetHandleByIndex(index)
    except nvml.NVMLError:  # lost, or not ours to use: the others are
        return None


def _named(nvml: Any, cards: list[Any], word: str) -> _Gpu | None:  # noqa: ANN401
    if word.isdecimal():
        card = cards[int(word)] if int(word) < len(cards) else None
        return None if card is None else _usable(nvml, card)
    for card in cards:
        if card is not None:
            if _uuid(nvml, card).startswith(word):
                return _usable(nvml, card)
            for part in _parts(nvml, card):
                if _uuid(nvml, part).startswith(word):
                    return _Gpu(part, card)
    return None


def _usable(nvml: Any, card: Any) -> _Gpu:  # noqa: ANN401
    """Returns the GPU; where it is cut in parts, the first: CUDA gives a process no other."""
    return _Gpu(next(iter(_parts(nvml, card)), card), card)


def _parts(nvml: Any, card: Any) -> list[Any]:  # noqa: ANN401
    """Returns the parts (MIG) of a GPU; none for one that is whole."""
    found: list[Any] = []
    try:
        if not nvml.nvmlDeviceGetMigMode(card)[0]:
            return []
        for index in range(int(nvml.nvmlDeviceGetMaxMigDeviceCount(card))):
            part = _part(nvml, card, index)
            if part is not None:
                found.append(part)
    except nvml.NVMLError:  # a GPU, or a driver, that knows of no parts
        return found
    return found


def _part(nvml: Any, card: Any, index: int) -> Any:  # noqa: ANN401
    try:
        return nvml.nvmlDeviceGetMigDeviceHandleByIndex(card, index)
    except nvml.NVMLError:  # their numbers have holes
        return None


def _uuid(nvml: Any, handle: Any) -> str:  # noqa: ANN401
    found = nvml.nvmlDeviceGetUUID(handle)
    return found.decode("ascii", "replace") if isinstance(found, bytes) else str(found)
