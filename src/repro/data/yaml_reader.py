"""Reads YAML that others wrote, every scalar as the text that stands there.

DVC writes YAML 1.2 and PyYAML reads 1.1, where ``path: on`` is a boolean and ``path: 1_000`` a
number; with texts only, the two agree. It also leaves no room for tags, and aliases stay shared.
"""

from collections.abc import Iterator
from typing import TypeAlias, Union

from repro.errors import ReproError

__all__ = ["Node", "PointerError", "entries_of", "items_of", "read_yaml", "text_of"]

Node: TypeAlias = Union[str, list["Node"], dict[str, "Node"]]
_LARGEST_BYTES = 256 << 20
_DEEPEST_MERGE = 8
_DEEPEST = 200
_SURELY_SHALLOW = 2000
"""Collections in flow style, and columns, that cannot nest deeply enough to crash the parser."""


class PointerError(ReproError):
    """A DVC file that cannot be read.

    Attributes:
        file: Its path, relative to the top of the working tree.
        line: Counted from 1; None when the whole file is concerned.
    """

    def __init__(self, file: str, reason: str, *, line: int | None = None) -> None:
        place = file if line is None else f"{file}:{line}"
        super().__init__(
            f"DVC file cannot be read: {place!a}: {reason}".replace("'", ""),
            hint=f"git log -p -- {file!r}",
        )
        self.file = file
        self.line = line


def read_yaml(file: str, content: bytes) -> dict[str, Node]:
    """Returns the mapping that a YAML file holds; an empty one when the file is empty.

    Args:
        file: Named in errors.
        content: The whole file.

    Raises:
        PointerError: It is not YAML, too large, nested too deeply, or no mapping.
    """
    import yaml

    if len(content) > _LARGEST_BYTES:
        raise PointerError(file, f"larger than {_LARGEST_BYTES >> 20} MiB")
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        if _may_be_deep(content):
            _require_shallow(file, content)
        loaded = yaml.load(content, Loader=loader)  # noqa: S506 (makes texts, lists and dicts only)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        reason = error.problem or "not YAML"
        raise PointerError(file, reason, line=mark.line + 1 if mark else None) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PointerError(file, "not YAML, or nested too deeply") from error
    if loaded is None or loaded == "":
        return {}
    if not isinstance(loaded, dict):
        raise PointerError(file, "not a mapping", line=1)
    return loaded


def _may_be_deep(content: bytes) -> bool:
    """Tells, fast, whether YAML could be nested deeply; block style needs a column a level."""
    n_flow = content.count(b"[") + content.count(b"{")
    n_columns = max(map(len, content.splitlines()), default=0)
    return max(n_flow, n_columns) > _SURELY_SHALLOW


def _require_shallow(file: str, content: bytes) -> None:
    """Refuses YAML that is nested deeply: libyaml's composer overflows the stack and crashes."""
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    depth = 0
    for event in yaml.parse(content, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                mark = event.start_mark
                line = mark.line + 1 if mark else None
                raise PointerError(file, "nested too deeply", line=line)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def items_of(node: Node | None, *, _depth: int = 0) -> dict[str, Node]:
    """Returns a mapping with its merge keys (``<<``) applied; empty when it is no mapping."""
    if not isinstance(node, dict):
        return {}
    merged = node.get("<<")
    if merged is None or _depth >= _DEEPEST_MERGE:
        return node
    items: dict[str, Node] = {}
    # Depth is bounded and a mapping's keys are unique, so this cannot grow without end.
    for base in merged[:_DEEPEST_MERGE] if isinstance(merged, list) else [merged]:
        items = items_of(base, _depth=_depth + 4) | items
    return items | {key: value for key, value in node.items() if key != "<<"}


def entries_of(node: Node | None) -> Iterator[tuple[str, dict[str, Node]]]:
    """Yields name and settings of each item of a list: ``- a`` or ``- a: {cache: false}``.

    A mapping counts as a list of its items, a single name as a list of one.
    """
    if isinstance(node, str):
        node = [node]
    for item in [node] if isinstance(node, dict) else node or []:
        if isinstance(item, str):
            yield item, {}
        elif isinstance(item, dict):
            for name, settings in items_of(item).items():
                yield name, items_of(settings)


def text_of(node: Node | None) -> str | None:
    """Returns a scalar that says something, None otherwise."""
    return node if isinstance(node, str) and node not in ("", "null", "~") else None
