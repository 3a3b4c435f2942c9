"""Reads what repro needs of ``dvc.yaml``: params, metrics and plots files, and uncached outputs."""

import posixpath
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from repro.data.yaml_reader import Node, PointerError, entries_of, items_of, read_yaml, text_of

__all__ = ["Pipeline", "PointerError", "parse_pipeline", "working_directories"]

_PARAMS = "params.yaml"
_MOST_STAGES = 100_000


class Pipeline(NamedTuple):
    """What a ``dvc.yaml`` declares; paths are relative to the top of the working tree.

    Attributes:
        params: The keys wanted of each params file; none means all.
        metrics: Metrics files.
        plots: Plots files and directories.
        uncached: Outputs with ``cache: false``: git has them, or nobody.
        unresolved: Paths left out because a ``${...}`` in them has a value known to DVC alone.
    """

    params: dict[str, tuple[str, ...]]
    metrics: tuple[str, ...]
    plots: tuple[str, ...]
    uncached: frozenset[str]
    unresolved: tuple[str, ...] = ()


def parse_pipeline(path: str, content: bytes) -> Pipeline:
    """Returns what a ``dvc.yaml`` declares, at its top and in its stages.

    Args:
        path: The file's, relative to the top of the working tree.
        content: Its bytes.

    Raises:
        PointerError: It cannot be read.
    """
    document = read_yaml(path, content)
    reader = _Reader()
    base = posixpath.dirname(path)
    reader.read_top(document, base)
    stages = items_of(document.get("stages"))
    if len(stages) > _MOST_STAGES:
        raise PointerError(path, f"more than {_MOST_STAGES} stages")
    for node in stages.values():
        for stage, item in _expand(items_of(node)):
            reader.read_stage(stage, base, item)
    return reader.pipeline()


def working_directories(path: str, content: bytes) -> dict[str, str | None]:
    """Returns the directory that each stage with a ``wdir`` runs in, relative to the ``dvc.yaml``.

    Args:
        path: The file's, relative to the top of the working tree.
        content: Its bytes.

    Returns:
        By the stage's name in ``dvc.lock``, such as "train" or "train@0"; that of "train" is for
        any "train@..." not named. None where a ``${...}`` in it has a value known to DVC alone.

    Raises:
        PointerError: It cannot be read.
    """
    if b"wdir" not in content:
        return {}
    document = read_yaml(path, content)
    shared = _shared_values(document)
    found: dict[str, str | None] = {}
    for name, node in items_of(document.get("stages")).items():
        for suffix, stage, item in _expand_named(items_of(node)):
            wdir = text_of(stage.get("wdir"))
            if wdir is None:
                continue
            for full, values in ((name, shared), (name + suffix, shared | item)):
                filled = _fill(wdir, values)
                found[full] = None if "${" in filled else filled
        if len(found) > _MOST_STAGES:
            raise PointerError(path, f"more than {_MOST_STAGES} stages")
    return found


class _Reader:
    def __init__(self) -> None:
        self._params: dict[str, list[str] | None] = {}
        self._metrics: dict[str, None] = {}
        self._plots: dict[str, None] = {}
        self._uncached: set[str] = set()
        self._unresolved: dict[str, None] = {}

    def pipeline(self) -> Pipeline:
        return Pipeline(
            params={path: tuple(keys or ()) for path, keys in self._params.items()},
            metrics=tuple(self._metrics),
            plots=tuple(self._plots),
            uncached=frozenset(self._uncached),
            unresolved=tuple(self._unresolved),
        )

    def read_top(self, document: dict[str, Node], base: str) -> None:
        for name, _ in entries_of(document.get("params")):
            self._add_params(name, base, None)
        for name, _ in entries_of(document.get("metrics")):
            self._note(self._metrics, self._path(name, base, {}))
        for name, settings in entries_of(document.get("plots")):
            columns = settings.get("y")
            files = list(columns) if isinstance(columns, dict) else [name]
            for file in files:
                self._note(self._plots, self._path(file, base, {}))

    def read_stage(self, stage: dict[str, Node], base: str, item: dict[str, str]) -> None:
        base = posixpath.join(base, _fill(text_of(stage.get("wdir")) or ".", item))
        self._read_params(stage.get("params"), base, item)
        for kind, found in (("outs", None), ("metrics", self._metrics), ("plots", self._plots)):
            for name, settings in entries_of(stage.get(kind)):
                path = self._path(name, base, item)
                if found is not None:
                    self._note(found, path)
                if path is not None and settings.get("cache") in ("false", "False", "FALSE"):
                    self._uncached.add(path)

    def _read_params(self, node: Node | None, base: str, item: dict[str, str]) -> None:
        for entry in node if isinstance(node, list) else []:
            if isinstance(entry, str):
                self._add_params(_PARAMS, base, [_fill(entry, item)])
                continue
            for file, keys in items_of(entry).items():
                wanted = [_fill(key, item) for key in keys or () if isinstance(key, str)]
                is_list = isinstance(keys, list)
                self._add_params(_fill(file, item), base, wanted if is_list and wanted else None)

    def _add_params(self, name: str, base: str, keys: list[str] | None) -> None:
        path = self._path(name, base, {})
        if path is None:
            return
        known = self._params.setdefault(path, [])
        if keys is None or known is None:
            self._params[path] = None
        else:
            known += [key for key in keys if key not in known]

    def _path(self, name: str, base: str, item: dict[str, str]) -> str | None:
        path = posixpath.normpath(posixpath.join(base, _fill(name, item)))
        if "${" in path:
            self._unresolved[path] = None
            return None
        return path

    @staticmethod
    def _note(found: dict[str, None], path: str | None) -> None:
        if path is not None:
            found[path] = None


def _expand(stage: dict[str, Node]) -> Iterator[tuple[dict[str, Node], dict[str, str]]]:
    """Yields the stages that a ``foreach`` stands for, with the values of ``${item}`` in each."""
    if "foreach" not in stage:
        yield stage, {}
        return
    body, over = items_of(stage.get("do")), stage["foreach"]
    if isinstance(over, list):
        for value in over:
            yield body, _values(value)
    elif isinstance(over, dict):
        for key, value in over.items():
            yield body, {"key": key} | _values(value)
    else:  # a "${...}" over the params
        yield body, {}


def _expand_named(
    stage: dict[str, Node],
) -> Iterator[tuple[str, dict[str, Node], dict[str, str]]]:
    """Yields the stages that one stands for, with what DVC puts behind the name of each."""
    if "foreach" in stage:
        over = stage["foreach"]
        names: list[str] = []
        if not isinstance(over, str):
            is_plain = all(isinstance(value, str) for value in over)
            names = [str(x) for x in (over if is_plain else range(len(over)))]
        for n, (body, item) in enumerate(_expand(stage)):
            yield f"@{names[n] if n < len(names) else ''}", body, item
    elif "matrix" in stage:
        axes = items_of(stage["matrix"])
        choices = [[v for v in axis if isinstance(v, str)] for axis in axes.values()]
        for values in product(*choices):
            item = {f"item.{name}": x for name, x in zip(axes, values, strict=True)}
            yield f"@{'-'.join(values)}", stage, item
    else:
        yield "", stage, {}


def _shared_values(document: dict[str, Node]) -> dict[str, str]:
    """Returns the plain values under ``vars``; those in files are DVC's to read."""
    found: dict[str, str] = {}
    node = document.get("vars")
    for entry in node if isinstance(node, list) else []:
        found |= {name: x for name, x in items_of(entry).items() if isinstance(x, str)}
    return found


def _values(node: Node) -> dict[str, str]:
    if isinstance(node, str):
        return {"item": node}
    return {f"item.{name}": x for name, x in items_of(node).items() if isinstance(x, str)}


def _fill(text: str, values: dict[str, str]) -> str:
    if "${" not in text:
        return text
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    return text
