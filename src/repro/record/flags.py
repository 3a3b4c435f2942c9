"""Params from the command's own flags: ``--lr 0.1``, ``--lr=0.1``, ``--amp``, ``model.depth=3``."""

import os
from collections.abc import Sequence

from repro.model.values import Params, parse_scalar

__all__ = ["params_from_command"]

_PYTHON_WITH_VALUE = frozenset({"-W", "-X", "-Q", "--check-hash-based-pycs"})
_LAUNCHERS = frozenset({"torchrun", "accelerate", "deepspeed", "horovodrun", "mpirun", "srun"})
_NOT_TRAINING = frozenset(
    {"dvc", "make", "git", "sh", "bash", "zsh", "dash", "env", "sudo", "docker", "uv", "pip"}
)


def params_from_command(command: Sequence[str]) -> Params:
    """Returns the params that a command line sets.

    Flags that belong to the interpreter or to a launcher before the script are not params, and
    neither are those of tools that train nothing themselves (dvc, make, a shell).
    """
    tool = os.path.basename(command[0]) if command else ""
    if tool in _NOT_TRAINING:
        return _dvc_params(command) if tool == "dvc" else {}
    rest = list(command[1:])
    if tool.startswith(("python", "pypy")):
        rest = _after_script(rest)
    elif tool in _LAUNCHERS:
        script = next((at for at, word in enumerate(rest) if word.endswith(".py")), len(rest))
        rest = rest[script + 1 :]
    return _read_flags(rest)


def _after_script(words: list[str]) -> list[str]:
    at = 0
    while at < len(words):
        word = words[at]
        if word in ("-m", "-c"):
            return words[at + 2 :]
        if word.startswith("-m") and len(word) > 2:
            return words[at + 1 :]
        if not word.startswith("-") or word == "-":
            return words[at + 1 :]
        at += 2 if word in _PYTHON_WITH_VALUE else 1
    return []


def _read_flags(words: list[str]) -> Params:
    params: Params = {}
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            break
        if word.startswith("--") and len(word) > 2:
            name, has_value, text = word[2:].partition("=")
            if not has_value:
                values = _values_from(words, at)
                at += len(values)
                text_values = [parse_scalar(value) for value in values]
                _set(params, name, text_values)
                continue
            _set(params, name, [parse_scalar(text)])
        elif not word.startswith("-") and "=" in word:
            name, _, text = word.partition("=")
            name = name.lstrip("+~")
            if name and not name[0].isdigit() and "/" not in name:
                params[name] = parse_scalar(text)
    return params


def _values_from(words: list[str], at: int) -> list[str]:
    values: list[str] = []
    for word in words[at:]:
        is_flag = word.startswith("-") and not _is_number(word)
        # "--lr 0.1 model.depth=3": the second is a param of its own.
        if is_flag or "=" in word:
            break
        values.append(word)
    return values


def _set(params: Params, name: str, values: Sequence[object]) -> None:
    key = name.replace("-", "_")
    if not values:
        params[key] = True
    elif len(values) == 1:
        params[key] = values[0]  # type: ignore[assignment]
    else:
        params[key] = list(values)  # type: ignore[arg-type]


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _dvc_params(command: Sequence[str]) -> Params:
    params: Params = {}
    words = list(command)
    for at, word in enumerate(words):
        text = ""
        if word in ("-S", "--set-param") and at + 1 < len(words):
            text = words[at + 1]
        elif word.startswith("--set-param="):
            text = word.partition("=")[2]
        name, equals, value = text.partition("=")
        if equals:
            params[name.rpartition(":")[2]] = parse_scalar(value)
    return params
