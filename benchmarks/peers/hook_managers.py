"""Managers of git hooks, with repro's hooks under them, beside repro's own installation."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.peers.installed import Peers
from benchmarks.repositories import commit_all, make_tree
from benchmarks.result import Budget, Samples
from benchmarks.rows import Row
from benchmarks.rows.hooks import Change, committing, with_params, with_source

__all__ = ["hook_manager_rows"]

_CONFIG = """\
repos:
  - repo: local
    hooks:
      - id: repro-record
        name: record the commit with repro
        entry: {repro} hooks run post-commit
        language: system
        stages: [post-commit]
        always_run: true
        pass_filenames: false
"""
"""As in .pre-commit-hooks.yaml, but for the repro that is measured."""
_CASES: tuple[tuple[str, str, Change], ...] = (
    ("commit", "git commit, neither params nor data", with_source),
    ("record", "git commit that is recorded", with_params),
)


def hook_manager_rows(peers: Peers) -> tuple[Row, ...]:
    """Returns the rows beside pre-commit and prek."""
    return tuple(
        Row(
            f"peer-{manager}-{id_}",
            f"{name}, beside the same under {manager}",
            f"repro's post-commit under {manager}",
            Budget(1.0),
            partial(_compare, peers=peers, manager=manager, change=change),
            note="100 files, one of them edited before each, on both sides; ours are five hooks",
        )
        for manager in ("pre-commit", "prek")
        for id_, name, change in _CASES
    )


def _compare(bench: Bench, *, peers: Peers, manager: str, change: Change) -> Samples:
    program = peers.get(manager).command(manager)
    place = bench.directory(f"hooks-{manager}")

    def theirs(path: Path) -> None:
        (path / ".pre-commit-config.yaml").write_text(_CONFIG.format(repro=bench.repro))
        commit_all(bench, path)
        bench.run(program, "install", "--hook-type", "post-commit", cwd=path)

    def ours(path: Path) -> None:
        bench.run(bench.repro, "hooks", "install", cwd=path)

    def prepared(side: str, install: Callable[[Path], None]) -> Callable[[], float]:
        path = make_tree(bench, place / side, n_files=100).path
        install(path)
        return committing(bench, path, change)

    return bench.compare(prepared("a", theirs), prepared("b", ours))
