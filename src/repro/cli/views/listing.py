"""The listing of runs: a table for people, TSV for pipes, JSON for programs."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias, TypeGuard

from repro.cli.format import ago, aligned, duration, pointed, value
from repro.cli.page import Cell
from repro.cli.table import Column
from repro.compare.columns import Columns
from repro.compare.fields import MISSING, Key
from repro.compare.strict_json import Json, strict
from repro.model.ids import RunId, short_id
from repro.model.run import Status
from repro.model.summary import Note, Summary
from repro.model.values import Number
from repro.record.liveness import Elsewhere

__all__ = [
    "STATUS_STYLES",
    "Away",
    "chosen",
    "elapsed_s",
    "elsewhere_to_json",
    "is_reproducible",
    "iso",
    "note_to_json",
    "raw",
    "starred_name",
    "status_text",
    "table",
    "tags_text",
    "text_of",
    "to_json",
    "tsv_rows",
]

STATUS_STYLES: Mapping[Status, str] = {
    Status.RUNNING: "cyan",
    Status.FINISHED: "green",
    Status.FAILED: "red",
    Status.INTERRUPTED: "yellow",
    Status.CRASHED: "red",
    Status.NOT_STARTED: "red",
    Status.RECORDED: "",
}
"""How each status is coloured."""

Away: TypeAlias = Mapping[RunId, Elsewhere]
"""The runs in progress that no one here can see."""

_NOT_AWAY: Away = {}

_RANKS = {
    "metrics": 1,
    "tags": 1,
    "when": 2,
    "params": 3,
    "code": 4,
    "gaps": 4,
    "labels": 4,
    "notes": 4,
    "took": 5,
    "constant": 6,
}
"""What stays longest on a narrow terminal: metrics, of those the first."""

_STAR = "★"
_NOTE_MAX = 30

_QUIET = frozenset({Status.FINISHED, Status.RECORDED})


def is_reproducible(run: Summary) -> bool:
    """Tells whether a run has no gaps; of one in progress nobody knows yet."""
    return not run.gaps and run.status is not Status.RUNNING


def elapsed_s(run: Summary, now: datetime) -> float | None:
    """Returns how long a run took, or has taken until now; None where nobody knows."""
    if run.duration_s is not None:
        return run.duration_s
    if run.status is Status.RUNNING:
        return max((now - run.started_at).total_seconds(), 0.0)
    return None


def status_text(status: Status, exit_code: int | None) -> str:
    """Returns the status, with the exit code where that says more."""
    return (
        f"{status.value} ({exit_code})" if status is Status.FAILED and exit_code else status.value
    )


def starred_name(run: Summary) -> str:
    """Returns the name, with a star behind it where the run has one."""
    return f"{run.name} {_STAR}" if run.starred else run.name


def tags_text(tags: Mapping[str, str]) -> str:
    """Returns tags on one line: "baseline, stage=dev"."""
    return ", ".join(f"{name}={text}" if text else name for name, text in tags.items())


def table(
    runs: Sequence[Summary],
    columns: Columns,
    *,
    now: datetime,
    whole: bool,
    away: Away = _NOT_AWAY,
) -> list[Column]:
    """Returns the columns of the table for people.

    Args:
        runs: At least one.
        columns: The params and metrics to show.
        now: UTC.
        whole: Whether columns that say nothing about these runs are shown too.
        away: Where those are that no one here can see.
    """
    shown = [_letters(runs), _column("name", runs, starred_name)]
    if whole or any(run.status not in _QUIET for run in runs):
        shown.append(_statuses(runs, now, away))
    shown.append(
        _column(
            "when", runs, lambda run: ago(run.started_at, now), style="dim", rank=_RANKS["when"]
        )
    )
    shown.append(_durations(runs, now))
    shown += [
        _values(f"params.{name}" if whole else name, Key("params", name), runs)
        for name in columns.params
    ]
    shown += [
        _values(f"metrics.{name}" if whole else name, Key("metrics", name), runs)
        for name in columns.metrics
    ]
    if whole or _code_differs(runs):
        shown.append(_column("code", runs, _code, style="dim", rank=_RANKS["code"]))
    if any(run.tags for run in runs) and (whole or _tags_differ(runs)):
        shown.append(_column("tags", runs, lambda run: tags_text(run.tags), rank=_RANKS["labels"]))
    if any(run.notes for run in runs):
        shown.append(_column("notes", runs, _last_note, style="dim", rank=_RANKS["notes"]))
    shown.append(_gaps(runs))
    return shown


def _tags_differ(runs: Sequence[Summary]) -> bool:
    return len(runs) < 2 or any(run.tags != runs[0].tags for run in runs)


def _last_note(run: Summary) -> str:
    """Returns the beginning of the newest note, and how many others there are."""
    if not run.notes:
        return ""
    text = run.notes[-1].text.strip()
    line = text.partition("\n")[0].rstrip()
    if len(line) > _NOTE_MAX or line != text:
        line = f"{line[: _NOTE_MAX - 1].rstrip()}…"
    n_others = len(run.notes) - 1
    return f"{line} (+{n_others})" if n_others else line


def chosen(
    runs: Sequence[Summary], keys: Sequence[Key], *, now: datetime, away: Away = _NOT_AWAY
) -> list[Column]:
    """Returns the columns that the user named, after the one of the letters."""
    return [_letters(runs), *(_field(key, runs, now, away) for key in keys)]


def _field(key: Key, runs: Sequence[Summary], now: datetime, away: Away) -> Column:
    if key.scope:
        return _values(str(key), key, runs, rank=0)
    if key.name == "status":
        return _statuses(runs, now, away)
    if key.name == "duration_s":
        return _durations(runs, now)
    if key.name == "gaps":
        return _gaps(runs)
    if key.name == "notes":
        return _column(key.name, runs, _last_note)
    return _column(key.name, runs, lambda run: _plain_field(key, run, now))


def _plain_field(key: Key, run: Summary, now: datetime) -> str:
    found = key.value_in(run)
    if isinstance(found, datetime):
        return ago(found, now)
    if key.name == "commit" and isinstance(found, str):
        return found[:8]
    if key.name == "commits":
        return ", ".join(commit[:8] for commit in run.commits)
    return raw(found)


def _column(
    title: str,
    runs: Sequence[Summary],
    text: Callable[[Summary], str],
    *,
    style: str = "",
    rank: int = 0,
) -> Column:
    return Column(title, tuple(Cell(text(run), style) for run in runs), rank=rank)


def _letters(runs: Sequence[Summary]) -> Column:
    return _column("run", runs, lambda run: short_id(run.id), style="cyan")


def _statuses(runs: Sequence[Summary], now: datetime, away: Away) -> Column:
    return Column("status", tuple(_status(run, now, away.get(run.id)) for run in runs))


def _status(run: Summary, now: datetime, where: Elsewhere | None) -> Cell:
    text = status_text(run.status, run.exit_code)
    if where is not None and run.status is Status.RUNNING:
        return Cell(f"{text}, elsewhere; seen {ago(where.last_sign_at, now)}", "yellow")
    if run.status is Status.RUNNING:
        text += f" {duration(elapsed_s(run, now) or 0)}"
    return Cell(text, STATUS_STYLES[run.status])


def _durations(runs: Sequence[Summary], now: datetime) -> Column:
    times = (elapsed_s(run, now) for run in runs)
    cells = tuple(Cell("" if time is None else duration(time), "dim") for time in times)
    return Column("took", cells, right=True, rank=_RANKS["took"])


def _gaps(runs: Sequence[Summary]) -> Column:
    """Returns how many gaps each run has, in words where it has none."""
    has_gaps = any(run.gaps for run in runs)
    return Column("gaps", tuple(map(_gap_cell, runs)), rank=0 if has_gaps else _RANKS["gaps"])


def _gap_cell(run: Summary) -> Cell:
    if run.gaps:
        return Cell(str(len(run.gaps)), "yellow")
    return Cell("reproducible", "green") if is_reproducible(run) else Cell("")


def _values(title: str, key: Key, runs: Sequence[Summary], *, rank: int | None = None) -> Column:
    """Returns the column of a param, metric or tag; numbers alone are aligned."""
    found = [key.value_in(run) for run in runs]
    if rank is None:
        is_constant = len(runs) > 1 and len(set(map(text_of, found)) - {""}) < 2
        rank = _RANKS["constant" if is_constant else key.scope]
    numbers = [given for given in found if _is_number(given)]
    if len(numbers) < sum(given is not MISSING for given in found) or not numbers:
        return Column(title, tuple(Cell(text_of(given)) for given in found), rank=rank)
    # Metrics are rounded, params are shown as they were given.
    if key.scope == "metrics":
        texts = aligned([given if _is_number(given) else None for given in found])
        return Column(title, tuple(map(Cell, texts)), right=True, rank=rank)
    return Column(title, tuple(map(Cell, pointed(list(map(text_of, found))))), rank=rank)


def _is_number(given: object) -> TypeGuard[Number]:
    return isinstance(given, (int, float)) and not isinstance(given, bool)


def text_of(given: object) -> str:
    """Returns a value for people; "" where there is none."""
    if given is MISSING:
        return ""
    return value(given) if isinstance(given, (str, float)) else raw(given)


def _code_differs(runs: Sequence[Summary]) -> bool:
    return any(run.dirty for run in runs) or len({run.commit for run in runs}) > 1


def _code(run: Summary) -> str:
    return (run.commit[:7] if run.commit else "none") + ("*" if run.dirty else "")


def raw(found: object) -> str:
    """Returns a value for a pipe: whole, numbers with all their digits, "" where there is none."""
    if found is MISSING or found is None:
        return ""
    if isinstance(found, datetime):
        return iso(found)
    if isinstance(found, str):
        return str(found)
    if isinstance(found, float):
        return repr(found)
    return json.dumps(strict(dict(found) if isinstance(found, Mapping) else found))


def iso(at: datetime) -> str:
    """Returns a time as ISO 8601 in UTC, to the second: "2026-01-31T08:00:00Z"."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


_FIXED = ("name", "status", "started_at", "duration_s", "branch", "commit", "dirty", "gaps")
_SAID = (Key("", "starred"), Key("tags", ""), Key("", "notes"))
"""What people say of runs; tags are one column, a JSON object."""


def tsv_rows(
    runs: Sequence[Summary], columns: Columns, keys: Sequence[Key] | None
) -> tuple[list[str], list[list[str]]]:
    """Returns header and rows for a pipe: the whole id, then `keys`, or everything."""
    if keys is None:
        keys = [
            *(Key("", name) for name in _FIXED),
            *_SAID,
            *(Key("params", name) for name in columns.params),
            *(Key("metrics", name) for name in columns.metrics),
        ]
    header = ["id", *(".".join(filter(None, (key.scope, key.name))) for key in keys)]
    return header, [[run.id, *(raw(key.value_in(run)) for key in keys)] for run in runs]


def to_json(run: Summary, *, now: datetime, where: Elsewhere | None = None) -> dict[str, Json]:
    """Returns a run as the listing gives it to programs.

    Args:
        run: The run.
        now: UTC.
        where: Of a run in progress that no one here can see.
    """
    return {
        "id": run.id,
        "name": run.name,
        "status": run.status.value,
        "ref": run.ref,
        "oid": run.oid,
        "commit": run.commit,
        "commits": list(run.commits),
        "branch": run.branch,
        "dirty": run.dirty,
        "command": run.command,
        "exit_code": run.exit_code,
        "started_at": iso(run.started_at),
        "duration_s": elapsed_s(run, now),
        "params": strict(dict(run.params)),
        "metrics": strict(dict(run.metrics)),
        "tags": strict(dict(run.tags)),
        "starred": run.starred,
        "notes": [note_to_json(note) for note in run.notes],
        "gaps": [{"kind": gap.kind.value, "subject": gap.subject} for gap in run.gaps],
        "reproducible": is_reproducible(run),
        "pillars": {name: getattr(run.pillars, name) for name in run.pillars._fields},
        "elsewhere": elsewhere_to_json(where),
    }


def elsewhere_to_json(where: Elsewhere | None) -> Json:
    """Returns on which machine a run was begun, and when it last wrote anything."""
    if where is None:
        return None
    return {"host": where.host, "last_sign_at": iso(where.last_sign_at)}


def note_to_json(note: Note) -> dict[str, Json]:
    """Returns a note for programs."""
    return {"at": iso(note.at), "by": note.by, "text": note.text}
