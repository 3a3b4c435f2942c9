"""What git's hooks cost in the user's own git, beside the same git without them."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.repositories import Tree, commit_all, make_tree
from benchmarks.result import Budget, Kind, Samples
from benchmarks.rows.row import Row

__all__ = ["HOOKS", "Change", "committing", "with_params", "with_source"]

_N_COMMITS = 50
_REBASES = 15
_MANY_FILES = 5_000
_COMMIT = ("git", "commit", "--quiet", "--all", "--message", "work")
_REBASE = ("git", "rebase", "--quiet", "main")

Change = Callable[[Path, int], object]
"""Does what comes before a commit, in a working tree, for the n-th time."""


def _pair(bench: Bench, name: str, *, n_files: int = 100) -> tuple[Tree, Tree]:
    """Makes two repositories, the second with hooks."""
    place = bench.directory(name)
    left, right = (make_tree(bench, place / side, n_files=n_files) for side in ("a", "b"))
    _install(bench, right.path)
    return left, right


def _install(bench: Bench, path: Path) -> None:
    bench.run(bench.repro, "hooks", "install", cwd=path)


def with_params(path: Path, number: int) -> None:
    """Changes the params."""
    (path / "params.yaml").write_text(f"lr: {number / 1000}\nlayers: 2\nseed: 7\n")


def with_source(path: Path, number: int) -> None:
    """Changes a source file."""
    (path / "src/part000/module00000.py").write_text(f"# edit {number}\n")


def committing(bench: Bench, path: Path, change: Change) -> Callable[[], float]:
    """Returns what changes a working tree, commits it, and gives the time of the commit, in ms."""
    numbers = count(1)

    def commit() -> float:
        change(path, next(numbers))
        return bench.timed_ms(_COMMIT, cwd=path)

    return commit


def _commit(bench: Bench, *, name: str, change: Change) -> Samples:
    left, right = _pair(bench, name)
    return bench.compare(
        committing(bench, left.path, change), committing(bench, right.path, change)
    )


def _commit_of_a_run(bench: Bench) -> Samples:
    left, right = _pair(bench, "hooks-link")

    def change(path: Path, number: int) -> None:
        with_params(path, number)
        argv = (bench.repro, "run", "-q", "--", bench.python, "train.py", "--lr", f"{number}e-3")
        bench.run(*argv, cwd=path)

    return bench.compare(
        committing(bench, left.path, change), committing(bench, right.path, change)
    )


def _rebase(
    bench: Bench, *, name: str, change: Change, beside_empty: bool = False, n_files: int = 100
) -> Samples:
    bench = bench.at_most(_REBASES)
    left, right = _pair(bench, name, n_files=n_files)
    if beside_empty:
        hook = left.path / ".git/hooks/post-commit"
        hook.write_text("#!/bin/sh\nexit 0\n")
        hook.chmod(0o755)
    for tree in (left, right):
        _make_topic(bench, tree.path, change)

    def rebase(path: Path) -> float:
        bench.run("git", "checkout", "--quiet", "-B", "topic", "original", cwd=path)
        return bench.timed_ms(_REBASE, cwd=path)

    return bench.compare(lambda: rebase(left.path), lambda: rebase(right.path))


def _make_topic(bench: Bench, path: Path, change: Change) -> None:
    """Makes a branch of 50 commits, and a main that has gone on beside it."""
    bench.run("git", "checkout", "--quiet", "-b", "original", cwd=path)
    for number in range(1, _N_COMMITS + 1):
        change(path, number)
        bench.run(*_COMMIT, cwd=path)
    bench.run("git", "checkout", "--quiet", "main", cwd=path)
    (path / "elsewhere.py").write_text("pass\n")
    commit_all(bench, path)


def _push(bench: Bench) -> Samples:
    left, right = _pair(bench, "hooks-push")
    for tree in (left, right):
        remote = tree.path.with_suffix(".git")
        bench.run("git", "init", "--quiet", "--bare", str(remote), cwd=tree.path)
        bench.run("git", "remote", "add", "origin", str(remote), cwd=tree.path)
        bench.run(bench.repro, "record", "-q", cwd=tree.path)
        bench.run("git", "push", "--quiet", "--set-upstream", "origin", "main", cwd=tree.path)
        bench.run(bench.repro, "push", cwd=tree.path)
    numbers = count(1)

    def push(path: Path) -> float:
        with_source(path, next(numbers))
        bench.run(*_COMMIT, cwd=path)
        return bench.timed_ms(("git", "push", "--quiet"), cwd=path)

    return bench.compare(lambda: push(left.path), lambda: push(right.path))


def _checkout(bench: Bench) -> Samples:
    left, right = _pair(bench, "hooks-checkout")
    for tree in (left, right):
        bench.run("git", "checkout", "--quiet", "-b", "topic", cwd=tree.path)
        with_source(tree.path, 1)
        bench.run(*_COMMIT, cwd=tree.path)
    branches: dict[Path, count[int]] = {tree.path: count() for tree in (left, right)}

    def checkout(path: Path) -> float:
        branch = ("main", "topic")[next(branches[path]) % 2]
        return bench.timed_ms(("git", "checkout", "--quiet", branch), cwd=path)

    return bench.compare(lambda: checkout(left.path), lambda: checkout(right.path))


def _rows(of: Sequence[tuple[str, str, Budget, Callable[[Bench], Samples], str]]) -> list[Row]:
    return [
        Row(id_, f"{name}, with hooks", "the same without hooks", budget, measure, note)
        for id_, name, budget, measure, note in of
    ]


_RUNS = "each commit changes params.yaml: with hooks it has a run, and git carries its note along"

HOOKS = tuple(
    _rows(
        (
            (
                "hooks-commit",
                "git commit, neither params nor data",
                Budget(10, Kind.PLUS_MS),
                partial(_commit, name="hooks-commit", change=with_source),
                "100 files, one of them edited before each, on both sides",
            ),
            (
                "hooks-record",
                "git commit that is recorded",
                Budget(150, Kind.PLUS_MS),
                partial(_commit, name="hooks-record", change=with_params),
                "100 files, params.yaml edited before each, on both sides",
            ),
            (
                "hooks-link",
                "git commit of what a run has",
                Budget(150, Kind.PLUS_MS),
                _commit_of_a_run,
                "params.yaml edited and `repro run` before each, on both sides",
            ),
            (
                "hooks-rebase",
                f"git rebase, {_N_COMMITS} commits without runs",
                Budget(1.5),
                partial(_rebase, name="hooks-rebase", change=with_source),
                "",
            ),
            (
                "hooks-rebase-runs",
                f"git rebase, {_N_COMMITS} commits with runs",
                Budget(1.5),
                partial(_rebase, name="hooks-rebase-runs", change=with_params),
                _RUNS,
            ),
            (
                "hooks-rebase-large",
                f"git rebase, {_N_COMMITS} commits with runs, 5,000 files",
                Budget(1.5),
                partial(
                    _rebase, name="hooks-rebase-large", change=with_params, n_files=_MANY_FILES
                ),
                _RUNS,
            ),
            (
                "hooks-rebase-empty",
                f"git rebase, {_N_COMMITS} commits without runs",
                Budget(1.3),
                partial(_rebase, name="hooks-rebase-empty", change=with_source, beside_empty=True),
                "without repro's hooks there is a post-commit of `exit 0`: git calls it for each",
            ),
            (
                "hooks-push",
                "git push, no runs to push",
                Budget(50, Kind.PLUS_MS),
                _push,
                "one commit each, to a remote on this machine",
            ),
            (
                "hooks-checkout",
                "git checkout of another branch",
                Budget(10, Kind.PLUS_MS),
                _checkout,
                "one file differs, neither params nor data",
            ),
        )
    )
)
