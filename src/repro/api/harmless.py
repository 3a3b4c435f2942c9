"""Keeps what goes wrong in here out of the training."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from repro.model.gap import GapKind

__all__ = ["harmless"]


class _Complaining(Protocol):
    def complain(self, kind: GapKind, subject: str, reason: str, fix: str = "") -> None:
        """Warns, and makes a gap of it."""


_P = ParamSpec("_P")
_R = TypeVar("_R", bound=_Complaining)


def harmless(
    kind: GapKind,
) -> Callable[[Callable[Concatenate[_R, _P], None]], Callable[Concatenate[_R, _P], None]]:
    """Makes a gap of whatever a method of a run raises.

    Args:
        kind: Of the gap.
    """

    def decorate(
        method: Callable[Concatenate[_R, _P], None],
    ) -> Callable[Concatenate[_R, _P], None]:
        @wraps(method)
        def call(run: _R, /, *args: _P.args, **kwargs: _P.kwargs) -> None:
            try:
                method(run, *args, **kwargs)
            except Exception as error:  # noqa: BLE001 - on purpose: the training goes on
                reason = f"it could not be logged: {type(error).__name__}: {error}"
                subject = f"repro.{method.__name__}"
                run.complain(kind, subject, reason[:300], "see the warning of the logger repro")

        return call

    return decorate
