"""The working trees that are measured: made anew for each side, from the same bytes."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path

from benchmarks.bench import Bench

__all__ = ["TRAIN", "Tree", "commit_all", "make_dirty_tree", "make_tree"]

_PER_DIRECTORY = 100
_AGE_S = 60

TRAIN = """\
import json
import sys

rate = float(sys.argv[sys.argv.index("--lr") + 1])
accuracy = round(0.9 - rate * rate, 6)
print(f"accuracy {accuracy}")
with open("metrics.json", "w") as file:
    json.dump({"accuracy": accuracy, "loss": round(1 - accuracy, 6)}, file)
"""
"""A training script with nothing but the standard library: one param in, two metrics out."""


@dataclass
class Tree:
    """A working tree with one commit.

    Attributes:
        path: Its top.
        edited: Files that `edit` changes.
    """

    path: Path
    edited: tuple[str, ...] = ()
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def edit(self) -> int:
        """Does what a person does between two runs: changes the edited files once more.

        Returns:
            How often it was done, from 1: a number that no earlier edit had.
        """
        number = next(self._numbers)
        for name in self.edited:
            (self.path / name).write_text(f"# edit {number}\n{_source(name)}")
        return number


def make_tree(bench: Bench, path: Path, *, n_files: int) -> Tree:
    """Makes a repository of `n_files` small source files, all committed.

    Among them are ``train.py``, ``params.yaml`` and ``.gitignore``. The files are a minute older
    than the index: git looks into each file that is not, on either side.
    """
    path.mkdir(parents=True)
    bench.run("git", "init", "--quiet", cwd=path)
    special = {
        "train.py": TRAIN,
        "params.yaml": "lr: 0.1\nlayers: 2\nseed: 7\n",
        ".gitignore": "__pycache__/\n*.log\n/metrics.json\n",
    }
    for name in islice(_names(), n_files - len(special)):
        special[name] = _source(name)
    long_ago = time.time() - _AGE_S
    for name, text in special.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        os.utime(file, (long_ago, long_ago))
    commit_all(bench, path)
    return Tree(path)


def commit_all(bench: Bench, path: Path) -> None:
    """Commits the whole tree and leaves an index that knows every file by its stat."""
    bench.run("git", "add", "--all", cwd=path)
    bench.run("git", "commit", "--quiet", "--allow-empty", "--message", "work", cwd=path)
    bench.run("git", "status", "--porcelain", cwd=path)


def make_dirty_tree(bench: Bench, path: Path, *, n_files: int) -> Tree:
    """Makes a tree with 5 files modified, 1 deleted, 3 untracked and 2 ignored."""
    tree = make_tree(bench, path, n_files=n_files)
    names = list(islice(_names(), n_files // 2))
    tree.edited = tuple(names[:: len(names) // 5][:5])
    tree.edit()
    (path / names[1]).unlink()
    for number in range(3):
        (path / f"new-{number}.py").write_text(_source(f"new {number}"))
    for number in range(2):
        (path / f"noise-{number}.log").write_text("noise\n" * 100)
    return tree


def _names() -> Iterator[str]:
    return (f"src/part{n // _PER_DIRECTORY:03}/module{n:05}.py" for n in count())


def _source(name: str) -> str:
    """Returns about 1 KB of text that no other file has."""
    lines = [f"def function_{number}(): return {name!r}, {number}\n" for number in range(18)]
    return f'"""{name}."""\n' + "".join(lines)
