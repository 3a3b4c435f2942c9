"""How the params of two runs differ."""

import json
from collections.abc import Mapping, Sequence
from typing import TypeVar

from repro.compare.changes import Changes, changes
from repro.model.values import Params, Value, flatten

__all__ = ["compare_params"]

T = TypeVar("T")


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def compare_params(old: Params, new: Params) -> Changes[Value]:
    """Returns how params differ, by flat name.

    Equality is that of the digest, canonical JSON: 1 and 1.0 differ, NaN is NaN. Long and nested
    lists are compared item by item: ``layers[1].units``.
    """
    flat = changes(
        flatten(old), flatten(new), same=lambda a, b: a is b or _canonical(a) == _canonical(b)
    )
    added, removed = dict(flat.added), dict(flat.removed)
    changed: dict[str, tuple[Value, Value]] = {}
    for name, (before, after) in flat.changed.items():
        if _is_deep(before) and _is_deep(after):
            inner = _compare_nested(name, before, after)
            added |= inner.added
            removed |= inner.removed
            changed |= inner.changed
        else:
            changed[name] = (before, after)
    return Changes(_sorted(added), _sorted(removed), _sorted(changed))


def _sorted(named: Mapping[str, T]) -> dict[str, T]:
    return dict(sorted(named.items()))


_SHORT_LIST = 12
"""Lists of plain values up to this long are shown whole, longer ones item by item."""


def _is_deep(value: Value) -> bool:
    if isinstance(value, dict):
        return True
    if not isinstance(value, list):
        return False
    return len(value) > _SHORT_LIST or any(isinstance(item, (list, dict)) for item in value)


def _compare_nested(name: str, old: Value, new: Value) -> Changes[Value]:
    from deepdiff import DeepDiff

    tree = DeepDiff(old, new, view="tree", zip_ordered_iterables=True, ignore_nan_inequality=True)
    added: dict[str, Value] = {}
    removed: dict[str, Value] = {}
    changed: dict[str, tuple[Value, Value]] = {}
    for kind, levels in tree.items():
        for level in levels:
            path = _path_name(name, level.path(output_format="list"))
            if kind.endswith("_added"):
                added[path] = level.t2
            elif kind.endswith("_removed"):
                removed[path] = level.t1
            else:
                changed[path] = (level.t1, level.t2)
    if not (added or removed or changed):  # only what deepdiff calls equal, such as 0.0 and -0.0
        changed[name] = (old, new)
    return Changes(added, removed, changed)


def _path_name(name: str, path: Sequence[str | int]) -> str:
    return name + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
