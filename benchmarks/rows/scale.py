"""A repository with 100,000 runs: is it as quick to work in as one with none?

The runs are folded but for the newest hundred, as repro keeps them. What git does on its own is
held against git in the same repository without runs; what repro does, against the same floors as in
a small repository, or against itself in one.
"""

import shutil
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.many_runs import make_repository_with_folded_runs
from benchmarks.repositories import make_tree
from benchmarks.result import Budget, Samples
from benchmarks.rows.row import Row

__all__ = ["SCALE"]

_N_RUNS = 100_000
_HOT = 100
_FEW = 100
_WITHOUT = "the same in the same repository without runs"


def _with_runs(bench: Bench, n_runs: int = _N_RUNS) -> Path:
    """Returns a clone and, beside it, its remote ``origin``, both with the runs; made once."""
    place = bench.scratch / f"scale-{n_runs}"
    if not place.exists():
        clone = place / "clone"
        make_repository_with_folded_runs(bench, clone, n_runs=n_runs, hot=min(_HOT, n_runs))
        _give_remote(bench, clone)
        # The first listing builds the index; what is measured here comes after.
        bench.run(bench.repro, "ls", "-n", "1", cwd=clone)
    return place / "clone"


def _without_runs(bench: Bench) -> Path:
    place = bench.scratch / "scale-none"
    if not place.exists():
        make_tree(bench, place / "clone", n_files=100)
        _give_remote(bench, place / "clone")
    return place / "clone"


def _give_remote(bench: Bench, clone: Path) -> None:
    remote = clone.parent / "remote.git"
    shutil.copytree(clone / ".git", remote)
    bench.run("git", "config", "core.bare", "true", cwd=remote)
    bench.run("git", "remote", "add", "origin", str(remote), cwd=clone)
    bench.run("git", "fetch", "--quiet", "origin", cwd=clone)


def _git(bench: Bench, *, argv: Sequence[str]) -> Samples:
    without, with_runs = _without_runs(bench), _with_runs(bench)
    return bench.compare(
        lambda: bench.timed_ms(argv, cwd=without),
        lambda: bench.timed_ms(argv, cwd=with_runs),
    )


def _git_push(bench: Bench) -> Samples:
    numbers = count()

    def push(clone: Path) -> float:
        _commit_to(bench, clone, f"refs/heads/topic-{next(numbers)}")
        branch = (
            bench.run(
                "git",
                "for-each-ref",
                "--format=%(refname)",
                "refs/heads/topic-*",
                "--sort=-committerdate",
                "--count=1",
                cwd=clone,
            )
            .decode()
            .strip()
        )
        elapsed_ms = bench.timed_ms(("git", "push", "--quiet", "origin", branch), cwd=clone)
        bench.run("git", "update-ref", "-d", branch, cwd=clone)
        return elapsed_ms

    without, with_runs = _without_runs(bench), _with_runs(bench)
    return bench.compare(lambda: push(without), lambda: push(with_runs))


def _commit_to(bench: Bench, clone: Path, ref: str) -> str:
    argv = ("git", "commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", ref)
    oid = bench.run(*argv, cwd=clone).decode().strip()
    bench.run("git", "update-ref", ref, oid, cwd=clone)
    return oid


def _beside_click(bench: Bench, *, argv: Sequence[str], n_runs: int = _N_RUNS) -> Samples:
    clone = _with_runs(bench, n_runs)
    click = (bench.python, "-c", "import click")
    return bench.compare(
        lambda: bench.timed_ms(click, cwd=clone),
        lambda: bench.timed_ms((bench.repro, *argv), cwd=clone),
    )


def _pipe(bench: Bench) -> Callable[[Path], float]:
    """Returns what reads every run with git alone."""
    script = bench.scratch / "pipe.sh"
    script.write_text(
        "{ git for-each-ref --format='%(objectname)' refs/repro/runs/;\n"
        "  git log --format='%P' refs/repro/archive/zyxwvuts --first-parent "
        "| tr ' ' '\\n'; } | git cat-file --batch --buffer > /dev/null\n"
    )
    return lambda clone: bench.timed_ms(("sh", str(script)), cwd=clone)


def _filter(bench: Bench) -> Samples:
    clone = _with_runs(bench)
    pipe = _pipe(bench)
    argv = (bench.repro, "ls", "metrics.accuracy > 0.99 and params.lr < 0.5", "-n", "20")
    return bench.compare(lambda: pipe(clone), lambda: bench.timed_ms(argv, cwd=clone))


def _build(bench: Bench) -> Samples:
    clone = _with_runs(bench)
    pipe = _pipe(bench)

    def build() -> float:
        for path in (clone / ".git" / "repro").glob("runs.sqlite*"):
            path.unlink()
        return bench.timed_ms((bench.repro, "ls", "-n", "1"), cwd=clone)

    return bench.compare(lambda: pipe(clone), build)


def _beside_few(bench: Bench, *, argv: Sequence[str], edits: bool = False) -> Samples:
    """Measures the same command where there are a hundred runs, and where there are many."""
    few, many = _with_runs(bench, _FEW), _with_runs(bench)
    numbers = count(1)

    def timed(clone: Path) -> float:
        if edits:
            (clone / "train.py").write_text(f"# edit {next(numbers)}\n")
        return bench.timed_ms((bench.repro, *argv), cwd=clone)

    return bench.compare(lambda: timed(few), lambda: timed(many))


def _push(bench: Bench, *, n_runs: int) -> Samples:
    clone = _with_runs(bench)
    numbers = count()

    def plain() -> float:
        refs = []
        for _ in range(n_runs):
            ref = f"refs/bench/{next(numbers)}"
            _commit_to(bench, clone, ref)
            refs.append(f"{ref}:{ref}")
        return bench.timed_ms(("git", "push", "--quiet", "origin", *refs), cwd=clone)

    def ours() -> float:
        _record(bench, clone, n_runs, numbers)
        return bench.timed_ms((bench.repro, "push"), cwd=clone)

    bench.run(bench.repro, "push", cwd=clone)
    return bench.compare(plain, ours)


def _record(bench: Bench, clone: Path, n_runs: int, numbers: "count[int]") -> None:
    for _ in range(n_runs):
        (clone / "train.py").write_text(f"# push {next(numbers)}\n")
        bench.run(bench.repro, "record", "-q", cwd=clone)


def _pull(bench: Bench) -> Samples:
    """A colleague pushes a run; git fetches its ref alone, repro all that is new."""
    clone = _with_runs(bench)
    theirs = clone.parent / "theirs"
    if not theirs.exists():
        shutil.copytree(clone, theirs)
        shutil.rmtree(theirs / ".git" / "repro")
    numbers = count()

    def plain() -> float:
        ref = f"refs/bench/pull-{next(numbers)}"
        _commit_to(bench, theirs, ref)
        bench.run("git", "push", "--quiet", "origin", f"{ref}:{ref}", cwd=theirs)
        spec = f"{ref}:{ref}"
        return bench.timed_ms(("git", "fetch", "--quiet", "origin", spec), cwd=clone)

    def ours() -> float:
        _record(bench, theirs, 1, numbers)
        bench.run(bench.repro, "push", cwd=theirs)
        return bench.timed_ms((bench.repro, "pull"), cwd=clone)

    bench.run(bench.repro, "push", cwd=theirs)
    bench.run(bench.repro, "pull", cwd=clone)
    return bench.compare(plain, ours)


def _limited(measure: Callable[[Bench], Samples], pairs: int) -> Callable[[Bench], Samples]:
    return lambda bench: measure(bench.at_most(pairs))


_CLICK = "python start + import click"
_ALL = "git reading every run: its refs, its archives, cat-file --batch"
_HUNDRED = "the same with 100 runs"

SCALE = (
    *(
        Row(
            f"git-{name}",
            f"git {' '.join(argv[1:])}, {_N_RUNS:,} runs",
            _WITHOUT,
            Budget(1.5),
            partial(_git, argv=argv),
        )
        for name, argv in (
            ("fetch", ("git", "fetch", "origin")),
            ("status", ("git", "status")),
            ("log", ("git", "log", "--all", "-1")),
        )
    ),
    Row("git-push", f"git push of a branch, {_N_RUNS:,} runs", _WITHOUT, Budget(1.5), _git_push),
    *(
        Row(
            f"ls-folded-{n_runs}",
            f"repro ls, newest 20 of {n_runs:,}, to a pipe",
            _CLICK,
            Budget(1.5),
            partial(_beside_click, argv=("ls", "-n", "20"), n_runs=n_runs),
        )
        for n_runs in (1_000, _N_RUNS)
    ),
    Row("filter", f"repro ls METRIC-FILTER, {_N_RUNS:,} runs", _ALL, Budget(0.3), _filter),
    Row("index-build", f"repro ls, no index, {_N_RUNS:,} runs", _ALL, Budget(2.5), _build),
    Row(
        "resolve",
        f"repro tag PREFIX, {_N_RUNS:,} runs",
        _HUNDRED,
        Budget(1.2),
        partial(_beside_few, argv=("tag", "20240506T0708")),
    ),
    Row(
        "record-folded",
        f"repro record, a new run, {_N_RUNS:,} runs",
        _HUNDRED,
        Budget(1.2),
        partial(_beside_few, argv=("record", "-q"), edits=True),
        note="one file is edited before each, on both sides",
    ),
    Row(
        "push-1",
        f"repro push, 1 run of {_N_RUNS:,}",
        "git push of one commit",
        Budget(3),
        partial(_push, n_runs=1),
    ),
    Row(
        "push-many",
        "repro push, 200 runs",
        "git push of as many commits",
        Budget(1.3),
        _limited(partial(_push, n_runs=200), 3),
    ),
    Row("pull-1", f"repro pull, 1 run of {_N_RUNS:,}", "git fetch of one ref", Budget(3), _pull),
)
