"""`python -m benchmarks`: measures, says how it goes on stderr, and shows the table on stdout."""

import sys
import tempfile
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from benchmarks.bench import Bench, open_bench
from benchmarks.failure import BenchmarkError
from benchmarks.machine import load, machine
from benchmarks.options import Options, read_options
from benchmarks.page import Page
from benchmarks.peers import Peers, peer_rows
from benchmarks.result import Result, Verdict
from benchmarks.rows import ROWS, Row
from benchmarks.rows.environment import environment_rows
from benchmarks.rows.points import POINTS
from benchmarks.rows.scale import SCALE

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
    peers = Peers(options.cache)
    rows = ROWS
    if options.with_peers:
        rows = peer_rows(peers)
    elif options.with_environments:
        rows = environment_rows(options.cache, with_cold=options.with_cold)
    elif options.with_scale:
        rows = SCALE
    elif options.with_points:
        rows = POINTS
    chosen = [row for row in rows if _fits(row, options.only)]
    if not chosen:
        raise BenchmarkError(f"no row fits {options.only!r}")
    results = [_result(row, bench) for row in chosen]
    page = Page(
        results=results,
        machine=where,
        pairs=options.pairs,
        loads=(before, load()),
        peers=peers.versions() if options.with_peers else None,
    )
    sys.stdout.write(page.json() if options.as_json else page.text())
    return 0 if all(result.verdict is Verdict.MET for result in results) else 1


def _fits(row: Row, pattern: str) -> bool:
    texts = (row.id.lower(), row.name.lower())
    wanted = pattern.lower()
    return any(wanted in text or fnmatch(text, wanted) for text in texts)


def _result(row: Row, bench: Bench) -> Result:
    _say(f"measuring {row.id} ...")
    return row.result(bench)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
