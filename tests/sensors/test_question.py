"""Questions that may never be answered."""

from threading import Event

import pytest

from repro.sensors.panel import Figures, Panel
from repro.sensors.question import Patient, Question


class _Slow:
    """A sensor that answers when it is let."""

    names = ("a", "b")

    def __init__(self) -> None:
        self.may_answer = Event()
        self.was_asked = Event()

    def read(self, at_s: float, /) -> Figures:
        self.was_asked.set()
        self.may_answer.wait(30)
        return (at_s, 2.0)


def test_an_answer_that_comes_in_time_is_given() -> None:
    assert Question(lambda: 5).answer(limit_s=30, or_until=Event()) == 5


def test_an_error_is_the_answer() -> None:
    def ask() -> int:
        raise KeyError("x")

    with pytest.raises(KeyError, match="x"):
        Question(ask).answer(limit_s=30, or_until=Event())


def test_what_is_not_answered_in_time_is_given_up() -> None:
    slow = _Slow()
    question = Question(lambda: slow.read(0.0))
    with pytest.raises(TimeoutError):
        question.answer(limit_s=0.01, or_until=Event())
    is_over = Event()
    is_over.set()
    with pytest.raises(TimeoutError):
        question.answer(limit_s=1e9, or_until=is_over)
    slow.may_answer.set()
    assert question.answer(limit_s=30, or_until=Event()) == (0.0, 2.0)


def test_a_sensor_that_hangs_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repro.sensors.question._LIMIT_S", 0.05)
    slow = _Slow()
    patient = Patient(slow, Event())
    panel = Panel([patient])
    assert list(panel.read(1.0)) == [None, None]
    assert patient.is_silent
    assert slow.was_asked.is_set()
    slow.was_asked.clear()
    slow.may_answer.set()
    assert list(panel.read(2.0)) == [None, None]
    assert not slow.was_asked.is_set()


def test_the_end_does_not_wait_for_a_sensor_and_blames_it_for_nothing() -> None:
    slow, is_over = _Slow(), Event()
    is_over.set()
    patient = Patient(slow, is_over)
    with pytest.raises(TimeoutError):
        patient.read(1.0)
    assert not patient.is_silent
    slow.may_answer.set()
    assert patient.read(1.0) == (1.0, 2.0)
