"""Runs as an HTML table: what ``repro ls`` shows, for a notebook."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from repro.compare.columns import columns_that_differ
from repro.model.ids import short_id
from repro.model.run import Status
from repro.model.summary import Summary
from repro.reading.html import duration, escaped, faint, moment, number, table, value

if TYPE_CHECKING:
    from repro.reading.run import Run

__all__ = ["runs_html"]

_MAX_ROWS = 100
_MAX_COLUMNS = 24
_QUIET = frozenset({Status.FINISHED, Status.RECORDED})


def runs_html(runs: "Sequence[Run]") -> str:
    """Returns the table: the params in which the runs differ, and the metrics."""
    if not runs:
        return "<div>no runs</div>"
    shown = [run.summary for run in runs[:_MAX_ROWS]]
    columns = columns_that_differ(shown)
    names = [*(("params", x) for x in columns.params), *(("metrics", x) for x in columns.metrics)]
    left_out = names[_MAX_COLUMNS:]
    names = names[:_MAX_COLUMNS]
    has_status = any(run.status not in _QUIET for run in shown)
    has_tags = any(run.tags != shown[0].tags for run in shown) or (
        len(shown) == 1 and shown[0].tags
    )
    header = [
        *("run", "name", *(["status"] if has_status else []), "started (UTC)", "took"),
        *(escaped(name) for _, name in names),
        *(["tags"] if has_tags else []),
        "gaps",
    ]
    rows = [
        [
            f"<code>{escaped(short_id(run.id))}</code>",
            escaped(f"{run.name} ★" if run.starred else run.name),
            *([escaped(run.status)] if has_status else []),
            faint(moment(run.started_at)),
            faint(duration(run.duration_s)),
            *(_cell(run, scope, name) for scope, name in names),
            *([escaped(_tags(run))] if has_tags else []),
            _gaps(run),
        ]
        for run in shown
    ]
    notes = []
    if len(runs) > _MAX_ROWS:
        notes.append(f"… and {len(runs) - _MAX_ROWS:,} more")
    if left_out:
        notes.append(f"without {len(left_out)} more columns: .to_pandas() has them")
    return f"<div>{table(rows, header=header)}{faint('; '.join(notes))}</div>"


def _cell(run: Summary, scope: str, name: str) -> str:
    if scope == "params":
        return escaped(value(run.params[name])) if name in run.params else ""
    return escaped(number(run.metrics[name])) if name in run.metrics else ""


def _tags(run: Summary) -> str:
    return ", ".join(f"{name}={text}" if text else name for name, text in run.tags.items())


def _gaps(run: Summary) -> str:
    if run.status is Status.RUNNING:
        return ""
    return str(len(run.gaps)) if run.gaps else "reproducible"
