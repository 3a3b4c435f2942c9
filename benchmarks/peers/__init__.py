"""Other programs that record runs, each in an environment of its own, beside repro on one task."""

from benchmarks.bench import Bench
from benchmarks.failure import BenchmarkError
from benchmarks.options import Options
from benchmarks.peers.dvc import dvc_rows
from benchmarks.peers.installed import install
from benchmarks.peers.scripts import exptrack_rows, mlflow_rows, wandb_rows
from benchmarks.rows import Row

__all__ = ["peer_rows"]

_PEERS = {
    "dvc": dvc_rows,
    "mlflow": mlflow_rows,
    "wandb": wandb_rows,
    "exptrack": exptrack_rows,
}


def peer_rows(bench: Bench, options: Options, notes: list[str]) -> tuple[Row, ...]:
    """Installs the peers, where they are not yet, and returns their rows.

    Args:
        bench: The place; peers see its environment when they are measured, not when installed.
        options: Which rows are wanted, and where environments are kept.
        notes: Receives the version of each peer, and which could not be had.
    """
    rows: list[Row] = []
    for package, make_rows in _PEERS.items():
        if options.only and not any(options.only in text for text in (package, f"peer-{package}")):
            continue
        try:
            peer = install(package, options.cache)
        except BenchmarkError as error:
            notes.append(f"{package}: not measured: {error}")
            continue
        notes.append(f"{package}: version {peer.version}")
        rows += make_rows(bench, peer)
    return tuple(rows)
