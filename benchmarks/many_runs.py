"""Repositories with thousands of runs, written by one ``git fast-import``."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.repositories import make_tree
from repro.model.ids import Oid, new_run_id, run_ref
from repro.model.run import Code, Host, Identity, Pillars, Record, Run, Status
from repro.model.summary import render_message
from repro.model.values import Metric

__all__ = ["make_repository_with_runs"]

_START = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
_AUTHOR = Identity("Ada Example", "ada@example.org")


def make_repository_with_runs(bench: Bench, path: Path, *, n_runs: int) -> None:
    """Makes a repository of 100 files with runs a minute apart, refs packed as ``git gc`` does.

    The commits carry the messages that repro writes, which is all that a listing reads; their trees
    are those of the code.
    """
    make_tree(bench, path, n_files=100)
    head, tree = bench.run("git", "rev-parse", "HEAD", "HEAD^{tree}", cwd=path).decode().split()
    stream = b"".join(_commits(n_runs, Oid(head), Oid(tree)))
    bench.run("git", "fast-import", "--quiet", "--done", cwd=path, stdin=stream)
    bench.run("git", "pack-refs", "--all", cwd=path)


def _commits(n_runs: int, head: Oid, tree: Oid) -> Iterator[bytes]:
    for number in range(n_runs):
        record = _record(number, head, tree)
        message = render_message(record)
        at = f"{_AUTHOR.name} <{_AUTHOR.email}> {int(record.run.started_at.timestamp())} +0000"
        yield (
            f"commit {run_ref(record.run.id)}\ncommitter {at}\ndata {len(message)}\n".encode()
            + message
            + f'\nfrom {head}\nM 040000 {tree} ""\n\n'.encode()
        )
    yield b"done\n"


def _record(number: int, head: Oid, tree: Oid) -> Record:
    started_at = _START + timedelta(minutes=number)
    digest = f"{number * 2654435761 % 2**64:016x}"
    run = Run(
        id=new_run_id(started_at, (number * 2654435761 % 2**32).to_bytes(4, "big")),
        name=f"quiet-river-{number}",
        status=Status.FINISHED,
        started_at=started_at,
        ended_at=started_at + timedelta(seconds=42),
        code=Code(head, "main", tree),
        pillars=Pillars(digest, digest[::-1], f"{number:016x}", "0123456789abcdef"),
        author=_AUTHOR,
        host=Host("desk", "ada"),
        command=("python", "train.py", "--lr", str(number / 1000), "--seed", str(number)),
        exit_code=0,
    )
    accuracy = number % 997 / 997
    return Record(
        run=run,
        params={"lr": number / 1000, "layers": number % 7, "seed": number, "optimizer": "adam"},
        metrics={"accuracy": Metric(accuracy), "loss": Metric(1 - accuracy)},
    )
