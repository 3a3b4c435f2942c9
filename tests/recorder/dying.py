"""Kills a recorder before each of its steps in turn, and says what the next command makes of it.

Run as a program of its own, since it forks: ``python -m tests.recorder.dying``, in a repository. A
step is a process that is started, or a file that is put into place. A line of JSON comes out for
each: which step, what the program had been told and had logged, and what was recorded.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from repro import process
from repro.git.refs import read_ref
from repro.git.repository import Opening, Repository
from repro.journal.writer import JournalWriter
from repro.model.ids import RunId, run_ref
from repro.model.run import Host, Identity, Status
from repro.record.live import list_live_runs
from repro.record.recorder import Recorder
from repro.record.recorder_requests import Begin, End
from repro.record.recover import recover_dead_runs
from repro.record.request import Surroundings
from repro.store.runs import list_live, read_record

_N_POINTS = 100
_MOST_STEPS = 200


def _open(directory: str) -> tuple[Repository, Surroundings]:
    env = dict(os.environ)
    around = Surroundings(env, Host("lab", "me"), Identity("Test Author", "author@example.org"))
    return Opening(directory).repository(), around


def _mortal(step: int) -> None:
    """Has this process die before its n-th step."""
    left = [step]

    def before(real: Callable[..., Any]) -> Callable[..., Any]:
        def work(*args: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **named)

        return work

    process.spawn = before(process.spawn)
    os.rename, os.replace = before(os.rename), before(os.replace)
    os.unlink, os.rmdir = before(os.unlink), before(os.rmdir)


def _live_and_die(step: int, pipe: int) -> None:
    recorder = Recorder(_open, lambda _: None)
    _mortal(step)
    started = recorder.begin(Begin(os.getpid(), (sys.executable, "train.py"), os.getcwd()))
    os.write(pipe, started.id.encode())
    writer = JournalWriter(started.directory)
    for at in range(_N_POINTS):
        writer.metric("loss", 1 / (at + 1), at)
    os.write(pipe, b" logged")
    recorder.end(End(started.id, Status.FINISHED, 0))
    os.write(pipe, b" ended")


def _attempt(step: int) -> dict[str, Any]:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        _live_and_die(step, writer)
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with os.fdopen(reader) as pipe:
        run, *said = pipe.read().split() or [""]
    repo = Opening().repository()
    _, failures = recover_dead_runs(repo, home="/nonexistent")
    oid = read_ref(repo, run_ref(RunId(run))) if run else None
    record = None if oid is None else read_record(repo, oid)
    return {
        "step": step,
        "run": run,
        "said": said,
        "failures": failures,
        "left": len(list_live_runs(repo)) + len(list_live(repo)),
        "status": None if record is None else record.run.status.value,
        "points": 0 if record is None else len(record.history.get("loss", ())),
    }


def _main() -> None:
    for step in range(1, _MOST_STEPS):
        found = _attempt(step)
        sys.stdout.write(f"{json.dumps(found)}\n")
        sys.stdout.flush()
        if "ended" in found["said"]:
            return


if __name__ == "__main__":
    _main()
