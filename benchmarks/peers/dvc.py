"""DVC's experiments, the nearest relative: runs as git commits on hidden refs."""

from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.peers.installed import Peer
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


def dvc_rows(bench: Bench, peer: Peer) -> list[Row]:
    """Returns the rows beside ``dvc exp run`` and ``dvc exp save``."""
    del bench
    dvc = peer.command("dvc")
    return [
        Row(
            "peer-dvc-run",
            "repro run -- true",
            "dvc exp run of one stage, `true`",
            Budget(1.0),
            lambda bench: _compare(
                bench, "dvc-run", (dvc, "exp", "run", "-q"), ("run", "-q", "--", "true")
            ),
            note="100 files, params.yaml edited before each, on both sides; DVC needs a stage in"
            " dvc.yaml and writes dvc.lock into the tree; it observes neither the environment nor"
            " what the command prints",
        ),
        Row(
            "peer-dvc-save",
            "repro record",
            "dvc exp save",
            Budget(1.0),
            lambda bench: _compare(
                bench, "dvc-save", (dvc, "exp", "save", "-q"), ("record", "-q")
            ),
            note="100 files, params.yaml edited before each, on both sides; dvc exp save leaves"
            " untracked files out and observes no environment",
        ),
    ]


def _compare(
    bench: Bench, name: str, theirs: tuple[str, ...], ours: tuple[str, ...]
) -> Samples:
    place = bench.directory(name)
    left, right = (_with_pipeline(bench, place / side, theirs[0]) for side in ("a", "b"))

    def timed(tree: Tree, argv: tuple[str, ...]) -> float:
        number = tree.edit()
        (tree.path / "params.yaml").write_text(f"lr: {number / 1000}\nlayers: 2\nseed: 7\n")
        return bench.timed_ms(argv, cwd=tree.path)

    return bench.compare(
        lambda: timed(left, theirs), lambda: timed(right, (bench.repro, *ours))
    )


def _with_pipeline(bench: Bench, path: Path, dvc: str) -> Tree:
    tree = make_tree(bench, path, n_files=100)
    bench.run(dvc, "init", "--quiet", cwd=path)
    (path / "dvc.yaml").write_text(_PIPELINE)
    commit_all(bench, path)
    # Its first reproduction writes dvc.lock, which every later one then has.
    bench.run(dvc, "repro", "--quiet", cwd=path)
    commit_all(bench, path)
    return tree
