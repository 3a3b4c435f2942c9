"""Reads a record's YAML with suspicion: it may come from anybody who can push.

The document is put together from the parser's events rather than by ``yaml.load``, because that
follows aliases (a few lines become gigabytes), overflows the C stack on deep nesting, and lets a
repeated key pass. Values are then taken out by type, and errors name the file and the field.
"""

from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from repro.errors import ReproError
from repro.model.ids import Oid
from repro.model.values import Scalar, Value

if TYPE_CHECKING:
    from yaml import Event, SafeLoader, ScalarEvent, ScalarNode

__all__ = ["Fields", "RecordError", "load_yaml", "table_rows"]

_MAX_DEPTH = 200
_TAG = "tag:yaml.org,2002:"
_COLLECTION_TAGS = (None, "!", f"{_TAG}map", f"{_TAG}seq")
_HEX = frozenset("0123456789abcdef")

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


class RecordError(ReproError):
    """A record that cannot be read.

    Attributes:
        file: The file below ``.repro/``.
        field: Where in it, such as "code.tree"; "" for the whole file.
        problem: What is wrong with it.
        has_own_hint: False when the hint only says where to look.
    """

    def __init__(self, file: str, field: str, problem: str, *, hint: str | None = None) -> None:
        place = f".repro/{file}: {field}" if field else f".repro/{file}"
        super().__init__(
            f"{place}: {problem}", hint=hint or f"git show <commit of the run>:.repro/{file}"
        )
        self.file = file
        self.field = field
        self.problem = problem
        self.has_own_hint = hint is not None


def load_yaml(file: str, content: bytes) -> Value:
    """Reads one document of mappings with text keys, sequences, and scalars.

    Raises:
        RecordError: It is no YAML, or holds aliases, repeated keys, or anything else.
    """
    import yaml

    loader = None
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(content)
        return _Builder(file, loader).document()
    except (yaml.YAMLError, UnicodeError) as error:
        raise RecordError(file, "", " ".join(str(error).split()) or "not YAML") from error
    finally:
        if loader is not None:
            loader.dispose()


class _Builder:
    """Puts a document together from events."""

    def __init__(self, file: str, loader: "SafeLoader") -> None:
        self._file = file
        self._loader = loader

    def document(self) -> Value:
        from yaml import events

        self._next()  # the stream's start
        if not isinstance(self._next(), events.DocumentStartEvent):
            raise RecordError(self._file, "", "empty")
        value = self._value(self._next(), 0)
        self._next()  # the document's end
        if not isinstance(self._next(), events.StreamEndEvent):
            raise RecordError(self._file, "", "more than one document")
        return value

    def _next(self) -> "Event":
        event: Event | None = self._loader.get_event()  # type: ignore[no-untyped-call]
        if event is None:
            raise RecordError(self._file, "", "ends early")
        return event

    def _value(self, event: "Event", depth: int) -> Value:
        from yaml import events

        if depth > _MAX_DEPTH:
            raise self._error(event, f"nested deeper than {_MAX_DEPTH} levels")
        if isinstance(event, events.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, events.CollectionStartEvent) and event.tag not in _COLLECTION_TAGS:
            raise self._error(event, f"no record holds a {event.tag}")
        if isinstance(event, events.SequenceStartEvent):
            return list(self._items(events.SequenceEndEvent, depth))
        if isinstance(event, events.MappingStartEvent):
            return self._mapping(self._items(events.MappingEndEvent, depth))
        raise self._error(event, "aliases (*name) are never part of a record")

    def _items(self, end: type["Event"], depth: int) -> Iterator[Value]:
        while not isinstance(event := self._next(), end):
            yield self._value(event, depth + 1)

    def _mapping(self, items: Iterator[Value]) -> dict[str, Value]:
        mapping: dict[str, Value] = {}
        for key in items:
            value = next(items)
            if not isinstance(key, str):
                raise RecordError(self._file, "", f"a key that is not text: {str(key)[:80]}")
            if key in mapping:
                raise RecordError(self._file, key, "appears twice")
            mapping[key] = value
        return mapping

    def _scalar(self, event: "ScalarEvent") -> Scalar:
        from yaml.nodes import ScalarNode

        tag = event.tag
        if tag is None or tag == "!":
            tag = self._loader.resolve(ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]
        kind = tag.removeprefix(_TAG)
        shown = repr(event.value[:80])
        try:
            return _scalar_of(kind, event.value, ScalarNode(tag, event.value), self._loader)
        except KeyError as error:
            raise self._error(event, f"no record holds a {kind}: {shown}") from error
        except (ValueError, IndexError, OverflowError) as error:
            raise self._error(event, f"not a {kind}: {shown}") from error

    def _error(self, event: "Event", problem: str) -> RecordError:
        mark = event.start_mark
        return RecordError(self._file, f"line {mark.line + 1}" if mark else "", problem)


def _scalar_of(kind: str, text: str, node: "ScalarNode", loader: "SafeLoader") -> Scalar:
    if kind == "str":
        return text
    if kind == "null":
        return None
    if kind == "binary":
        try:
            return a2b_base64("".join(text.split()), strict_mode=True).decode(
                "utf-8", "surrogateescape"
            )
        except Base64Error as error:
            raise ValueError(text) from error
    construct = {
        "bool": loader.construct_yaml_bool,
        "int": loader.construct_yaml_int,
        "float": loader.construct_yaml_float,
    }
    scalar: Scalar = construct[kind](node)
    return scalar


def table_rows(file: str, value: Value) -> list["Fields"]:
    """Returns the rows of a document that is a sequence of mappings.

    Raises:
        RecordError: It is something else.
    """
    if not isinstance(value, list):
        raise RecordError(file, "", "not a list")
    return [Fields(file, item, f"[{number}]") for number, item in enumerate(value)]


class Fields:
    """A mapping of a record whose values are taken out by type.

    A method with `default` returns it where the key is missing; without one the key must be there.
    Every method raises `RecordError`. Unknown keys are passed over.
    """

    __slots__ = ("_values", "file", "name")

    def __init__(self, file: str, value: Value, name: str = "") -> None:
        if not isinstance(value, dict):
            raise RecordError(file, name, "not a mapping of keys and values")
        self.file = file
        self.name = name
        self._values = value

    def __contains__(self, key: str) -> bool:
        """Tells whether the key is there and not null."""
        return self._values.get(key) is not None

    def error(self, key: str, problem: str, *, hint: str | None = None) -> RecordError:
        """Returns the error to raise for a field."""
        separator = "." if self.name and key else ""
        return RecordError(self.file, f"{self.name}{separator}{key}", problem, hint=hint)

    def text(self, key: str, default: str | None = None) -> str:
        """Returns a text."""
        value = self._get(key, default)
        if not isinstance(value, str):
            raise self.error(key, "not text")
        return value

    def optional_text(self, key: str) -> str | None:
        """Returns a text, None where it is missing."""
        return self.text(key) if key in self else None

    def whole(self, key: str, default: int | None = None) -> int:
        """Returns a whole number that is not negative."""
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.error(key, "not a whole number from 0")
        return value

    def optional_whole(self, key: str) -> int | None:
        """Returns a whole number, None where it is missing."""
        return self.whole(key) if key in self else None

    def flag(self, key: str, default: bool) -> bool:
        """Returns true or false."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, "neither true nor false")
        return value

    def choice(self, key: str, choices: type[E], default: E | None = None) -> E:
        """Returns a member of an enumeration."""
        text = self.text(key, default)
        try:
            return choices(text)
        except ValueError as error:
            known = ", ".join(choices)
            raise self.error(key, f"{text[:80]!r} is none of {known}") from error

    def time(self, key: str) -> datetime:
        """Returns a time in UTC."""
        text = self.text(key)
        try:
            at = datetime.fromisoformat(text)
            if at.tzinfo is None:
                raise self.error(key, "a time without its zone")
            return at.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self.error(key, f"not a time: {text[:80]!r}") from error

    def oid(self, key: str) -> Oid:
        """Returns a git object id; git is later called with it, so it must be one."""
        text = self.text(key)
        if len(text) not in (40, 64) or not _HEX.issuperset(text):
            raise self.error(key, "not a git object id")
        return Oid(text)

    def fields(self, key: str) -> "Fields":
        """Returns a mapping."""
        return Fields(self.file, self._get(key, None), self._name(key))

    def optional(self, key: str, read: "Callable[[Fields], T]") -> T | None:
        """Returns what `read` makes of a mapping, None where it is missing."""
        return read(self.fields(key)) if key in self else None

    def rows(self, key: str) -> "list[Fields]":
        """Returns the mappings in a list, none where it is missing."""
        name = self._name(key)
        return [Fields(self.file, item, f"{name}[{n}]") for n, item in enumerate(self._list(key))]

    def texts(self, key: str) -> tuple[str, ...]:
        """Returns the texts in a list, none where it is missing."""
        items = self._list(key)
        texts = tuple(item for item in items if isinstance(item, str))
        if len(texts) != len(items):
            raise self.error(key, "not a list of texts")
        return texts

    def wholes(self, key: str) -> tuple[int, ...]:
        """Returns the whole numbers in a list, none where it is missing."""
        items = self._list(key)
        numbers = tuple(n for n in items if isinstance(n, int) and not isinstance(n, bool))
        if len(numbers) != len(items) or any(number < 0 for number in numbers):
            raise self.error(key, "not a list of whole numbers from 0")
        return numbers

    def text_map(self, key: str) -> dict[str, str]:
        """Returns a mapping of text to text, an empty one where it is missing."""
        if key not in self:
            return {}
        fields = self.fields(key)
        return {name: fields.text(name) for name in fields._values}  # noqa: SLF001

    def _list(self, key: str) -> list[Value]:
        value = self._get(key, [])
        if not isinstance(value, list):
            raise self.error(key, "not a list")
        return value

    def _get(self, key: str, default: Value) -> Value:
        value = self._values.get(key)
        if value is None:
            if default is None:
                raise self.error(key, "is missing")
            return default
        return value

    def _name(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key
