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
from datetime import UTC, datetime
from types import NoneType
from typing import Any, NamedTuple

from repro.errors import ReproError
from repro.model.gap import Gap, GapKind
from repro.model.ids import Oid, RefName, RunId, is_oid, is_run_id
from repro.model.run import FIRST_FORMAT, FORMAT_VERSION, Pillars, Record, Status
from repro.model.values import Number, Value, flatten

__all__ = [
    "Note",
    "Summary",
    "SummaryError",
    "number_from_json",
    "number_to_json",
    "parse_message",
    "parse_summary",
    "render_message",
    "summarize",
    "summary_text",
]

_TRAILER = "Repro-Summary: "
_MAX_VALUES_BYTES = 32_768
"""Params or metrics beyond this leave the summary; a listing then reads the record's files."""
_MAX_DECIMAL_BITS = 14_000
"""Python reads and writes no decimal integers beyond 4,300 digits."""
_NAMED_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class SummaryError(ReproError):
    """A commit on a run ref holds no summary that can be read."""


class Note(NamedTuple):
    """A note on a run.

    Attributes:
        at: UTC.
        by: ``Name <email>``; "" where git knows none.
        text: The words.
    """

    at: datetime
    by: str
    text: str


class Summary(NamedTuple):
    """What a listing knows of a run.

    Attributes:
        id: The run's id.
        name: Its name.
        status: How it ended.
        started_at: UTC.
        duration_s: Seconds; None while it runs.
        oid: The run commit.
        ref: The ref it was read from: its own, or that of the archive it is folded in.
        commit: HEAD when it started.
        branch: Branch then, None when detached.
        dirty: Whether the tree differed from `commit`.
        command: As one line for a shell; "" for `repro record`.
        params: Flat; NaN and infinities as text.
        metrics: Flat summary values.
        tags: As in the run.
        gaps: Without their reasons and fixes.
        pillars: The digests.
        exit_code: Of the command.
        is_partial: True when params or metrics were too large for the summary.
        format: Version of the record's format.
        starred: Whether somebody starred it.
        notes: What people wrote about it, oldest first.
        commits: To which commits it belongs besides `commit`: one that holds its results, or that
            an amend, a rebase or a squash made of one.
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
    tags: Mapping[str, str] = {}
    gaps: tuple[Gap, ...] = ()
    pillars: Pillars = Pillars("", "", "", "")
    exit_code: int | None = None
    is_partial: bool = False
    format: int = FIRST_FORMAT
    starred: bool = False
    notes: tuple[Note, ...] = ()
    commits: tuple[Oid, ...] = ()


def number_to_json(value: Number) -> Number | str:
    """Returns a number as strict JSON can hold it.

    NaN and infinities become "NaN", "Infinity" and "-Infinity"; whole numbers with more digits than
    Python reads or writes become "0x..."; subclasses, such as numpy's, become plain numbers.
    """
    if isinstance(value, int):
        return int(value) if value.bit_length() <= _MAX_DECIMAL_BITS else hex(value)
    if math.isfinite(value):
        return float(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def number_from_json(value: object) -> Number:
    """Reverses `number_to_json`.

    Raises:
        ValueError: It is neither a number nor the name of one.
    """
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str) and value in _NAMED_NUMBERS:
        return float(value)
    if isinstance(value, str) and value.lstrip("-").startswith("0x"):
        return int(value, 16)
    raise ValueError(f"not a number: {value!r:.80}")


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
        gaps=tuple(Gap(gap.kind, gap.subject, "") for gap in run.gaps),
        pillars=run.pillars,
        exit_code=run.exit_code,
        format=run.format,
    )


def render_message(record: Record) -> bytes:
    """Returns the message of the run commit."""
    run = record.run
    shown = [f"{name}={_short(metric.value)}" for name, metric in [*record.metrics.items()][:4]]
    subject = _one_line(f"{run.name}: {' '.join(shown) or run.status.value}")
    message = "\n".join(_one_line(line) for line in run.message.strip().splitlines())
    body = [message, f"$ {_one_line(shlex.join(run.command))}" if run.command else ""]
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
        "started_at": run.started_at.astimezone(UTC).isoformat(),
        "duration_s": run.duration_s,
        "commit": run.code.commit,
        "branch": run.code.branch,
        "dirty": bool(run.code.dirty),
        "exit_code": run.exit_code,
        "command": shlex.join(run.command),
        "pillars": list(run.pillars),
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
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number_to_json(value)
    if isinstance(value, list):
        return [_strict(item) for item in value]
    if isinstance(value, dict):
        return {key: _strict(item) for key, item in value.items()}
    return value


def summary_text(message: bytes) -> bytes:
    """Returns the summary, JSON on one line, of a run commit's message or of the whole object.

    What there is no summary in gives something that `parse_summary` refuses.
    """
    return message.rpartition(b"\n" + _TRAILER.encode())[2].partition(b"\n")[0]


def parse_message(message: bytes, *, oid: Oid, ref: RefName) -> Summary:
    """Reads the summary out of a run commit's message, or out of the whole commit object.

    Raises:
        SummaryError: There is none, it is damaged, or a newer repro wrote it.
    """
    return parse_summary(summary_text(message), oid=oid, ref=ref)


def parse_summary(text: bytes, *, oid: Oid, ref: RefName) -> Summary:
    """Reads what `summary_text` gave.

    Raises:
        SummaryError: It is damaged, or a newer repro wrote it.
    """
    try:
        fields = _DECODER.raw_decode(text.decode("utf-8"))[0]
        if fields["format"] > FORMAT_VERSION:
            raise SummaryError(
                f"{ref} has format {fields['format']}, newer than this repro reads"
                f" ({FORMAT_VERSION})",
                hint="pip install --upgrade repro-git",
            )
        return _summary(fields, oid, ref)
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise SummaryError(
            f"{ref} holds no run that can be read", hint=f"git show {oid}"
        ) from error


_FIELDS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("format", (int,)),
    ("id", (str,)),
    ("name", (str,)),
    ("duration_s", (float, int, NoneType)),
    ("commit", (str, NoneType)),
    ("branch", (str, NoneType)),
    ("dirty", (bool,)),
    ("exit_code", (int, NoneType)),
    ("command", (str,)),
    ("tags", (dict,)),
)


def _summary(fields: dict[str, Any], oid: Oid, ref: RefName) -> Summary:
    for key, kinds in _FIELDS:
        if type(fields[key]) not in kinds:
            raise TypeError(f"{key} has the wrong type")
    started_at = datetime.fromisoformat(fields["started_at"])
    commit = fields["commit"]
    if started_at.tzinfo is None or not is_run_id(fields["id"]):
        raise ValueError("a time without its zone, or no run id")
    if commit is not None and not is_oid(commit):
        raise ValueError("not a commit")
    return Summary(
        id=fields["id"],
        name=fields["name"],
        status=Status(fields["status"]),
        started_at=started_at if started_at.tzinfo is UTC else started_at.astimezone(UTC),
        duration_s=fields["duration_s"],
        oid=oid,
        ref=ref,
        commit=commit,
        branch=fields["branch"],
        dirty=fields["dirty"],
        command=fields["command"],
        params=_mapping(fields, "params"),
        metrics={
            name: value if type(value) is float else number_from_json(value)
            for name, value in _mapping(fields, "metrics").items()
        },
        tags=_texts(fields["tags"]),
        gaps=tuple([Gap(GapKind(kind), str(what), "") for kind, what in fields["gaps"]]),
        pillars=Pillars(*map(str, fields["pillars"])),
        exit_code=fields["exit_code"],
        is_partial=bool(fields.get("partial", False)),
        format=fields["format"],
    )


def _mapping(fields: dict[str, Any], key: str) -> dict[str, Any]:
    values = fields.get(key, {})
    if type(values) is not dict:
        raise TypeError(f"{key} has the wrong type")
    return values


def _texts(values: dict[str, Any]) -> dict[str, str]:
    if values and not all(isinstance(value, str) for value in values.values()):
        raise TypeError("a tag that is not text")
    return values


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not in JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _short(value: Number) -> str:
    try:
        return f"{value:.6g}"
    except OverflowError:  # a whole number beyond every float
        return f"{'-' * (value < 0)}1e+{int(int(value).bit_length() * math.log10(2))}"


def _one_line(text: str) -> str:
    return _CONTROL.sub(" ", text)
