"""Two ways to read a journal, one of them quick: both say the same, whatever lies there."""

import math
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given
from hypothesis import strategies as st

from repro.journal.curves import curves_of
from repro.journal.reader import read_journal
from repro.journal.whole import read_whole
from repro.journal.writer import JournalWriter
from repro.model.values import Metric, Point

_NAME = st.text(max_size=6) | st.sampled_from(["loss", "a\tb", "a\nb", '"', "\0"])
_NUMBER = st.floats() | st.integers(-(10**40), 10**40)
_STEP = st.just("") | st.integers(-(10**20), 10**20)
_POINT = st.tuples(_NAME, _NUMBER, _STEP)
_GARBAGE = st.binary(max_size=30) | st.sampled_from(
    [
        b"1764000000123\t1\t0.5\tloss",
        b"1764000000123\t\t0.5\tloss",
        b"0000000000123\t1\t0.5\tloss",
        b"12\t1\t0.5\tloss",
        b"-764000000123\t1\t0.5\tloss",
        b"1764000000123\tx\t0.5\tloss",
        b"1764000000123\t1\tx\tloss",
        b"1764000000123\t1\tloss",
        b"1764000000123\t1\t0.5\t0.5\tloss",
        b"1764000000123\t1\t0.5\t",
        b"1764000000123\t1\t0.5\tl\0",
        b"1764000000123\t1\t0x1f\tloss",
        b'p {"lr": 1}',
        b"p nonsense",
        b"\tloss",
        b"loss",
    ]
)


def _check_same(directory: str) -> None:
    journal = read_journal(directory)
    whole = read_whole(directory)

    assert repr(whole.curves) == repr(curves_of(journal.points))  # NaN is not equal to itself
    assert whole.events == journal.events
    assert whole.ranks == journal.ranks


@given(st.lists(st.lists(_POINT, max_size=8), min_size=1, max_size=3))
def test_what_was_written_comes_back(processes: list[list[tuple[str, float, int | str]]]) -> None:
    with TemporaryDirectory() as directory:
        for rank, points in enumerate(processes):
            writer = JournalWriter(directory, rank=rank)
            for name, value, step in points:
                writer.points([(name, value)], step)
            writer.close()
        _check_same(directory)
        curves = read_whole(directory).curves

    for rank, points in enumerate(processes):
        for name in {name for name, _, _ in points}:
            own = [(value, step) for at, value, step in points if at == name]
            full = f"rank{rank}/{name}" if rank else name
            if sum(f"rank{r}/{n}" == full for r, p in enumerate(processes) for n, _, _ in p) > 1:
                continue
            last = curves.summary[full].value
            assert last == own[-1][0] or (math.isnan(last) and math.isnan(own[-1][0]))
            if len(own) > 1:
                given = [step for _, step in own]
                found = [point.step for point in curves.history[full]]
                assert len(found) == len(given)
                assert all(a in ("", b) for a, b in zip(given, found, strict=True))


@given(st.lists(st.lists(_GARBAGE, max_size=12), min_size=1, max_size=2))
@example([[b"1764000000123\t1\t0.5\tloss", b"1764000000123\t1\tx\tloss"]])
@example([[b"1764000000123\t1\t0.5\tloss"], [b"1764000000122\t2\t0.25\tloss"]])
def test_garbage_is_left_out_alike(files: list[list[bytes]]) -> None:
    with TemporaryDirectory() as directory:
        Path(directory, "journal").mkdir()
        for number, lines in enumerate(files):
            content = b"\n".join(lines) + (b"\n" if number else b"")
            Path(directory, "journal", f"0-h-1-{number}").write_bytes(content)
        _check_same(directory)


def test_a_line_that_is_not_whole_yet_is_none(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    file = tmp_path / "journal/0-h-1-1"
    file.write_bytes(b"1764000000123\t1\t0.5\tloss\n1764000000124\t2\t0.2")

    assert read_whole(str(tmp_path)).curves.summary == {"loss": Metric(0.5, 1)}


def test_chunks_end_where_lines_do(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    with open(tmp_path / "journal/0-h-1-1", "wb") as file:
        file.writelines(
            b"1764000000123\t%d\t0.5\tloss%d\n" % (step, step % 3) for step in range(300_000)
        )
    curves = read_whole(str(tmp_path)).curves

    assert [len(curve) for curve in curves.history.values()] == [100_000] * 3
    assert curves.history["loss1"][5] == Point(16, 1764000000.123, 0.5)
    assert curves.summary["loss2"] == Metric(0.5, 299_999)


def test_several_processes_are_sorted_by_time(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    for name, rows in {
        "0-h-1-1": [(1000, 0, 0.1), (3000, 2, 0.3)],
        "0-h-2-2": [(2000, 1, 0.2), (3000, 3, 0.4)],
    }.items():
        lines = [b"%d\t%d\t%.1f\tloss\n" % row for row in rows]
        (tmp_path / "journal" / name).write_bytes(b"".join(lines))
    curve = read_whole(str(tmp_path)).curves.history["loss"]

    assert [(point.step, point.value) for point in curve] == [
        (0, 0.1),
        (1, 0.2),
        (2, 0.3),
        (3, 0.4),
    ]


def test_a_metric_that_goes_on_is_counted_on(tmp_path: Path) -> None:
    writer = JournalWriter(str(tmp_path))
    for name in ("old", "new"):
        for value in (0.5, 0.25):
            writer.points([(name, value)])
    writer.close()
    after = {"old": 9}
    curves = read_whole(str(tmp_path), after=after).curves

    assert [point.step for point in curves.history["old"]] == [10, 11]
    assert [point.step for point in curves.history["new"]] == [0, 1]
    assert curves == curves_of(read_journal(str(tmp_path)).points, after=after)


def test_no_journal_says_nothing(tmp_path: Path) -> None:
    whole = read_whole(str(tmp_path))

    assert whole.events == []
    assert whole.ranks == set()
    assert whole.curves.summary == {}
