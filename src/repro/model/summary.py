"""The one-line summary in a run commit's message: all that a listing needs, without opening trees.

The message reads, for people and for git hosts::

    <name>: acc=0.93 loss=0.21

    $ python train.py --lr 0.1

    Repro-Run: 20261124T061500-kxwmtrzq
    Repro-Summary: {"id": ...}

The summary is the last line that starts with its trailer's name, so that nothing in a command or a
message can pose as it.
"""

import json
import math
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from repro.errors import ReproError
from repro.model.gap import Gap, GapKind
from repro.model.ids import Oid, RefName, RunId
from repro.model.run import FORMAT_VERSION, Pillars, Record, Status
from repro.model.values import Number, Value, flatten

__all__ = [
    "Summary",
    "SummaryError",
    "number_from_json",
    "number_to_json",
    "parse_message",
    "render_message",
    "summarize",
]

_TRAILER = "Repro-Summary: "
_MAX_VALUES_BYTES = 32_768
"""Params or metrics beyond this leave the summary; a listing then reads the record's files."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class SummaryError(ReproError):
    """A commit on a run ref holds no summary that can be read."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a listing knows of a run.

    Attributes:
        id: The run's id.
        name: Its name.
        status: How it ended.
        started_at: UTC.
        duration_s: Seconds; None while it runs.
        oid: The run commit.
        ref: The ref it was read from.
        commit: HEAD when it started.
        branch: Branch then, None when detached.
        dirty: Whether the tree differed from `commit`.
        command: As one line for a shell; "" for `repro record`.
        params: Flat.
        metrics: Flat summary values.
        tags: As in the run.
        gaps: Without their reasons and fixes.
        pillars: The digests.
        exit_code: Of the command.
        is_partial: True when params or metrics were too large for the summary.
        format: Version of the record's format.
    """

    id: RunId
    name: str
    status: Status
    started_at: datetime
    duration_s: float | None
    oid: Oid
    ref: RefName
    commit: Oid | None
    branch: str | None
    dirty: bool
    command: str
    params: Mapping[str, Value]
    metrics: Mapping[str, Number]
    tags: Mapping[str, str] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    pillars: Pillars = field(default_factory=lambda: Pillars("", "", "", ""))
    exit_code: int | None = None
    is_partial: bool = False
    format: int = FORMAT_VERSION


def number_to_json(value: Number) -> Number | str:
    """Returns a number as strict JSON can hold it: NaN and infinities become their names."""
    return value if math.isfinite(value) else str(float(value))


def number_from_json(value: object) -> Number:
    """Reverses `number_to_json`.

    Raises:
        ValueError: It is neither a number nor the name of one.
    """
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        return float(value)
    raise ValueError(f"not a number: {value!r}")


def summarize(record: Record, *, oid: Oid, ref: RefName) -> Summary:
    """Returns the summary of a record that is, or is about to be, the commit `oid`."""
    run = record.run
    return Summary(
        id=run.id,
        name=run.name,
        status=run.status,
        started_at=run.started_at,
        duration_s=run.duration_s,
        oid=oid,
        ref=ref,
        commit=run.code.commit,
        branch=run.code.branch,
        dirty=bool(run.code.dirty),
        command=shlex.join(run.command),
        params=flatten(record.params),
        metrics={name: metric.value for name, metric in record.metrics.items()},
        tags=run.tags,
        gaps=run.gaps,
        pillars=run.pillars,
        exit_code=run.exit_code,
        format=run.format,
    )


def render_message(record: Record) -> bytes:
    """Returns the message of the run commit."""
    run = record.run
    shown = [f"{name}={metric.value:.6g}" for name, metric in list(record.metrics.items())[:4]]
    subject = _one_line(f"{run.name}: {' '.join(shown) or run.status.value}")
    body = [run.message.strip(), f"$ {_one_line(shlex.join(run.command))}" if run.command else ""]
    paragraphs = [subject, *(part for part in body if part)]
    trailers = f"Repro-Run: {run.id}\n{_TRAILER}{_encode(record)}\n"
    text = "\n\n".join([*paragraphs, trailers])
    return text.encode("utf-8", "replace")


def _encode(record: Record) -> str:
    run = record.run
    fields: dict[str, object] = {
        "format": run.format,
        "id": run.id,
        "name": run.name,
        "status": run.status.value,
        "started_at": run.started_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "duration_s": run.duration_s,
        "commit": run.code.commit,
        "branch": run.code.branch,
        "dirty": bool(run.code.dirty),
        "exit_code": run.exit_code,
        "command": shlex.join(run.command),
        "pillars": [getattr(run.pillars, name) for name in Pillars.__slots__],
        "tags": dict(run.tags),
        "gaps": [[gap.kind.value, gap.subject] for gap in run.gaps],
    }
    metrics = {name: number_to_json(metric.value) for name, metric in record.metrics.items()}
    params = {name: _strict(value) for name, value in flatten(record.params).items()}
    for key, values in (("metrics", metrics), ("params", params)):
        text = json.dumps(values, separators=(",", ":"))
        if len(text) > _MAX_VALUES_BYTES:
            fields["partial"] = True
        else:
            fields[key] = values
    return json.dumps(fields, separators=(",", ":"), allow_nan=False)


def _strict(value: Value) -> Value:
    if isinstance(value, float):
        return number_to_json(value)
    if isinstance(value, list):
        return [_strict(item) for item in value]
    if isinstance(value, dict):
        return {key: _strict(item) for key, item in value.items()}
    return value


def parse_message(message: bytes, *, oid: Oid, ref: RefName) -> Summary:
    """Reads the summary out of a run commit's message.

    Raises:
        SummaryError: There is none, it is damaged, or a newer repro wrote it.
    """
    line = message.decode("utf-8", "replace").rpartition(f"\n{_TRAILER}")[2].strip()
    try:
        fields = json.loads(line)
        if fields["format"] > FORMAT_VERSION:
            raise SummaryError(
                f"run {fields['id']} has format {fields['format']}, newer than this repro reads",
                hint="pip install --upgrade repro-git",
            )
        return Summary(
            id=RunId(fields["id"]),
            name=str(fields["name"]),
            status=Status(fields["status"]),
            started_at=datetime.fromisoformat(fields["started_at"]),
            duration_s=fields["duration_s"],
            oid=oid,
            ref=ref,
            commit=fields["commit"],
            branch=fields["branch"],
            dirty=fields["dirty"],
            command=fields["command"],
            params=dict(fields.get("params", {})),
            metrics={k: number_from_json(v) for k, v in fields.get("metrics", {}).items()},
            tags=dict(fields["tags"]),
            gaps=tuple(Gap(GapKind(kind), subject, "") for kind, subject in fields["gaps"]),
            pillars=Pillars(*fields["pillars"]),
            exit_code=fields["exit_code"],
            is_partial=bool(fields.get("partial", False)),
            format=fields["format"],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SummaryError(
            f"{ref} holds no run that can be read", hint=f"git show {oid}"
        ) from error


def _one_line(text: str) -> str:
    return _CONTROL.sub(" ", text)
