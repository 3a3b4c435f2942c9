"""Finds metrics in a working tree."""

import math
import os
from pathlib import Path

import pytest

from repro.model.config import Config
from repro.model.gap import GapKind
from repro.model.values import Metric, Point
from repro.record.metrics import Metrics, collect_metrics, metrics_files
from repro.record.project import Project

_PROJECT = Project(".", ".", Config())


def _write(top: Path, path: str, text: str) -> None:
    (top / path).parent.mkdir(parents=True, exist_ok=True)
    (top / path).write_text(text)


def _collect(top: Path, *more: str, since_ns: int | None = None) -> Metrics:
    files = metrics_files(_PROJECT, more)
    return collect_metrics(_PROJECT, top=str(top), files=files, since_ns=since_ns)


def _values(metrics: Metrics) -> dict[str, object]:
    return {name: metric.value for name, metric in metrics.summary.items()}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("metrics.json", '{"acc": 0.9, "val": {"loss": 1}, "name": "x"}'),
        ("metrics.yaml", "acc: 0.9\nval:\n  loss: 1\nname: x\n"),
        ("metrics.toml", "acc = 0.9\nname = 'x'\n[val]\nloss = 1\n"),
    ],
)
def test_the_numbers_of_a_file_are_metrics(tmp_path: Path, path: str, text: str) -> None:
    _write(tmp_path, path, text)
    metrics = _collect(tmp_path)
    assert metrics.summary == {"acc": Metric(0.9), "val.loss": Metric(1)}
    assert (metrics.files, metrics.gaps) == ([path], [])


def test_a_file_from_before_the_run_is_a_gap_and_no_metric(tmp_path: Path) -> None:
    _write(tmp_path, "metrics.json", '{"acc": 1}')
    stat = os.stat(tmp_path / "metrics.json")
    metrics = _collect(tmp_path, since_ns=stat.st_ctime_ns + 1)
    assert metrics.summary == {}
    assert [(gap.kind, gap.subject) for gap in metrics.gaps] == [(GapKind.METRICS, "metrics.json")]
    assert metrics.gaps[0].fix == "rm metrics.json"


def test_a_file_written_in_the_runs_first_moment_is_its_metric(tmp_path: Path) -> None:
    _write(tmp_path, "metrics.json", '{"acc": 1}')
    stat = os.stat(tmp_path / "metrics.json")
    assert _values(_collect(tmp_path, since_ns=stat.st_ctime_ns)) == {"acc": 1}


def test_a_file_moved_into_place_with_an_old_time_is_the_runs(tmp_path: Path) -> None:
    _write(tmp_path, "metrics.json", '{"acc": 1}')
    os.utime(tmp_path / "metrics.json", (0, 0))
    ctime_ns = os.stat(tmp_path / "metrics.json").st_ctime_ns
    assert _values(_collect(tmp_path, since_ns=ctime_ns)) == {"acc": 1}


def test_nan_and_infinity_are_metrics(tmp_path: Path) -> None:
    _write(tmp_path, "metrics.json", '{"a": NaN, "b": -Infinity}')
    values = _values(_collect(tmp_path))
    assert math.isnan(values["a"])  # type: ignore[arg-type]
    assert values["b"] == -math.inf


def test_booleans_count_as_numbers(tmp_path: Path) -> None:
    _write(tmp_path, "metrics.json", '{"passed": true}')
    assert _values(_collect(tmp_path)) == {"passed": 1}


def test_two_files_that_agree_give_one_metric_and_that_differ_give_two(tmp_path: Path) -> None:
    _write(tmp_path, "metrics.json", '{"acc": 1, "loss": 2}')
    _write(tmp_path, "more.json", '{"acc": 1, "loss": 3}')
    values = _values(_collect(tmp_path, "more.json"))
    assert values == {"acc": 1, "loss": 2, "more.json:loss": 3}


@pytest.mark.parametrize(
    ("path", "text", "where"),
    [
        ("metrics.json", '{\n"a": }', "metrics.json:2"),
        ("metrics.yaml", "a: [", "metrics.yaml"),
        ("metrics.toml", "a = 1\nb = \n", "metrics.toml:2"),
        ("metrics.json", '{"a": 1' + "0" * 400 + "}", "metrics.json"),
        ("metrics.json", "[" * 100_000, "metrics.json"),
        ("other.txt", "1", "other.txt"),
    ],
)
def test_what_cannot_be_read_is_a_gap(tmp_path: Path, path: str, text: str, where: str) -> None:
    _write(tmp_path, path, text)
    metrics = _collect(tmp_path, "other.txt")
    assert metrics.summary == {}
    assert len(metrics.gaps) == 1
    assert metrics.gaps[0].subject.startswith(where)


def test_a_directory_in_a_files_place_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").mkdir()
    assert [gap.subject for gap in _collect(tmp_path).gaps] == ["metrics.json"]


def test_a_table_with_steps_is_a_curve_whose_last_point_is_the_summary(tmp_path: Path) -> None:
    _write(tmp_path, "metrics.csv", "epoch,loss,acc\n1,0.5,\n2,0.25,0.8\n")
    metrics = _collect(tmp_path)
    assert metrics.history == {
        "loss": (Point(1, None, 0.5), Point(2, None, 0.25)),
        "acc": (Point(2, None, 0.8),),
    }
    assert metrics.summary == {"loss": Metric(0.25, 2), "acc": Metric(0.8, 2)}


def test_a_table_of_one_row_without_steps_has_no_curve(tmp_path: Path) -> None:
    _write(tmp_path, "metrics.csv", "loss,acc\n0.5,nan\n")
    metrics = _collect(tmp_path)
    assert metrics.history == {}
    assert metrics.summary["loss"] == Metric(0.5, 0)


def test_a_table_may_hold_anything(tmp_path: Path) -> None:
    text = 'step,loss,text\n1,0.5,"two\nlines"\nx,1,2,3,4\n\n9,inf\n1e999,7\n'
    _write(tmp_path, "metrics.csv", text)
    metrics = _collect(tmp_path)
    assert [point.value for point in metrics.history["loss"]] == [0.5, 1, math.inf, 7]


@pytest.mark.parametrize("text", ["", "\0\0\n\0", "loss\n", "a,a\n1,2\n", '"', "x" * 200_000])
def test_a_table_of_nothing_is_no_error(tmp_path: Path, text: str) -> None:
    _write(tmp_path, "metrics.csv", text)
    _collect(tmp_path)


def test_two_tables_with_one_name_keep_both_curves(tmp_path: Path) -> None:
    _write(tmp_path, "metrics.csv", "step,loss\n1,1\n2,2\n")
    _write(tmp_path, "val.csv", "step,loss\n1,3\n2,4\n")
    metrics = _collect(tmp_path, "val.csv")
    assert set(metrics.history) == {"loss", "val.csv:loss"}
    assert _values(metrics) == {"loss": 2, "val.csv:loss": 4}


def test_dvclives_layout_gives_summary_and_curves(tmp_path: Path) -> None:
    _write(tmp_path, "dvclive/metrics.json", '{"train": {"loss": 0.1}, "step": 2}')
    curve = "timestamp\tstep\tloss\n1714979289000\t1\t0.4\n1714979290000\t2\t0.3\n"
    _write(tmp_path, "dvclive/plots/metrics/train/loss.tsv", curve)
    metrics = _collect(tmp_path)
    assert metrics.summary["train.loss"].value == 0.1
    assert metrics.history == {
        "train.loss": (Point(1, 1714979289.0, 0.4), Point(2, 1714979290.0, 0.3))
    }


def test_curves_from_before_the_run_are_left_out_silently(tmp_path: Path) -> None:
    _write(tmp_path, "dvclive/plots/metrics/loss.tsv", "step\tloss\n1\t2\n")
    stat = os.stat(tmp_path / "dvclive/plots/metrics/loss.tsv")
    metrics = _collect(tmp_path, since_ns=stat.st_ctime_ns + 1)
    assert (metrics.summary, metrics.gaps) == ({}, [])


def test_files_are_looked_for_where_the_project_is_and_where_the_command_runs() -> None:
    project = Project("a", "a/b", Config(metrics=("out/m.json",)))
    files = metrics_files(project, ["a/out/m.json", "eval.json"])
    assert files[:2] == ["a/metrics.json", "a/b/metrics.json"]
    assert files[-2:] == ["a/out/m.json", "eval.json"]
