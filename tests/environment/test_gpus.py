"""GPUs, by a stand-in for the driver's library and by the kernel's files."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from repro.environment.gpus import Gpus, observe_gpus

_LIBRARY = r"""
#include <stdio.h>
#include <string.h>
typedef struct { unsigned long long total, free, used; } memory;
int nvmlInit_v2(void) { return INIT; }
int nvmlInitWithFlags(unsigned int flags) { return INIT; }
int nvmlShutdown(void) { return 0; }
int nvmlSystemGetDriverVersion(char *text, unsigned int length) {
    snprintf(text, length, "550.54.14"); return 0; }
int nvmlSystemGetCudaDriverVersion_v2(int *version) { *version = 12040; return 0; }
int nvmlDeviceGetCount_v2(unsigned int *count) { *count = 3; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **device) {
    if (index == 1) return 15; /* lost */
    *device = (void *)(unsigned long)(index + 1); return 0; }
int nvmlDeviceGetName(void *device, char *name, unsigned int length) {
    snprintf(name, length, "NVIDIA Stand-in %lu", (unsigned long)device); return 0; }
int nvmlDeviceGetMemoryInfo(void *device, memory *found) {
    if ((unsigned long)device == 3) return 3; /* not supported */
    found->total = 80ULL << 30; found->free = found->used = 0; return 0; }
const char *nvmlErrorString(int code) { return "an error"; }
"""

_ASK = """
import os
from repro.environment.gpus import observe_gpus
print(repr(observe_gpus(proc="/nowhere", library_path=os.environ["LD_LIBRARY_PATH"])))
"""


def _driver_files(proc: Path) -> str:
    for address, name in (("0000:02:00.0", "NVIDIA A100-SXM4-40GB"), ("0000:01:00.0", "NVIDIA T4")):
        directory = proc / "driver/nvidia/gpus" / address
        directory.mkdir(parents=True)
        (directory / "information").write_text(f"Model: \t\t {name}\nIRQ:   \t\t 1\n")
    (proc / "driver/nvidia/version").write_text(
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  535.54.03  Release Build\n"
        "GCC version:  gcc version 12.2.0\n"
    )
    return str(proc)


def _ask(directory: Path, init: int) -> str:
    """Returns what a process says that finds the stand-in as its driver."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    source, library = directory / "nvml.c", directory / "libnvidia-ml.so.1"
    source.write_text(_LIBRARY)
    build = [compiler, "-shared", "-fPIC", f"-DINIT={init}", "-o", str(library), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    env = {**os.environ, "LD_LIBRARY_PATH": str(directory), "PYTHONPATH": ":".join(sys.path)}
    asked = [sys.executable, "-c", _ASK]
    done = subprocess.run(asked, env=env, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


def test_the_drivers_library_names_gpus_memory_and_cuda(tmp_path: Path) -> None:
    found = Gpus(
        names=("NVIDIA Stand-in 1", "NVIDIA Stand-in 3"),
        memory_bytes=(80 * 2**30, 0),
        driver="550.54.14",
        cuda="12.4",
    )
    assert _ask(tmp_path, 0) == repr(found)


def test_a_driver_that_is_not_loaded_is_no_error(tmp_path: Path) -> None:
    assert _ask(tmp_path, 9) == repr(Gpus())


def test_a_library_that_is_none_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "libnvidia-ml.so.1").write_bytes(b"garbage")
    env = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    asked = [sys.executable, "-c", _ASK]
    done = subprocess.run(asked, env=env, capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == (repr(Gpus()), "")


def test_gpus_and_their_driver_are_read_from_the_kernel(tmp_path: Path) -> None:
    found = observe_gpus(proc=_driver_files(tmp_path), dev=str(tmp_path))
    assert found.names == ("NVIDIA T4", "NVIDIA A100-SXM4-40GB")
    assert found.driver == "535.54.03"


def test_a_driver_that_does_not_answer_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repro.environment.gpus._TIMEOUT_S", 0.05)
    monkeypatch.setattr("repro.environment.gpus._by_library", lambda: time.sleep(0.5))
    found = observe_gpus(proc=_driver_files(tmp_path), dev=str(tmp_path))
    assert found.names == ("NVIDIA T4", "NVIDIA A100-SXM4-40GB")


def test_without_a_sign_of_a_gpu_no_library_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repro.environment.gpus._LIBRARY_PLACES", ())
    monkeypatch.setattr("repro.environment.gpus._by_library", None)
    assert observe_gpus(proc=str(tmp_path), dev=str(tmp_path)) == Gpus()
