"""What the trace says of how a run's process ended: loaded modules, libraries' settings."""

import posixpath
from collections.abc import Sequence
from typing import TYPE_CHECKING

from repro.model.environment import Interpreter, Package
from repro.model.gap import Gap, GapKind
from repro.record.trace import (
    Exit,
    StartedInterpreter,
    Trace,
    main_interpreter,
    python_options,
)
from repro.secrets.redactor import Redactor

if TYPE_CHECKING:
    from repro.record.observer import Observed

__all__ = ["with_end"]

_VARIABLE = "environ."


def with_end(
    observed: "Observed",
    trace: Trace,
    *,
    top: str,
    redactor: Redactor,
    extra: Sequence[str] = (),
) -> "Observed":
    """Returns what was observed, with what the process said of itself at its end.

    Args:
        observed: The environment as it was seen from outside.
        trace: Read after the command had ended.
        top: Absolute path of the working tree.
        redactor: Takes secrets out of variables that the process had set.
        extra: Names of further variables to record with their values.
    """
    gaps = [*observed.gaps, *map(_failure, trace.failures)]
    main = main_interpreter(trace, top)
    environment = observed.environment
    if main is not None and main.notes_its_end:
        end = _end_of(main, trace)
        if end is None:
            gaps.append(_unseen())
        else:
            environment = environment._replace(
                runtime=_runtime(end, redactor, top, extra),
                modules=_modules(end, main.interpreter, top),
            )
            gaps += _edited(end, environment.packages)
    return observed._replace(environment=environment, gaps=tuple(dict.fromkeys(gaps)))


def _end_of(main: StartedInterpreter, trace: Trace) -> Exit | None:
    """Returns what the process said, or else another rank of the same training.

    Ranks are alike, and those other than 0 may end later than the run, or be killed.
    """
    if main.pid in trace.exits:
        return trace.exits[main.pid]
    program = _program(main)
    for other in reversed(trace.interpreters):
        if program is not None and other.pid in trace.exits and _program(other) == program:
            return trace.exits[other.pid]
    return None


def _program(started: StartedInterpreter) -> str | None:
    """Returns the module or script that it runs; None for a text or its input."""
    *_, (option, value) = python_options(started.argv)
    if option == "m":
        return f"-m {value}"
    if option or value in ("", "-"):
        return None
    return posixpath.normpath(posixpath.join(started.cwd, value))


def _runtime(end: Exit, redactor: Redactor, top: str, extra: Sequence[str]) -> dict[str, str]:
    """Returns the facts; of variables those that are recorded in any environment."""
    from repro.environment.variables import choose_variables

    facts = dict(end.runtime)
    changed = {
        name.removeprefix(_VARIABLE): facts.pop(name)
        for name in end.runtime
        if name.startswith(_VARIABLE)
    }
    chosen = choose_variables(changed, redactor=redactor, top=top, extra=extra)
    return facts | {f"{_VARIABLE}{name}": value for name, value in chosen.items()}


def _modules(end: Exit, interpreter: Interpreter, top: str) -> tuple[str, ...]:
    """Returns the files of modules from neither the environment nor the working tree.

    That they are not kept is known from their being read.
    """
    own = (f"{top}/", f"{interpreter.prefix}/", f"{interpreter.base_prefix}/lib/")
    return tuple(sorted({path for path in end.foreign if not path.startswith(own)}))


def _edited(end: Exit, packages: Sequence[Package]) -> tuple[Gap, ...]:
    if not end.loaded:
        return ()
    from repro.environment.edited import edited_gaps

    return edited_gaps(end.loaded, packages)


def _unseen() -> Gap:
    return Gap(
        GapKind.ENVIRONMENT,
        "runtime",
        "the process ended without saying which libraries it had loaded and how they were set",
        "let it end by itself, not by os._exit or a signal",
    )


def _failure(text: str) -> Gap:
    reason = f"it raised {text}; what it sets up was missing"
    return Gap(GapKind.ENVIRONMENT, "sitecustomize", reason, "correct it: python -c ''")
