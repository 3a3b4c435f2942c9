"""Samples of the machine, in the directory of a run in progress."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import pytest

from repro.model.gap import GapKind
from repro.model.ids import RunId
from repro.model.system import check_system, system_curves
from repro.record.live import LiveRun
from repro.record.sampler import Sampler
from tests.sensors.system import System

_ENOUGH_S = 60.0


@pytest.fixture
def live(tmp_path: Path) -> LiveRun:
    directory = tmp_path / "live"
    directory.mkdir()
    return LiveRun(RunId("20260101T000000-kkkkkkkk"), str(directory))


@pytest.fixture
def command() -> Iterator[int]:
    """The pid of a process that goes on as long as the test does."""
    with subprocess.Popen(
        [sys.executable, "-c", "print('ready', flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.communicate("\n")


def _table(live: LiveRun) -> bytes:
    try:
        return Path(live.directory, "system.tsv").read_bytes()
    except FileNotFoundError:
        return b""


def _wait_for(condition: Callable[[], bool]) -> None:
    limit_s = time.monotonic() + _ENOUGH_S
    while not condition():
        assert time.monotonic() < limit_s
        time.sleep(0.005)


def _n_rows(live: LiveRun) -> int:
    return max(0, _table(live).count(b"\n") - 1)


def _times_s(live: LiveRun) -> list[float]:
    return [float(line.split(b"\t")[0]) for line in _table(live).splitlines()[1:]]


def test_there_is_a_row_at_the_start_and_one_at_the_end(live: LiveRun, command: int) -> None:
    before_s = time.time()
    sampler = Sampler(live, command, 3600)
    sampler.start()
    _wait_for(lambda: _n_rows(live) == 1)
    between_s = time.time()
    assert sampler.stop() == ()
    check_system(_table(live))
    start_s, end_s = _times_s(live)
    assert before_s - 0.001 <= start_s <= between_s + 0.001
    assert between_s - 0.001 <= end_s <= time.time() + 0.001


def test_a_command_that_ends_at_once_has_both_rows(live: LiveRun) -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    sampler = Sampler(live, process.pid, 10)
    sampler.start()
    assert sampler.stop() == ()
    assert _n_rows(live) == 2
    assert "system/process_memory_megabytes" not in system_curves(_table(live))


def test_between_them_there_is_one_at_each_multiple_of_the_interval(
    live: LiveRun, command: int
) -> None:
    sampler = Sampler(live, command, 0.1)
    sampler.start()
    _wait_for(lambda: _n_rows(live) >= 12)
    sampler.stop()
    times_s = _times_s(live)
    # A machine under load wakes us late now and then, but that adds up to nothing.
    late_s = [(time_s - times_s[0] + 0.002) % 0.1 for time_s in times_s[1:-1]]
    assert median(late_s) < 0.05
    curves = system_curves(_table(live))
    assert {
        "system/cpu_utilization_percentage",
        "system/system_memory_usage_megabytes",
        "system/system_memory_usage_percentage",
        "system/process_cpu_percentage",
        "system/process_memory_megabytes",
        "system/disk_usage_percentage",
        "system/disk_usage_megabytes",
        "system/disk_available_megabytes",
        "system/network_receive_megabytes",
        "system/network_transmit_megabytes",
    } <= curves.keys()
    memory = curves["system/process_memory_megabytes"]
    assert [point.step for point in memory] == list(range(len(times_s)))


def test_the_end_does_not_wait_for_the_interval(live: LiveRun, command: int) -> None:
    sampler = Sampler(live, command, 86_400)
    sampler.start()
    began_s = time.monotonic()
    sampler.stop()
    assert time.monotonic() - began_s < 3
    assert _n_rows(live) == 2


def test_it_can_be_stopped_twice_and_without_a_start(live: LiveRun, command: int) -> None:
    Sampler(live, command, 1).stop()
    assert _table(live) == b""
    sampler = Sampler(live, command, 3600)
    sampler.start()
    assert sampler.stop() == sampler.stop() == ()
    assert _n_rows(live) == 2


def test_a_directory_that_is_gone_is_a_gap_and_no_error(tmp_path: Path, command: int) -> None:
    live = LiveRun(RunId("20260101T000000-kkkkkkkk"), str(tmp_path / "gone"))
    sampler = Sampler(live, command, 1)
    sampler.start()
    (gap,) = sampler.stop()
    assert gap.kind is GapKind.METRICS
    assert gap.subject == "hardware figures"
    assert gap.reason == "they could not be written: No such file or directory"


def test_a_full_disk_is_a_gap_and_the_rows_before_it_stay(
    live: LiveRun, command: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def short(fd: int, text: bytes) -> int:
        return real(fd, text[:-7] if not text.startswith(b"time_s") else text)

    monkeypatch.setattr("repro.record.sampler.os.write", short)
    sampler = Sampler(live, command, 3600)
    sampler.start()
    (gap,) = sampler.stop()
    assert gap.reason == "they could not be written: No space left on device"
    monkeypatch.undo()
    assert {len(points) for points in system_curves(_table(live)).values()} == {1}


def test_a_table_that_grows_gets_its_rows_less_often(
    live: LiveRun, command: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repro.record.sampler._SLOWER_AFTER_BYTES", 1000)
    sampler = Sampler(live, command, 0.01)
    sampler.start()
    _wait_for(lambda: len(_table(live)) > 5000)
    sampler.stop()
    times_s = _times_s(live)[:-1]
    assert times_s[-1] - times_s[-2] > 0.1
    assert times_s[1] - times_s[0] < times_s[-1] - times_s[-2]


def _with_gpu(tmp_path: Path) -> System:
    """Returns this machine's files, with those of a driver."""
    system = System(tmp_path / "root")
    system.write("dev/nvidia0", "")
    for name in ("proc", "sys"):
        (tmp_path / "root" / name).symlink_to(f"/{name}")
    return system


def _gpu_command(directory: Path, tool: str) -> "subprocess.Popen[str]":
    """Starts a process whose PATH has a stand-in for nvidia-smi, written in shell."""
    (directory / "nvidia-smi").write_text(f"#!/bin/sh\n{tool}\n")
    (directory / "nvidia-smi").chmod(0o755)
    env = {**os.environ, "PATH": f"{directory}:{os.environ['PATH']}", "CUDA_VISIBLE_DEVICES": "1"}
    return subprocess.Popen(["cat"], stdin=subprocess.PIPE, env=env, text=True)


def test_gpus_of_the_command_are_sampled(live: LiveRun, tmp_path: Path) -> None:
    system = _with_gpu(tmp_path)
    rows = "0, GPU-a, 1, 1, 2, 3, 4, 5\\n1, GPU-b, 91, 1000, 4000, 66, 50, 100\\n"
    with _gpu_command(tmp_path, f"printf '{rows}'") as process:
        sampler = Sampler(live, process.pid, 3600, root=system.root)
        sampler.start()
        _wait_for(lambda: _n_rows(live) == 1)
        assert sampler.stop() == ()
        process.communicate()
    curves = system_curves(_table(live))
    assert [point.value for point in curves["system/gpu_0_temperature_celsius"]] == [66.0, 66.0]
    assert [point.value for point in curves["system/gpu_0_utilization_percentage"]] == [91.0, 91.0]
    assert not any("gpu_1" in name for name in curves)


def test_a_gpu_that_cannot_be_read_is_one_gap_and_the_rest_is_sampled(
    live: LiveRun, tmp_path: Path
) -> None:
    system = _with_gpu(tmp_path)
    with _gpu_command(tmp_path, "exit 9") as process:
        sampler = Sampler(live, process.pid, 0.05, root=system.root)
        sampler.start()
        _wait_for(lambda: _n_rows(live) >= 3)
        (gap,) = sampler.stop()
        process.communicate()
    assert gap.kind is GapKind.METRICS
    assert gap.subject == "GPU"
    assert gap.reason.startswith("its figures could not be read: ")
    assert gap.fix == "nvidia-smi"
    assert "system/process_memory_megabytes" in system_curves(_table(live))


def test_a_driver_that_hangs_holds_neither_the_rows_nor_the_end(
    live: LiveRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repro.record.sampler._OPEN_LIMIT_S", 0.05)
    system = _with_gpu(tmp_path)
    os.mkfifo(tmp_path / "never")
    with _gpu_command(tmp_path, f"read line < {tmp_path}/never") as process:
        sampler = Sampler(live, process.pid, 3600, root=system.root)
        sampler.start()
        _wait_for(lambda: _n_rows(live) == 1)
        (gap,) = sampler.stop()
        (tmp_path / "never").write_text("\n")
        process.communicate()
    assert gap.reason == "its driver does not answer"
    assert _n_rows(live) == 2


def test_a_run_that_ends_before_its_gpus_have_answered_has_no_gap(
    live: LiveRun, tmp_path: Path
) -> None:
    system = _with_gpu(tmp_path)
    os.mkfifo(tmp_path / "never")
    with _gpu_command(tmp_path, f"read line < {tmp_path}/never") as process:
        sampler = Sampler(live, process.pid, 3600, root=system.root)
        sampler.start()
        assert sampler.stop() == ()
        (tmp_path / "never").write_text("\n")
        process.communicate()
    assert _n_rows(live) == 2


def test_a_process_that_is_killed_leaves_whole_rows(live: LiveRun, command: int) -> None:
    program = (
        "import os, signal, sys\n"
        "from repro.record.live import LiveRun\n"
        "from repro.record.sampler import Sampler\n"
        f"Sampler(LiveRun('x', {live.directory!r}), {command}, 0.01).start()\n"
        "input(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    env = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, env=env) as one:
        _wait_for(lambda: _n_rows(live) >= 5)
        one.communicate(b"\n")
    check_system(_table(live))
    assert _n_rows(live) >= 5
