"""Reads what the bootstrap noted: which Pythons ran, and which files they opened.

The trace is written by the user's processes, so every record is taken for what it may be: garbage
is left out, and nothing in it is executed.
"""

import os
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from repro.environment.probe import interpreter_from
from repro.model.environment import Interpreter

__all__ = [
    "BOOTSTRAP",
    "Exit",
    "StartedInterpreter",
    "Trace",
    "main_interpreter",
    "python_options",
    "read_trace",
    "trace_environment",
]

BOOTSTRAP = f"{os.path.dirname(os.path.abspath(__file__))}/bootstrap"
"""The directory that goes first on the child's PYTHONPATH."""

_KINDS = frozenset((b"p", b"r", b"w", b"o", b"s", b"x", b"m", b"f"))
_MAX_TEXT = 500
_MAX_FACTS = 500
_MAX_MODULES = 20_000
_MAX_FAILURES = 5
_BYTECODE = re.compile(r"(.*/)?([^/]+)\.[a-z]+-?[0-9][^/.]*(?:\.opt-\d)?\.pyc")
_CACHE = "__pycache__/"
_WORKERS = ("joblib.externals.loky.", "loky.backend.")


class StartedInterpreter(NamedTuple):
    """A Python that was started during the run.

    Attributes:
        interpreter: What it is.
        pid: Its process.
        argv: Its command line, options of the interpreter included.
        cwd: Where it was started, "" when not known.
    """

    interpreter: Interpreter
    pid: int
    argv: tuple[str, ...]
    cwd: str

    @property
    def notes_its_end(self) -> bool:
        """Whether it is one that says at its end what it had loaded: CPython 3.8 and later."""
        if self.interpreter.implementation != "cpython":
            return False
        major, _, rest = self.interpreter.version.partition(".")
        minor = rest.partition(".")[0]
        return major.isdigit() and minor.isdigit() and (int(major), int(minor)) >= (3, 8)


class Exit(NamedTuple):
    """What a Python said of itself at its end.

    Attributes:
        pid: Its process.
        runtime: Facts by name: threads, kernels, determinism flags, variables it had set.
        loaded: Files of the modules that it had loaded from the environment.
        foreign: The same from elsewhere, the repository included.
    """

    pid: int
    runtime: dict[str, str] = {}
    loaded: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


class Trace(NamedTuple):
    """Everything noted so far. Paths are absolute and normalised.

    Attributes:
        interpreters: In the order they were started.
        reads: Files opened for reading, each once, in the order first seen. Bytecode counts as a
            read of its source.
        writes: Files opened for writing or renamed to, likewise.
        inputs: The reads that no process of the run had written before.
        is_whole: False when a process opened more files than the bootstrap keeps.
        end: Offset behind the last whole record, where a later reading can go on.
        exits: By process.
        failures: What ``sitecustomize`` modules of the user's raised.
    """

    interpreters: tuple[StartedInterpreter, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    is_whole: bool = True
    end: int = 0
    exits: Mapping[int, Exit] = {}
    failures: tuple[str, ...] = ()


def trace_environment(env: Mapping[str, str], trace_path: str) -> dict[str, str]:
    """Returns the variables with which Pythons note what they do in `trace_path`.

    The file must exist: the bootstrap does not create it, so that a process which outlives the run
    leaves nothing behind.
    """
    own = env.get("PYTHONPATH", "")
    kept = [entry for entry in own.split(":") if entry != BOOTSTRAP] if own else []
    return {**env, "PYTHONPATH": ":".join([BOOTSTRAP, *kept]), "REPRO_TRACE": trace_path}


def read_trace(path: str, *, offset: int = 0) -> Trace:
    """Reads a trace; one that does not exist is empty.

    Args:
        path: The file that was named to `trace_environment`.
        offset: Where to start, the `end` of an earlier reading. Inputs are then judged by the
            records from there on.
    """
    try:
        with open(path, "rb") as stream:
            stream.seek(offset)
            content = stream.read()
    except FileNotFoundError:
        return Trace(end=offset)
    interpreters: list[StartedInterpreter] = []
    reads: dict[str, bool] = {}  # whether it is an input
    writes: dict[str, None] = {}
    is_whole = True
    ends = _Ends()
    failures: dict[str, None] = {}
    for kind, body in _records(content):
        if kind == b"p":
            started = _started(body)
            interpreters += [started] if started else []
        elif kind == b"o":
            is_whole = False
        elif kind == b"s":
            text = " ".join(body.decode("utf-8", "replace").split())[:_MAX_TEXT]
            failures.update({text: None} if text else {})
        elif kind in (b"x", b"m", b"f"):
            ends.add(kind, body)
        elif body.startswith(b"/"):
            name = _file_of(body)
            if not name:
                continue
            if kind == b"w":
                writes.setdefault(name)
            else:
                reads.setdefault(name, name not in writes)
    for name in ends.foreign():
        reads.setdefault(name, name not in writes)
    return Trace(
        interpreters=tuple(interpreters),
        reads=tuple(reads),
        writes=tuple(writes),
        inputs=tuple(name for name, is_input in reads.items() if is_input),
        is_whole=is_whole,
        end=offset + content.rfind(b"\0") + 1,
        exits=ends.exits(),
        failures=tuple(failures)[:_MAX_FAILURES],
    )


class _Ends:
    """Gathers what processes said at their ends, and believes no more than its form."""

    def __init__(self) -> None:
        self._runtime: dict[int, dict[str, str]] = {}
        self._files: dict[tuple[bytes, int], tuple[str, ...]] = {}

    def add(self, kind: bytes, body: bytes) -> None:
        """Takes a record; garbage is left out."""
        if kind == b"x":
            facts = _literal(body)
            pid, runtime = facts.get("pid"), facts.get("runtime")
            if isinstance(pid, int) and isinstance(runtime, dict):
                kept = list(runtime.items())[:_MAX_FACTS]
                self._runtime[pid] = {str(k)[:_MAX_TEXT]: str(v)[:_MAX_TEXT] for k, v in kept}
            return
        first, _, rest = body.partition(b"\n")
        if first.isdigit() and rest:
            paths = rest.split(b"\n")[:_MAX_MODULES]
            self._files[kind, int(first)] = tuple(map(os.fsdecode, paths))

    def foreign(self) -> list[str]:
        """Returns the modules from elsewhere than the environment, of all processes."""
        paths = [p for (kind, _), paths in self._files.items() if kind == b"f" for p in paths]
        return [posixpath.normpath(path) for path in paths if path.startswith("/")]

    def exits(self) -> dict[int, Exit]:
        """Returns what is whole: the record of facts comes last."""
        return {
            pid: Exit(
                pid, runtime, self._files.get((b"m", pid), ()), self._files.get((b"f", pid), ())
            )
            for pid, runtime in self._runtime.items()
        }


def _records(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields kind and body of each whole record; the text behind the last NUL is none yet."""
    for record in content.split(b"\0")[:-1]:
        kind, space, body = record.partition(b" ")
        if space and kind in _KINDS:
            yield kind, body


def _file_of(body: bytes) -> str:
    """Returns the file that was meant; "" for bytecode in a cache that does not say of what.

    With PYTHONPYCACHEPREFIX the cache is elsewhere. The source is named at the end of the process.
    """
    name = posixpath.normpath(os.fsdecode(body))
    if name.startswith("//"):  # POSIX lets two slashes mean something else; no system here does
        name = name[1:]
    bytecode = _BYTECODE.fullmatch(name) if name.endswith(".pyc") else None
    if bytecode is None:
        return name
    directory = bytecode[1] or ""
    return f"{directory.removesuffix(_CACHE)}{bytecode[2]}.py" if _CACHE in directory else ""


def _literal(body: bytes) -> dict[str, object]:
    """Returns a dict that was written as a literal; an empty one for garbage."""
    import ast

    try:
        value = ast.literal_eval(body.decode("ascii"))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _started(body: bytes) -> StartedInterpreter | None:
    facts = _literal(body)
    interpreter = interpreter_from(facts)
    if interpreter is None:
        return None
    pid, argv, cwd = facts.get("pid"), facts.get("argv"), facts.get("cwd")
    return StartedInterpreter(
        interpreter=interpreter,
        pid=pid if isinstance(pid, int) else 0,
        argv=tuple(map(str, argv)) if isinstance(argv, list) else (),
        cwd=cwd if isinstance(cwd, str) else "",
    )


def main_interpreter(trace: Trace, top: str) -> StartedInterpreter | None:
    """Returns the Python whose environment the run is said to have had.

    A command often starts several: a tool (`dvc`, `torchrun`) that starts the project's script,
    which starts helpers. The last one that runs a script or module of the working tree is it; else
    the last that runs a module, a ``-c`` text or its input; else the first.

    Args:
        trace: What was noted.
        top: Absolute path of the working tree.
    """
    best: StartedInterpreter | None = None
    best_rank = -1
    for started in trace.interpreters:
        rank = _rank(started, top)
        if rank > best_rank or (rank == best_rank and rank > 0):
            best, best_rank = started, rank
    return best


def _rank(started: StartedInterpreter, top: str) -> int:
    """Returns 2 for code of the working tree, 1 for code of unknown place, 0 for tools."""
    *_, (option, value) = python_options(started.argv)
    if option == "c":
        return 0 if value.startswith("from multiprocessing.") else 1
    if option == "m":
        if value.startswith(_WORKERS):
            return 0
        first = f"{started.cwd}/{value.partition('.')[0]}"
        is_ours = _is_within(first, top) and (
            os.path.exists(first) or os.path.exists(f"{first}.py")
        )
        return 2 if is_ours else 1
    if value in ("", "-"):
        return 1
    script = posixpath.normpath(posixpath.join(started.cwd, value))
    # A virtual environment in the tree holds tools, not code of the project.
    is_tool = _is_within(script, started.interpreter.prefix)
    return 2 if _is_within(script, top) and not is_tool else 0


def _is_within(path: str, directory: str) -> bool:
    return path == directory or path.startswith(f"{directory.rstrip('/')}/")


def python_options(argv: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yields the options of a Python command line: each letter, and the value of one that has any.

    What it runs comes last: ("c", text), ("m", module) or ("", script), which is "" or "-" where it
    reads its input.
    """
    words = iter(argv[1:])
    for word in words:
        if word == "--check-hash-based-pycs":
            next(words, "")
        elif word == "-" or not word.startswith("-"):
            yield "", word
            return
        elif not word.startswith("--"):
            for at, letter in enumerate(word[1:], start=2):
                value = (word[at:] or next(words, "")) if letter in "cmWX" else ""
                yield letter, value
                if letter in "cm":
                    return
                if letter in "WX":
                    break
    yield "", ""
