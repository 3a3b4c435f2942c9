"""``@repro.run``: each call of a function is a run."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar, overload

from repro.api.active import ActiveRun
from repro.api.begin import start_run
from repro.api.number import NotANumberError, number_from
from repro.api.telling import warn

__all__ = ["run"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


@overload
def run(function: Callable[_P, _R], /) -> Callable[_P, _R]: ...
@overload
def run(
    *,
    name: str | None = None,
    params: object = None,
    tags: Mapping[str, object] | None = None,
    message: str | None = None,
    nested: bool = False,
    resume: str | None = None,
    quiet: bool | None = None,
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]: ...
def run(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Makes a run of each call of a function, ``async`` or not.

    Its arguments are the run's params. When it returns a mapping, the numbers in it are logged as
    metrics::

        @repro.run
        def train(lr: float = 0.1, layers: int = 2) -> dict[str, float]:
            ...
            return {"accuracy": accuracy}


        train(lr=0.5)

    Args:
        function: The function.
        options: As of `repro.start_run`: ``@repro.run(name="baseline", tags={"stage": "dev"})``.
    """
    if function is None:
        return lambda function: _wrapped(function, options)
    return _wrapped(function, options)


def _wrapped(function: Callable[..., Any], options: dict[str, Any]) -> Callable[..., Any]:
    import inspect

    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def call_async(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the function's
            with _begun(function, options, args, kwargs) as run:
                return _logged(run, await function(*args, **kwargs))

        return call_async

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the function's
        with _begun(function, options, args, kwargs) as run:
            return _logged(run, function(*args, **kwargs))

    return call


def _begun(
    function: Callable[..., Any],
    options: dict[str, Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> ActiveRun:
    run = start_run(**options)
    given = _arguments(function, args, kwargs)
    if given:
        run.log_params(given)
    return run


def _arguments(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Returns the arguments by name, defaults included; none where they do not fit.

    The call itself then raises what it always would.
    """
    import inspect

    try:
        signature = inspect.signature(function)
        bound = signature.bind(*args, **kwargs)
    except (TypeError, ValueError):
        return {}
    bound.apply_defaults()
    found: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            found.update(value)
        elif kind is inspect.Parameter.VAR_POSITIONAL:
            found.update({name: value} if value else {})
        elif name not in ("self", "cls"):
            found[name] = value
    return found


def _logged(run: ActiveRun, result: _R) -> _R:
    try:
        metrics = dict(_numbers(result)) if isinstance(result, Mapping) else {}
    except Exception as error:  # noqa: BLE001 - a mapping of the user's may raise anything
        warn(f"what the function returned could not be logged: {error}")
        metrics = {}
    if metrics:
        run.log_metrics(metrics)
    return result


def _numbers(result: Mapping[Any, Any]) -> list[tuple[str, float]]:
    found = []
    for name, value in result.items():
        try:
            found.append((str(name), number_from(value)))
        except NotANumberError:
            continue
    return found
