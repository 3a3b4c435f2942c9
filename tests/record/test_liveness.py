"""Whether a run lives: by process, boot and machine."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from repro.git.repository import open_repository
from repro.model.ids import RunId
from repro.record.live import LiveRun, create_live_run
from repro.record.liveness import (
    Life,
    command_of,
    elsewhere,
    last_sign,
    life_of_command,
    process_facts,
    recorder_of,
)
from tests.repos import Scratch

_ID = RunId("20240506T070809-klmnopqr")


@pytest.fixture
def live(repo: Scratch) -> Iterator[LiveRun]:
    made, lock = create_live_run(open_repository(str(repo.path)), _ID)
    yield made
    os.close(lock)


@pytest.fixture
def child() -> Iterator[int]:
    pid = os.fork()
    if pid == 0:
        signal.pause()
    yield pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _say(live: LiveRun, **facts: Any) -> None:
    path = Path(live.lock_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


def test_the_lock_says_who_records(live: LiveRun) -> None:
    assert recorder_of(live.directory) == os.getpid()
    facts = json.loads(Path(live.lock_path).read_text())
    assert facts["host"] == os.uname().nodename
    assert facts["started"] == process_facts(os.getpid())["started"]
    assert elsewhere(live.directory) is None


def test_a_command_that_was_not_noted_is_gone(live: LiveRun) -> None:
    assert life_of_command(live.directory) is Life.ENDED
    assert command_of(live.directory) is None


def test_a_command_lives_until_it_is_gone(live: LiveRun) -> None:
    pid = os.fork()
    if pid == 0:
        signal.pause()
    live.write("child", process_facts(pid))
    assert life_of_command(live.directory) is Life.RUNS
    assert command_of(live.directory) == pid
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert life_of_command(live.directory) is Life.ENDED  # a zombie is dead
    os.waitpid(pid, 0)
    assert life_of_command(live.directory) is Life.ENDED


def test_another_process_with_the_number_of_the_command_is_not_it(
    live: LiveRun, child: int
) -> None:
    facts = process_facts(child)
    live.write("child", facts | {"started": facts["started"] - 1})
    assert life_of_command(live.directory) is Life.ENDED


def test_what_an_older_repro_noted_is_judged_by_dates(live: LiveRun, child: int) -> None:
    Path(live.lock_path).write_bytes(b"")
    live.write("child", {"pid": child})
    assert life_of_command(live.directory) is Life.RUNS
    os.utime(f"{live.directory}/child.json", (1, 1))
    assert life_of_command(live.directory) is Life.ENDED
    assert elsewhere(live.directory) is None
    assert recorder_of(live.directory) is None


def test_what_ran_before_the_last_boot_is_dead(live: LiveRun, child: int) -> None:
    if _machine() is None:
        pytest.skip("this machine has no id")
    live.write("child", process_facts(child))
    _say(live, boot="another")
    assert elsewhere(live.directory) is None
    assert life_of_command(live.directory) is Life.ENDED


def _machine() -> str | None:
    try:
        return Path("/etc/machine-id").read_text().strip() or None
    except OSError:
        return None


@pytest.mark.parametrize(
    "facts",
    [
        {"boot": "another", "machine": "0" * 32, "host": "gpu-box"},
        {"boot": "another", "machine": None},
        # Machines made from one image have one id, and each its name.
        {"boot": "another", "host": "gpu-box"},
        {"boot": None, "host": "gpu-box"},
    ],
)
def test_what_another_machine_began_is_elsewhere(live: LiveRun, facts: dict[str, Any]) -> None:
    live.write("child", process_facts(os.getpid()))
    _say(live, **facts)
    where = elsewhere(live.directory)
    assert where is not None
    assert where.host == facts.get("host", os.uname().nodename)
    assert life_of_command(live.directory) is Life.UNSEEN


def test_without_boots_the_name_of_the_host_decides(live: LiveRun, child: int) -> None:
    live.write("child", process_facts(child))
    _say(live, boot=None)
    assert elsewhere(live.directory) is None
    assert life_of_command(live.directory) is Life.RUNS


def test_a_container_that_cannot_be_looked_into_is_elsewhere(live: LiveRun) -> None:
    live.write("child", {"pid": 7, "started": None})
    _say(live, namespace="pid:[1]", host="3f2a1b9c0d1e")
    where = elsewhere(live.directory)
    assert where is not None
    assert where.host == "3f2a1b9c0d1e"


@pytest.mark.skipif(
    os.readlink("/proc/self/ns/pid") != "pid:[4026531836]", reason="itself in a container"
)
def test_the_machine_sees_into_its_containers(live: LiveRun, child: int) -> None:
    _say(live, namespace="pid:[1]")
    live.write("child", process_facts(child))
    assert life_of_command(live.directory) is Life.RUNS
    live.write("child", process_facts(child) | {"started": 1})
    assert life_of_command(live.directory) is Life.ENDED


def test_the_last_sign_is_the_last_thing_written(live: LiveRun) -> None:
    os.mkdir(f"{live.directory}/journal")
    for name in ("trace", "output", "journal/0-lab-1-1"):
        Path(live.directory, name).write_bytes(b"")
    for number, name in enumerate(("trace", "journal", "output", "journal/0-lab-1-1")):
        os.utime(Path(live.directory, name), (1000 + number, 1000 + number))
    assert last_sign(live.directory).timestamp() == 1003
    os.utime(live.lock_path, (5000, 5000))  # whoever looks at the run is no sign
    assert last_sign(live.directory).timestamp() == 1003


def test_facts_that_are_none_are_those_of_an_older_repro(live: LiveRun) -> None:
    for content in (b"[]", b"{", b"\xff"):
        Path(live.lock_path).write_bytes(content)
        assert elsewhere(live.directory) is None
