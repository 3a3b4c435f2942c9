"""Makes params of what programs have for them: nested dicts of plain values.

Nothing is imported for it: the classes of argparse, hydra, pydantic, attrs and numpy are known by
what they can do.
"""

import enum
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from repro.model.values import Value

__all__ = ["Plain", "as_key", "described", "labelled"]

_MAX_DEPTH = 32
_MAX_ITEMS = 10_000
_MAX_TEXT = 500
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_AS_TEXT = frozenset(
    "datetime.datetime datetime.date datetime.time datetime.timedelta decimal.Decimal"
    " fractions.Fraction uuid.UUID builtins.complex torch.dtype torch.device"
    " tensorflow.python.framework.dtypes.DType".split()
)
"""Whose texts say all that there is to them."""
_NAMESPACES = frozenset(("argparse.Namespace", "types.SimpleNamespace", "easydict.EasyDict"))


class Plain:
    """Converts values, and notes what has no plain form.

    Attributes:
        odd: The dotted name of each such value, and why; its text stands in its place.
    """

    def __init__(self) -> None:
        self.odd: dict[str, str] = {}
        self._above: set[int] = set()

    def value(self, value: object, name: str = "") -> Value:
        """Returns the plain form of a value.

        Args:
            value: Anything.
            name: Its dotted name.
        """
        if value is None or type(value) is bool:
            return value
        if type(value) is str:
            return _text(value)
        if type(value) is int:
            return value if value.bit_length() < 4096 else hex(value)
        if type(value) is float:
            return value
        try:
            return self._converted(value, name)
        except Exception as error:  # noqa: BLE001 - whatever a class of the user's raises here
            return self._as_text(value, name, f"it cannot be read: {type(error).__name__}")

    def _converted(self, value: Any, name: str) -> Value:  # noqa: ANN401 - known by what it can do
        if isinstance(value, enum.Enum):
            is_plain = isinstance(value.value, (str, int, float))
            return self.value(value.value if is_plain else value.name, name)
        if isinstance(value, (str, int, float)):
            base = next(kind for kind in (str, int, float) if isinstance(value, kind))
            return self.value(base(value), name)
        if isinstance(value, os.PathLike):
            return _text(os.fsdecode(value))
        if _name_of(type(value)) in _AS_TEXT or "numpy.dtype" in map(_name_of, type(value).__mro__):
            return _text(str(value))
        if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
            return _text(_name_of(value))
        if id(value) in self._above or len(self._above) >= _MAX_DEPTH:
            return self._as_text(value, name, "it is nested too deeply, or in itself")
        self._above.add(id(value))
        try:
            return self._container(value, name)
        finally:
            self._above.discard(id(value))

    def _container(self, value: Any, name: str) -> Value:  # noqa: ANN401 - as above
        fields = _fields_of(value)
        if fields is not None:
            return self._mapping(fields, name)
        if hasattr(value, "dtype") and hasattr(value, "tolist"):
            return self._array(value, name)
        if isinstance(value, (set, frozenset)):
            return self._items(sorted(value, key=repr), name)
        if isinstance(value, (list, tuple, range)) or _is_list_like(value):
            return self._items(value, name)
        if isinstance(value, (bytes, bytearray)):
            return self._as_text(bytes(value), name, "bytes are no plain value")
        return self._as_text(value, name, f"{_name_of(type(value))} has no plain form")

    def _mapping(self, fields: Iterable[tuple[object, Callable[[], object]]], name: str) -> Value:
        found: dict[str, Value] = {}
        for raw, get in fields:
            if len(found) >= _MAX_ITEMS:
                self.odd[name] = f"only its first {_MAX_ITEMS} entries are recorded"
                break
            key = _text(raw.name if isinstance(raw, enum.Enum) else str(raw))
            inner = f"{name}.{key}" if name else key
            try:
                item = get()
            except Exception as error:  # noqa: BLE001 - an interpolation, a property, ...
                self.odd[inner] = f"it cannot be read: {type(error).__name__}"
                found[key] = None
            else:
                found[key] = self.value(item, inner)
        return found

    def _array(self, value: Any, name: str) -> Value:  # noqa: ANN401 - as above
        size = math.prod(getattr(value, "shape", ()))
        if size > _MAX_ITEMS:
            return self._as_text(value, name, f"an array of {size} elements")
        items = value.tolist()
        # Some scalars, such as numpy.longdouble, have themselves for their plain form.
        return self.value(float(value) if type(items) is type(value) else items, name)

    def _items(self, values: Iterable[object], name: str) -> Value:
        found: list[Value] = []
        for number, item in enumerate(values):
            if number >= _MAX_ITEMS:
                self.odd[name] = f"only its first {_MAX_ITEMS} elements are recorded"
                break
            found.append(self.value(item, f"{name}.{number}" if name else str(number)))
        return found

    def _as_text(self, value: object, name: str, reason: str) -> str:
        self.odd[name] = f"{reason}; its text is recorded"
        return described(value)


def described(value: object) -> str:
    """Returns the text of any value, without the address that is another in each process."""
    try:
        return _text(_ADDRESS.sub("", repr(value))[:_MAX_TEXT])
    except Exception:  # noqa: BLE001 - it cannot even be printed
        return f"<{_name_of(type(value))}>"


def as_key(name: Any) -> Any:  # noqa: ANN401 - usually a text
    """Returns a name as it is, or its text where it cannot be a key."""
    try:
        hash(name)
    except Exception:  # noqa: BLE001 - whatever a class of the user's raises here
        return described(name)
    return name


def _fields_of(value: Any) -> Iterable[tuple[object, Callable[[], object]]] | None:  # noqa: ANN401
    """Returns the names of what a value consists of, and how to get each; None for no such."""
    kind = type(value)
    if isinstance(value, Mapping):
        return [(key, lambda key=key: value[key]) for key in value]  # type: ignore[misc]
    names: Iterable[str] | None = None
    if hasattr(kind, "__dataclass_fields__"):
        names = kind.__dataclass_fields__
    elif hasattr(kind, "__attrs_attrs__"):
        names = [field.name for field in kind.__attrs_attrs__]
    elif hasattr(kind, "model_fields") and hasattr(kind, "model_dump"):  # pydantic 2
        names = [*kind.model_fields, *(getattr(value, "__pydantic_extra__", None) or ())]
    elif hasattr(kind, "__fields__") and callable(getattr(value, "dict", None)):  # pydantic 1
        names = list(value.__dict__)
    elif isinstance(value, tuple) and hasattr(kind, "_fields"):
        names = kind._fields
    elif not _NAMESPACES.isdisjoint(map(_name_of, kind.__mro__)):
        names = list(vars(value))
    if names is None:
        return None
    return [(name, lambda name=name: getattr(value, name)) for name in names]  # type: ignore[misc]


def _is_list_like(value: object) -> bool:
    kind = type(value)
    return kind.__name__ in ("ListConfig", "deque") or (
        hasattr(kind, "__getitem__") and hasattr(kind, "__len__") and hasattr(kind, "insert")
    )


def _name_of(value: object) -> str:
    module, name = getattr(value, "__module__", ""), getattr(value, "__qualname__", "")
    return f"{module}.{name}" if module not in ("", "builtins", None) or name == "complex" else name


def _text(text: str) -> str:
    """Returns a text that can be encoded: names of files may hold bytes that are none."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def labelled(tags: Mapping[str, object] | Iterable[str]) -> Mapping[str, object]:
    """Returns tags by name; those that were given by their names alone have the value ""."""
    if isinstance(tags, str):
        return {tags: ""}
    return tags if isinstance(tags, Mapping) else dict.fromkeys(map(str, tags), "")
