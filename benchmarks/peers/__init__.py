"""Other programs that record runs, each in an environment of its own, beside repro on one task."""

from benchmarks.peers.dvc import dvc_rows
from benchmarks.peers.hook_managers import hook_manager_rows
from benchmarks.peers.installed import Peers
from benchmarks.peers.points import point_rows
from benchmarks.peers.scripts import script_rows
from benchmarks.rows import Row

__all__ = ["Peers", "peer_rows"]


def peer_rows(peers: Peers) -> tuple[Row, ...]:
    """Returns the rows; a peer is installed when a row of its is measured."""
    return (
        *dvc_rows(peers),
        *script_rows(peers),
        *point_rows(peers),
        *hook_manager_rows(peers),
    )
