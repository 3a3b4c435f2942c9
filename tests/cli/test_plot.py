"""`repro plot`: learning curves in the terminal, as pictures, and for programs."""

import json
import math
import os
import sys
from pathlib import Path

import pytest

from repro.cli.commands.plot import command
from repro.cli.picture_file import PictureFileError
from repro.model.system import system_header, system_row
from repro.model.values import Metric, Point
from repro.plot.choose import NoCurveError
from repro.plot.picture import PlotPackageMissingError
from repro.store.resolve import UnknownRunError
from tests.cli.recorded import Shelf, call, shelf
from tests.compare.samples import START
from tests.repos import Scratch

_START_S = START.timestamp()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An empty directory."""
    found = tmp_path / "pictures"
    found.mkdir()
    return found


def curve(n: int, factor: float = 1.0) -> tuple[Point, ...]:
    return tuple(
        Point(step, _START_S + 60 * step, factor * math.exp(-step / 10)) for step in range(n)
    )


@pytest.fixture
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    found = shelf(repo, monkeypatch)
    header = system_header(["cpu_utilization_percentage"])
    rows = b"".join(system_row(_START_S + 60 * row, [10.0 * row]) for row in range(5))
    for number, letters in enumerate("kl"):
        found.put(
            letters,
            minute=number,
            params={"lr": 0.1 * (number + 1), "depth": 3},
            metrics={"loss": Metric(0.1, 39)},
            history={
                "loss": curve(40, number + 1),
                "val/acc": curve(4),
                "once": (Point(7, None, math.nan),),
            },
            system=header + rows,
        )
    return found


@pytest.mark.usefixtures("runs")
def test_a_terminal_gets_a_panel_for_each_metric_of_the_newest_run() -> None:
    text = call(command, terminal=True).stdout

    lines = text.splitlines()
    assert [line for line in lines if line in ("loss", "val/acc", "once")] == ["loss", "val/acc"]
    assert lines[-1] == "━ run-l"
    assert "⠉" in text
    assert "system/" not in text
    assert max(map(len, lines)) <= 100


@pytest.mark.usefixtures("runs")
def test_several_runs_are_called_after_what_differs() -> None:
    text = call(command, "@", "run-k", "@", "-m", "loss", terminal=True).stdout

    assert text.splitlines()[0] == "loss"
    assert text.splitlines()[-1] == "a lr=0.2  b lr=0.1"


@pytest.mark.usefixtures("runs")
def test_colours_are_left_out_only_where_they_are_not_wanted() -> None:
    assert "\x1b[34m" in call(command, terminal=True, NO_COLOR="").stdout
    assert "\x1b" not in call(command, terminal=True).stdout


@pytest.mark.usefixtures("runs")
def test_the_size_is_the_terminals_or_what_is_asked_for() -> None:
    by_terminal = call(command, "-m", "loss", terminal=True, LINES="17").stdout
    asked = call(command, "-m", "*o*", "--width", "41", "--height", "23", terminal=True).stdout

    assert len(by_terminal.splitlines()) == 16
    assert 18 < len(asked.splitlines()) <= 23
    assert max(map(len, asked.splitlines())) <= 41


@pytest.mark.usefixtures("runs")
def test_hardware_figures_are_drawn_by_time_when_they_are_asked_for() -> None:
    text = call(command, "-m", "system/*", terminal=True).stdout

    assert text.startswith("system/cpu_utilization_percentage\n")
    assert "time (min)" in text


@pytest.mark.usefixtures("runs")
def test_time_is_counted_from_the_start() -> None:
    lines = call(command, "-m", "loss", "-x", "time", terminal=True).stdout.splitlines()

    assert lines[-2].split()[:2] == ["0", "5"]
    assert lines[-2].endswith("time (min)")


def test_a_terminal_gets_the_first_of_many_metrics(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = shelf(repo, monkeypatch)
    found.put("k", history={f"metric-{number:02}": curve(3) for number in range(12)})

    result = call(command, terminal=True)
    every = call(command, "-m", "*", terminal=True)

    assert result.stdout.count("metric-") == 9
    assert result.stderr == "… and 3 more: repro plot -m '*'\n"
    assert every.stdout.count("metric-") == 12
    assert every.stderr == ""


@pytest.mark.usefixtures("runs")
def test_a_pipe_gets_every_point_as_it_was_logged() -> None:
    lines = call(command, "-m", "loss", "-m", "once").stdout.splitlines()

    assert lines[0] == "run\tmetric\tstep\ttime_s\tvalue"
    assert len(lines) == 1 + 40 + 1
    run = "20260131T080100-llllllll"
    assert lines[1] == f"{run}\tloss\t0\t{_START_S!r}\t2.0"
    assert lines[-1] == f"{run}\tonce\t7\t\tnan"


@pytest.mark.usefixtures("runs")
def test_json_has_them_in_columns() -> None:
    found = json.loads(call(command, "@~1", "@", "-m", "once", "--json").stdout)

    assert found == [
        {
            "run": f"20260131T080{number}00-{letter * 8}",
            "name": f"run-{letter}",
            "metric": "once",
            "step": [7],
            "time_s": [None],
            "value": ["NaN"],
        }
        for number, letter in enumerate("kl")
    ]


@pytest.mark.usefixtures("runs")
def test_smoothed_values_come_beside_those_that_were_logged() -> None:
    rows = call(command, "-m", "val/acc", "--smooth", "0.6").stdout.splitlines()
    (found,) = json.loads(call(command, "-m", "val/acc", "--smooth", "0.6", "--json").stdout)

    assert rows[0].endswith("\tvalue\tsmoothed")
    assert [float(row.split("\t")[5]) for row in rows[1:]] == found["smoothed"]
    assert found["smoothed"][1] == pytest.approx((0.24 + 0.4 * math.exp(-0.1)) / 0.64)


def test_a_metric_with_a_hostile_name_stays_on_its_line(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = shelf(repo, monkeypatch)
    found.put("k", history={"a\tb\n\x1b[31m": curve(2)})

    assert call(command).stdout.splitlines()[1].split("\t")[1] == "a\\tb\\n\\x1b[31m"
    assert "\x1b" not in call(command, terminal=True).stdout


@pytest.mark.usefixtures("runs")
def test_pictures_are_written_instead(place: Path) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("plotly")
    begins = {"png": b"\x89PNG", "svg": b"<?xml", "PDF": b"%PDF", "html": b"<!DOCTYPE html>"}
    paths = {kind: place / f"curves.{kind}" for kind in begins}

    result = call(command, *(word for path in paths.values() for word in ("-o", str(path))))

    assert result.stdout == ""
    assert result.stderr.splitlines() == [f"wrote {path}" for path in paths.values()]
    for kind, path in paths.items():
        assert path.read_bytes().startswith(begins[kind])
    assert sorted(os.listdir(place)) == sorted(path.name for path in paths.values())


@pytest.mark.usefixtures("runs")
def test_a_picture_that_is_there_is_replaced_and_keeps_its_mode(place: Path) -> None:
    pytest.importorskip("matplotlib")
    kept = place / "kept.svg"
    kept.write_text("old")
    kept.chmod(0o600)
    link = place / "link.svg"
    link.symlink_to("kept.svg")

    call(command, "-o", str(link))

    assert link.is_symlink()
    assert kept.read_text().startswith("<?xml")
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("runs")
def test_a_place_that_is_none_for_a_picture_is_refused(place: Path) -> None:
    pytest.importorskip("matplotlib")
    (place / "dir.svg").mkdir()
    os.mkfifo(place / "pipe.svg")
    for name, reason, hint in (
        ("dir.svg", "it is a directory", None),
        ("pipe.svg", "it is not a file", None),
        ("no/a.svg", "there is no such directory", f"mkdir -p {place}/no"),
        (f"{'a' * 251}.svg", "File name too long", None),
    ):
        with pytest.raises(PictureFileError) as error:
            call(command, "-o", f"{place}/{name}")
        assert error.value.message == f"cannot write {place}/{name}: {reason}"
        assert error.value.hint == hint
    assert sorted(os.listdir(place)) == ["dir.svg", "pipe.svg"]


@pytest.mark.usefixtures("runs")
def test_none_is_written_where_a_library_is_missing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    for name in ("plotly", "plotly.offline"):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(PlotPackageMissingError):
        call(command, "-o", f"{place}/a.svg", "-o", f"{place}/a.html")
    assert os.listdir(place) == []


def test_other_kinds_of_picture_are_refused() -> None:
    result = call(command, "-o", "a.gif")

    assert result.exit_code == 2
    assert "a.gif must end in .png, .svg, .pdf or .html" in result.stderr


@pytest.mark.usefixtures("runs")
def test_what_cannot_be_found_is_an_error() -> None:
    with pytest.raises(UnknownRunError):
        call(command, "nobody")
    with pytest.raises(NoCurveError, match="no learning curve is called los") as error:
        call(command, "-m", "los")
    assert error.value.hint == "did you mean loss?"


def test_a_run_without_curves_says_where_its_values_are(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf(repo, monkeypatch).put("k", metrics={"accuracy": Metric(0.9)})

    with pytest.raises(NoCurveError, match="no metric was logged step by step") as error:
        call(command)
    assert error.value.hint == "repro metrics"


def test_a_run_in_progress_is_drawn_as_far_as_it_has_come(repo: Scratch) -> None:
    repo.write(
        "train.py",
        "import os, subprocess, sys\n"
        "from repro.journal.writer import JournalWriter\n"
        "journal = JournalWriter(os.environ['REPRO_RUN_DIRECTORY'])\n"
        "for step in range(20):\n"
        "    journal.metric('loss', 1 / (step + 1), step)\n"
        "journal.flush()\n"
        "plot = subprocess.run([sys.executable, '-m', 'repro', 'plot'], capture_output=True)\n"
        "open('seen.txt', 'wb').write(plot.stdout + plot.stderr)\n",
    )

    repo.run_cli("run", "--", sys.executable, "train.py")

    assert repo.read("seen.txt").count("\tloss\t") == 20
