"""A run in progress that does what a test tells it, line by line."""

import json
import os
import select
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from repro.git.repository import open_repository
from repro.model.ids import short_id
from repro.record.live import list_live_runs
from tests.processes import Started, start_cli, wait_until
from tests.repos import Scratch

__all__ = ["InProgress", "in_progress"]

_PROGRAM = """\
import os
import sys

from repro.journal.writer import JournalWriter

writer = JournalWriter(os.environ["REPRO_RUN_DIRECTORY"])
with open(sys.argv[1]) as orders, open(sys.argv[2], "w") as answers:
    for order in orders:
        exec(order)
        print("done", file=answers, flush=True)
"""
_PATIENCE_S = 60


class InProgress:
    """A program that `repro run` started, and that waits for orders.

    Attributes:
        recorder: `repro run`.
        live: The run.
    """

    def __init__(self, repo: Scratch, directory: Path) -> None:
        directory.mkdir()
        paths = [str(directory / name) for name in ("orders", "answers")]
        for path in paths:
            os.mkfifo(path)
        self._orders, self._answers = (os.open(path, os.O_RDWR) for path in paths)
        repo.write("train.py", _PROGRAM)
        repo.commit("train")
        self.recorder: Started = start_cli(
            repo, "run", "-n", "quiet-harbor", "--", "python", "train.py", *paths
        )
        self.tell("pid = os.getpid()")
        (self.live,) = list_live_runs(open_repository(str(repo.path)))
        wait_until(lambda: self.live.read("child") is not None)

    @property
    def live_directory(self) -> str:
        return self.live.directory

    @property
    def letters(self) -> str:
        return short_id(self.live.id)

    @property
    def pid(self) -> int:
        """Of the program."""
        child = self.live.read("child")
        assert child is not None
        pid: int = child["pid"]
        return pid

    def tell(self, order: str) -> None:
        """Has the program do something, and waits until it has."""
        os.write(self._orders, f"{order}\n".encode())
        assert select.select([self._answers], [], [], _PATIENCE_S)[0], order
        assert os.read(self._answers, 5) == b"done\n"

    def log(self, name: str, *values: float) -> None:
        """Has the program log points, from step 0 on."""
        self.tell(f"for s, v in enumerate({values!r}): writer.points([({name!r}, v)], s)")

    def end(self, code: int = 0) -> int:
        """Has the program end, and returns the exit code of `repro run`."""
        os.write(self._orders, f"sys.exit({code})\n".encode())
        return self.recorder.wait()

    def say_it_is(self, **facts: Any) -> None:
        """Writes other facts over what the recorder said of itself."""
        path = Path(self.live.lock_path)
        path.write_text(json.dumps(json.loads(path.read_text()) | facts))

    def send_elsewhere(self) -> None:
        """Makes it a run that another machine began."""
        self.say_it_is(host="gpu-box", machine="0" * 32, boot="another", namespace="pid:[1]")

    def stop(self) -> None:
        self.recorder.kill_all()
        os.close(self._orders)
        os.close(self._answers)


@contextmanager
def in_progress(repo: Scratch, directory: Path) -> Iterator[InProgress]:
    """Yields a run in progress, and leaves no process behind."""
    run = InProgress(repo, directory)
    try:
        yield run
    finally:
        run.stop()
