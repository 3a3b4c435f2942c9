"""Starts processes: the ones that prepare, and the ones that are timed.

The benchmarks' own door, so that the program which is measured is not also the stopwatch.
"""

import subprocess  # noqa: TID251 - repro.process is under test here
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.failure import BenchmarkError

__all__ = ["in_background", "output_of", "timed_ms"]

_LIMIT_S = 600


def output_of(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: bytes = b""
) -> bytes:
    """Runs a command to its end and returns its stdout.

    Raises:
        BenchmarkError: It is not there, or returned something else than 0.
    """
    try:
        done = subprocess.run(
            argv, cwd=cwd, env=env, input=stdin, capture_output=True, timeout=_LIMIT_S, check=False
        )
    except OSError as error:
        raise BenchmarkError(f"{argv[0]}: {error.strerror}") from error
    if done.returncode != 0:
        raise _failed(argv, done.returncode, done.stderr)
    return done.stdout


def timed_ms(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> float:
    """Runs a command to its end, its stdout thrown away, and returns its wall time.

    Raises:
        BenchmarkError: It returned something else than 0: then its time means nothing.
    """
    with tempfile.TemporaryFile() as errors:
        start_ns = time.perf_counter_ns()
        # Not closing descriptors spares both sides a walk that is none of theirs.
        child = subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            close_fds=False,
        )
        code = child.wait()
        elapsed_ns = time.perf_counter_ns() - start_ns
        if code != 0:
            errors.seek(0)
            raise _failed(argv, code, errors.read())
    return elapsed_ns / 1e6


@contextmanager
def in_background(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str]
) -> Iterator[Callable[[], None]]:
    """Runs a command beside the stopwatch, until its stdin is closed when the block is left.

    Yields:
        What raises BenchmarkError where the command has ended already.
    """
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            argv, cwd=cwd, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors
        )

        def must_be_up() -> None:
            code = child.poll()
            if code is not None:
                errors.seek(0)
                raise _failed(argv, code, errors.read())

        try:
            yield must_be_up
        finally:
            child.communicate(timeout=_LIMIT_S)


def _failed(argv: Sequence[str], code: int, stderr: bytes) -> BenchmarkError:
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    said = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "")
    words = " ".join(argv)
    return BenchmarkError(f"`{words[:120]}` returned {code}: {said.strip()}")
