"""One run for programs: everything that its record holds."""

from datetime import datetime

from repro.cli.views.listing import is_reproducible, iso
from repro.cli.views.listing import to_json as summary_to_json
from repro.compare.strict_json import Json, strict
from repro.model.gap import GapKind
from repro.model.run import Record
from repro.model.summary import Summary
from repro.model.system import system_curves
from repro.model.values import flatten
from repro.record.liveness import Elsewhere

__all__ = ["environment_to_json", "to_json"]


def to_json(
    record: Record, summary: Summary, *, now: datetime, where: Elsewhere | None = None
) -> dict[str, Json]:
    """Returns what the listing says of the run, and the rest of its record.

    Name and tags are as people have edited them since; as they were recorded, they are beside.

    Bytes (inline artifacts, the lock) are in the run commit, at ``<oid>:.repro/...``.
    """
    run = record.run
    return summary_to_json(summary, now=now, where=where) | {
        "recorded_name": run.name,
        "recorded_tags": strict(dict(run.tags)),
        "argv": list(run.command),
        "cwd": run.cwd,
        "project": run.project,
        "message": run.message,
        "ended_at": iso(run.ended_at) if run.ended_at else None,
        "author": _fields(run.author),
        "host": _fields(run.host),
        "parent_run": run.parent_run,
        "resumes": run.resumes,
        "repro_version": run.repro_version,
        "format": run.format,
        "code": _fields(run.code),
        "notebook": _cells(record.cells),
        "params": strict(flatten(record.params)),
        "params_nested": strict(record.params),
        "metrics": {name: strict(metric.value) for name, metric in record.metrics.items()},
        "steps": {name: metric.step for name, metric in record.metrics.items()},
        "history": {
            name: [[point.step, point.time_s, strict(point.value)] for point in points]
            for name, points in record.history.items()
        },
        "system": {
            name: [[point.step, point.time_s, strict(point.value)] for point in points]
            for name, points in system_curves(record.system or b"").items()
        },
        "data": [_fields(entry) for entry in record.data],
        "artifacts": [_fields(artifact) for artifact in record.artifacts],
        "environment": _fields(record.environment),
        "gaps": [_fields(gap) for gap in run.gaps],
        "has_lock": record.lock is not None,
        "has_conda": record.conda is not None,
        "has_output": record.output is not None,
    }


def environment_to_json(record: Record, summary: Summary) -> dict[str, Json]:
    """Returns the environment of a run, and the gaps in it."""
    gaps = [gap for gap in record.run.gaps if gap.kind is GapKind.ENVIRONMENT]
    return {
        "id": record.run.id,
        "name": summary.name,
        "digest": record.run.pillars.environment,
        "environment": _fields(record.environment),
        "gaps": [_fields(gap) for gap in gaps],
        "reproducible": is_reproducible(summary),
        "has_lock": record.lock is not None,
        "has_conda": record.conda is not None,
    }


def _cells(content: bytes | None) -> Json:
    """Returns the cells of a kernel, as they were executed; null outside of one."""
    if content is None:
        return None
    from repro.model.cells import parse_cells

    cells = parse_cells(content)
    return {"path": cells.notebook, "order": cells.order, "cells": _fields(cells.executed)}


def _fields(of: object) -> Json:
    """Returns a named tuple as an object, those inside it too; other values as JSON has them."""
    if isinstance(of, tuple):
        names = getattr(of, "_fields", None)
        if names is None:
            return [_fields(item) for item in of]
        return {name: _fields(item) for name, item in zip(names, of, strict=True)}
    return strict(of)
