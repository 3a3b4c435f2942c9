"""DVC's experiments, the nearest relative: runs as git commits on hidden refs."""

from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.peers.installed import Peers
from benchmarks.repositories import Tree, commit_all, make_tree
from benchmarks.result import Budget, Samples
from benchmarks.rows.row import Row

__all__ = ["dvc_rows"]

_PIPELINE = """\
stages:
  nothing:
    cmd: "true"
    params: [lr]
"""
_SAME = "100 files, params.yaml edited before each, on both sides"


def dvc_rows(peers: Peers) -> tuple[Row, ...]:
    """Returns the rows beside ``dvc exp run`` and ``dvc exp save``."""
    return (
        Row(
            "peer-dvc-run",
            "repro run -- true, beside dvc exp run",
            "dvc exp run of one stage, `true`",
            Budget(1.0),
            partial(_compare, peers=peers, theirs="run", ours=("run", "-q", "--", "true")),
            note=f"{_SAME}; DVC needs a stage in dvc.yaml and writes dvc.lock into the tree; it"
            " keeps neither the environment nor what the command prints",
        ),
        Row(
            "peer-dvc-save",
            "repro record, beside dvc exp save",
            "dvc exp save",
            Budget(1.0),
            partial(_compare, peers=peers, theirs="save", ours=("record", "-q")),
            note=f"{_SAME}; DVC leaves untracked files out and keeps no environment",
        ),
    )


def _compare(bench: Bench, *, peers: Peers, theirs: str, ours: tuple[str, ...]) -> Samples:
    dvc = peers.get("dvc").command("dvc")
    place = bench.directory(f"dvc-{theirs}")
    left, right = (_with_pipeline(bench, place / side, dvc) for side in ("a", "b"))

    def timed(tree: Tree, argv: tuple[str, ...]) -> float:
        number = tree.edit()
        (tree.path / "params.yaml").write_text(f"lr: {number / 1000}\nlayers: 2\nseed: 7\n")
        return bench.timed_ms(argv, cwd=tree.path)

    return bench.compare(
        lambda: timed(left, (dvc, "exp", theirs, "-q")),
        lambda: timed(right, (bench.repro, *ours)),
    )


def _with_pipeline(bench: Bench, path: Path, dvc: str) -> Tree:
    tree = make_tree(bench, path, n_files=100)
    bench.run(dvc, "init", "--quiet", cwd=path)
    (path / "dvc.yaml").write_text(_PIPELINE)
    commit_all(bench, path)
    # The first reproduction writes dvc.lock, which every later one finds.
    bench.run(dvc, "repro", "--quiet", cwd=path)
    commit_all(bench, path)
    return tree
