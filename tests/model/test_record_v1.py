"""Format 1 is read for ever: its files lie in tests/fixtures/record-v1 and are never written again.

A change that makes these tests fail needs a new format, not new files.
"""

from datetime import UTC, datetime
from pathlib import Path

from repro.model.data import Artifact, DataEntry, DirectoryExtras, Place, Source
from repro.model.decode import decode_record
from repro.model.encode import encode_record
from repro.model.environment import Environment, Hardware, Interpreter, Package, Platform
from repro.model.gap import Gap, GapKind
from repro.model.ids import Oid, RunId
from repro.model.run import Code, DirtyPath, Host, Identity, Pillars, Record, Run, Status
from repro.model.values import Metric, Point

FILES = Path(__file__).parent.parent / "fixtures" / "record-v1"

EXPECTED = Record(
    run=Run(
        id=RunId("20240506T070809-kxwmtrzq"),
        name="quiet-harbor",
        status=Status.FAILED,
        started_at=datetime(2024, 5, 6, 7, 8, 9, 123456, UTC),
        ended_at=datetime(2024, 5, 6, 7, 10, 0, 500000, UTC),
        code=Code(
            Oid("1f" * 20),
            "topic/wider",
            Oid("0a" * 20),
            (DirtyPath("caf\udce9.py", "untracked"), DirtyPath("train.py", "modified")),
        ),
        pillars=Pillars("a0" * 8, "b1" * 8, "c2" * 8, "d3" * 8),
        author=Identity("Test Author", "author@example.org"),
        host=Host("lab-3", "ada"),
        command=("python", "train.py", "--lr", "1e-3", "--note", "two\nlines", "--path=caf\udce9"),
        cwd="experiments",
        project="experiments",
        exit_code=139,
        message="wider layers\n\nlonger too",
        parent_run=RunId("20240506T070000-zyxwvuts"),
        tags={"baseline": "", "team": "vision", "yes": "no"},
        gaps=(
            Gap(GapKind.DATA, "/data/big.bin", "it lies outside the repository", "dvc add"),
            Gap(GapKind.ENVIRONMENT, "mylib", "it was installed from a directory"),
        ),
        repro_version="0.1.0",
    ),
    params={
        "lr": 0.001,
        "seed": 7,
        "resume": None,
        "amp": True,
        "limit": float("inf"),
        "model": {"layers": [64, 64], "act": "relu", "1": "a key that is a number", "empty": {}},
        "note": "2024-05-06",
        "größe": "日本 \x1b[31m",
    },
    metrics={
        "acc": Metric(0.93, 10),
        "loss": Metric(float("-inf"), 11),
        "n_params": Metric(12_345),
        "val/f1 score": Metric(1e-7),
    },
    history={
        "acc": (Point(0, 1714979289.25, 0.5), Point(10, 1714979299.0, 0.93)),
        "val/f1 score": (Point(0, None, 0.1), Point(-1, None, 3), Point(1, 2.0, float("inf"))),
        "Acc": (Point(0, None, 1),),
        "../odd": (),
    },
    data=(
        DataEntry("/data/big.bin", "", 0, 1, Source.TRACED, place=Place.NOWHERE),
        DataEntry("data/one.csv", "ab" * 16, 12, 1, Source.DVC, pointer="data/one.csv.dvc"),
        DataEntry(
            "data/tiles",
            "cd" * 16 + ".dir",
            4096,
            3,
            Source.DECLARED,
            matches_pointer=False,
            extras=DirectoryExtras(("bin/run",), {"latest": "tiles-3"}, ("empty",)),
        ),
        DataEntry("tool.sh", "ef" * 16, 9, 1, Source.UNTRACKED, executable=True),
    ),
    artifacts=(
        Artifact("model.pt", "12" * 16, 2**33),
        Artifact("plots/roc.svg", "34" * 16, 5, place=Place.GIT),
        Artifact("report", "56" * 16 + ".dir", 10, 2, extras=DirectoryExtras()),
    ),
    environment=Environment(
        Platform("Linux", "6.1.0", "x86_64", "glibc 2.36", "Debian GNU/Linux 12 (bookworm)"),
        Hardware("Example CPU @ 2.00GHz", 4, 8 * 2**30, ("Example GPU", "Example GPU"), "550.54"),
        Interpreter(
            "cpython",
            "3.11.7",
            "3.11.7 (main, Jan  1 2024, 00:00:00) [GCC 12.2.0]",
            "/venv/bin/python",
            "/venv",
            "/usr",
            ("/venv/lib/python3.11/site-packages",),
        ),
        (
            Package("mylib", "0.1", None, "uv", {"url": "file:///src/mylib", "editable": "true"}),
            Package("numpy", "2.1.0", "78" * 32, "pip"),
        ),
        {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"},
        ("/usr/bin/python3",),
    ),
    lock=b'lock-version = "1.0"\n',
    output=b"epoch 1\n\x1b[32mdone\x1b[0m\n\xff",
    inline={"plots/roc.svg": b"<svg>"},
)


def stored_files() -> dict[str, bytes]:
    return {
        path.relative_to(FILES).as_posix(): path.read_bytes()
        for path in FILES.rglob("*")
        if path.is_file()
    }


def test_a_record_of_format_1_is_read() -> None:
    assert decode_record(stored_files()) == EXPECTED


def test_format_1_is_still_what_is_written() -> None:
    # When a format 2 comes, this test goes and the one above stays.
    assert encode_record(EXPECTED) == stored_files()
