"""The screen at the end of a recording: what was captured, and what was not."""

import os
import sys
from collections.abc import Iterator, Sequence

from repro.cli.format import counted, duration, size
from repro.cli.page import clean
from repro.model.ids import RunId, short_id
from repro.model.run import Record, Status

__all__ = ["print_known", "print_outcome", "print_recorded", "print_recovered"]

_MAX_ITEMS = 4
_MAX_GAPS = 6
_COLOURS = {
    Status.FINISHED: "32",
    Status.RECORDED: "32",
    Status.FAILED: "31",
    Status.NOT_STARTED: "31",
}


def print_outcome(record: Record, *, is_strict: bool = False) -> None:
    """Says on stderr what was recorded.

    Args:
        record: The record.
        is_strict: Whether it was meant to have no gaps.
    """
    lines = [_title(record), *(f"  {label:<12} {text}" for label, text in _rows(record))]
    if is_strict and record.run.gaps:
        n_gaps = len(record.run.gaps)
        were = "was" if n_gaps == 1 else "were"
        found = f"{counted(n_gaps, 'gap')} {were} found only while it ran"
        lines.append(f"  {'strict':<12} {_paint(found, '33')}")
    _talk("\n".join(lines))


def print_recorded(record: Record) -> None:
    """Says in one line what was recorded of a run that a Python program began by itself."""
    run = record.run
    parts = [f"repro: recorded {_paint(clean(run.name), '1')} ({short_id(run.id)})"]
    if run.status is not Status.FINISHED:
        parts[0] += f" {_paint(run.status.value, _COLOURS.get(run.status, '33'))}"
    if record.metrics:
        parts.append(_some([f"{n}={m.value:.6g}" for n, m in record.metrics.items()]))
    if run.gaps:
        parts.append(_paint(counted(len(run.gaps), "gap"), "33"))
    _talk("  ".join(parts))


def print_known(run_id: RunId) -> None:
    """Says that the workspace is recorded already."""
    _talk(f"repro: nothing new, recorded already as {short_id(run_id)}")


def print_recovered(recovered: Sequence[RunId], failures: Sequence[str], *, quiet: bool) -> None:
    """Says which runs of dead recorders were finished, and which could not be."""
    if recovered and not quiet:
        names = ", ".join(short_id(run_id) for run_id in recovered)
        _talk(f"repro: recorded what was left of a run that died: {names}")
    for failure in failures:
        _talk(f"warning: a run that died could not be recorded: {clean(failure)}")


def _title(record: Record) -> str:
    run = record.run
    status = run.status.value
    if run.exit_code:
        status += f" with exit code {run.exit_code}"
    took = f" after {duration(run.duration_s)}" if run.command and run.duration_s else ""
    name = _paint(clean(run.name), "1")
    status = _paint(status, _COLOURS.get(run.status, "33"))
    return f"repro: {name} ({short_id(run.id)}) {status}{took}"


def _rows(record: Record) -> Iterator[tuple[str, str]]:
    run = record.run
    if record.metrics:
        yield "metrics", _some([f"{n}={m.value:.6g}" for n, m in record.metrics.items()])
    yield "code", _code(record)
    if record.params:
        from repro.model.values import flatten

        yield "params", _some([f"{n}={v}" for n, v in flatten(record.params).items()])
    if record.data:
        yield "data", _some([f"{e.path} ({size(e.size_bytes)})" for e in record.data])
    if record.artifacts:
        yield (
            "artifacts",
            _some([f"{a.name} ({size(a.size_bytes)})" for a in record.artifacts]),
        )
    yield "environment", _environment(record)
    for text in _drift(record):
        yield "", _paint(text, "33")
    if run.gaps:
        for number, gap in enumerate(run.gaps[:_MAX_GAPS]):
            text = clean(f"{gap.kind.value}: {gap.subject}: {gap.reason}")
            yield ("gaps" if number == 0 else ""), _paint(text, "33")
            if gap.fix:
                yield "", f"  to close it: {clean(gap.fix)}"
        if len(run.gaps) > _MAX_GAPS:
            yield "", f"and {len(run.gaps) - _MAX_GAPS} more"
    else:
        yield "gaps", _paint("none: reproducible", "32")
    letters = short_id(run.id)
    yield "next", f"repro show {letters}   repro checkout {letters}"


def _code(record: Record) -> str:
    code = record.run.code
    commit = code.commit[:10] if code.commit else "no commit yet"
    place = f"{clean(code.branch)} {commit}" if code.branch else commit
    if not code.dirty:
        return place
    names = [path.path for path in code.dirty]
    return f"{place} + {len(names)} uncommitted: {_some(names)}"


def _environment(record: Record) -> str:
    environment = record.environment
    if environment is None:
        return "not observed"
    interpreter = environment.interpreter
    python = f"Python {interpreter.version}" if interpreter else "no Python seen"
    packages = f", {len(environment.packages)} packages" if interpreter else ""
    is_locked = record.lock is not None or record.conda is not None
    return f"{python}{packages}{', locked' if is_locked else ''}"


def _drift(record: Record) -> Iterator[str]:
    """Yields one line when what was installed differs from what the lock files say."""
    files = record.environment.lock_files if record.environment else ()
    drifted = [file for file in files if file.drift]
    if drifted:
        from repro.cli.drift import drift_text

        n_more = len(drifted) - 1
        more = f" ({counted(n_more, 'more file')} drifted)" if n_more else ""
        yield clean(f"{drift_text(drifted[0])}{more}")


def _some(items: Sequence[str]) -> str:
    shown = "  ".join(clean(item) for item in items[:_MAX_ITEMS])
    rest = len(items) - _MAX_ITEMS
    return f"{shown}  and {rest} more" if rest > 0 else shown


def _paint(text: str, colour: str) -> str:
    if os.environ.get("NO_COLOR") or not sys.stderr.isatty():
        return text
    return f"\x1b[{colour}m{text}\x1b[0m"


def _talk(text: str) -> None:
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody listens
        return
