"""``%%repro``: a cell that is a run."""

import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

from repro.api.active import ActiveRun
from repro.api.begin import start_run
from repro.api.ending import ending_of
from repro.model.values import Params, parse_scalar

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

__all__ = ["CellRuns", "MagicLine", "read_magic_line"]

_MAGIC = "%%repro"
_USAGE = "%%repro [-n NAME] [-m MESSAGE] [--param K=V] [--tag TAG]... [-q]"


class MagicLine(NamedTuple):
    """What stands behind ``%%repro``.

    Attributes:
        name: None for one of ours.
        message: "" for none.
        params: By name.
        tags: By name; "" for one without a value.
        is_quiet: Whether nothing is to be printed of the run.
    """

    name: str | None = None
    message: str = ""
    params: Params = {}
    tags: dict[str, str] = {}
    is_quiet: bool = False


def read_magic_line(line: str) -> MagicLine:
    """Reads the options of the magic, which are those of ``repro run``.

    Raises:
        ValueError: There is something else, or something is missing.
    """
    words = shlex.split(line)
    found = MagicLine(params={}, tags={})
    while words:
        word, equals, value = words.pop(0).partition("=")
        if word in ("-q", "--quiet") and not equals:
            found = found._replace(is_quiet=True)
            continue
        if word not in ("-n", "--name", "-m", "--message", "--param", "--tag"):
            raise ValueError(f"not an option of the magic: {word}")
        if not equals:
            if not words:
                raise ValueError(f"{word} needs a value")
            value = words.pop(0)
        name, has_value, text = value.partition("=")
        if word == "--param":
            if not has_value or not name:
                raise ValueError(f"not of the form NAME=VALUE: {value}")
            found.params[name] = parse_scalar(text)
        elif word == "--tag":
            found.tags[name] = text
        elif word in ("-n", "--name"):
            found = found._replace(name=value)
        else:
            found = found._replace(message=value)
    return found


class CellRuns:
    """The magic in one shell.

    A cell that begins with it is not handed to a function, as is usual: its first line becomes one
    that begins a run, and the run ends with the cell. So the rest is executed as in any cell, with
    its last value shown, ``await``, and tracebacks that name the lines of the cell.
    """

    def __init__(self, shell: "InteractiveShell") -> None:
        self._shell: Any = shell  # the half of it is untyped
        self._depth = 0
        self._runs: list[tuple[int, ActiveRun]] = []

    def start(self) -> None:
        """Adds it."""
        shell = self._shell
        shell.register_magic_function(self.begin, "line", "repro")
        shell.register_magic_function(self.run_cell, "cell", "repro")
        # In front of what makes a call of any cell magic.
        shell.input_transformers_cleanup.append(_opened)
        shell.events.register("pre_run_cell", self._enter)
        shell.events.register("post_run_cell", self._leave)

    def stop(self) -> None:
        """Takes it away."""
        shell = self._shell
        for kind in ("line", "cell"):
            shell.magics_manager.magics[kind].pop("repro", None)
        shell.input_transformers_cleanup.remove(_opened)
        shell.events.unregister("pre_run_cell", self._enter)
        shell.events.unregister("post_run_cell", self._leave)

    def begin(self, line: str) -> None:
        """Begin a run that ends with this cell: see %%repro."""
        asked = self._read(line)
        run = start_run(
            name=asked.name,
            message=asked.message or None,
            params=asked.params,
            tags=asked.tags,
            nested=True,
            quiet=asked.is_quiet or None,
        )
        self._runs.append((self._depth, run))

    def run_cell(self, line: str, cell: str) -> None:
        """Record this cell as a run: %%repro [-n NAME] [-m MESSAGE] [--param K=V] [--tag TAG] [-q].

        What is logged in the cell is the run's. It ends with the cell, as failed when the cell
        raises.
        """
        self._read(line)
        self._shell.run_cell(f"{_MAGIC} {line}\n{cell}").raise_error()

    def _read(self, line: str) -> MagicLine:
        try:
            return read_magic_line(line)
        except ValueError as error:
            from IPython.core.error import UsageError

            raise UsageError(f"{error}; {_USAGE}") from None

    def _enter(self, info: "ExecutionInfo") -> None:
        del info
        self._depth += 1

    def _leave(self, result: "ExecutionResult") -> None:
        error = result.error_before_exec or result.error_in_exec
        while self._runs and self._runs[-1][0] >= self._depth:
            _, run = self._runs.pop()
            run.end(*ending_of(error))
        self._depth = max(0, self._depth - 1)


def _opened(lines: list[str]) -> list[str]:
    """Has the first line of a cell that is a run begin it; the others stay where they are."""
    if not lines or lines[0].split(None, 1)[:1] != [_MAGIC]:
        return lines
    rest = lines[1:]
    if rest and rest[0].startswith("%%"):  # another magic, around the rest
        from IPython.core.inputtransformer2 import cell_magic

        rest = cell_magic(rest)  # type: ignore[no-untyped-call]
    line = lines[0].strip().removeprefix(_MAGIC).strip()
    return [f"get_ipython().run_line_magic('repro', {line!r})\n", *rest]
