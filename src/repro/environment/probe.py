"""Finds the Python that a command would run, and asks it what it is."""

import os
import re
from collections.abc import Mapping

from repro import process
from repro.environment.kept import read_kept, write_kept
from repro.environment.pyenv import behind_shim
from repro.errors import ReproError
from repro.model.environment import Interpreter
from repro.model.lazy_pattern import lazy_pattern

__all__ = [
    "ProbeError",
    "broken_python",
    "cached_probe",
    "find_on_path",
    "find_python",
    "interpreter_from",
    "is_python",
    "probe",
]

_TIMEOUT_S = 10.0
_FATAL = "Fatal Python error: "
_MARK = "repro-probe "
# Imports nothing that is not loaded at start-up, so that no file of the current directory can stand
# in; sys.path[0] is that directory. Python 2.7 and later.
_SNIPPET = f"""
import sys
sys.stdout.write("\\n{_MARK}" + (ascii if sys.version_info[0] > 2 else repr)({{
    "executable": sys.executable,
    "version": "%d.%d.%d" % sys.version_info[:3],
    "build": sys.version,
    "implementation": getattr(getattr(sys, "implementation", None), "name", "cpython"),
    "prefix": sys.prefix,
    "base_prefix": getattr(sys, "base_prefix", sys.prefix),
    "path": sys.path[1 if sys.path[:1] == [""] else 0:],
}}) + "\\n")
"""
_PYTHON_NAME = lazy_pattern(r"(?:python|pypy)\d*(?:\.\d+)*t?d?(?:-dbg)?", re.IGNORECASE)
_PATH_VARIABLES = ("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONNOUSERSITE", "HOME")


class ProbeError(ReproError):
    """An interpreter that could not be asked.

    Attributes:
        executable: The one that was tried.
        reason: A clause without a full stop.
    """

    def __init__(self, executable: str, reason: str, *, hint: str = "") -> None:
        hint = hint or f"see what it says itself: {executable} -c pass"
        super().__init__(f"cannot ask {executable} what it is: {reason}", hint=hint)
        self.executable = executable
        self.reason = reason


def is_python(name: str) -> bool:
    """Tells whether argv[0] looks like a Python, path or not: "python3.12", "/usr/bin/pypy3"."""
    return _PYTHON_NAME.fullmatch(name.rpartition("/")[2]) is not None


def find_python(top: str, env: Mapping[str, str]) -> str | None:
    """Returns the executable that the project's commands would most likely run, None without one.

    Looked for in the activated environment (a conda environment called "base" only after the
    project's own), then in ``.venv`` and ``venv`` at the top of the working tree, then on PATH.
    """
    conda = env.get("CONDA_PREFIX", "")
    is_base = env.get("CONDA_DEFAULT_ENV") == "base"
    prefixes = [env.get("VIRTUAL_ENV", ""), "" if is_base else conda]
    prefixes += [f"{top}/.venv", f"{top}/venv", conda]
    for prefix in prefixes:
        if prefix and _is_executable(f"{prefix}/bin/python"):
            return f"{prefix}/bin/python"
    found = find_on_path("python", env) or find_on_path("python3", env)
    return found and behind_shim(found, directory=top, env=env)


def broken_python(top: str, env: Mapping[str, str]) -> str | None:
    """Returns the Python that `find_python` passes over since it is gone; None when it does not.

    That of a virtual environment is a link to its base Python, which may have been removed.
    """
    for prefix in (env.get("VIRTUAL_ENV", ""), f"{top}/.venv", f"{top}/venv"):
        executable = f"{prefix}/bin/python"
        if prefix and _is_executable(executable):
            return None
        if prefix and os.path.islink(executable):
            return executable
    return None


def _is_executable(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def find_on_path(name: str, env: Mapping[str, str]) -> str | None:
    """Returns the first executable of a name on the PATH of `env`, None without one."""
    for directory in env.get("PATH", os.defpath).split(":"):
        candidate = f"{directory or '.'}/{name}"
        if _is_executable(candidate):
            return candidate
    return None


def interpreter_from(facts: object) -> Interpreter | None:
    """Reads what an interpreter said of itself; None when it is not what one would say."""
    if not isinstance(facts, dict):
        return None
    texts = [
        facts.get(name)
        for name in ("implementation", "version", "build", "executable", "prefix", "base_prefix")
    ]
    path = facts.get("path")
    if not all(isinstance(text, str) for text in texts) or not isinstance(path, (list, tuple)):
        return None
    implementation, version, build, executable, prefix, base_prefix = map(str, texts)
    return Interpreter(
        implementation=implementation,
        version=version,
        build=build,
        executable=executable,
        prefix=prefix,
        base_prefix=base_prefix,
        path=tuple(entry for entry in path if isinstance(entry, str)),
    )


def probe(executable: str, *, env: Mapping[str, str], isolated: bool = False) -> Interpreter:
    """Runs an interpreter and returns what it is.

    It is started as the command would start it: PYTHONPATH and the user's site-packages count.

    Args:
        executable: A path, or a name on the PATH of `env`.
        env: The command's variables.
        isolated: Ask it with ``-I``, for a command that runs it so.

    Raises:
        ProbeError: It cannot be run, does not answer within 10 seconds, or is no Python.
    """
    quiet = {name: value for name, value in env.items() if name != "REPRO_TRACE"}
    # Nothing is to appear in the user's directories, and nothing of theirs is to wait for input.
    quiet["PYTHONDONTWRITEBYTECODE"] = "1"
    quiet.pop("PYTHONINSPECT", None)
    argv = (executable, *(("-I",) if isolated else ()), "-c", _SNIPPET)
    try:
        result = process.run(argv, env=quiet, timeout_s=_TIMEOUT_S)
    except process.CommandNotFoundError as error:
        if os.path.islink(executable):
            reason = f"it is a link to {os.path.realpath(executable)}, which is gone"
            hint = f"make it again: uv venv --clear {os.path.dirname(os.path.dirname(executable))}"
            raise ProbeError(executable, reason, hint=hint) from error
        raise ProbeError(executable, error.message, hint=error.hint or "") from error
    if result.code != 0:
        raise ProbeError(executable, _problem(result))
    interpreter = _answer(result.out.decode("utf-8", "replace"))
    if interpreter is None:
        raise ProbeError(executable, "it does not answer as a Python does")
    return interpreter


def _problem(result: process.Result) -> str:
    """Returns the line that says why a Python did not start, the last if none stands out."""
    lines = result.err.decode("utf-8", "replace").strip().split("\n")
    fatal = (line for line in lines if line.startswith(_FATAL))
    return next(fatal, lines[-1]) or f"exit code {result.code}"


def _answer(text: str) -> Interpreter | None:
    import ast

    _, mark, rest = text.rpartition(f"\n{_MARK}")
    try:
        return interpreter_from(ast.literal_eval(rest.partition("\n")[0])) if mark else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def cached_probe(executable: str, *, cache_dir: str, env: Mapping[str, str]) -> Interpreter:
    """Returns what `probe` does, from the cache while nothing has changed that could change it.

    The binary, its ``pyvenv.cfg``, the variables that make up ``sys.path`` and the directories on
    it are compared. A shim (pyenv, asdf) chooses anew each time and so is always asked.

    Args:
        executable: A path, or a name on the PATH of `env`.
        cache_dir: Where the answers are kept; created when needed.
        env: The command's variables.

    Raises:
        ProbeError: As `probe`.
    """
    found = executable if "/" in executable else find_on_path(executable, env)
    state = _state_of(found, env) if found else None
    if found is None or state is None:
        return probe(executable, env=env)
    name = f"probe:{os.path.abspath(found)}"
    kept = read_kept(cache_dir, name)
    if isinstance(kept, dict) and kept.get("state") == state:
        interpreter = interpreter_from(kept.get("facts"))
        if interpreter is not None and _stamps(interpreter.path) == kept.get("stamps"):
            return interpreter
    interpreter = probe(found, env=env)
    stamps = _stamps(interpreter.path)
    kept = {"state": state, "stamps": stamps, "facts": interpreter._asdict()}
    write_kept(cache_dir, name, kept)
    return interpreter


def _state_of(executable: str, env: Mapping[str, str]) -> list[object] | None:
    """Returns what decides the answer, None for a script (a shim)."""
    real = os.path.realpath(executable)
    try:
        with open(real, "rb") as stream:
            if stream.read(2) == b"#!":
                return None
    except OSError:
        return None
    settings = f"{os.path.dirname(os.path.dirname(os.path.abspath(executable)))}/pyvenv.cfg"
    return [real, _stamps((real, settings)), [env.get(name) for name in _PATH_VARIABLES]]


def _stamps(paths: tuple[str, ...]) -> list[list[int] | None]:
    """Returns for each path what changes when it does; None where there is none."""
    stamps: list[list[int] | None] = []
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            stamps.append(None)
        else:
            stamps.append([status.st_mtime_ns, status.st_size, status.st_ino])
    return stamps
