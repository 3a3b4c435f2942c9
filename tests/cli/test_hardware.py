"""Hardware figures of a run: recorded while it goes on, shown when it has ended and before."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from repro.cli.page import Line
from repro.cli.views.hardware import hardware_rows
from repro.model.system import check_system, system_header, system_row
from tests.processes import start_cli, wait_until
from tests.repos import Scratch

_NAMES = {
    "system/cpu_utilization_percentage",
    "system/system_memory_usage_megabytes",
    "system/system_memory_usage_percentage",
    "system/process_memory_megabytes",
    "system/disk_usage_percentage",
    "system/disk_usage_megabytes",
    "system/disk_available_megabytes",
    "system/network_receive_megabytes",
    "system/network_transmit_megabytes",
}


def _system(repo: Scratch, run: str = "@") -> dict[str, list[list[float]]]:
    shown: dict[str, Any] = json.loads(repo.run_cli("show", "--json", run).stdout)
    system: dict[str, list[list[float]]] = shown["system"]
    return system


def _live_table(repo: Scratch) -> bytes:
    found = list(repo.path.glob(".git/repro/live/*/system.tsv"))
    return found[0].read_bytes() if found else b""


_UNTIL_TOLD = "import os, time\nwhile not os.path.exists('told'):\n    time.sleep(0.01)\n"


@pytest.fixture
def waiting(repo: Scratch) -> Scratch:
    """A repository whose train.py goes on until there is a file ``told``."""
    repo.write("train.py", _UNTIL_TOLD)
    repo.write(".repro.yaml", "system_metrics: 0.1\n")
    repo.commit()
    return repo


def test_figures_are_sampled_while_the_command_runs(waiting: Scratch) -> None:
    started = start_cli(waiting, "run", "--", sys.executable, "train.py")
    wait_until(lambda: _live_table(waiting).count(b"\n") > 5)
    waiting.write("told", "")
    assert started.wait() == 0

    (ref,) = waiting.runs()
    check_system(waiting.git("show", f"{ref}:.repro/system.tsv").encode() + b"\n")
    system = _system(waiting)
    assert system.keys() >= _NAMES
    points = system["system/system_memory_usage_megabytes"]
    assert [step for step, _, _ in points] == list(range(len(points)))
    assert len(points) >= 6
    times_s = [time_s for _, time_s, _ in points]
    assert times_s == sorted(times_s)
    # What the machine did is no result of the run.
    shown = json.loads(waiting.run_cli("show", "--json").stdout)
    assert not any(name.startswith("system") for name in shown["metrics"])
    assert shown["gaps"] == [] or all(gap["subject"] != "GPU" for gap in shown["gaps"])


def test_a_run_in_progress_shows_what_there_is(waiting: Scratch) -> None:
    started = start_cli(waiting, "run", "-n", "now", "--", sys.executable, "train.py")
    wait_until(lambda: _live_table(waiting).count(b"\n") > 3)
    page = waiting.run_cli("show", "now").stdout
    system = _system(waiting, "now")
    waiting.write("told", "")
    assert started.wait() == 0
    assert "hardware" in page
    assert "process memory" in page
    assert system.keys() >= _NAMES


def test_a_short_run_has_its_start_and_its_end(repo: Scratch) -> None:
    repo.run_cli("run", "-q", "--", "true")
    assert {len(points) for name, points in _system(repo).items() if "disk_usage" in name} == {2}
    page = repo.run_cli("show").stdout
    assert "disk free" in page


@pytest.mark.parametrize("how", ["option", "project"])
def test_it_can_be_switched_off(repo: Scratch, how: str) -> None:
    options = ["--no-system-metrics"] if how == "option" else []
    if how == "project":
        repo.write("pyproject.toml", "[tool.repro]\nsystem-metrics = false\n")
    repo.run_cli("run", "-q", *options, "--", "true")
    (ref,) = repo.runs()
    assert ".repro/system.tsv" not in repo.git("ls-tree", "-r", "--name-only", ref).splitlines()
    assert _system(repo) == {}
    assert "hardware" not in repo.run_cli("show").stdout


def test_an_interval_that_is_none_is_a_gap_of_the_configuration(repo: Scratch) -> None:
    repo.write(".repro.yaml", "system_metrics: often\n")
    repo.run_cli("run", "-q", "--", "true")
    gaps = json.loads(repo.run_cli("show", "--json").stdout)["gaps"]
    (gap,) = [gap for gap in gaps if gap["kind"] == "config"]
    assert "system_metrics must be true, false, or seconds" in gap["reason"]


def test_of_a_recorder_that_was_killed_every_row_is_there(waiting: Scratch) -> None:
    started = start_cli(waiting, "run", "--", sys.executable, "train.py")
    wait_until(lambda: _live_table(waiting).count(b"\n") > 3)
    os.kill(started.pid, signal.SIGSTOP)
    rows = _live_table(waiting)
    started.kill_all()

    system = _system(waiting)

    n_rows = rows.count(b"\n") - 1
    assert len(system["system/system_memory_usage_megabytes"]) == n_rows


def test_a_command_that_is_killed_has_its_figures(repo: Scratch) -> None:
    repo.run_cli("run", "-q", "--", "sh", "-c", "kill -9 $$", check=False)
    assert "system/system_memory_usage_megabytes" in _system(repo)


def test_a_torn_row_of_a_power_cut_is_left_out(waiting: Scratch) -> None:
    started = start_cli(waiting, "run", "--", sys.executable, "train.py")
    wait_until(lambda: _live_table(waiting).count(b"\n") > 3)
    started.kill_all()
    (table,) = waiting.path.glob(".git/repro/live/*/system.tsv")
    n_rows = table.read_bytes().count(b"\n") - 1
    with table.open("ab") as file:
        file.write(b"1795536000.1\t1\0\0\0\0\0")

    assert len(_system(waiting)["system/system_memory_usage_megabytes"]) == n_rows


def test_a_damaged_table_keeps_no_run_out_of_the_listing(repo: Scratch, tmp_path: Path) -> None:
    repo.run_cli("run", "-q", "-n", "broken", "--", "true")
    (ref,) = repo.runs()
    index = {"GIT_INDEX_FILE": str(tmp_path / "index")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_INDEX_FILE", index["GIT_INDEX_FILE"])
        repo.git("read-tree", ref)
        blob = repo.git(
            "hash-object", "-w", "--stdin", input="time_s\tcpu\n1.0\t\x1b[31m\n"
        ).strip()
        repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},.repro/system.tsv")
        tree = repo.git("write-tree").strip()
    was = repo.git("rev-parse", f"{ref}^{{tree}}").strip()
    body = repo.git("cat-file", "commit", ref).replace(was, tree)
    commit = repo.git("hash-object", "-t", "commit", "-w", "--stdin", input=f"{body}\n").strip()
    repo.git("update-ref", ref, commit)

    assert "broken" in repo.run_cli("ls").stdout
    shown = repo.run_cli("show", "broken", check=False)
    assert shown.returncode == 2
    assert "system.tsv: line 2 is not a time and 1 figures" in shown.stderr
    assert "\x1b" not in shown.stderr


def _lines(names: tuple[str, ...], *rows: tuple[float | None, ...]) -> list[tuple[str, ...]]:
    table = system_header(names) + b"".join(system_row(n, row) for n, row in enumerate(rows))
    (grid,) = hardware_rows(table)
    assert not isinstance(grid, Line)
    return [tuple(cell.text for cell in row) for row in grid.rows]


def test_each_figure_has_its_extremes_its_mean_and_its_course() -> None:
    head, *rows = _lines(
        (
            "gpu_10_utilization_percentage",
            "cpu_utilization_percentage",
            "gpu_2_temperature_celsius",
            "gpu_2_power_usage_watts",
            "gpu_2_memory_usage_megabytes",
            "disk_read_megabytes_per_second",
            "something_else",
        ),
        (1, None, 40, 100, 1000, None, 1),
        (3, 10, 60, 300, 3000, 0.5, 1),
        (5, 20, 80, 350, 5000, 1.5, 1),
    )
    assert head == ("", "least", "mean", "most", "")
    assert rows == [
        ("cpu", "10 %", "15 %", "20 %", "▁█"),
        ("gpu 2 memory", "1.0 GB", "3.0 GB", "5.0 GB", "▁▅█"),
        ("gpu 2 temperature", "40 °C", "60 °C", "80 °C", "▁▅█"),
        ("gpu 2 power", "100 W", "250 W", "350 W", "▁▇█"),
        ("gpu 10", "1 %", "3 %", "5 %", "▁▅█"),
        ("disk read", "500 kB/s", "1.0 MB/s", "1.5 MB/s", "▁█"),
    ]


def test_of_what_only_grows_there_is_the_sum_and_the_course_of_its_growth() -> None:
    _, row = _lines(("network_receive_megabytes",), (0,), (1,), (5,), (6,))
    assert row == ("network received", "", "", "6.0 MB", "▁█▁")


@pytest.mark.parametrize("table", [None, b"", b"nonsense", b"time_s\tcpu_utilization_percentage\n"])
def test_without_figures_there_is_no_section(table: bytes | None) -> None:
    assert hardware_rows(table) == []
