"""A system's files, as a test wants them: ``/proc`` and others below a directory of its own."""

from pathlib import Path

__all__ = ["System"]


class System:
    """Files below a directory that stands for ``/``.

    Attributes:
        root: The directory.
    """

    def __init__(self, directory: Path) -> None:
        self.root = str(directory)
        self._directory = directory

    def write(self, path: str, text: str) -> None:
        """Writes a file, and the directories above it."""
        target = self._directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def remove(self, path: str) -> None:
        """Removes a file."""
        (self._directory / path).unlink()

    def cpus(self, *ticks: tuple[int, int], allowed: str | None = None) -> None:
        """Writes ``/proc/stat``: the busy and idle ticks of each CPU."""
        rows = [(sum(busy for busy, _ in ticks), sum(idle for _, idle in ticks)), *ticks]
        names = ["cpu ", *(f"cpu{n}" for n in range(len(ticks)))]
        lines = [
            # user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice
            f"{name} {busy - 3} 1 1 {idle - 2} 2 0 1 0 7 0"
            for name, (busy, idle) in zip(names, rows, strict=True)
        ]
        self.write("proc/stat", "\n".join([*lines, "intr 1 2 3", "ctxt 9", ""]))
        last = len(ticks) - 1
        status = f"Name:\trepro\nCpus_allowed:\tff\nCpus_allowed_list:\t{allowed or f'0-{last}'}\n"
        self.write("proc/self/status", status)

    def memory(self, *, total_kib: int, available_kib: int) -> None:
        """Writes ``/proc/meminfo``."""
        self.write(
            "proc/meminfo",
            f"MemTotal:       {total_kib} kB\nMemFree:  1 kB\nMemAvailable:   {available_kib} kB\n"
            "Buffers:          10 kB\nCached:           20 kB\nHugePages_Total:       0\n",
        )

    def process(
        self,
        pid: int,
        *,
        parent: int = 1,
        ticks: int = 0,
        n_pages: int = 0,
        started: int = 5,
        state: str = "S",
    ) -> None:
        """Writes ``/proc/<pid>/stat``."""
        # state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt
        head = f"{pid} (a (bad) name\n) {state} {parent} 1 1 0 -1 0 0 0 0 0"
        # utime stime cutime cstime priority nice threads itrealvalue starttime vsize rss
        tail = f"{ticks - 3} 1 1 1 20 0 1 0 {started} 999 {n_pages} 0 0"
        self.write(f"proc/{pid}/stat", f"{head} {tail}\n")

    def children(self, pid: int, *pids: int, thread: int | None = None) -> None:
        """Writes ``/proc/<pid>/task/<thread>/children``."""
        thread = pid if thread is None else thread
        self.write(f"proc/{pid}/task/{thread}/children", "".join(f"{child} " for child in pids))

    def network(self, **interfaces: tuple[int, int]) -> None:
        """Writes ``/proc/net/dev``: bytes received and sent by interface."""
        rows = [
            f"{name:>6}: {got} 1 0 0 0 0 0 0 {sent} 1 0 0 0 0 0 0"
            for name, (got, sent) in interfaces.items()
        ]
        heads = ["Inter-|   Receive |  Transmit", " face |bytes packets|bytes packets"]
        self.write("proc/net/dev", "\n".join([*heads, *rows, ""]))

    def disks(self, **sectors: tuple[int, int]) -> None:
        """Writes ``/proc/diskstats``: sectors read and written by device."""
        rows = [
            f"   8       0 {name} 10 0 {read} 5 10 0 {written} 5 0 5 5 0 0 0 0"
            for name, (read, written) in sectors.items()
        ]
        self.write("proc/diskstats", "\n".join([*rows, ""]))
