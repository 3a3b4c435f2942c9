"""The operating system and the machine."""

import os
import platform
from pathlib import Path

import pytest

from repro.environment.machine import observe_hardware, observe_platform


def test_the_platform_is_what_python_says() -> None:
    found = observe_platform()
    assert (found.system, found.release, found.machine) == (
        platform.system(),
        platform.release(),
        platform.machine(),
    )
    assert found.libc == " ".join(platform.libc_ver()).strip()


def test_the_distribution_has_its_pretty_name(tmp_path: Path) -> None:
    (tmp_path / "os-release").write_text('NAME="D"\nPRETTY_NAME="Debian GNU/Linux 12"\n')
    assert observe_platform(etc=str(tmp_path)).distribution == "Debian GNU/Linux 12"


def test_the_machine_has_cores_and_memory() -> None:
    found = observe_hardware()
    assert 1 <= found.n_cores <= (os.cpu_count() or 1)
    assert found.memory_bytes > 2**20


def test_a_machine_without_such_files_is_described_all_the_same(tmp_path: Path) -> None:
    nothing = str(tmp_path)
    found = observe_hardware(proc=nothing, dev=nothing, cgroups=nothing)
    assert (found.cpu, found.cpu_flags, found.gpus, found.gpu_driver) == ("", "", (), None)
    assert found.n_cores >= 1


def test_flags_are_those_of_the_first_cpu_sorted(tmp_path: Path) -> None:
    cpu = "processor\t: {}\nmodel name\t: Some CPU @ 2GHz\nflags\t\t: sse2 avx {}\n\n"
    (tmp_path / "cpuinfo").write_text(cpu.format(0, "avx512f") + cpu.format(1, "other"))
    found = observe_hardware(proc=str(tmp_path))
    assert (found.cpu, found.cpu_flags) == ("Some CPU @ 2GHz", "avx avx512f sse2")


def test_an_arm_cpu_has_numbers_for_a_name(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(
        "processor\t: 0\nFeatures\t: fp asimd sve\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n\n"
    )
    found = observe_hardware(proc=str(tmp_path))
    assert (found.cpu, found.cpu_flags) == ("implementer 0x41 part 0xd40", "asimd fp sve")


def _cores(directory: Path, group: str, files: dict[str, str]) -> int:
    (directory / "self").mkdir(exist_ok=True)
    (directory / "self/cgroup").write_text(f"1:name=systemd:/x\n{group}\n")
    for name, text in files.items():
        (directory / "cgroup" / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / "cgroup" / name).write_text(text)
    proc, cgroups = str(directory), str(directory / "cgroup")
    return observe_hardware(proc=proc, cgroups=cgroups).n_cores


def test_a_share_of_the_cores_is_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))
    assert _cores(tmp_path, "0::/a/b", {"a/b/cpu.max": "max 100000\n"}) == 16
    # What is around a group limits it too, and half a core is one that is busy half of the time.
    assert _cores(tmp_path, "0::/a/b", {"a/cpu.max": "350000 100000\n"}) == 4
    assert _cores(tmp_path, "0::/", {"cpu.max": "50000 100000\n"}) == 1
    assert _cores(tmp_path, "0::/", {"cpu.max": "garbage\n"}) == 16


def test_a_share_under_the_first_kind_of_groups_is_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))
    period = {"cpu,cpuacct/d/cpu.cfs_period_us": "100000\n"}
    group, quota = "4:cpu,cpuacct:/d", "cpu,cpuacct/d/cpu.cfs_quota_us"
    assert _cores(tmp_path, group, {**period, quota: "-1\n"}) == 16
    assert _cores(tmp_path, group, {**period, quota: "250000\n"}) == 3


def test_more_than_there_is_is_no_limit(tmp_path: Path) -> None:
    n_cores = len(os.sched_getaffinity(0))
    assert _cores(tmp_path, "0::/", {"cpu.max": "99900000 100000\n"}) == n_cores
