"""What a command and all below it use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from repro.sensors.processes import ProcessTree, environment_of
from tests.sensors.system import System

_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6
_TICKS = os.sysconf("SC_CLK_TCK")


@pytest.fixture
def system(tmp_path: Path) -> System:
    return System(tmp_path)


def test_memory_and_cpu_time_of_all_below_are_added(system: System) -> None:
    system.process(10, ticks=100, n_pages=1000)
    system.process(11, parent=10, ticks=50, n_pages=500)
    system.process(12, parent=11, ticks=10, n_pages=250)
    system.process(99, parent=1, ticks=10, n_pages=999)
    system.children(10, 11)
    system.children(11, 12)
    system.children(12)
    tree = ProcessTree(10, system.root)
    assert tree.read(0.0) == (None, pytest.approx(1750 * _PAGE_MB))
    system.process(12, parent=11, ticks=10 + 2 * _TICKS, n_pages=250)
    assert tuple(tree.read(1.0)) == pytest.approx((200.0, 1750 * _PAGE_MB))


def test_children_of_other_threads_count_too(system: System) -> None:
    system.process(10, n_pages=1)
    system.process(11, parent=10, n_pages=1)
    system.children(10)
    system.children(10, 11, thread=15)
    system.children(11)
    assert ProcessTree(10, system.root).read(0.0)[1] == 2 * _PAGE_MB


def test_a_kernel_that_lists_no_children_is_searched_for_them(system: System) -> None:
    system.process(10, n_pages=1000)
    system.process(12, parent=11, n_pages=250)
    system.process(11, parent=10, n_pages=500)
    system.process(99, parent=1, n_pages=999)
    system.write("proc/self/stat", "no number")
    assert ProcessTree(10, system.root).read(0.0)[1] == pytest.approx(1750 * _PAGE_MB)


@pytest.mark.parametrize("lists_children", [True, False])
def test_who_asks_is_not_counted_with_what_it_started(
    system: System, *, lists_children: bool
) -> None:
    here = os.getpid()
    system.process(1, parent=0, n_pages=1000)
    system.process(here, parent=1, n_pages=500)
    system.process(here + 1, parent=here, n_pages=250)
    system.process(here + 2, parent=1, n_pages=1)
    if lists_children:
        system.children(1, here, here + 2)
        system.children(here, here + 1)
    assert ProcessTree(1, system.root).read(0.0)[1] == pytest.approx(1001 * _PAGE_MB)


def test_a_child_that_vanishes_while_it_is_looked_at_is_passed_over(system: System) -> None:
    system.process(10, n_pages=1000)
    system.process(13, parent=10, n_pages=1)
    system.children(10, 11, 12, 13)
    system.write("proc/12/stat", "")
    assert ProcessTree(10, system.root).read(0.0)[1] == 1001 * _PAGE_MB


def test_time_that_went_with_a_child_is_not_less_than_none(system: System) -> None:
    system.process(10, ticks=100)
    system.process(11, parent=10, ticks=500)
    system.children(10, 11)
    system.children(11)
    tree = ProcessTree(10, system.root)
    tree.read(0.0)
    system.children(10)
    assert tree.read(1.0)[0] == 0.0


@pytest.mark.parametrize("end", ["gone", "zombie", "another"])
def test_a_process_that_has_ended_has_no_figures(system: System, end: str) -> None:
    system.process(10, n_pages=5, started=5)
    system.children(10)
    tree = ProcessTree(10, system.root)
    tree.read(0.0)
    if end == "gone":
        system.remove("proc/10/stat")
    else:
        state, started = ("Z", 5) if end == "zombie" else ("S", 6)
        system.process(10, n_pages=5, started=started, state=state)
    with pytest.raises(OSError, match=r"10|stat"):
        tree.read(1.0)


def test_a_process_that_is_not_there_has_no_sensor(system: System) -> None:
    with pytest.raises(FileNotFoundError):
        ProcessTree(10, system.root).read(0.0)


def test_a_real_tree_is_seen_whole() -> None:
    inner = "x = bytearray(30_000_000); print('ready', flush=True); input()"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", outer], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        tree = ProcessTree(process.pid)
        megabytes = tree.read(0.0)[1]
        assert megabytes is not None
        assert 30 < megabytes < 200
        process.communicate("\n")
    with pytest.raises(OSError, match=str(process.pid)):
        tree.read(1.0)


def test_the_variables_of_a_process_are_those_it_was_started_with(system: System) -> None:
    system.write("proc/10/environ", "A=1\0CUDA_VISIBLE_DEVICES=0,1\0EMPTY=\0X=a=b\0junk\0")
    assert environment_of(10, system.root) == {
        "A": "1",
        "CUDA_VISIBLE_DEVICES": "0,1",
        "EMPTY": "",
        "X": "a=b",
    }
