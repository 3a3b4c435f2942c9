"""GPUs, by stand-ins for the driver's library and for its tool."""

import os
import sys
from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import Any

import pynvml
import pytest

from repro.sensors.gpus import GpusUnreadableError, open_gpus, visible_gpus
from repro.sensors.machine import gpu_is_there
from tests.sensors.stand_in_nvml import Card, Nvml, Part
from tests.sensors.system import System

_FIGURES = (
    "utilization_percentage",
    "memory_usage_megabytes",
    "memory_usage_percentage",
    "temperature_celsius",
    "power_usage_watts",
    "power_usage_percentage",
)


@pytest.fixture
def system(tmp_path: Path) -> System:
    system = System(tmp_path)
    system.write("dev/nvidia0", "")
    return system


def _seen(nvml: Nvml, system: System, visible: str | None = None) -> dict[str, float | None]:
    env = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    panel = open_gpus(env, load_nvml=lambda: nvml, root=system.root)
    return {} if panel is None else dict(zip(panel.names, panel.read(0.0), strict=True))


def _used(seen: Mapping[str, float | None]) -> list[float | None]:
    return [figure for name, figure in seen.items() if name.endswith("memory_usage_megabytes")]


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (None, None),
        ("", ()),
        ("-1", ()),
        ("none", ()),
        ("NoDevFiles", ()),
        ("0", ("0",)),
        ("2, 0", ("2", "0")),
        ("0,-1,1", ("0",)),
        ("0,0,1", ("0",)),
        ("GPU-8932f937,1", ("GPU-8932f937", "1")),
        ("MIG-e91edf3b-b297-37c1-a2a7-7601c3238fa2", ("MIG-e91edf3b-b297-37c1-a2a7-7601c3238fa2",)),
        ("0,,1", ("0",)),
        ("١", ()),
    ],
)
def test_visible_gpus_are_read_as_cuda_reads_them(
    value: str | None, names: tuple[str, ...] | None
) -> None:
    env = {} if value is None else {"CUDA_VISIBLE_DEVICES": value}
    assert visible_gpus(env) == names


@pytest.mark.parametrize(
    "path", ["dev/nvidia0", "dev/nvidiactl", "dev/dxg", "proc/driver/nvidia/v"]
)
def test_a_driver_is_seen_by_its_files(tmp_path: Path, path: str) -> None:
    system = System(tmp_path)
    assert not gpu_is_there(system.root)
    system.write("dev/null", "")
    assert not gpu_is_there(system.root)
    system.write(path, "")
    assert gpu_is_there(system.root)


def test_the_stand_in_has_no_function_that_the_library_lacks() -> None:
    asked = [name for name in vars(Nvml) if name.startswith("nvml")]
    assert len(asked) == 11
    for name in asked:
        real, ours = getattr(pynvml, name), getattr(Nvml, name)
        n_given = len(signature(ours).parameters) - 1
        signature(real).bind(*[None] * n_given)
    assert issubclass(pynvml.NVMLError, Exception)
    assert pynvml.NVML_TEMPERATURE_GPU == 0


def test_every_gpu_has_its_figures(system: System) -> None:
    nvml = Nvml(Card("GPU-a"), Card("GPU-b", busy=99, used_mb=8_000, celsius=71, watts=100))
    assert _seen(nvml, system) == {
        "gpu_0_utilization_percentage": 50.0,
        "gpu_0_memory_usage_megabytes": 20_000.0,
        "gpu_0_memory_usage_percentage": 25.0,
        "gpu_0_temperature_celsius": 60.0,
        "gpu_0_power_usage_watts": 200.0,
        "gpu_0_power_usage_percentage": 50.0,
        "gpu_1_utilization_percentage": 99.0,
        "gpu_1_memory_usage_megabytes": 8_000.0,
        "gpu_1_memory_usage_percentage": 10.0,
        "gpu_1_temperature_celsius": 71.0,
        "gpu_1_power_usage_watts": 100.0,
        "gpu_1_power_usage_percentage": 25.0,
    }


@pytest.mark.parametrize(
    ("visible", "used"),
    [
        (None, [1, 2, 3]),
        ("2,0", [3, 1]),
        ("GPU-bb", [2]),
        ("GPU-c,1", [3, 2]),
        ("0,7,1", [1]),
        ("GPU-zz,0", []),
        ("", []),
    ],
)
def test_only_gpus_that_the_process_sees_count_in_its_order(
    system: System, visible: str | None, used: list[int]
) -> None:
    nvml = Nvml(*(Card(f"GPU-{c}{c}", used_mb=n) for n, c in enumerate("abc", 1)))
    seen = _seen(nvml, system, visible)
    assert _used(seen) == used
    assert len(seen) == len(_FIGURES) * len(used)


def test_a_figure_that_a_gpu_lacks_is_no_column(system: System) -> None:
    nvml = Nvml(Card("GPU-a", celsius=None, limit_watts=None, busy=None), Card("GPU-b"))
    names = [name for name in _seen(nvml, system) if name.startswith("gpu_0_")]
    assert names == [
        "gpu_0_memory_usage_megabytes",
        "gpu_0_memory_usage_percentage",
        "gpu_0_power_usage_watts",
    ]


def test_a_sensor_that_fails_later_leaves_all_others_as_they_are(system: System) -> None:
    nvml = Nvml(Card("GPU-a"), Card("GPU-b"))
    panel = open_gpus({}, load_nvml=lambda: nvml, root=system.root)
    assert panel is not None
    nvml.cards[0] = Card("GPU-a", busy=None)
    nvml.asked.clear()
    for _ in range(3):
        figures = dict(zip(panel.names, panel.read(0.0), strict=True))
        assert [name for name, f in figures.items() if f is None] == [
            "gpu_0_utilization_percentage"
        ]
    assert nvml.asked == ["utilization"] * 4  # once the one that failed, three times the other


def test_a_gpu_that_is_lost_keeps_its_number(system: System) -> None:
    nvml = Nvml(Card("GPU-a", used_mb=1), None, Card("GPU-c", used_mb=3))
    assert _used(_seen(nvml, system)) == [1, 3]
    assert _used(_seen(nvml, system, "2")) == [3]
    assert _used(_seen(nvml, system, "0,1,2")) == [1]


_MIG = Card("GPU-a", busy=None, parts=(None, Part("MIG-1", used_mb=11), Part("MIG-2", used_mb=12)))


@pytest.mark.parametrize(
    ("visible", "used"),
    [(None, [11, 7]), ("0", [11]), ("MIG-2", [12]), ("MIG-1,MIG-2", [11, 12]), ("GPU-a", [11])],
)
def test_of_a_gpu_in_parts_the_part_that_is_used_counts(
    system: System, visible: str | None, used: list[int]
) -> None:
    assert _used(_seen(Nvml(_MIG, Card("GPU-b", used_mb=7)), system, visible)) == used


def test_a_part_has_memory_of_its_own_and_the_heat_of_the_whole(system: System) -> None:
    assert _seen(Nvml(_MIG), system, "MIG-2") == {
        "gpu_0_memory_usage_megabytes": 12.0,
        "gpu_0_memory_usage_percentage": 0.12,
        "gpu_0_temperature_celsius": 60.0,
        "gpu_0_power_usage_watts": 200.0,
        "gpu_0_power_usage_percentage": 50.0,
    }


def test_a_gpu_without_memory_of_its_own_has_no_share(system: System) -> None:
    seen = _seen(Nvml(Card("GPU-a", used_mb=0, total_mb=0)), system)
    assert seen["gpu_0_memory_usage_percentage"] is None
    assert seen["gpu_0_utilization_percentage"] == 50.0


def test_without_a_driver_or_a_visible_gpu_no_library_is_loaded(tmp_path: Path) -> None:
    def load() -> Any:
        raise AssertionError("it was loaded")

    system = System(tmp_path)
    assert open_gpus({}, load_nvml=load, root=system.root) is None
    system.write("dev/nvidia0", "")
    assert open_gpus({"CUDA_VISIBLE_DEVICES": ""}, load_nvml=load, root=system.root) is None


def test_a_machine_without_gpus_that_has_their_driver_is_fine(tmp_path: Path) -> None:
    system = System(tmp_path)
    system.write("dev/nvidiactl", "")
    assert open_gpus({}, load_nvml=Nvml, root=system.root) is None
    assert open_gpus({"PATH": ""}, load_nvml=_no_library, root=system.root) is None


@pytest.mark.parametrize(
    "path", ["dev/nvidia0", "proc/driver/nvidia/gpus/0000:01:00.0/information"]
)
def test_a_gpu_that_nobody_can_be_asked_about_is_an_error(tmp_path: Path, path: str) -> None:
    system = System(tmp_path)
    system.write(path, "")
    with pytest.raises(GpusUnreadableError, match="Driver Not Loaded"):
        open_gpus({"PATH": ""}, load_nvml=_no_library, root=system.root)


def test_gpus_that_tell_nothing_are_an_error(system: System) -> None:
    card = Card("GPU-a", busy=None, used_mb=None, celsius=None, watts=None)
    with pytest.raises(GpusUnreadableError, match="Not Supported"):
        open_gpus({"PATH": ""}, load_nvml=lambda: Nvml(card), root=system.root)


def _no_library() -> Any:
    raise OSError("Driver Not Loaded")


_ROWS = (
    "0, GPU-aaaa, 12, 1000, 4000, 41, 50.50, 101.00",
    "1, GPU-bbbb, [N/A], 2000, 4000, 42, [Not Supported], [N/A]",
)


def _smi(directory: Path, text: str, *, code: int = 0) -> dict[str, str]:
    """Writes a stand-in for nvidia-smi; returns variables whose PATH has it."""
    tool = directory / "nvidia-smi"
    check = "assert sys.argv[1].startswith('--query-gpu=index,uuid,utilization.gpu')"
    answer = f"print({text!r}); sys.exit({code})"
    tool.write_text(f"#!{sys.executable}\nimport sys\n{check}\n{answer}\n")
    tool.chmod(0o755)
    return {"PATH": f"{directory}:{os.environ['PATH']}"}


def test_where_the_library_cannot_be_loaded_its_tool_is_asked(
    system: System, tmp_path: Path
) -> None:
    env = _smi(tmp_path, "\n".join(_ROWS))
    panel = open_gpus(env, load_nvml=_no_library, root=system.root)
    assert panel is not None
    assert dict(zip(panel.names, panel.read(0.0), strict=True)) == pytest.approx(
        {
            "gpu_0_utilization_percentage": 12.0,
            "gpu_0_memory_usage_megabytes": 1048.576,
            "gpu_0_memory_usage_percentage": 25.0,
            "gpu_0_temperature_celsius": 41.0,
            "gpu_0_power_usage_watts": 50.5,
            "gpu_0_power_usage_percentage": 50.0,
            "gpu_1_memory_usage_megabytes": 2097.152,
            "gpu_1_memory_usage_percentage": 50.0,
            "gpu_1_temperature_celsius": 42.0,
        }
    )


@pytest.mark.parametrize(
    ("visible", "celsius"), [("1", [42]), ("GPU-b,0", [42, 41]), ("0,5", [41]), ("5", [])]
)
def test_the_tool_too_is_asked_for_visible_gpus_only(
    system: System, tmp_path: Path, visible: str, celsius: list[int]
) -> None:
    env = {**_smi(tmp_path, "\n".join(_ROWS)), "CUDA_VISIBLE_DEVICES": visible}
    panel = open_gpus(env, load_nvml=_no_library, root=system.root)
    seen = {} if panel is None else dict(zip(panel.names, panel.read(0.0), strict=True))
    assert [f for name, f in seen.items() if name.endswith("temperature_celsius")] == celsius


def test_of_a_gpu_that_the_tool_lost_the_cells_are_empty(system: System, tmp_path: Path) -> None:
    env = _smi(tmp_path, "\n".join(_ROWS))
    panel = open_gpus(env, load_nvml=_no_library, root=system.root)
    assert panel is not None
    _smi(tmp_path, _ROWS[1])
    assert list(panel.read(0.0))[:6] == [None] * 6
    assert list(panel.read(0.0))[8] == 42.0


def test_a_tool_that_fails_is_an_error_that_says_what_the_library_said(
    system: System, tmp_path: Path
) -> None:
    env = _smi(tmp_path, "NVIDIA-SMI has failed", code=9)
    with pytest.raises(GpusUnreadableError, match="Driver Not Loaded"):
        open_gpus(env, load_nvml=_no_library, root=system.root)
