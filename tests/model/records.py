"""Random records, for property tests."""

import os
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeVar

from hypothesis import strategies as st

from repro.model.data import LOGGED_DIRECTORY, Artifact, DataEntry, DirectoryExtras, Place, Source
from repro.model.environment import (
    Environment,
    Hardware,
    Interpreter,
    LockFile,
    Package,
    Platform,
)
from repro.model.gap import Gap, GapKind
from repro.model.ids import Oid, RunId, new_run_id
from repro.model.run import Code, DirtyPath, Host, Identity, Pillars, Record, Run, Status
from repro.model.values import Metric, Point

__all__ = ["MOMENT", "names", "numbers", "records", "simple_record", "texts", "values"]

T = TypeVar("T")

MOMENT = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)

raw_paths = st.binary(min_size=1, max_size=20).map(os.fsdecode)
texts = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", "yes", "1e5", "0x1F", "12:30:45", "<<", "=", "~", "2024-05-06", "a: b"]),
    st.sampled_from(["- a", "# b", "\x1b[31mred", "é", "\u2028", "'", '"', "%", "\ufeffx", "a\nb"]),
    raw_paths,
)
names = st.one_of(texts, st.sampled_from(["a", "a/b", "A", "a.tsv/b", "..", "../x", "/x", "a//b"]))
numbers = st.one_of(st.integers(), st.floats(), st.just(10**400))
scalars = st.one_of(texts, st.integers(), st.floats(), st.booleans(), st.none())
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
times = st.datetimes(
    datetime(1971, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds
    datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))]),
).map(lambda at: at.replace(fold=0))
oids = st.sampled_from(["1f" * 20, "0a" * 32]).map(Oid)
run_ids: st.SearchStrategy[RunId] = st.builds(new_run_id, times, st.binary(min_size=4, max_size=4))
counts = st.integers(0, 2**63)


def tuples(items: st.SearchStrategy[T], *, max_size: int = 4) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(items, max_size=max_size).map(tuple)


text_maps = st.dictionaries(texts, texts, max_size=3)
relative = (
    st.lists(
        st.binary(min_size=1, max_size=8).map(os.fsdecode).map(lambda t: "d" + t.replace("/", "_")),
        min_size=1,
        max_size=3,
    )
    .map("/".join)
    .filter(lambda path: "\0" not in path)
)
inline_paths = relative | relative.map(lambda path: f"{LOGGED_DIRECTORY}{path}")
hashes = st.sampled_from(["0" * 32, "ab" * 16, "12" * 16 + ".dir"])
extras = st.none() | st.builds(
    DirectoryExtras,
    executable=tuples(relative.map(lambda p: f"x/{p}")),
    symlinks=st.dictionaries(
        relative.map(lambda p: "link-" + p.replace("/", "-")), relative, max_size=3
    ),
    empty=tuples(relative.map(lambda p: f"e/{p}")),
)
files = st.builds(
    DataEntry,
    path=relative,
    hash=hashes,
    size_bytes=counts,
    n_files=counts,
    source=st.sampled_from(Source),
    pointer=st.none() | relative,
    place=st.sampled_from([Place.STORE, Place.NOWHERE]),
    matches_pointer=st.booleans(),
    executable=st.booleans(),
    extras=extras,
    hash_name=st.just("md5"),
)
tables = st.builds(
    DataEntry,
    path=relative
    | st.sampled_from(["/warehouse/events", "delta+s3://lake/a b", "iceberg://c/n.t"]),
    hash=st.sampled_from(["0@x", "7@1f2e-0a", "3,12@a.b", "none@x", "5234567890123456789@u_1"]),
    size_bytes=counts,
    n_files=counts,
    source=st.sampled_from([Source.DECLARED, Source.LOGGED]),
    pointer=st.none(),
    place=st.just(Place.TABLE),
    matches_pointer=st.just(True),
    executable=st.just(False),
    extras=st.none(),
    hash_name=st.sampled_from(["delta-version", "iceberg-snapshot"]),
)
data_entries = files | tables
artifacts = st.builds(
    Artifact,
    path=inline_paths,
    hash=hashes,
    size_bytes=counts,
    n_files=counts,
    place=st.sampled_from([Place.GIT, Place.STORE, Place.NOWHERE]),
    executable=st.booleans(),
    extras=extras,
    hash_name=st.just("md5"),
    kind=st.sampled_from(["", "model", "figure"]),
)
environments = st.builds(
    Environment,
    platform=st.builds(Platform, texts, texts, texts, texts, texts, texts),
    hardware=st.builds(
        Hardware,
        cpu=texts,
        n_cores=counts,
        memory_bytes=counts,
        gpus=tuples(texts),
        gpu_driver=st.none() | texts,
        cpu_flags=texts,
        cuda=st.none() | texts,
        gpu_memory_bytes=tuples(counts),
    ),
    interpreter=st.none()
    | st.builds(
        Interpreter, texts, texts, texts, texts, texts, texts, tuples(texts), st.none() | texts
    ),
    packages=tuples(
        st.builds(
            Package, texts, texts, st.none() | texts, st.none() | texts, st.none() | text_maps
        )
    ),
    variables=text_maps,
    other_interpreters=tuples(texts),
    variable_names=tuples(texts),
    indexes=tuples(texts),
    lock_files=tuples(st.builds(LockFile, texts, tuples(texts))),
    runtime=text_maps,
    modules=tuples(texts),
)
gaps = st.builds(Gap, st.sampled_from(GapKind), texts, texts, texts)
runs = st.builds(
    Run,
    id=run_ids,
    name=texts,
    status=st.sampled_from(Status),
    started_at=times,
    ended_at=st.none() | times,
    code=st.builds(
        Code, st.none() | oids, st.none() | texts, oids, tuples(st.builds(DirtyPath, texts, texts))
    ),
    pillars=st.builds(Pillars, texts, texts, texts, texts),
    author=st.none() | st.builds(Identity, texts, texts),
    host=st.builds(Host, texts, texts),
    command=tuples(texts),
    cwd=texts,
    project=texts,
    exit_code=st.none() | st.integers(0, 255),
    message=texts,
    parent_run=st.none() | run_ids,
    tags=text_maps,
    gaps=tuples(gaps),
    repro_version=texts,
    format=st.just(1),
    resumes=st.none() | run_ids,
)
points = st.builds(Point, st.integers(), st.none() | st.floats(allow_nan=False), numbers)
records = st.builds(
    Record,
    run=runs,
    params=st.dictionaries(texts, values, max_size=5),
    metrics=st.dictionaries(
        names, st.builds(Metric, numbers, st.none() | st.integers()), max_size=4
    ),
    history=st.dictionaries(names, tuples(points), max_size=4),
    data=tuples(data_entries),
    artifacts=tuples(artifacts),
    environment=st.none() | environments,
    lock=st.none() | st.binary(max_size=20),
    conda=st.none() | st.binary(max_size=20),
    output=st.none() | st.binary(max_size=20),
    inline=st.dictionaries(inline_paths, st.binary(max_size=9), max_size=3),
    system=st.sampled_from([None, b"time_s\tcpu\tdisk\n", b"time_s\tcpu\n1.5\t\n2.5\t-0.25\n"]),
    cells=st.none() | st.binary(max_size=20),
)


def simple_record() -> Record:
    """Returns a small record with every part in it."""
    return Record(
        run=Run(
            id=RunId("20240506T070809-kxwmtrzq"),
            name="quiet-harbor",
            status=Status.FINISHED,
            started_at=MOMENT,
            ended_at=MOMENT + timedelta(seconds=90),
            code=Code(Oid("1f" * 20), "main", Oid("0a" * 20), (DirtyPath("train.py", "modified"),)),
            pillars=Pillars("a" * 16, "b" * 16, "c" * 16, "d" * 16),
            author=Identity("Test Author", "author@example.org"),
            host=Host("lab", "ada"),
            command=("python", "train.py", "--lr", "0.1"),
            exit_code=0,
            message="first try",
            tags={"baseline": "", "team": "vision"},
            gaps=(Gap(GapKind.DATA, "big.bin", "larger than the limit", "dvc add big.bin"),),
            repro_version="0.1.0",
        ),
        params={"lr": 0.1, "model": {"layers": [64, 64], "act": "relu"}},
        metrics={"acc": Metric(0.93, 10), "loss": Metric(0.21)},
        history={"loss": (Point(0, 1.5, 0.5), Point(1, 2.5, 0.21))},
        data=(DataEntry("data/train.csv", "ab" * 16, 12, 1, Source.TRACED),),
        artifacts=(Artifact("plot.svg", "cd" * 16, 5, place=Place.GIT),),
        environment=Environment(
            Platform("Linux", "6.1", "x86_64", "glibc 2.36", "Debian 12"),
            Hardware("a CPU", 4, 8 * 2**30),
            Interpreter("cpython", "3.11.7", "3.11.7 (main)", "/venv/bin/python", "/venv", "/usr"),
            (Package("numpy", "2.1.0", "ef" * 32, "uv"),),
            {"PYTHONHASHSEED": "0"},
        ),
        lock=b'lock-version = "1.0"\n',
        output=b"epoch 1\n",
        inline={"plot.svg": b"<svg>"},
    )
