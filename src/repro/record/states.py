"""Remembers which workspace states are recorded, so that recording one again finds its run.

``<common dir>/repro/states/<digest>`` holds a run id; lost, a state is recorded once more.
"""

import os

from repro.git.refs import read_ref
from repro.git.repository import Repository
from repro.model.ids import RunId, is_run_id, run_ref
from repro.record.live import atomic_write

__all__ = ["recorded_as", "remember_state"]


def remember_state(repo: Repository, digest: str, run_id: RunId) -> None:
    """Notes that a state is recorded as a run."""
    os.makedirs(f"{repo.state_dir}/states", exist_ok=True)
    atomic_write(f"{repo.state_dir}/states/{digest}", run_id.encode())


def recorded_as(repo: Repository, digest: str) -> RunId | None:
    """Returns the run that a state is recorded as, None when there is none."""
    try:
        with open(f"{repo.state_dir}/states/{digest}", encoding="ascii", errors="replace") as file:
            text = file.read().strip()
    except FileNotFoundError:
        return None
    if not is_run_id(text):
        return None
    run_id = RunId(text)
    if read_ref(repo, run_ref(run_id)) is None:
        from repro.store.listing import has_run

        return run_id if has_run(repo, run_id) else None  # folded, or gone
    return run_id
