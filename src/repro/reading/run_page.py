"""A run as a compact page of HTML, for a notebook."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from repro.reading.html import (
    duration,
    escaped,
    faint,
    moment,
    number,
    section,
    sparkline,
    table,
    value,
)

if TYPE_CHECKING:
    from repro.reading.run import Run

__all__ = ["page"]

_MAX_ROWS = 30
_MAX_CURVES = 12
"""Reading a curve of a million points takes a second."""
_DRAWN_POINTS = 200


def page(run: "Run") -> str:
    """Returns the page: pillars, params, metrics with their curves, outputs, gaps."""
    took = duration(run.duration_s)
    star = " ★" if run.starred else ""
    title = (
        f"<b>{escaped(run.name)}{star}</b> <code>{escaped(run.short_id)}</code> "
        f"{escaped(run.status)}{f' in {took}' if took else ''} "
        f"{faint(f'{moment(run.started_at)} UTC')}"
    )
    command = f"<br><code>{escaped(run.command)}</code>" if run.command else ""
    message = f"<br>{escaped(run.message.strip())}" if run.message.strip() else ""
    tags = ", ".join(f"{name}={text}" if text else name for name, text in run.tags.items())
    parts = (
        section("pillars", table(_pillars(run))),
        section("params", _rows([escaped(n), escaped(value(x))] for n, x in run.params.items())),
        section("metrics", _rows(_metrics(run))),
        section("artifacts", _rows(_artifacts(run))),
        section("tags", f"<div>{escaped(tags)}</div>" if tags else ""),
        section("gaps", _gaps(run)),
    )
    return f"<div>{title}{message}{command}{''.join(parts)}</div>"


def _pillars(run: "Run") -> list[list[str]]:
    code, environment = run.code, run.environment
    on = f" on {code.branch}" if code.branch else ""
    changes = f", {len(code.dirty)} uncommitted" if code.dirty else ", clean"
    n_bytes = sum(entry.size_bytes for entry in run.data)
    data = f"{len(run.data)} inputs, {n_bytes:,} bytes" if run.data else "no inputs seen"
    python = "not observed"
    if environment is not None:
        interpreter = environment.interpreter
        name = (
            f"{interpreter.implementation} {interpreter.version}"
            if interpreter
            else "no Python seen"
        )
        python = f"{name}, {len(environment.packages)} packages, {environment.platform.system}"
    return [
        ["code", escaped(f"{(code.commit or 'no commit')[:10]}{on}{changes}")],
        ["data", escaped(data)],
        ["params", str(len(run.params))],
        ["environment", escaped(python)],
    ]


def _metrics(run: "Run") -> Iterable[list[str]]:
    for number_, (name, last) in enumerate(run.metrics.items()):
        is_drawn = number_ < _MAX_CURVES
        curve = sparkline(run.history(name).thinned(_DRAWN_POINTS)) if is_drawn else ""
        yield [escaped(name), escaped(number(last)), curve]


def _artifacts(run: "Run") -> Iterable[list[str]]:
    for artifact in run.artifacts.values():
        kind = "logged" if artifact.is_logged else ""
        kept = "" if artifact.has_bytes else "not kept"
        note = ", ".join(filter(None, (artifact.kind, kind, kept)))
        yield [escaped(artifact.name), f"{artifact.size_bytes:,} bytes", faint(escaped(note))]


def _gaps(run: "Run") -> str:
    if run.is_running:
        return ""
    if not run.gaps:
        return "<div>none: reproducible</div>"
    return _rows(
        [escaped(f"{gap.kind}: {gap.subject}"), escaped(gap.reason), faint(escaped(gap.fix))]
        for gap in run.gaps
    )


def _rows(rows: Iterable[list[str]]) -> str:
    every = list(rows)
    if not every:
        return ""
    more = len(every) - _MAX_ROWS
    return table(every[:_MAX_ROWS]) + (faint(f"… and {more:,} more") if more > 0 else "")
