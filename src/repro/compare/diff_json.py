"""A difference as JSON that any reader accepts: NaN and infinities are strings."""

from collections.abc import Callable
from typing import TypeVar

from repro.compare.changes import Changes
from repro.compare.curves import CurveChange
from repro.compare.diff import CodeChange, Difference
from repro.compare.environment import EnvironmentChange
from repro.compare.metrics import MetricChange
from repro.compare.strict_json import Json, strict
from repro.model.data import Artifact, DataEntry
from repro.model.environment import Package

__all__ = ["environment_to_json", "to_json"]

T = TypeVar("T")


def to_json(difference: Difference) -> dict[str, Json]:
    """Returns the whole difference; every `changes` object has added, removed and changed."""
    return {
        "same": difference.is_same,
        "pillars": {
            name: "same" if same else "changed" for name, same in difference.pillars.items()
        },
        "code": _code(difference.code),
        "data": _changes(difference.data, _file),
        "params": _changes(difference.params, strict),
        "environment": environment_to_json(difference.environment),
        "metrics": {metric.name: _metric(metric) for metric in difference.metrics},
        "curves": {curve.name: _curve(curve) for curve in difference.curves},
        "artifacts": _changes(difference.artifacts, _file),
        "gaps": list(difference.n_gaps),
        "reproducible": [n == 0 for n in difference.n_gaps],
    }


def _changes(parts: Changes[T], to: Callable[[T], Json]) -> Json:
    return {
        "added": {name: to(new) for name, new in parts.added.items()},
        "removed": {name: to(old) for name, old in parts.removed.items()},
        "changed": {
            name: {"old": to(old), "new": to(new)} for name, (old, new) in parts.changed.items()
        },
    }


def _code(code: CodeChange) -> Json:
    return {
        "commits": list(code.commits),
        "branches": list(code.branches),
        "dirty": [n > 0 for n in code.n_dirty],
        "files": [
            {
                "path": file.path,
                "old_path": file.old_path,
                "status": file.status,
                "added": file.added,
                "removed": file.removed,
            }
            for file in code.files
        ],
        "cells": list(code.cells),
    }


def _file(entry: DataEntry | Artifact) -> Json:
    return {
        "hash": entry.hash,
        "hash_name": entry.hash_name,
        "size_bytes": entry.size_bytes,
        "n_files": entry.n_files,
    }


def environment_to_json(environment: EnvironmentChange) -> dict[str, Json]:
    """Returns the environments' difference: first the pillar, then what is none of it."""
    return {
        "interpreter": _changes(environment.interpreter, strict),
        "packages": _changes(environment.packages, _package),
        "variables": _changes(environment.variables, strict),
        "platform": _changes(environment.platform, strict),
        "machine": _changes(environment.machine, strict),
        "cpu_flags": _names(environment.cpu_flags),
        "build": _changes(environment.build, strict),
        "origins": _changes(environment.origins, _package),
        "runtime": _changes(environment.runtime, strict),
        "indexes": _names(environment.indexes),
        "variable_names": _names(environment.variable_names),
        "modules": _names(environment.modules),
    }


def _package(package: Package) -> Json:
    return {
        "version": package.version,
        "record": package.record,
        "installer": package.installer,
        "origin": strict(package.origin),
    }


def _names(found: Changes[str]) -> Json:
    return {"added": list(found.added), "removed": list(found.removed)}


def _metric(metric: MetricChange) -> Json:
    return {
        "old": strict(metric.old),
        "new": strict(metric.new),
        "change": strict(metric.change),
        "relative": metric.relative,
    }


def _curve(curve: CurveChange) -> Json:
    return {
        "parts_at": curve.parts_at,
        "largest": strict(curve.largest),
        "largest_at": curve.largest_at,
        "n_points": list(curve.n_points),
    }
