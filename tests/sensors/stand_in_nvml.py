"""A stand-in for NVIDIA's library, since tests cannot count on a GPU."""
# ruff: noqa: N802 - the names are the library's

from typing import NamedTuple, TypeVar

__all__ = ["Card", "NVMLError", "Nvml", "Part"]


T = TypeVar("T")


class NVMLError(Exception):
    """As the library's."""


class Memory(NamedTuple):
    total: int
    used: int


class Utilization(NamedTuple):
    gpu: int
    memory: int = 0


class Part(NamedTuple):
    """A part (MIG) of a GPU, or what it has of one."""

    uuid: str
    used_mb: int = 5_000
    total_mb: int = 10_000


class Card(NamedTuple):
    """A GPU. None is a figure that it does not have."""

    uuid: str
    busy: int | None = 50
    used_mb: int | None = 20_000
    total_mb: int = 80_000
    celsius: int | None = 60
    watts: int | None = 200
    limit_watts: int | None = 400
    parts: tuple[Part | None, ...] | None = None


class Nvml:
    """The module ``pynvml``, as far as it is used; None is a card that cannot be had."""

    NVMLError = NVMLError

    def __init__(self, *cards: Card | None) -> None:
        self.cards = list(cards)
        self.asked: list[str] = []

    def nvmlDeviceGetCount(self) -> int:
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Card:
        return _there(self.cards[index])

    def nvmlDeviceGetUUID(self, handle: Card | Part) -> bytes:
        return str(handle.uuid).encode()

    def nvmlDeviceGetMigMode(self, handle: Card) -> list[int]:
        if handle.parts is None:
            raise NVMLError("Not Supported")
        return [1, 1]

    def nvmlDeviceGetMaxMigDeviceCount(self, handle: Card) -> int:
        return 7 if handle.parts else 0

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: Card, index: int) -> Part:
        parts = handle.parts or ()
        return _there(parts[index] if index < len(parts) else None)

    def nvmlDeviceGetUtilizationRates(self, handle: Card | Part) -> Utilization:
        self.asked.append("utilization")
        return Utilization(_there(self._card(handle).busy if isinstance(handle, Card) else None))

    def nvmlDeviceGetMemoryInfo(self, handle: Card | Part) -> Memory:
        now = self._card(handle) if isinstance(handle, Card) else handle
        return Memory(now.total_mb * 10**6, _there(now.used_mb) * 10**6)

    def nvmlDeviceGetTemperature(self, handle: Card, sensor: int) -> int:
        assert sensor == 0
        return _there(self._card(handle).celsius)

    def nvmlDeviceGetPowerUsage(self, handle: Card) -> int:
        return _there(self._card(handle).watts) * 1000

    def nvmlDeviceGetEnforcedPowerLimit(self, handle: Card) -> int:
        return _there(self._card(handle).limit_watts) * 1000

    def _card(self, handle: Card) -> Card:
        """Returns the card as it is by now: a test may have changed it."""
        return next(card for card in self.cards if card is not None and card.uuid == handle.uuid)


def _there(value: T | None) -> T:
    if value is None:
        raise NVMLError("Not Supported")
    return value
