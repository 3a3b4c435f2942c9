"""What every command pays before it does anything."""

from collections.abc import Mapping
from functools import partial

from benchmarks.bench import Bench
from benchmarks.result import Budget, Samples
from benchmarks.rows.row import Row

__all__ = ["STARTUP"]

_COMPLETE = {"_REPRO_COMPLETE": "bash_complete", "COMP_WORDS": "repro ch", "COMP_CWORD": "1"}


def _measure(
    bench: Bench, *, args: tuple[str, ...] = (), env: Mapping[str, str] | None = None
) -> Samples:
    cwd = bench.directory("startup")
    click = (bench.python, "-c", "import click")
    return bench.compare(
        lambda: bench.timed_ms(click, cwd=cwd),
        lambda: bench.timed_ms((bench.repro, *args), cwd=cwd, env=env),
    )


def _row(
    name: str,
    words: str,
    *,
    args: tuple[str, ...] = (),
    env: Mapping[str, str] | None = None,
) -> Row:
    measure = partial(_measure, args=args, env=env)
    return Row(f"start-{name}", words, "python start + import click", Budget(1.3), measure)


STARTUP = (
    _row("version", "repro --version", args=("--version",)),
    _row("help", "repro --help", args=("--help",)),
    _row("complete", "completion of `repro ch`", env=_COMPLETE),
)
