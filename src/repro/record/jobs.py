"""The journals of the other processes of distributed training.

Rank 0 has a recorder; the others have none, and do not know its run. They write below
``<common dir>/repro/live/.jobs/<key>/``, laid out like a live directory, and what they wrote is
moved into the run when that ends.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from repro.journal.reader import rank_of
from repro.journal.writer import DIRECTORY, JournalWriter
from repro.model.gap import Gap, GapKind
from repro.record.begun import Begun

__all__ = ["jobs_directory", "take_in_job"]

_ARTIFACTS = "artifacts"
_PATIENCE_S = 5.0
"""How long to wait for ranks that have not said that they are done."""
_LOOK_S = 0.05
_MAX_GAPS = 8
_EARLIER_S = 60.0
"""Ranks of one job start within this; what is older is of an earlier job under the same key."""


class _File(NamedTuple):
    path: str
    pid: int
    host: str
    begun_s: float


def jobs_directory(state_dir: str, job: str) -> str | None:
    """Returns where the other processes of a job write; None for a key that is no file name."""
    if not job or "/" in job or "\0" in job or job in (".", ".."):
        return None
    return f"{state_dir}/live/.jobs/{job}"


def take_in_job(state_dir: str, begun: Begun, directory: str) -> None:
    """Moves what the other processes of a run's job wrote into the run.

    Waits a little for those that still write, also of those that joined the run itself; who is not
    done by then is a gap. May be done again: what was moved is gone.

    Args:
        state_dir: Of the repository.
        begun: The run.
        directory: Its live directory.

    Raises:
        OSError: It could not be moved.
    """
    job = None if begun.job is None else jobs_directory(state_dir, begun.job)
    since_s = (begun.process_started or begun.started_at.timestamp()) - _EARLIER_S
    late = _wait(job, since_s, directory)
    if job is not None and os.path.isdir(job):
        _take(job, since_s, directory)
    if late:
        writer = JournalWriter(directory, rank=late[0])
        for gap in _gaps(late):
            writer.event("g", gap._asdict())
        writer.close()


def _take(job: str, since_s: float, directory: str) -> None:
    moved = [file for file in _files(job) if file.begun_s >= since_s]
    # Their artifacts first: whoever goes on after a crash finds no line without its bytes.
    if moved:
        _move(f"{job}/{_ARTIFACTS}", f"{directory}/{_ARTIFACTS}", _names(f"{job}/{_ARTIFACTS}"))
    names = [os.path.basename(file.path) for file in moved]
    _move(f"{job}/{DIRECTORY}", f"{directory}/{DIRECTORY}", names)
    for gone in (f"{job}/{DIRECTORY}", f"{job}/{_ARTIFACTS}", job, os.path.dirname(job)):
        with suppress(OSError):  # not empty: another job's, or one that begins just now
            os.rmdir(gone)


def _wait(job: str | None, since_s: float, directory: str) -> list[int]:
    """Waits until all other ranks are done, or for so long; returns those that are not."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        files = [] if job is None else [f for f in _files(job) if f.begun_s >= since_s]
        files += [file for file in _files(directory) if _rank(file)]
        late = sorted({_rank(file) for file in files if _may_write(file)})
        if not late or time.monotonic() >= deadline:
            return late
        time.sleep(_LOOK_S)


def _gaps(late: list[int]) -> list[Gap]:
    names = [f"rank {rank}" for rank in late]
    if len(names) > _MAX_GAPS:
        names = [f"{len(late)} ranks, the first of them {late[0]}"]
    reason = "it was not done when rank 0 ended the run; what it logged later is missing"
    fix = "end the run on rank 0 last: torch.distributed.barrier()"
    return [Gap(GapKind.METRICS, name, reason, fix) for name in names]


def _rank(file: _File) -> int:
    return rank_of(os.path.basename(file.path))


def _files(job: str) -> Iterator[_File]:
    for name in _names(f"{job}/{DIRECTORY}"):
        path = f"{job}/{DIRECTORY}/{name}"
        begun_s = int(name.rpartition("-")[2], 16) / 1e9 if _is_journal(name) else 0.0
        first = _first(path)
        pid, host = first.get("pid"), first.get("host")
        yield _File(
            path,
            pid if isinstance(pid, int) else 0,
            host if isinstance(host, str) else "",
            begun_s,
        )


def _is_journal(name: str) -> bool:
    digits = name.rpartition("-")[2]
    return len(digits) <= 16 and bool(digits) and not set(digits) - set("0123456789abcdef")


def _may_write(file: _File) -> bool:
    """Tells whether the process has neither said that it is done, nor is known to be gone."""
    try:
        with open(file.path, "rb") as stream:
            stream.seek(max(os.fstat(stream.fileno()).st_size - 256, 0))
            if stream.read().rpartition(b"\n")[0].rpartition(b"\n")[2].startswith(b"e "):
                return False
    except OSError:
        return False
    if file.host != os.uname().nodename or file.pid <= 1:
        return True
    try:
        os.kill(file.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _first(path: str) -> dict[str, object]:
    try:
        with open(path, "rb") as file:
            letter, _, text = file.readline(4096).partition(b" ")
        value = json.loads(text) if letter == b"b" else {}
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _names(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []


def _move(source: str, target: str, names: list[str]) -> None:
    if names:
        os.makedirs(target, exist_ok=True)
    for name in names:
        with suppress(FileNotFoundError):
            os.rename(f"{source}/{name}", f"{target}/{name}")
