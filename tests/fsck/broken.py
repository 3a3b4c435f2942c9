"""Runs to break, and the ways to break them."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from repro.fsck.check import check
from repro.fsck.opening import open_damaged
from repro.fsck.problem import Kind, Problem, Report
from repro.fsck.quarantine import Quarantine
from repro.fsck.repair import repair
from repro.git.repository import Repository, open_repository
from repro.model.ids import RunId, short_id
from repro.store.listing import list_runs
from tests.cli.recorded import Shelf, shelf
from tests.repos import Scratch, run_program

__all__ = ["Ward", "cut", "delete", "empty", "flip", "make_ward"]


class Ward(NamedTuple):
    """A repository with the runs k, l and m, where l and m have changes of their own.

    Attributes:
        shelf: The repository.
        ids: The runs' ids, by letter.
    """

    shelf: Shelf
    ids: dict[str, RunId]

    @property
    def scratch(self) -> Scratch:
        return self.shelf.scratch

    @property
    def repo(self) -> Repository:
        return open_repository(str(self.scratch.path))

    @property
    def git_dir(self) -> Path:
        return self.scratch.path / ".git"

    def ref(self, letter: str) -> str:
        return f"refs/repro/runs/{self.ids[letter]}"

    def oid(self, spec: str) -> str:
        return self.scratch.git("rev-parse", "--verify", spec)

    def loose(self, oid: str) -> Path:
        return self.git_dir / "objects" / oid[:2] / oid[2:]

    def pack(self) -> Path:
        """Packs everything into one pack and returns it."""
        self.scratch.git("repack", "-a", "-d", "-q")
        self.scratch.git("prune-packed", "-q")
        (path,) = (self.git_dir / "objects/pack").glob("*.pack")
        return path

    def push(self) -> None:
        """Shares everything with a remote made for it."""
        remote = self.scratch.path.parent / "origin.git"
        run_program("git", "init", "-q", "--bare", str(remote), cwd=self.scratch.path)
        self.scratch.git("remote", "add", "origin", "../origin.git")
        refs = ("refs/repro/*:refs/repro/*", "refs/heads/*:refs/heads/*")
        self.scratch.git("push", "-q", "origin", *refs)

    def check(self, **options: object) -> Report:
        repo = open_damaged(str(self.scratch.path))
        return check(repo, now_s=time.time(), **options).report  # type: ignore[arg-type]

    def problems(self) -> list[Problem]:
        return [problem for problem in self.check().problems if not problem.is_note]

    def concerned(self) -> set[str]:
        """Returns the letters of the runs that need what is lost or damaged."""
        return {short_id(run)[0] for problem in self.problems() for run in problem.runs}

    def kinds(self) -> set[Kind]:
        return {problem.kind for problem in self.problems()}

    def repair(self) -> list[str]:
        """Repairs and returns what was said to be done."""
        repo = open_damaged(str(self.scratch.path))
        findings = check(repo, now_s=time.time())
        return list(repair(repo, findings, quarantine=Quarantine(repo, now=datetime.now(UTC))))

    def quarantined(self) -> list[str]:
        """Returns the names of the files in quarantine."""
        root = self.git_dir / "repro/fsck/quarantine"
        return sorted(path.name for path in root.rglob("*") if path.is_file())

    def listed(self) -> set[str]:
        """Returns the letters of the runs that can be listed."""
        return {short_id(run.id)[0] for run in list_runs(self.repo)}


def make_ward(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> Ward:
    """Makes the runs."""
    found = shelf(scratch, monkeypatch)
    ids = {}
    for minute, letter in enumerate("klm"):
        if letter != "k":
            scratch.write("train.py", f"print('{letter}')\n" * 60)
            scratch.write("lib/deep/model.py", f"NAME = '{letter}'\n" * 60)
        ids[letter] = found.put(letter, minute=minute, params={"letter": letter}).run.id
    scratch.git("checkout", "-q", "--", ".")
    scratch.git("clean", "-q", "-d", "-f")
    return Ward(found, ids)


def delete(path: Path) -> None:
    """Deletes a file."""
    path.unlink()


def flip(path: Path) -> None:
    """Flips the bits of a byte in the middle of a file, which keeps its size and times."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    _overwrite(path, bytes(content))


def cut(path: Path) -> None:
    """Cuts a file in half."""
    content = path.read_bytes()
    _overwrite(path, content[: len(content) // 2])


def empty(path: Path) -> None:
    """Empties a file, as a power cut does."""
    _overwrite(path, b"")


def _overwrite(path: Path, content: bytes) -> None:
    import os

    state = path.stat()
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(state.st_mode)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
