"""`repro checkout --worktree` where there is much data."""

import os
import shutil
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.failure import BenchmarkError
from benchmarks.floors import link_floor
from benchmarks.repositories import Tree, commit_all, make_tree
from benchmarks.result import Budget, Samples
from benchmarks.rows.row import Row

__all__ = ["CHECKOUT"]

_N_FILES = 10_000
_PAIRS = 15


def _measure(bench: Bench) -> Samples:
    bench = bench.at_most(_PAIRS)
    place = bench.directory("checkout")
    tree = _with_data(bench, place / "repo")
    bench.run(bench.repro, "run", "-q", "--", "true", cwd=tree.path)
    argv, variables = link_floor(
        bench, cache=tree.path / ".dvc/cache/files/md5", directory_hash=_directory_hash(tree)
    )
    numbers = count()

    def timed(command: Sequence[str], env: dict[str, str]) -> float:
        target = place / f"worktree-{next(numbers)}"
        elapsed_ms = bench.timed_ms((*command, str(target)), cwd=tree.path, env=env)
        _require_whole(target / "data")
        _remove(bench, tree, target)
        return elapsed_ms

    return bench.compare(
        lambda: timed(argv, variables),
        lambda: timed((bench.repro, "checkout", "@", "--worktree"), {}),
    )


def _with_data(bench: Bench, path: Path) -> Tree:
    """Makes a repository of 100 files beside a directory of 10,000 that DVC tracks."""
    tree = make_tree(bench, path, n_files=100)
    for number in range(_N_FILES):
        file = path / f"data/{number // 100:02}/{number:05}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"item {number}\n" * 20)
    dvc = (bench.python, "-m", "dvc")
    bench.run(*dvc, "init", "--quiet", cwd=path)
    bench.run(*dvc, "add", "--quiet", "data", cwd=path)
    commit_all(bench, path)
    return tree


def _directory_hash(tree: Tree) -> str:
    for line in (tree.path / "data.dvc").read_text().splitlines():
        key, _, value = line.lstrip("- ").partition(": ")
        if key == "md5":
            return value
    raise BenchmarkError("DVC wrote no md5 into data.dvc")


def _require_whole(directory: Path) -> None:
    n_files = sum(len(files) for _, _, files in os.walk(directory))
    if n_files != _N_FILES:
        raise BenchmarkError(f"{directory} holds {n_files:,} files, not {_N_FILES:,}")


def _remove(bench: Bench, tree: Tree, target: Path) -> None:
    shutil.rmtree(target)
    bench.run("git", "worktree", "prune", cwd=tree.path)


CHECKOUT = (
    Row(
        "checkout",
        "repro checkout --worktree, 10,000 data files",
        "git worktree add + a loop of os.link in Python",
        Budget(1.5),
        _measure,
        note="one directory that DVC tracks; its objects are at hand on both sides",
    ),
)
