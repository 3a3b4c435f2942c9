"""A recorder driven by hand, over the socket that a Python program would hold."""

import json
import os
import runpy
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from repro.journal.writer import JournalWriter
from repro.record.trace import BOOTSTRAP
from tests.repos import Scratch

__all__ = ["Driven", "Program", "driven", "log", "program", "trace"]

_PATIENCE_S = 60

_TRAINING = "import sys; print(flush=True); sys.stdin.read()"
"""A process that lives until its stdin ends."""


class Program(NamedTuple):
    """A process that stands for the training."""

    process: "subprocess.Popen[bytes]"

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=_PATIENCE_S)


@contextmanager
def program() -> Iterator[Program]:
    """Starts a process that does nothing until it is killed."""
    process = subprocess.Popen(
        (sys.executable, "-c", _TRAINING), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield Program(process)
    finally:
        process.kill()
        process.communicate(timeout=_PATIENCE_S)


class Driven:
    """A recorder, and the end of the socket that its program has.

    Attributes:
        repo: Where the program runs.
        process: The recorder.
    """

    def __init__(
        self, repo: Scratch, process: "subprocess.Popen[bytes]", ours: socket.socket
    ) -> None:
        self.repo = repo
        self.process = process
        self._socket = ours
        self._answers = ours.makefile("rb")

    def ask(self, **request: object) -> dict[str, Any]:
        """Sends a request and returns the answer."""
        return self.send(json.dumps(request).encode())

    def send(self, line: bytes) -> dict[str, Any]:
        """Sends a line and returns the answer."""
        self.post(line)
        answer: dict[str, Any] = json.loads(self._answers.readline())
        return answer

    def post(self, line: bytes) -> None:
        """Sends a line and waits for nothing."""
        self._socket.sendall(line + b"\n")

    def begin(self, *, argv: Sequence[str] = (), **more: object) -> dict[str, Any]:
        """Begins a run, in this process unless another is named."""
        request = {
            "do": "begin",
            "pid": os.getpid(),
            "argv": [sys.executable, *(argv or ("train.py",))],
            "cwd": str(self.repo.path),
            "name": None,
            "message": "",
            "params": {},
            "tags": {},
            "parent": None,
            "resumes": None,
            "job": None,
            "process_started": time.time(),
            "quiet": False,
        }
        started = self.ask(**request | more)
        assert started["ok"], started
        return started

    def end(self, started: dict[str, Any], **more: object) -> dict[str, Any]:
        """Ends a run."""
        request = {"do": "end", "run": started["run"], "status": "finished", "exit_code": 0}
        ended = self.ask(**request | {"gaps": []} | more)
        assert ended["ok"], ended
        return ended

    def close(self) -> None:
        """Closes the socket."""
        self._answers.close()
        self._socket.close()

    def hang_up(self) -> str:
        """Closes the socket, waits for the recorder's end, and returns what it had to say."""
        self.close()
        return self.wait()

    def wait(self) -> str:
        """Waits for the recorder's end and returns what it had to say."""
        _, said = self.process.communicate(timeout=_PATIENCE_S)
        assert self.process.returncode == 0, said
        return said.decode()


@contextmanager
def driven(repo: Scratch, **environment: str) -> Iterator[Driven]:
    """Starts a recorder, and ends it."""
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        (sys.executable, "-m", "repro", "_recorder"),
        cwd=repo.path,
        stdin=theirs.fileno(),
        stdout=theirs.fileno(),
        stderr=subprocess.PIPE,
        env=os.environ | environment,
    )
    theirs.close()
    recorder = Driven(repo, process, ours)
    try:
        yield recorder
    finally:
        recorder.close()
        if process.poll() is None:
            process.kill()
        process.communicate()


def trace(started: dict[str, Any], *, loaded: Sequence[str] = ()) -> None:
    """Notes what this process is, and that it has ended, as a program would.

    Args:
        started: The run.
        loaded: Files of the modules that it had loaded from the working tree.
    """
    pid = os.getpid()
    facts = runpy.run_path(f"{BOOTSTRAP}/sitecustomize.py")["_facts"]()
    modules = "\n".join([str(pid), *loaded])
    ended = {"pid": pid, "runtime": {"python.hash_randomization": "true"}}
    with open(started["trace"], "ab") as file:
        file.writelines(
            record.encode() + b"\0"
            for record in (f"p {facts!a}", f"m {pid}", f"f {modules}", f"x {ended!a}")
        )


def log(started: dict[str, Any], **points: Sequence[float]) -> None:
    """Logs points as a program would, steps from 0."""
    writer = JournalWriter(started["directory"])
    for name, values in points.items():
        for step, value in enumerate(values):
            writer.points([(name, value)], step)
    writer.close()
