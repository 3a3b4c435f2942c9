"""Which projects of a repository a commit changes, and by which of its files."""

import os
from collections.abc import Iterable

from repro.model.conventions import CURVES_DIRECTORY, METRICS_NAMES, PARAMS_NAMES
from repro.record.committed import Committed, Place, place_in
from repro.record.inputs import is_pointer
from repro.record.params import params_files
from repro.record.project import Project
from repro.record.tree_facts import TreeFiles

__all__ = ["is_reason", "places_of"]

_NAMES = (*PARAMS_NAMES, *METRICS_NAMES, "dvc.lock")


def places_of(files: TreeFiles, changed: Iterable[str]) -> list[Place]:
    """Returns the projects that some changed files belong to, the outermost first.

    A conventional name says where its project is used from (``sub/dvclive/metrics.json``: from
    ``sub``); of any other file the nearest project above counts, and that is used from its top.

    Args:
        files: The tree.
        changed: Paths in it, or gone from it.
    """
    found: dict[str, set[str]] = {}
    for path in changed:
        base = _base(path)
        place = place_in(files, os.path.dirname(path) or "." if base is None else base)
        found.setdefault(place.directory, set()).add(base or place.directory)
    places = [Place(directory, _cwd(directory, bases)) for directory, bases in found.items()]
    return sorted(places, key=lambda place: (place.directory.count("/"), place.directory))


def _base(path: str) -> str | None:
    """Returns the directory that a conventional name counts from, None for another name."""
    if f"/{CURVES_DIRECTORY}/" in f"/{path}":
        return f"/{path}".partition(f"/{CURVES_DIRECTORY}/")[0].lstrip("/") or "."
    # The longest name that fits: dvclive/params.yaml before params.yaml.
    fits = [name for name in _NAMES if f"/{path}".endswith(f"/{name}")]
    return path[: -len(max(fits, key=len))].rstrip("/") or "." if fits else None


def _cwd(directory: str, bases: set[str]) -> str:
    """Returns where a project is used from: the one place there is, else its top."""
    return bases.pop() if len(bases) == 1 else directory


def is_reason(path: str, committed: Committed) -> bool:
    """Tells whether a changed file is a reason to record a commit, by the commit's own settings."""
    if _base(path) is not None or is_pointer(path):
        return True
    facts, project = committed.facts, committed.project
    if path in facts.metrics or path in params_files(project, facts.params):
        return True
    return bool(project.config.record_on) and _is_named(path, project)


def _is_named(path: str, project: Project) -> bool:
    from repro.model.policy import Keep, Rule, StorePolicy, is_pattern

    inside = "" if project.directory == "." else f"{project.directory}/"
    patterns = [text for text in project.config.record_on if is_pattern(text)]
    rules = tuple(Rule(pattern, Keep.ALWAYS) for pattern in patterns)
    is_inside = path.startswith(inside)
    return is_inside and bool(StorePolicy(rules=rules).rule_of(path[len(inside) :]).pattern)
