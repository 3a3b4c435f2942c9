"""The directory of a run in progress, and the lock that tells whether its recorder lives."""

import json
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from repro.git.repository import open_repository
from repro.model.gap import Gap, GapKind
from repro.model.ids import RunId
from repro.model.run import Status
from repro.record.ending import Ending
from repro.record.live import (
    RESERVE,
    LiveRun,
    atomic_write,
    create_live_run,
    list_live_runs,
    live_run,
)
from repro.record.underway import note_end, noted_end
from tests.repos import Scratch

_ID = RunId("20240506T070809-klmnopqr")
_LATER = RunId("20240506T070810-klmnopqr")


def _created(scratch: Scratch) -> tuple[LiveRun, int]:
    return create_live_run(open_repository(str(scratch.path)), _ID)


def test_what_is_written_is_read(repo: Scratch) -> None:
    live, fd = _created(repo)
    live.write("run", {"path": "caf\udce9", "x": [1, None, float("inf")]})
    assert live.read("run") == {"path": "caf\udce9", "x": [1, None, float("inf")]}
    os.close(fd)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\0", b"\0" * 100])
def test_what_a_power_cut_left_is_as_if_it_were_not_there(repo: Scratch, content: bytes) -> None:
    live, fd = _created(repo)
    Path(live.directory, "run.json").write_bytes(content)
    assert live.read("run") is None
    assert live.read("never") is None
    os.close(fd)


def test_the_end_has_room_kept_for_it(repo: Scratch) -> None:
    live, fd = _created(repo)
    reserve = Path(live.directory, RESERVE)
    assert reserve.stat().st_size >= 8192
    gap = Gap(GapKind.METRICS, "journal", "3 lines of it could not be written", "")
    note_end(live, Ending(Status.FAILED, 1, datetime.now(UTC), (gap,)))
    assert not reserve.exists()
    found = noted_end(live)
    assert found is not None
    assert (found.status, found.exit_code, found.gaps) == (Status.FAILED, 1, (gap,))
    os.close(fd)


def test_a_lock_that_is_held_cannot_be_taken(repo: Scratch) -> None:
    live, fd = _created(repo)
    assert live.claim() is None
    os.close(fd)
    taken = live.claim()
    assert taken is not None
    os.close(taken)


def test_the_lock_of_a_process_that_was_killed_can_be_taken(repo: Scratch) -> None:
    live, fd = _created(repo)
    os.close(fd)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, b"y" if live.claim() is not None else b"n")
        signal.pause()
    assert os.read(reader, 1) == b"y"
    assert live.claim() is None
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    taken = live.claim()
    assert taken is not None
    for opened in (taken, reader, writer):
        os.close(opened)


def test_a_command_does_not_inherit_the_lock(repo: Scratch) -> None:
    _, fd = _created(repo)
    assert not os.get_inheritable(fd)
    os.close(fd)


def test_a_run_that_was_removed_is_gone_and_cannot_be_claimed(repo: Scratch) -> None:
    live, fd = _created(repo)
    live.write("run", {})
    live.remove()
    live.remove()
    assert list_live_runs(open_repository(str(repo.path))) == []
    assert live.claim() is None
    assert os.listdir(os.path.dirname(live.directory)) == []
    os.close(fd)


def test_runs_are_listed_oldest_first_and_nothing_else_is(repo: Scratch) -> None:
    opened = open_repository(str(repo.path))
    assert list_live_runs(opened) == []
    fds = [create_live_run(opened, run_id)[1] for run_id in (_LATER, _ID)]
    os.mkdir(f"{opened.state_dir}/live/something-else")
    assert [live.id for live in list_live_runs(opened)] == [_ID, _LATER]
    for fd in fds:
        os.close(fd)


def test_worktrees_share_the_runs_in_progress(repo: Scratch, worktree_repo: Scratch) -> None:
    _, fd = _created(repo)
    assert list_live_runs(open_repository(str(worktree_repo.path))) == [
        live_run(open_repository(str(repo.path)), _ID)
    ]
    os.close(fd)


def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    atomic_write(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


def test_the_json_is_plain(repo: Scratch) -> None:
    live, fd = _created(repo)
    live.write("ended", {"exit_code": 0})
    assert json.loads(Path(live.directory, "ended.json").read_text()) == {"exit_code": 0}
    os.close(fd)
