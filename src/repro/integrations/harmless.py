"""What goes wrong in a callback does not reach the training that it watches."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from repro.api.begin import the_run
from repro.model.gap import GapKind

__all__ = ["harmless"]

_P = ParamSpec("_P")


def harmless(kind: GapKind) -> Callable[[Callable[_P, None]], Callable[_P, None]]:
    """Makes a warning, and a gap in the record, of whatever a function raises.

    Args:
        kind: Of the gap: what is missing in the record then.
    """

    def decorate(function: Callable[_P, None]) -> Callable[_P, None]:
        @wraps(function)
        def call(*args: _P.args, **kwargs: _P.kwargs) -> None:
            try:
                function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - on purpose: no record is worth the training
                framework = function.__module__.rpartition(".")[2]
                reason = f"it could not be logged: {type(error).__name__}: {error}"
                the_run().complain(kind, f"{framework}: {function.__name__}", reason[:300])

        return call

    return decorate
