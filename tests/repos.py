"""Scratch repositories: real git, real DVC, and the real `repro` as a process.

The templates are made once a session and copied for each test, which is ten times cheaper than
``git init`` and a commit. Whatever a test asks of one it asks of git itself, never of repro.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, overload

__all__ = ["Scratch", "make_dvc_template", "make_template", "run_program", "wait_for_a_tick"]

Completed = subprocess.CompletedProcess[str]

_STEP_LIMIT_S = 120


def run_program(
    *argv: str,
    cwd: Path,
    check: bool = True,
    env: Mapping[str, str | None] | None = None,
    input: str | None = None,
) -> Completed:
    """Runs a program to its end; undecodable bytes survive as surrogates.

    Args:
        argv: The command.
        cwd: Where.
        check: Whether a non-zero exit code fails the test, with what the program printed.
        env: Added to the environment; None takes a variable away.
        input: Its stdin; empty by default, so nothing waits for a terminal.
    """
    raw = subprocess.run(
        argv,
        cwd=cwd,
        env=_environment(env or {}),
        input=os.fsencode(input or ""),
        capture_output=True,
        timeout=_STEP_LIMIT_S,
        check=False,
    )
    # Not by subprocess, which would make one newline of "\r\n".
    out, err = (text.decode("utf-8", "surrogateescape") for text in (raw.stdout, raw.stderr))
    done = Completed(raw.args, raw.returncode, out, err)
    if check and done.returncode != 0:
        raise AssertionError(
            f"{argv} returned {done.returncode}\n"
            f"--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
        )
    return done


def wait_for_a_tick(path: Path) -> None:
    """Waits until whatever is written from now on is younger than what became of a file."""
    probe = path.parent / "probe"
    while True:
        probe.write_bytes(b"")
        at_ns = probe.stat().st_mtime_ns
        probe.unlink()
        if at_ns > path.stat().st_ctime_ns:
            return


def _environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    env = dict(os.environ)
    for name, value in changes.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    return env


@dataclass(frozen=True)
class Scratch:
    """A working tree that a test may do anything to.

    Attributes:
        path: Its top.
    """

    path: Path

    def write(self, path: str, text: str | bytes, *, mode: int | None = None) -> Path:
        """Writes a file, and the directories above it.

        Args:
            path: From the top; surrogates stand for bytes that are not UTF-8.
            text: Its content.
            mode: Permission bits, e.g. 0o755; by the umask when not given.
        """
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode() if isinstance(text, str) else text)
        if mode is not None:
            target.chmod(mode)
        return target

    def read(self, path: str) -> str:
        """Returns the text of a file."""
        return (self.path / path).read_text()

    def mtimes(self) -> dict[str, int]:
        """Returns the mtime in ns of every file outside .git: equal if nothing was touched."""
        found = {}
        for directory, names, files in os.walk(self.path):
            if ".git" in names:
                names.remove(".git")
            for name in files:
                full = os.path.join(directory, name)
                found[os.path.relpath(full, self.path)] = os.lstat(full).st_mtime_ns
        return found

    def contents(self) -> dict[str, tuple[int, bytes]]:
        """Returns the mode and bytes of every file outside .git; a link's bytes are its target."""
        found = {}
        for path in self.mtimes():
            full = os.path.join(self.path, path)
            mode = os.lstat(full).st_mode
            is_link = os.path.islink(full)
            content = os.fsencode(os.readlink(full)) if is_link else Path(full).read_bytes()
            found[path] = (mode, content)
        return found

    @overload
    def git(self, *args: str, check: bool = ..., input: str | None = ...) -> str: ...
    @overload
    def git(self, *args: str, binary: Literal[True]) -> bytes: ...
    def git(
        self,
        *args: str,
        check: bool = True,
        input: str | None = None,
        binary: bool = False,
    ) -> str | bytes:
        """Runs ``git ARGS`` and returns its stdout, without the last newline unless binary."""
        # git status would otherwise rewrite the index that a test is about to compare.
        env = {"GIT_OPTIONAL_LOCKS": "0"}
        done = run_program("git", *args, cwd=self.path, check=check, env=env, input=input)
        out = done.stdout
        return out.encode("utf-8", "surrogateescape") if binary else out.removesuffix("\n")

    def commit(self, message: str = "change") -> str:
        """Commits everything that is not ignored and returns the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.head()

    def head(self) -> str:
        """Returns the commit that HEAD names."""
        return self.git("rev-parse", "--verify", "HEAD")

    def status(self) -> str:
        """Returns what ``git status`` lists, ignored files too; "" for a clean tree."""
        return self.git("status", "--porcelain=v1", "--untracked-files=all", "--ignored")

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """Returns the refs under a prefix with the objects they name."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)", prefix).splitlines()
        return dict(line.split(" ") for line in lines)

    def runs(self) -> list[str]:
        """Returns the refs of the recorded runs, oldest first."""
        return sorted(self.refs("refs/repro/runs/"))

    def index_bytes(self) -> bytes:
        """Returns the index as it lies on disk; b"" while there is none."""
        index = self.path / self.git("rev-parse", "--git-path", "index")
        return index.read_bytes() if index.exists() else b""

    def standing(self) -> tuple[str, str, bytes, dict[str, int], dict[str, str]]:
        """Returns all that recording must leave alone.

        HEAD, the status, the index's bytes, every file's mtime and every ref that is not repro's.
        """
        refs = {name: oid for name, oid in self.refs().items() if "/repro" not in name}
        head = self.git("symbolic-ref", "-q", "HEAD", check=False) or self.head()
        return head, self.status(), self.index_bytes(), self.mtimes(), refs

    def run_cli(
        self,
        *args: str,
        check: bool = True,
        cwd: str = ".",
        env: Mapping[str, str | None] | None = None,
        input: str | None = None,
    ) -> Completed:
        """Runs ``repro ARGS`` as a process of its own.

        Args:
            args: As typed.
            check: Whether a non-zero exit code fails the test.
            cwd: From the top.
            env: Added to the environment; None takes a variable away.
            input: Its stdin.
        """
        argv = (sys.executable, "-m", "repro", *args)
        return run_program(*argv, cwd=self.path / cwd, check=check, env=env, input=input)

    def python(self, *args: str, check: bool = True) -> Completed:
        """Runs the tests' own interpreter."""
        return run_program(sys.executable, *args, cwd=self.path, check=check)

    def dvc(self, *args: str) -> str:
        """Runs ``dvc ARGS`` and returns its stdout."""
        return run_program(sys.executable, "-m", "dvc", *args, cwd=self.path).stdout

    def copy(self, destination: Path) -> "Scratch":
        """Copies the whole directory, times and links included."""
        shutil.copytree(self.path, destination, symlinks=True)
        return Scratch(destination)

    def worktree(self, destination: Path, *, branch: str = "side") -> "Scratch":
        """Adds a linked working tree on a new branch."""
        self.git("worktree", "add", "--quiet", "-b", branch, str(destination))
        return Scratch(destination)

    def clone(self, destination: Path) -> "Scratch":
        """Clones the repository."""
        self.git("clone", "--quiet", str(self.path), str(destination))
        return Scratch(destination)


def make_template(path: Path, *, hash_name: str = "sha1", unborn: bool = False) -> Scratch:
    """Makes the repository that most tests start from.

    It holds one commit on ``main``: ``train.py`` (writes metrics.json from params.yaml with nothing
    but the standard library), ``params.yaml`` and a ``.gitignore``.

    Args:
        path: Where; made.
        hash_name: "sha1" or "sha256".
        unborn: Whether to leave the files uncommitted.
    """
    path.mkdir(parents=True)
    repo = Scratch(path)
    repo.git("init", "--quiet", "--template=", "-b", "main", f"--object-format={hash_name}")
    # The templates' hooks are of no use, but git expects the directory for excludes.
    (path / ".git" / "info").mkdir(exist_ok=True)
    repo.write("train.py", _TRAIN)
    repo.write("params.yaml", "lr: 0.1\nlayers: 2\n")
    repo.write(".gitignore", "__pycache__/\n/metrics.json\n/out/\n")
    if not unborn:
        repo.commit("first")
    return repo


def make_dvc_template(path: Path) -> Scratch:
    """Makes a repository with DVC data: ``data/one.csv``, ``data/many/`` and a local remote.

    The remote is ``remote/`` beside the repository, named by a relative path so that a copy of both
    finds its own; everything is pushed, and both are committed on ``main``.
    """
    repo = make_template(path / "repo")
    (path / "remote").mkdir()
    repo.dvc("init", "--quiet")
    repo.dvc("config", "core.analytics", "false")
    repo.dvc("remote", "add", "--quiet", "--default", "here", "../remote")
    repo.write("data/one.csv", "x,y\n1,2\n3,4\n")
    for number in range(3):
        repo.write(f"data/many/{number}.txt", f"item {number}\n")
    repo.write("data/many/deep/last.txt", "deep\n")
    repo.dvc("add", "--quiet", "data/one.csv", "data/many")
    repo.dvc("push", "--quiet")
    repo.commit("data")
    return repo


_TRAIN = """\
import json

params = dict(line.split(": ") for line in open("params.yaml").read().splitlines())
accuracy = round(1 - float(params["lr"]) / float(params["layers"]), 6)
print(f"accuracy {accuracy}")
with open("metrics.json", "w") as file:
    json.dump({"accuracy": accuracy, "loss": round(1 - accuracy, 6)}, file)
"""
