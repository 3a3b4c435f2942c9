"""Which of the processes of distributed training this is."""

import os
from types import SimpleNamespace

import pytest

from repro.api.ranks import Rank, rank_of

LIGHTNING = {"LOCAL_RANK": "1", "NODE_RANK": "0", "WORLD_SIZE": "2"}


def torch(rank: int, n_ranks: int, *, is_initialized: bool = True) -> dict[str, SimpleNamespace]:
    distributed = SimpleNamespace(
        is_available=lambda: True,
        is_initialized=lambda: is_initialized,
        get_rank=lambda: rank,
        get_world_size=lambda: n_ranks,
    )
    return {"torch.distributed": distributed}


@pytest.mark.parametrize(
    ("env", "number", "n_ranks", "job"),
    [
        ({"RANK": "3", "WORLD_SIZE": "8", "MASTER_ADDR": "a", "MASTER_PORT": "1"}, 3, 8, "a-1"),
        ({"SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "4", "SLURM_JOB_ID": "7"}, 2, 4, "7"),
        ({**LIGHTNING, "MASTER_ADDR": "a.b", "MASTER_PORT": "1"}, 1, 2, "a_b-1"),
        ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"}, 1, 2, None),
        ({"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1", "SLURM_JOB_ID": "7"}, 0, 1, None),
        ({"RANK": "x", "WORLD_SIZE": "8"}, 0, 1, None),
        ({}, 0, 1, None),
    ],
)
def test_the_launcher_says_it(
    env: dict[str, str], number: int, n_ranks: int, job: str | None
) -> None:
    assert rank_of(env, {}) == Rank(number, job, n_ranks)


def test_pytorch_knows_better_once_it_is_set_up() -> None:
    # One process a machine is SLURM's, and it spawns one for each GPU.
    slurm = {"SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2", "SLURM_JOB_ID": "7"}
    assert rank_of(slurm, torch(5, 8)) == Rank(5, "7", 8)
    assert rank_of(slurm, torch(5, 8, is_initialized=False)) == Rank(1, "7", 2)


def test_those_that_one_process_has_spawned_find_each_other() -> None:
    assert rank_of({}, torch(1, 2)) == Rank(1, f"spawned-{os.getppid()}", 2)


@pytest.mark.parametrize("odd", [None, SimpleNamespace(), SimpleNamespace(is_available=bool)])
def test_a_pytorch_that_cannot_say_it_is_none(odd: SimpleNamespace | None) -> None:
    assert rank_of({}, {"torch.distributed": odd}) == Rank()
    assert rank_of({}, torch(0, 1)) == Rank()
