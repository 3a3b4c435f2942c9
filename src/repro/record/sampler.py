"""Samples the machine while a run goes on, into ``system.tsv`` of its live directory.

A row at the start, one at the end, and one every so many seconds between, each in one write: what
kills the recorder takes no row that was written. With each MiB that the table grows, the seconds
between its rows double: that of a month is some MiB too.
"""

import errno
import os
import time
from threading import Event, Thread
from typing import TYPE_CHECKING

from repro.model.gap import Gap, GapKind
from repro.model.system import system_header, system_row
from repro.record.live import LiveRun

if TYPE_CHECKING:
    from repro.sensors.question import Patient

__all__ = ["Sampler"]

_SLOWER_AFTER_BYTES = 1 << 20
_OPEN_LIMIT_S = 10.0
_EXEC_LOOKS, _EXEC_LOOK_S = 20, 0.01
_STOP_LIMIT_S = 3.0


class Sampler:
    """Samples in a thread of its own, which never harms the run: what it cannot do is a gap."""

    def __init__(
        self, live: LiveRun, pid: int, interval_s: float, *, top: str = "", root: str = ""
    ) -> None:
        """Takes what is to be watched.

        Args:
            live: The run; its directory is there.
            pid: Of the command: its processes are those of the run, its variables say which GPUs
                it may use.
            interval_s: Seconds between rows, more than 0.
            top: Of the working tree, whose file system is watched; by default that of `live`.
            root: Where the system's files lie.
        """
        self._path = f"{live.directory}/system.tsv"
        self._pid = pid
        self._interval_s = interval_s
        self._top = top or live.directory
        self._root = root
        self._gaps: list[Gap] = []
        self._is_over = Event()
        self._thread = Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Begins; the first row is that of now."""
        try:
            self._thread.start()
        except RuntimeError as error:  # no more threads
            self._note("hardware figures", str(error))

    def end(self) -> None:
        """Has the last row written, and does not wait for it."""
        self._is_over.set()

    def stop(self) -> tuple[Gap, ...]:
        """Waits for the last row, which `end` or this asks for.

        It may be called again, and without `start`.

        Returns:
            What could not be sampled.
        """
        self.end()
        if self._thread.ident is not None:
            # A file system that hangs has the thread, and not the run.
            self._thread.join(_STOP_LIMIT_S)
        return tuple(self._gaps)

    def _work(self) -> None:
        try:
            self._sample()
        except OSError as error:
            self._note("hardware figures", f"they could not be written: {error.strerror}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on
            self._note("hardware figures", f"{type(error).__name__}: {error}")

    def _sample(self) -> None:
        # Imported here: this thread has time where the others wait for git and the command.
        from repro.sensors.machine import gpu_is_there, open_machine
        from repro.sensors.panel import Panel

        begun_s, at_s = time.monotonic(), time.time()
        machine, figures = open_machine(self._pid, path=self._top, root=self._root, at_s=begun_s)
        panel, gpus = machine, self._open_gpus() if gpu_is_there(self._root) else None
        if gpus is not None:
            panel = Panel([machine, gpus])
            figures = [*figures, *Panel([gpus]).read(begun_s)]
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            n_bytes = _write(fd, system_header(panel.names) + system_row(at_s, figures))
            due_s = begun_s
            is_over = False
            while not is_over:
                interval_s = self._interval_s * 2 ** (n_bytes // _SLOWER_AFTER_BYTES)
                # What was missed, as of a machine that slept, is not made up for.
                due_s += interval_s * max(1, -(-(time.monotonic() - due_s) // interval_s))
                is_over = self._is_over.wait(due_s - time.monotonic())
                figures = panel.read(time.monotonic())
                n_bytes += _write(fd, system_row(time.time(), figures))
        finally:
            os.close(fd)
        if gpus is not None and gpus.is_silent:
            self._note("GPU", "it no longer answered while the command ran", "nvidia-smi")

    def _open_gpus(self) -> "Patient | None":
        from repro.sensors.gpus import GpusUnreadableError, open_gpus
        from repro.sensors.processes import environment_of
        from repro.sensors.question import Patient, Question

        gpus = None
        try:
            env = environment_of(self._pid, self._root)
            looks = _EXEC_LOOKS
            while not env and looks and not self._is_over.wait(_EXEC_LOOK_S):
                # While the kernel starts a program, it has no variables yet.
                env, looks = environment_of(self._pid, self._root), looks - 1
            question = Question(lambda: open_gpus(env, root=self._root))
            gpus = question.answer(limit_s=_OPEN_LIMIT_S, or_until=self._is_over)
        except GpusUnreadableError as error:
            self._note("GPU", f"its figures could not be read: {error.message}", "nvidia-smi")
        except TimeoutError:
            if not self._is_over.is_set():
                self._note("GPU", "its driver does not answer", "nvidia-smi")
        except OSError:  # the command has ended: there is nothing to see of its GPUs
            return None
        return None if gpus is None else Patient(gpus, self._is_over)

    def _note(self, subject: str, reason: str, fix: str = "system_metrics = false") -> None:
        self._gaps.append(Gap(GapKind.METRICS, subject, reason, fix))


def _write(fd: int, text: bytes) -> int:
    n_written = os.write(fd, text)
    if n_written != len(text):  # the disk is full: another row would go on in the middle of this
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return n_written
