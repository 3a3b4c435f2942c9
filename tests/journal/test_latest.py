"""What a run has said last, without reading all that it said."""

from pathlib import Path

import pytest

from repro.journal import latest
from repro.journal.latest import read_latest
from repro.journal.reader import Logged
from repro.journal.writer import JournalWriter


def _write(directory: Path, name: str, lines: list[str], *, rank: int = 0) -> None:
    path = directory / "journal" / f"{rank}-lab-1-{name}"
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(lines))


def _points(metric: str, begin: int, end: int) -> list[str]:
    return [f"{1000 + at}\t{at}\t{at}.5\t{metric}\n" for at in range(begin, end)]


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes a file of some thousand lines a long one."""
    monkeypatch.setattr(latest, "_HEAD_BYTES", 1000)
    monkeypatch.setattr(latest, "_TAIL_BYTES", 1000)
    monkeypatch.setattr(latest, "_LEAST_BYTES", 500)


def test_where_nothing_was_said_there_is_nothing(tmp_path: Path) -> None:
    assert read_latest(str(tmp_path)) == ({}, [], True)


def test_of_a_short_journal_everything_is_read(tmp_path: Path) -> None:
    writer = JournalWriter(str(tmp_path))
    writer.event("p", {"lr": 0.1})
    for step in range(3):
        writer.metric("loss", float(step), step)
    writer.metric("acc", 0.5)
    writer.close()
    found = read_latest(str(tmp_path))
    assert found.is_whole
    assert found.points["loss"][1:] == (2, b"2.0")
    assert found.points["acc"][1:] == (None, b"0.5")
    assert [event.value for event in found.events if event.letter == "p"] == [{"lr": 0.1}]


def test_a_line_that_is_half_written_does_not_count(tmp_path: Path) -> None:
    _write(tmp_path, "1", [*_points("loss", 0, 3), "1003\t3\t9"])
    assert read_latest(str(tmp_path)).points == {"loss": Logged(1002, 2, b"2.5")}


@pytest.mark.usefixtures("small_steps")
def test_of_a_long_journal_the_last_points_are_found(tmp_path: Path) -> None:
    lines = ['p {"lr": 0.1}\n', *_points("loss", 0, 5000)]
    lines[4000:4000] = _points("val/acc", 7, 8)
    lines[3:3] = _points("val/acc", 1, 2)
    _write(tmp_path, "1", [*lines, 'n {"name": "b"}\n', "1\t2"])
    found = read_latest(str(tmp_path))
    assert not found.is_whole
    assert found.points == {
        "loss": Logged(5999, 4999, b"4999.5"),
        "val/acc": Logged(1007, 7, b"7.5"),
    }
    assert [(event.letter, event.value) for event in found.events] == [
        ("p", {"lr": 0.1}),
        ("n", {"name": "b"}),
    ]


@pytest.mark.usefixtures("small_steps")
def test_a_name_that_ends_another_is_another(tmp_path: Path) -> None:
    lines = [*_points("loss", 0, 1), *_points("val/loss", 0, 5000)]
    _write(tmp_path, "1", lines)
    assert read_latest(str(tmp_path)).points == {
        "loss": Logged(1000, 0, b"0.5"),
        "val/loss": Logged(5999, 4999, b"4999.5"),
    }


@pytest.mark.usefixtures("small_steps")
def test_what_is_too_far_back_is_left_out_and_never_an_older_point_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latest, "_BACK_BYTES", 2000)
    lines = [*_points("rare", 0, 1), *_points("loss", 0, 5000)]
    lines[2000:2000] = _points("rare", 7, 8)
    _write(tmp_path, "1", lines)
    assert set(read_latest(str(tmp_path)).points) == {"loss"}


def test_of_several_processes_the_latest_counts_and_ranks_keep_their_names(tmp_path: Path) -> None:
    _write(tmp_path, "1", _points("loss", 5, 6))
    _write(tmp_path, "2", _points("loss", 3, 4))
    _write(tmp_path, "3", _points("loss", 9, 10), rank=2)
    points = read_latest(str(tmp_path)).points
    assert {name: point.step for name, point in points.items()} == {"loss": 5, "rank2/loss": 9}
