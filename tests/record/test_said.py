"""What a program said of its run, in the terms of a record."""

from pathlib import Path

import pytest

from repro.journal.writer import JournalWriter
from repro.model.gap import Gap, GapKind
from repro.model.values import Metric, Point
from repro.record.said import LoggedArtifact, Said, read_said


@pytest.fixture
def writer(tmp_path: Path) -> JournalWriter:
    return JournalWriter(str(tmp_path))


def _said(writer: JournalWriter, *events: tuple[str, object]) -> Said:
    for letter, value in events:
        writer.event(letter, value)
    writer.close()
    return read_said(str(Path(writer.path).parents[1]))


def test_nothing_was_said(tmp_path: Path) -> None:
    assert read_said(str(tmp_path)) == Said()


def test_the_last_value_of_each_counts(writer: JournalWriter) -> None:
    said = _said(
        writer,
        ("p", {"lr": 0.1, "model": {"depth": 3}}),
        ("p", {"seed": 1}),
        ("t", {"stage": "dev", "n": 1}),
        ("t", {"stage": "prod"}),
        ("n", {"name": "first", "message": "why"}),
        ("n", {"name": "second"}),
    )

    assert said.params == {"lr": 0.1, "model": {"depth": 3}, "seed": 1}
    assert said.tags == {"stage": "prod", "n": "1"}
    assert (said.name, said.message) == ("second", "why")
    assert said.gaps == ()


def test_a_param_that_changes_is_a_gap_and_one_that_is_said_again_is_none(
    writer: JournalWriter,
) -> None:
    said = _said(writer, ("p", {"lr": 0.1, "x": 1}), ("p", {"lr": 0.2, "x": 1}))

    assert said.params == {"lr": 0.2, "x": 1}
    (gap,) = said.gaps
    assert (gap.kind, gap.subject) == (GapKind.PARAMS, "lr")
    assert "first as 0.1" in gap.reason


def test_params_tags_and_names_are_those_of_rank_0(tmp_path: Path, writer: JournalWriter) -> None:
    other = JournalWriter(str(tmp_path), rank=1)
    for letter, value in (("p", {"lr": 2}), ("t", {"a": "b"}), ("n", {"name": "other"})):
        other.event(letter, value)
    other.metric("loss", 0.5)
    other.close()
    said = _said(writer, ("p", {"lr": 1}))

    assert (said.params, said.tags, said.name) == ({"lr": 1}, {}, None)
    assert said.curves.summary == {"rank1/loss": Metric(0.5)}


def test_gaps_are_taken_and_nonsense_is_not(writer: JournalWriter) -> None:
    said = _said(
        writer,
        ("g", {"kind": "metrics", "subject": "loss", "reason": "lost", "fix": "df -h ."}),
        ("g", {"kind": "nonsense", "subject": "loss", "reason": "lost"}),
        ("g", {"kind": "metrics"}),
        ("g", [1]),
    )

    assert said.gaps == (Gap(GapKind.METRICS, "loss", "lost", "df -h ."),)


@pytest.mark.parametrize("content", ["../x", "a/b", "..", ".", "", 5, None])
def test_bytes_of_artifacts_come_from_their_directory_alone(
    writer: JournalWriter, content: object
) -> None:
    assert _said(writer, ("a", {"name": "x", "content": content})).artifacts == ()


def test_the_last_artifact_of_a_name_counts_in_place_and_not(writer: JournalWriter) -> None:
    said = _said(
        writer,
        ("a", {"name": "x", "content": "0", "in_place": False, "kind": "figure"}),
        ("a", {"name": "x", "content": "1", "in_place": True, "kind": "model"}),
        ("a", {"name": "x", "content": "2", "in_place": False, "kind": "nonsense"}),
    )

    assert said.artifacts == (LoggedArtifact("x", "2"), LoggedArtifact("x", "1", True, "model"))


def test_points_go_on_behind_those_of_an_earlier_run(writer: JournalWriter) -> None:
    writer.metric("loss", 0.5)
    writer.metric("loss", 0.25)
    writer.close()
    directory = str(Path(writer.path).parents[1])
    said = read_said(directory, after={"loss": (Point(7, None, 1.0),), "other": ()})

    assert [point.step for point in said.curves.history["loss"]] == [8, 9]
