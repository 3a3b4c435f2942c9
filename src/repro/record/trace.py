"""Reads what the bootstrap noted: which Pythons ran, and which files they opened.

The trace is written by the user's processes, so every record is taken for what it may be: garbage
is left out, and nothing in it is executed.
"""

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from repro.environment.probe import interpreter_from
from repro.model.environment import Interpreter

__all__ = [
    "BOOTSTRAP",
    "StartedInterpreter",
    "Trace",
    "main_interpreter",
    "read_trace",
    "trace_environment",
]

BOOTSTRAP = f"{os.path.dirname(os.path.abspath(__file__))}/bootstrap"
"""The directory that goes first on the child's PYTHONPATH."""

_BYTECODE = re.compile(r"(.*/)?__pycache__/([^/]+)\.[a-z]+-?[0-9][^/.]*(?:\.opt-\d)?\.pyc")


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
    """

    interpreters: tuple[StartedInterpreter, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    is_whole: bool = True
    end: int = 0


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
    for kind, body in _records(content):
        if kind == b"p":
            started = _started(body)
            interpreters += [started] if started else []
        elif kind == b"o":
            is_whole = False
        elif body.startswith(b"/"):
            name = _file_of(body)
            if kind == b"w":
                writes.setdefault(name)
            else:
                reads.setdefault(name, name not in writes)
    return Trace(
        interpreters=tuple(interpreters),
        reads=tuple(reads),
        writes=tuple(writes),
        inputs=tuple(name for name, is_input in reads.items() if is_input),
        is_whole=is_whole,
        end=offset + content.rfind(b"\0") + 1,
    )


def _records(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields kind and body of each whole record; the text behind the last NUL is none yet."""
    for record in content.split(b"\0")[:-1]:
        kind, space, body = record.partition(b" ")
        if space and kind in (b"p", b"r", b"w", b"o"):
            yield kind, body


def _file_of(body: bytes) -> str:
    name = posixpath.normpath(os.fsdecode(body))
    if name.startswith("//"):  # POSIX lets two slashes mean something else; no system here does
        name = name[1:]
    bytecode = _BYTECODE.fullmatch(name) if name.endswith(".pyc") else None
    return f"{bytecode[1] or ''}{bytecode[2]}.py" if bytecode else name


def _started(body: bytes) -> StartedInterpreter | None:
    import ast

    try:
        facts = ast.literal_eval(body.decode("ascii"))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
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
    option, value = _main_of(started.argv)
    if option == "c":
        return 0 if value.startswith("from multiprocessing.") else 1
    if option == "m":
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


def _main_of(argv: tuple[str, ...]) -> tuple[str, str]:
    """Returns what a Python command line runs: ("c", text), ("m", module) or ("", script)."""
    words = iter(argv[1:])
    for word in words:
        if word == "--check-hash-based-pycs":
            next(words, "")
        elif word == "-" or not word.startswith("-"):
            return "", word
        elif not word.startswith("--"):
            for at, letter in enumerate(word[1:], start=2):
                if letter in "cm":
                    return letter, word[at:] or next(words, "")
                if letter in "WX":
                    if not word[at:]:
                        next(words, "")
                    break
    return "", ""
