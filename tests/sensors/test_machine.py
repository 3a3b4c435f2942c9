"""CPU, memory, disks and network, from files such as kernels write."""

import os
from pathlib import Path

import pytest

from repro.sensors.machine import (
    Cpu,
    DiskSpace,
    DiskTraffic,
    Memory,
    Network,
    open_machine,
)
from tests.sensors.system import System


@pytest.fixture
def system(tmp_path: Path) -> System:
    return System(tmp_path)


def test_a_busy_cpu_has_the_share_of_the_time_since_the_last_look(system: System) -> None:
    system.cpus((100, 900), (100, 900))
    cpu = Cpu(system.root)
    assert cpu.read(0.0) == (None,)
    system.cpus((175, 925), (175, 925))
    assert cpu.read(1.0) == (75.0,)
    system.cpus((175, 1025), (175, 1025))
    assert cpu.read(2.0) == (0.0,)


def test_two_looks_within_a_tick_say_nothing(system: System) -> None:
    system.cpus((100, 900))
    cpu = Cpu(system.root)
    cpu.read(0.0)
    assert cpu.read(0.001) == (None,)


def test_counters_that_go_back_say_neither_less_than_nothing_nor_more_than_all(
    system: System,
) -> None:
    system.cpus((100, 900))
    cpu = Cpu(system.root)
    cpu.read(0.0)
    system.cpus((90, 1000))
    assert cpu.read(1.0) == (0.0,)
    system.cpus((300, 900))  # the idle time went back, as it does on some kernels
    assert cpu.read(2.0) == (100.0,)


def test_only_cpus_that_the_process_may_use_count(system: System) -> None:
    system.cpus((100, 900), (100, 900), (100, 900), (100, 900), allowed="1,3")
    cpu = Cpu(system.root)
    cpu.read(0.0)
    system.cpus((200, 900), (100, 1000), (200, 900), (200, 900), allowed="1,3")
    assert cpu.read(1.0) == (50.0,)


def test_in_a_container_the_share_is_that_of_its_quota(system: System) -> None:
    system.cpus((100, 900), (100, 900))
    system.write("proc/self/cgroup", "0::/\n")
    system.write("sys/fs/cgroup/cpu.max", "50000 100000\n")
    system.write("sys/fs/cgroup/cpu.stat", "usage_usec 1000000\nuser_usec 1\n")
    cpu = Cpu(system.root)
    assert cpu.read(10.0) == (None,)
    system.write("sys/fs/cgroup/cpu.stat", "usage_usec 1250000\nuser_usec 1\n")
    assert cpu.read(11.0) == (50.0,)
    system.write("sys/fs/cgroup/cpu.stat", "usage_usec 9250000\nuser_usec 1\n")
    assert cpu.read(12.0) == (100.0,)


def test_a_quota_of_more_than_there_is_says_nothing(system: System) -> None:
    system.cpus((100, 900), (100, 900))
    system.write("proc/self/cgroup", "0::/\n")
    system.write("sys/fs/cgroup/cpu.max", "800000 100000\n")
    system.write("sys/fs/cgroup/cpu.stat", "usage_usec 0\n")
    cpu = Cpu(system.root)
    cpu.read(0.0)
    system.cpus((200, 900), (100, 1000))
    assert cpu.read(1.0) == (50.0,)


def test_the_tightest_quota_of_the_groups_around_counts(system: System) -> None:
    system.cpus((100, 900), (100, 900), (100, 900))
    system.write("proc/self/cgroup", "1:name=systemd:/x\n0::/slurm/job_7/step_0\n")
    system.write("sys/fs/cgroup/slurm/job_7/step_0/cpu.max", "max 100000\n")
    system.write("sys/fs/cgroup/slurm/job_7/cpu.max", "200000 100000\n")
    system.write("sys/fs/cgroup/slurm/job_7/cpu.stat", "usage_usec 0\n")
    system.write("sys/fs/cgroup/slurm/cpu.max", "400000 100000\n")
    cpu = Cpu(system.root)
    cpu.read(0.0)
    system.write("sys/fs/cgroup/slurm/job_7/cpu.stat", "usage_usec 1000000\n")
    assert cpu.read(1.0) == (50.0,)


@pytest.mark.parametrize("together", [True, False])
def test_control_groups_of_version_1_count_too(system: System, together: bool) -> None:
    controllers = "cpu,cpuacct" if together else "cpu"
    accounting = "cpu,cpuacct" if together else "cpuacct"
    system.cpus((100, 900))
    # The path is the one outside of the container; inside, it is the mount itself.
    system.write("proc/self/cgroup", f"4:{controllers}:/docker/abc\n3:memory:/docker/abc\n")
    system.write(f"sys/fs/cgroup/{controllers}/cpu.cfs_quota_us", "50000\n")
    system.write(f"sys/fs/cgroup/{controllers}/cpu.cfs_period_us", "100000\n")
    system.write(f"sys/fs/cgroup/{accounting}/cpuacct.usage", "1000000000\n")
    cpu = Cpu(system.root)
    cpu.read(0.0)
    system.write(f"sys/fs/cgroup/{accounting}/cpuacct.usage", "1100000000\n")
    assert cpu.read(1.0) == pytest.approx((20.0,))


@pytest.mark.parametrize("quota", ["max 100000", "", "50000", "50000 0", "-1 100000", "a b"])
def test_a_group_without_a_limit_is_the_machine(system: System, quota: str) -> None:
    system.cpus((100, 900))
    system.write("proc/self/cgroup", "0::/\n")
    system.write("sys/fs/cgroup/cpu.max", f"{quota}\n")
    cpu = Cpu(system.root)
    cpu.read(0.0)
    system.cpus((150, 950))
    assert cpu.read(1.0) == (50.0,)


def test_memory_in_use_is_what_is_not_available(system: System) -> None:
    system.memory(total_kib=1_000_000, available_kib=250_000)
    assert Memory(system.root).read(0.0) == (768.0, 75.0)


def test_an_old_kernel_is_asked_for_free_memory_and_caches(system: System) -> None:
    system.write(
        "proc/meminfo",
        "MemTotal: 1000 kB\nMemFree: 300 kB\nBuffers: 100 kB\nCached: 100 kB\n",
    )
    assert Memory(system.root).read(0.0) == (0.512, 50.0)


def test_in_a_container_memory_is_that_of_its_limit_without_its_caches(system: System) -> None:
    system.memory(total_kib=8_000_000, available_kib=1_000_000)
    system.write("proc/self/cgroup", "0::/pod/box\n")
    system.write("sys/fs/cgroup/pod/box/memory.max", "max\n")
    system.write("sys/fs/cgroup/pod/memory.max", "2000000000\n")
    system.write("sys/fs/cgroup/pod/memory.current", "900000000\n")
    system.write("sys/fs/cgroup/pod/memory.stat", "anon 1\ninactive_file 400000000\n")
    assert Memory(system.root).read(0.0) == (500.0, 25.0)


def test_a_limit_of_version_1_counts_and_its_lack_does_not(system: System) -> None:
    system.memory(total_kib=8_000_000, available_kib=4_000_000)
    system.write("proc/self/cgroup", "3:memory:/docker/abc\n")
    mount = "sys/fs/cgroup/memory"
    system.write(f"{mount}/memory.limit_in_bytes", "9223372036854771712\n")
    assert Memory(system.root).read(0.0) == (4096.0, 50.0)
    system.write(f"{mount}/memory.limit_in_bytes", "1000000000\n")
    system.write(f"{mount}/memory.usage_in_bytes", "300000000\n")
    system.write(f"{mount}/memory.stat", "inactive_file 5\ntotal_inactive_file 100000000\n")
    assert Memory(system.root).read(0.0) == (200.0, 20.0)


def test_network_is_what_came_and_went_since_the_first_look(system: System) -> None:
    system.network(lo=(5, 5), eth0=(1_000_000, 2_000_000), wlan0=(0, 0))
    network = Network(system.root)
    assert network.read(0.0) == (0.0, 0.0)
    system.network(lo=(10**9, 10**9), eth0=(2_500_000, 2_000_000), wlan0=(500_000, 0))
    assert network.read(1.0) == (2.0, 0.0)


def test_traffic_between_containers_is_not_the_networks(system: System) -> None:
    system.network(eth0=(0, 0), veth12=(0, 0), docker0=(0, 0))
    network = Network(system.root)
    network.read(0.0)
    system.network(eth0=(1, 1), veth12=(10**9, 10**9), docker0=(10**9, 10**9))
    assert network.read(1.0) == (1e-06, 1e-06)


def test_an_interface_that_comes_later_or_begins_again_is_counted_from_nothing(
    system: System,
) -> None:
    system.network(eth0=(5_000_000, 0))
    network = Network(system.root)
    network.read(0.0)
    system.network(eth0=(1_000_000, 0), usb0=(2_000_000, 0))
    assert network.read(1.0) == (3.0, 0.0)


def test_disk_traffic_is_that_of_whole_disks(system: System) -> None:
    disks = {"loop0": (0, 0), "sda": (0, 0), "sda1": (0, 0), "nvme0n1": (0, 0), "nvme0n1p2": (0, 0)}
    system.disks(**disks, sdb=(0, 0), dm_0=(0, 0))
    traffic = DiskTraffic(system.root)
    assert traffic.read(0.0) == (None, None)
    system.disks(
        loop0=(10**6, 10**6),
        sda=(1_000_000, 0),
        sda1=(1_000_000, 0),
        nvme0n1=(0, 2_000_000),
        nvme0n1p2=(0, 2_000_000),
        sdb=(1_000_000, 0),
        zram0=(10**6, 10**6),
    )
    assert traffic.read(2.0) == (512.0, 512.0)


def test_a_disk_that_is_pulled_out_does_not_read_backwards(system: System) -> None:
    system.disks(sda=(1000, 1000), sdb=(1000, 1000))
    traffic = DiskTraffic(system.root)
    traffic.read(0.0)
    system.disks(sda=(1000, 1000))
    assert traffic.read(1.0) == (0.0, 0.0)


def test_disk_space_is_that_of_the_file_system_of_a_path(tmp_path: Path) -> None:
    share, used_mb, free_mb = DiskSpace(str(tmp_path)).read(0.0)
    system = os.statvfs(tmp_path)
    assert share is not None
    assert used_mb is not None
    assert free_mb is not None
    assert 0 <= share <= 100
    total_mb = system.f_blocks * system.f_frsize / 1e6
    assert 0 < used_mb + free_mb <= total_mb
    assert 0 <= free_mb <= total_mb


def test_what_a_machine_lacks_is_a_column_less(system: System, tmp_path: Path) -> None:
    panel, figures = open_machine(1, path=str(tmp_path), root=system.root)
    assert panel.names == DiskSpace.names
    assert len(figures) == 3
    system.memory(total_kib=1000, available_kib=500)
    system.write("proc/net/dev", "")
    system.write("proc/diskstats", "garbage\n")
    system.write("proc/stat", "cpu nonsense\n")
    panel, _ = open_machine(1, path=str(tmp_path), root=system.root)
    assert panel.names == (*Memory.names, *DiskSpace.names, *Network.names)


def test_a_sensor_that_fails_leaves_its_cells_empty_and_is_not_asked_again(
    system: System, tmp_path: Path
) -> None:
    system.memory(total_kib=1000, available_kib=500)
    system.network(eth0=(0, 0))
    panel, figures = open_machine(1, path=str(tmp_path), root=system.root)
    assert None not in figures
    assert None not in panel.read(0.5)
    system.remove("proc/meminfo")
    by_name = dict(zip(panel.names, panel.read(1.0), strict=True))
    assert [name for name, figure in by_name.items() if figure is None] == [*Memory.names]
    system.memory(total_kib=1000, available_kib=500)
    assert list(panel.read(2.0))[:2] == [None, None]


def test_this_machine_has_all_of_them(tmp_path: Path) -> None:
    panel, figures = open_machine(os.getpid(), path=str(tmp_path))
    assert panel.names[:5] == (
        "cpu_utilization_percentage",
        "system_memory_usage_megabytes",
        "system_memory_usage_percentage",
        "process_cpu_percentage",
        "process_memory_megabytes",
    )
    by_name = dict(zip(panel.names, figures, strict=True))
    megabytes = by_name["process_memory_megabytes"]
    assert megabytes is not None
    assert 5 < megabytes < 1_000_000
