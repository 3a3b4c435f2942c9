"""Has the processes that a program starts join its run, and notes what it reads itself.

While a run is on, the variables say so to whatever is started; at its end they are put back.
"""

import atexit
import os
import sys
from typing import Any

__all__ = ["BOOTSTRAP", "Tracing", "announce", "retract", "without_run"]

BOOTSTRAP = f"{os.path.dirname(os.path.dirname(os.path.abspath(__file__)))}/record/bootstrap"
"""Goes first on the PYTHONPATH of children; see `repro.record.trace`."""

_NAMES = ("REPRO_RUN", "REPRO_RUN_DIRECTORY", "REPRO_TRACE", "PYTHONPATH")
_announced: dict[str, dict[str, str]] = {}
_before: dict[str, str | None] = {}


def announce(run: str, directory: str, trace: str | None) -> None:
    """Says of a run that what is started from now on is part of it.

    Args:
        run: The run; "" where it has no id yet.
        directory: Where its journal is.
        trace: Where its trace is, None for none.
    """
    if not _announced:
        _before.update({name: os.environ.get(name) for name in _NAMES})
    variables = {"REPRO_RUN": run, "REPRO_RUN_DIRECTORY": directory}
    if trace is not None:
        variables |= {"REPRO_TRACE": trace, "PYTHONPATH": _with_bootstrap(_before["PYTHONPATH"])}
    _announced[directory] = {name: text for name, text in variables.items() if text}
    _apply(_announced[directory])


def retract(directory: str) -> None:
    """Takes that back; what another run said that is still on holds again."""
    if _announced.pop(directory, None) is None:
        return
    last = next(reversed(_announced.values()), None)
    _apply({name: text for name, text in _before.items() if text is not None} | (last or {}))


def _apply(variables: dict[str, str]) -> None:
    for name in _NAMES:
        if name in variables:
            os.environ[name] = variables[name]
        elif name != "PYTHONPATH" or os.environ.get(name, "").startswith(BOOTSTRAP):
            os.environ.pop(name, None)


def without_run(env: dict[str, str]) -> dict[str, str]:
    """Returns the variables for a process that is no part of any run."""
    paths = [path for path in env.get("PYTHONPATH", "").split(os.pathsep) if path != BOOTSTRAP]
    kept = {name: text for name, text in env.items() if name not in _NAMES}
    return kept | ({"PYTHONPATH": os.pathsep.join(paths)} if any(paths) else {})


def _with_bootstrap(own: str | None) -> str:
    kept = [path for path in own.split(os.pathsep) if path != BOOTSTRAP] if own else []
    return os.pathsep.join([BOOTSTRAP, *kept])


class Tracing:
    """Notes in a run's trace what this process opens from now on.

    An audit hook cannot be taken away again: there is one for all runs of a process.
    """

    def __init__(self, path: str) -> None:
        """Begins.

        Raises:
            OSError: There is no such trace.
        """
        bootstrap = _bootstrap()
        facts = bootstrap["_facts"]()
        self._recorder = bootstrap["_Recorder"](path)
        self._started_with = dict(os.environ)
        self._pid = os.getpid()
        self._recorder.send(b"p " + ascii(facts).encode("ascii") + b"\0")
        self._recorder.quiet = (*bootstrap["_quiet"](path, facts), f"{os.path.dirname(path)}/")
        _listening.append(self._recorder)

    def end(self) -> None:
        """Ends it, and writes what the process has loaded."""
        if self._recorder not in _listening:
            return
        _listening.remove(self._recorder)
        quiet, self._recorder.quiet = self._recorder.quiet, ("/",)
        try:
            if os.getpid() == self._pid:
                records = _load("repro_exit")["records"]
                for record in records(self._started_with, quiet):
                    self._recorder.send(record + b"\0")
        finally:
            fd, self._recorder.fd = self._recorder.fd, -1
            if fd >= 0:
                os.close(fd)


_listening: list[Any] = []
# The hook is called while the interpreter ends, when next to nothing is there any more. Exit
# handlers go backwards: this one stands before the one that ends the runs, and comes after it.
atexit.register(_listening.clear)
_loaded: dict[str, dict[str, Any]] = {}


class _Hub:
    """What the audit hook talks to: whoever listens at that moment."""

    @staticmethod
    def heard(event: str, args: tuple[Any, ...]) -> None:
        for recorder in tuple(_listening):
            recorder.heard(event, args)


def _bootstrap() -> dict[str, Any]:
    is_new = "sitecustomize" not in _loaded
    place = _load("sitecustomize")
    if is_new:
        sys.addaudithook(place["_hook_of"](_Hub))
    return place


def _load(name: str) -> dict[str, Any]:
    """Executes a file of the bootstrap, which is no package: in children it comes by itself."""
    if name not in _loaded:
        path = f"{BOOTSTRAP}/{name}.py"
        importer: Any = sys.modules["_frozen_importlib_external"]
        # Its bytecode is kept as for any module.
        code = importer.SourceFileLoader(f"repro_{name}", path).get_code(f"repro_{name}")
        _loaded[name] = {"__name__": f"repro_{name}", "__file__": path}
        exec(code, _loaded[name])  # noqa: S102 - ours
    return _loaded[name]
