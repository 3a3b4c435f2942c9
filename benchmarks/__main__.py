"""`python -m benchmarks`: measures, says how it goes on stderr, and shows the table on stdout."""

import json
import sys
import tempfile
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from benchmarks.bench import Bench, open_bench
from benchmarks.failure import BenchmarkError
from benchmarks.machine import Machine, load, machine
from benchmarks.options import Options, read_options
from benchmarks.peers import peer_rows
from benchmarks.result import Result, Verdict
from benchmarks.rows import ROWS, Row
from benchmarks.table import row_to_json, table

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0 when every budget was met, 1 when one was not, 2 when nothing could be done."""
    options = read_options(argv)
    if options.scratch is not None:
        options.scratch.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="repro-bench-", dir=options.scratch) as scratch:
            bench = open_bench(Path(scratch), pairs=options.pairs, warmups=options.warmups)
            return _measure(bench, options)
    except BenchmarkError as error:
        _say(f"error: {error}")
        return 2


def _measure(bench: Bench, options: Options) -> int:
    before = load()
    where = machine(bench)
    if before > where.n_cores / 2:
        _say(f"the machine is busy (load {before:.1f} on {where.n_cores} cores): expect noise")
    notes: list[str] = []
    rows = peer_rows(bench, options, notes) if options.with_peers else ROWS
    chosen = [row for row in rows if _fits(row, options.only)]
    if not chosen and not notes:
        raise BenchmarkError(f"no row fits {options.only!r}")
    results = [_result(row, bench) for row in chosen]
    loads = (before, load())
    show = _json if options.as_json else _text
    sys.stdout.write(show(results, where, options, loads, notes))
    return 0 if all(result.verdict is Verdict.MET for result in results) else 1


def _fits(row: Row, pattern: str) -> bool:
    texts = (row.id.lower(), row.name.lower())
    wanted = pattern.lower()
    return any(wanted in text or fnmatch(text, wanted) for text in texts)


def _result(row: Row, bench: Bench) -> Result:
    _say(f"measuring {row.id} ...")
    return row.result(bench)


def _text(
    results: Sequence[Result],
    where: Machine,
    options: Options,
    loads: tuple[float, float],
    notes: Sequence[str],
) -> str:
    head = (
        f"{where}\nmedians over {options.pairs} interleaved pairs at most; load {loads[0]:.1f}"
        f" before, {loads[1]:.1f} after\n"
    )
    left = "peer" if options.with_peers else "floor"
    return "\n".join([head, table(results, left=left), *(f"  {note}" for note in notes), ""])


def _json(
    results: Sequence[Result],
    where: Machine,
    options: Options,
    loads: tuple[float, float],
    notes: Sequence[str],
) -> str:
    page = {
        "machine": where.to_json(),
        "load": {"before": loads[0], "after": loads[1]},
        "pairs": options.pairs,
        "rows": [row_to_json(result) for result in results],
        "notes": list(notes),
    }
    return json.dumps(page, indent=2) + "\n"


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
