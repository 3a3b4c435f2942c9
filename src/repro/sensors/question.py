"""Questions that may never be answered, such as those to the driver of a GPU that has died."""

from collections.abc import Callable
from threading import Event, Thread
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from repro.sensors.panel import Figures
    from repro.sensors.sensor import Sensor

__all__ = ["Patient", "Question"]

T = TypeVar("T")

_LOOK_S = 0.02
_LIMIT_S = 2.0
_LAST_LIMIT_S = 0.3


class Question(Generic[T]):
    """Asked at once, in a thread of its own."""

    def __init__(self, ask: Callable[[], T]) -> None:
        """Asks."""
        self._ask = ask
        self._answers: list[T] = []
        self._error: Exception | None = None
        self._is_over = Event()
        Thread(target=self._work, daemon=True).start()

    def answer(self, *, limit_s: float, or_until: Event) -> T:
        """Waits for the answer.

        Args:
            limit_s: So long.
            or_until: And no longer than until this happens.

        Raises:
            TimeoutError: It did not come.
            Exception: It is an error.
        """
        waited_s = 0.0
        while not self._is_over.wait(_LOOK_S):
            waited_s += _LOOK_S
            if waited_s >= limit_s or or_until.is_set():
                raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._answers[0]

    def _work(self) -> None:
        try:
            self._answers.append(self._ask())
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for who waits
            self._error = error
        self._is_over.set()


class Patient:
    """A sensor that another one cannot keep waiting.

    Attributes:
        names: Of the other.
        is_silent: Whether it did not answer in time.
    """

    def __init__(self, sensor: "Sensor", is_over: Event) -> None:
        """Takes the other sensor, and what happens when there is no more time."""
        self.names = sensor.names
        self.is_silent = False
        self._sensor = sensor
        self._is_over = is_over

    def read(self, at_s: float, /) -> "Figures":
        """Asks the other.

        Raises:
            TimeoutError: It did not answer in time.
            Exception: Its own error.
        """
        is_last = self._is_over.is_set()
        question = Question(lambda: self._sensor.read(at_s))
        try:
            return question.answer(
                limit_s=_LAST_LIMIT_S if is_last else _LIMIT_S,
                or_until=Event() if is_last else self._is_over,
            )
        except TimeoutError:
            self.is_silent = not self._is_over.is_set()
            raise
