"""`repro run NOTEBOOK`: options may stand behind it, for a notebook has no arguments of its own."""

import sys
from collections.abc import Sequence

from repro.cli.options import Option, Values, read_quickly
from repro.errors import ReproError
from repro.notebook.command import notebook_command
from repro.record.request import Request, Surroundings

__all__ = ["NotebookArgumentError", "executing_notebook", "with_options_behind"]


class NotebookArgumentError(ReproError):
    """Words behind a notebook that are no options."""


def with_options_behind(
    options: Sequence[Option], values: Values, command: Sequence[str]
) -> tuple[Values, list[str]]:
    """Reads the options behind a notebook, and returns all options and the notebook alone.

    Raises:
        NotebookArgumentError: There is something else behind it.
    """
    read = read_quickly(options, command[1:])
    if read is None or read[1]:
        word = next(word for word in (read[1] if read else command[1:]))
        raise NotebookArgumentError(
            f"a notebook takes no arguments: {word}",
            hint=f"repro run {command[0]} --param NAME=VALUE",
        )
    return {name: _joined(values[name], behind) for name, behind in read[0].items()}, [command[0]]


def _joined(before: object, behind: object) -> object:
    if isinstance(before, tuple) and isinstance(behind, tuple):
        return (*before, *behind)
    return behind or before


def executing_notebook(request: Request, around: Surroundings) -> Request:
    """Returns the request with the program that executes its notebook.

    Raises:
        ReproError: It cannot be executed; see `repro.notebook.command.notebook_command`.
    """
    program = notebook_command(
        request.command[0], request.params, env=around.env, fallback=sys.executable
    )
    return request._replace(program=program)
