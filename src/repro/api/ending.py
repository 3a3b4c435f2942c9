"""How a run ended, by the exception that ended it, or by how the process ends."""

import sys
from typing import Any

__all__ = ["ending_of", "ending_of_process", "status_from", "unwatch_exit", "watch_exit"]

_STATUSES = {
    "killed": "interrupted",
    "crashed": "failed",
    "success": "finished",
    "ok": "finished",
}
"""Words of others for the same."""

_state: dict[str, Any] = {}


def status_from(text: object) -> str:
    """Returns "finished", "failed" or "interrupted" for what people call them."""
    word = str(getattr(text, "value", text)).lower()
    word = _STATUSES.get(word, word)
    return word if word in ("finished", "failed", "interrupted") else "finished"


def ending_of(error: BaseException | None) -> tuple[str, int | None]:
    """Returns status and exit code, as they are when nobody catches an exception.

    Args:
        error: The exception; None for none.
    """
    if error is None:
        return "finished", 0
    if isinstance(error, SystemExit):
        return _ending_by_code(error.code)
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", 130
    if type(error).__name__ == "CancelledError":  # of asyncio, anyio, concurrent.futures
        return "interrupted", None
    return "failed", 1


def watch_exit() -> None:
    """Notes from now on what `sys.exit` is called with, and which exception was there before."""
    _state["before"] = _last_error()
    if "exit" in _state:
        return
    _state["exit"] = real = sys.exit

    def exit(status: Any = None, /) -> Any:  # noqa: A001, ANN401 - it stands in for sys.exit
        _state["code"] = status
        return real(status)

    exit.__doc__ = real.__doc__
    _state["ours"] = sys.exit = exit


def unwatch_exit() -> None:
    """Puts `sys.exit` back, unless somebody has put another one in its place meanwhile."""
    if "exit" in _state and sys.exit is _state["ours"]:
        sys.exit = _state.pop("exit")
        _state.pop("code", None)


def ending_of_process() -> tuple[str, int | None]:
    """Returns status and exit code of a process that is about to end."""
    error = _last_error()
    is_interactive = hasattr(sys, "ps1") or bool(sys.flags.interactive)
    if error is not None and error is not _state.get("before") and not is_interactive:
        return ending_of(error)
    if "code" in _state:
        return _ending_by_code(_state["code"])
    return "finished", 0


def _ending_by_code(code: object) -> tuple[str, int]:
    if code is None:
        return "finished", 0
    number = code if isinstance(code, int) else 1  # a text is printed, and the code is 1
    if number == 130:
        return "interrupted", 130
    return ("failed" if number else "finished"), int(number) & 0xFF


def _last_error() -> BaseException | None:
    """Returns the exception that nobody caught, if there was one."""
    found = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    return found if isinstance(found, BaseException) else None
