"""The secrets that a params file has got since HEAD, by the rules by which they leave records."""

from collections.abc import Iterator, Mapping

from repro.model.values import Value
from repro.record.formats import FormatError, load_mapping
from repro.secrets.redactor import Found, Redactor, find_secrets

__all__ = ["new_secrets"]

_NUL = b"\0"


def new_secrets(path: str, new: bytes, old: bytes) -> list[Found]:
    """Returns the secrets in a params file that were not in it before, in the order of its lines.

    Args:
        path: The file's, relative to the top.
        new: Its content.
        old: Its content at HEAD; b"" where there is none.
    """
    known = _secrets_in(path, old)
    found = {
        Found(kind, line)
        for secret, (kind, line) in _secrets_in(path, new).items()
        if secret not in known
    }
    return sorted(found, key=lambda item: (item.line, item.kind))


def _secrets_in(path: str, content: bytes) -> dict[str, Found]:
    """Returns the secrets in a file, each where it first stands."""
    if not content or _NUL in content:
        return {}
    text = content.decode("utf-8", "surrogateescape")
    found: dict[str, Found] = {}
    for secret in find_secrets(text):
        line = text.count("\n", 0, secret.start) + 1
        found.setdefault(text[secret.start : secret.end], Found(secret.kind, line))
    for name, value in _values_of(path, content):
        is_known = any(value in secret or secret in value for secret in found)
        if not is_known and Redactor(b"").value(name, value) != value:
            found[value] = Found(f"by its name, {name}", _line_of(text, name, value))
    return found


def _values_of(path: str, content: bytes) -> Iterator[tuple[str, str]]:
    try:
        yield from _texts("", load_mapping(path, content))
    except FormatError:  # the rules for texts have looked at it all the same
        return


def _texts(name: str, value: Value | Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """Yields every text with the name that it is given; those in a list have the list's."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key, item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(name, item)
    elif isinstance(value, str):
        yield name, value


def _line_of(text: str, name: str, value: str) -> int:
    """Returns where a value stands: on the line with its name, or the first that begins it."""
    start = value.strip().partition("\n")[0]
    lines = text.split("\n")
    with_value = [n for n, line in enumerate(lines, 1) if start in line]
    both = [n for n in with_value if name in lines[n - 1]]
    with_name = [n for n, line in enumerate(lines, 1) if name in line]
    return next(iter((*both, *with_value, *with_name)), 1)
