"""Reads the files that projects keep params and metrics in, naming file and line when they fail."""

import json
from collections.abc import Callable, Mapping

from repro.errors import ReproError
from repro.model.values import Value

__all__ = ["SUFFIXES", "FormatError", "load_mapping", "load_value"]

_MAX_BYTES = 16 * 2**20


class FormatError(ReproError):
    """A file that does not hold what its name says.

    Attributes:
        file: The file.
        line: Counted from 1, None when not known.
        problem: What is wrong, without file and line.
    """

    def __init__(self, file: str, problem: str, *, line: int | None = None) -> None:
        where = file if line is None else f"{file}:{line}"
        super().__init__(f"{where}: {problem}", hint=f"correct {where}")
        self.file = file
        self.line = line
        self.problem = problem


def load_value(file: str, content: bytes) -> Value:
    """Reads JSON, YAML or TOML by the file's suffix.

    Raises:
        FormatError: It is malformed, or too large to be a file of settings.
    """
    if len(content) > _MAX_BYTES:
        raise FormatError(file, f"larger than {_MAX_BYTES // 2**20} MiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FormatError(file, "not UTF-8", line=line) from error
    suffix = file.rpartition(".")[2].lower()
    value: Value = SUFFIXES[suffix](file, text)
    return value


def load_mapping(file: str, content: bytes) -> dict[str, Value]:
    """Reads a file whose top level must be names and values; an empty file holds none.

    Raises:
        FormatError: It is malformed, or holds something else.
    """
    value = load_value(file, content)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise FormatError(file, "its top level is not a mapping of names to values", line=1)
    return value


def _json(file: str, text: str) -> Value:
    if not text.strip():
        raise FormatError(file, "empty, not JSON", line=1)
    try:
        return _plain(json.loads(text))
    except json.JSONDecodeError as error:
        raise FormatError(file, error.msg, line=error.lineno) from error
    except RecursionError as error:
        raise FormatError(file, "nested too deeply") from error


def _yaml(file: str, text: str) -> Value:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _plain(yaml.load(text, loader))  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise FormatError(file, error.problem or "not YAML", line=line) from error
    except (yaml.YAMLError, ValueError) as error:
        raise FormatError(file, str(error).splitlines()[0]) from error
    except RecursionError as error:
        raise FormatError(file, "nested too deeply") from error


def _toml(file: str, text: str) -> Value:
    import tomllib

    try:
        return _plain(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        words = str(error)
        _, _, after = words.partition("at line ")
        line = int(after.split(",")[0]) if after[:1].isdigit() else None
        raise FormatError(file, words.partition(" (at")[0], line=line) from error


_MAX_NODES = 1_000_000


def _plain(value: object) -> Value:
    """Copies a value into plain types: keys and dates become text; its size is bounded."""
    budget = [_MAX_NODES]

    def walk(node: object) -> Value:
        budget[0] -= 1
        if budget[0] < 0:
            raise ValueError("it expands to more than a million values")
        if isinstance(node, Mapping):
            return {str(key): walk(item) for key, item in node.items()}
        if isinstance(node, (list, tuple, set)):
            return [walk(item) for item in node]
        if node is None or isinstance(node, (bool, int, float, str)):
            return node
        return str(node)

    return walk(value)


SUFFIXES: dict[str, Callable[[str, str], Value]] = {
    "json": _json,
    "yaml": _yaml,
    "yml": _yaml,
    "toml": _toml,
}
"""Reader by file suffix."""
