"""Repositories with thousands of runs, written by one ``git fast-import``."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.repositories import make_tree
from repro.model.ids import Oid, WriterId, archive_ref, new_run_id, run_ref
from repro.model.run import Code, Host, Identity, Pillars, Record, Run, Status
from repro.model.summary import render_message, summary_text
from repro.model.values import Metric
from repro.store.archive import SEGMENT_RUNS, encode_segment

__all__ = ["make_repository_with_folded_runs", "make_repository_with_runs"]

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


def make_repository_with_folded_runs(bench: Bench, path: Path, *, n_runs: int, hot: int) -> None:
    """Makes the same, with all but the newest `hot` runs folded, as repro keeps so many.

    The whole history is written by two ``git fast-import``, for folding a hundred thousand runs a
    thousand at a time, as they come, would take minutes.
    """
    make_tree(bench, path, n_files=100)
    head, tree = bench.run("git", "rev-parse", "HEAD", "HEAD^{tree}", cwd=path).decode().split()
    records = [_record(number, Oid(head), Oid(tree)) for number in range(n_runs)]
    n_folded = n_runs - hot
    oids = _import_marked(bench, path, records, head=head, tree=tree, n_folded=n_folded)
    stream = b"".join(_archive(records[:n_folded], oids[:n_folded]))
    bench.run("git", "fast-import", "--quiet", "--done", cwd=path, stdin=stream)
    bench.run("git", "update-ref", "-d", "refs/bench/one", cwd=path)
    bench.run("git", "repack", "-a", "-d", "-q", cwd=path)
    bench.run("git", "pack-refs", "--all", cwd=path)
    bench.run("git", "commit-graph", "write", "--reachable", cwd=path)


def _import_marked(
    bench: Bench, path: Path, records: list[Record], *, head: str, tree: str, n_folded: int
) -> list[Oid]:
    """Writes the run commits, refs for those that stay hot, and returns their object ids."""
    stream = bytearray()
    for number, record in enumerate(records):
        ref = "refs/bench/one" if number < n_folded else run_ref(record.run.id)
        stream += _commit(ref, record, head=head, tree=tree, mark=f"mark :{number + 1}\n")
    stream += b"done\n"
    marks = path / ".git" / "bench-marks"
    argv = ("git", "fast-import", "--quiet", "--done", "--force", f"--export-marks={marks}")
    bench.run(*argv, cwd=path, stdin=bytes(stream))
    rows = (line.split() for line in marks.read_text().splitlines())
    found = {int(mark[1:]): Oid(oid) for mark, oid in rows}
    marks.unlink()
    return [found[number + 1] for number in range(len(records))]


def _archive(records: list[Record], oids: list[Oid]) -> Iterator[bytes]:
    """Yields the stream of an archive: a segment and a commit for every thousand runs."""
    ref = archive_ref(WriterId("zyxwvuts"))
    for number, start in enumerate(range(0, len(records), SEGMENT_RUNS), start=1):
        part = slice(start, start + SEGMENT_RUNS)
        segment = encode_segment(
            [
                (oid, summary_text(render_message(record)))
                for record, oid in zip(records[part], oids[part], strict=True)
            ]
        )
        parents = [f"merge {oid}\n" for oid in oids[part]]
        if number == 1:
            parents[0] = f"from {oids[start]}\n"
        yield (
            f"commit {ref}\ncommitter repro <> {start + 1} +0000\ndata 5\nfold\n\n".encode()
            + "".join(parents).encode()
            + (b"deleteall\n" if number == 1 else b"")
            + f"M 100644 inline {number:06}.jsonl\ndata {len(segment)}\n".encode()
            + segment
            + b"\n"
        )
    yield b"done\n"


def _commits(n_runs: int, head: Oid, tree: Oid) -> Iterator[bytes]:
    for number in range(n_runs):
        record = _record(number, head, tree)
        yield _commit(run_ref(record.run.id), record, head=head, tree=tree)
    yield b"done\n"


def _commit(ref: str, record: Record, *, head: str, tree: str, mark: str = "") -> bytes:
    message = render_message(record)
    at = f"{_AUTHOR.name} <{_AUTHOR.email}> {int(record.run.started_at.timestamp())} +0000"
    return (
        f"commit {ref}\n{mark}committer {at}\ndata {len(message)}\n".encode()
        + message
        + f'\nfrom {head}\nM 040000 {tree} ""\n\n'.encode()
    )


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
