"""Which of the processes of distributed training this is, and how they find each other."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["Rank", "job_directory", "rank_of"]

_RANKS = (
    ("RANK", "WORLD_SIZE"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("PMIX_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
)
"""torchrun first: what it starts may itself be started by SLURM, once a machine."""
_JOBS = (
    ("TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT", "MASTER_ADDR", "MASTER_PORT"),
    ("SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_RESTART_COUNT"),
    ("PMIX_NAMESPACE",),
    ("OMPI_MCA_ess_base_jobid",),
    ("MASTER_ADDR", "MASTER_PORT"),
    ("PMI_JOBID",),
)


class Rank(NamedTuple):
    """A place among the processes of distributed training.

    Attributes:
        number: From 0, which is also that of a process on its own.
        job: What all of them have in common; None for a process on its own, or where nothing is
            known.
        n_ranks: How many processes there are.
    """

    number: int = 0
    job: str | None = None
    n_ranks: int = 1


def rank_of(env: Mapping[str, str], modules: Mapping[str, Any]) -> Rank:
    """Returns what PyTorch knows, once it is set up, or what the launcher said.

    Launchers are torchrun, Lightning, srun and mpirun; ``torch.multiprocessing.spawn`` says nothing
    in the environment.

    Args:
        env: The environment variables.
        modules: What is imported.
    """
    place = _place_in_torch(modules)
    if place is not None:
        # Those that one process has spawned are found by it, where no variable names the job.
        return Rank(place[0], _job(env) or f"spawned-{os.getppid()}", place[1])
    place = _place(env)
    return Rank() if place is None else Rank(place[0], _job(env), place[1])


def job_directory(job: str, cwd: str) -> str | None:
    """Returns where the ranks other than 0 write; None outside of a repository.

    Args:
        job: What all of them have in common.
        cwd: Where they stand, absolute.
    """
    at = cwd
    while not os.path.lexists(f"{at}/.git"):
        if at in ("/", ""):
            return None
        at = os.path.dirname(at)
    found = f"{at}/.git"
    if not os.path.isdir(found):  # a linked working tree
        text = _read(found)
        if not text.startswith("gitdir: "):
            return None
        found = os.path.join(at, text[8:].strip())
    common = _read(f"{found}/commondir").strip()
    common = os.path.normpath(os.path.join(found, common)) if common else found
    return f"{common}/repro/live/.jobs/{job}"


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


def _place_in_torch(modules: Mapping[str, Any]) -> tuple[int, int] | None:
    """Returns the rank, and of how many; None before ``init_process_group``."""
    try:
        distributed = modules["torch.distributed"]
        if not (distributed.is_available() and distributed.is_initialized()):
            return None
        number, n_processes = distributed.get_rank(), distributed.get_world_size()
    except (KeyError, AttributeError, RuntimeError, ValueError):  # half imported, or of its own
        return None
    return (number, n_processes) if 0 <= number < n_processes > 1 else None


def _place(env: Mapping[str, str]) -> tuple[int, int] | None:
    """Returns the rank, and of how many."""
    for rank, size in _RANKS:
        number, n_processes = _whole(env, rank), _whole(env, size)
        if number is not None and n_processes is not None and n_processes > 1:
            return number, n_processes
    # Lightning says which of its node's processes this is, and of how many on which node.
    local, world = _whole(env, "LOCAL_RANK"), _whole(env, "WORLD_SIZE")
    if local is None or world is None or world < 2:
        return None
    node = _whole(env, "GROUP_RANK") or _whole(env, "NODE_RANK") or 0
    return node * (_whole(env, "LOCAL_WORLD_SIZE") or 1) + local, world


def _job(env: Mapping[str, str]) -> str | None:
    for first, *others in _JOBS:
        if env.get(first):
            text = "-".join([env[first], *(env[name] for name in others if env.get(name))])
            return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in text)[
                :120
            ]
    return None


def _whole(env: Mapping[str, str], name: str) -> int | None:
    text = env.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
