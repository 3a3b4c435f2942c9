"""The operating system and the machine."""

import os
import platform
from pathlib import Path

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


def test_gpus_and_their_driver_are_read_from_the_kernel(tmp_path: Path) -> None:
    for address, name in (("0000:02:00.0", "NVIDIA A100-SXM4-40GB"), ("0000:01:00.0", "NVIDIA T4")):
        directory = tmp_path / "driver/nvidia/gpus" / address
        directory.mkdir(parents=True)
        (directory / "information").write_text(f"Model: \t\t {name}\nIRQ:   \t\t 1\n")
    (tmp_path / "driver/nvidia/version").write_text(
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  535.54.03  Release Build\n"
        "GCC version:  gcc version 12.2.0\n"
    )
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Some CPU @ 2GHz\n")
    found = observe_hardware(proc=str(tmp_path))
    assert found.cpu == "Some CPU @ 2GHz"
    assert found.gpus == ("NVIDIA T4", "NVIDIA A100-SXM4-40GB")
    assert found.gpu_driver == "535.54.03"


def test_a_machine_without_such_files_is_described_all_the_same(tmp_path: Path) -> None:
    found = observe_hardware(proc=str(tmp_path))
    assert (found.cpu, found.gpus, found.gpu_driver) == ("", (), None)
