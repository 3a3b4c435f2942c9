"""Reads the files that projects keep params and metrics in, naming file and line when they fail."""

import functools
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from repro.errors import ReproError
from repro.model.values import Value
from repro.record.plain_yaml import read_plain_yaml

if TYPE_CHECKING:
    from yaml import MappingNode, SafeLoader

__all__ = ["SUFFIXES", "FormatError", "load_mapping", "load_value", "load_yaml_text"]

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
    reader = SUFFIXES.get(file.rpartition(".")[2].lower())
    if reader is None:
        raise FormatError(file, "neither JSON, YAML nor TOML by its name")
    try:
        return reader(file, text)
    except RecursionError as error:
        raise FormatError(file, "nested too deeply") from error
    # PyYAML's constructors raise whatever they stumble over: `!!int ""` is an IndexError.
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        problem = str(error).partition("\n")[0] if isinstance(error, ValueError) else ""
        raise FormatError(file, problem or "a value that its type does not allow") from error


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


def _yaml(file: str, text: str) -> Value:
    plain = read_plain_yaml(text)
    return load_yaml_text(file, text) if plain is None else plain


def load_yaml_text(file: str, text: str) -> Value:
    """Reads any YAML with PyYAML.

    Raises:
        FormatError: It is malformed, nested too deeply, or would expand too far.
    """
    import yaml

    try:
        _require_shallow(file, text)
        return _plain(yaml.load(text, _yaml_loader()))  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise FormatError(file, error.problem or "not YAML", line=line) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise FormatError(file, f"{error.reason}: {error.character!a}", line=line) from error
    except yaml.YAMLError as error:
        raise FormatError(file, str(error).partition("\n")[0]) from error


def _require_shallow(file: str, text: str) -> None:
    """Refuses YAML that is nested deeply: libyaml's composer overflows the stack and crashes."""
    if (
        text.count("[") + text.count("{") <= _DEEPEST
        and max(map(len, text.split("\n"))) <= _DEEPEST
    ):
        return  # block style needs a column a level
    import yaml

    depth = 0
    for event in yaml.parse(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                line = event.start_mark.line + 1 if event.start_mark else None
                raise FormatError(file, "nested too deeply", line=line)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


@functools.cache
def _yaml_loader() -> "type[SafeLoader]":
    """Returns a safe loader that bounds merges (``<<``), and takes 1e-3 for a number.

    To YAML 1.1 it is text for want of a dot; DVC, like everybody who writes it, means the number.
    """
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        room = _MAX_NODES

        def flatten_mapping(self, node: "MappingNode") -> None:
            for key, value in node.value:
                if key.tag != "tag:yaml.org,2002:merge":
                    continue
                for part in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    if isinstance(part, yaml.MappingNode):
                        self.flatten_mapping(part)
                        self.room -= len(part.value)
                        if self.room < 0:
                            raise ValueError(_TOO_MANY)
            super().flatten_mapping(node)

    number = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+")
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", _Whole(number), list("-+.0123456789"))
    return Loader


class _Whole:
    """A pattern whose `match` is of the whole text."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.match = pattern.fullmatch


def _toml(file: str, text: str) -> Value:
    import tomllib

    try:
        return _plain(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        words = str(error)
        _, _, after = words.partition("at line ")
        is_at_end = "(at end of document)" in words
        line = int(after.split(",")[0]) if after[:1].isdigit() else None
        line = text.count("\n") + 1 if is_at_end else line
        raise FormatError(file, words.partition(" (at")[0], line=line) from error


_DEEPEST = 100
_MAX_NODES = 1_000_000
_MAX_INT_BITS = 10_000
"""Python refuses to print integers beyond 4,300 digits."""
_TOO_MANY = "it expands to more than a million values"


def _plain(value: object) -> Value:
    """Copies a value into plain types: keys and dates become text; its size is bounded."""
    budget = [_MAX_NODES]

    def walk(node: object) -> Value:
        budget[0] -= 1
        if budget[0] < 0:
            raise ValueError(_TOO_MANY)
        if isinstance(node, Mapping):
            return {str(key): walk(item) for key, item in node.items()}
        if isinstance(node, (list, tuple, set)):
            return [walk(item) for item in node]
        if isinstance(node, int) and node.bit_length() > _MAX_INT_BITS:
            raise ValueError("a number of more than three thousand digits")
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
