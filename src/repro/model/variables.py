"""Tells environment variables that belong to one job from those that belong to an environment."""

import re

__all__ = ["is_of_job"]

_JOB = re.compile(
    # Which devices of this machine.
    r"CUDA_VISIBLE_DEVICES|HIP_VISIBLE_DEVICES|ROCR_VISIBLE_DEVICES|GPU_DEVICE_ORDINAL"
    r"|ZE_AFFINITY_MASK|NVIDIA_VISIBLE_DEVICES"
    # Which of the processes of this job.
    r"|(?:LOCAL_|GROUP_|NODE_|ROLE_)?RANK|(?:LOCAL_|GROUP_|ROLE_)?WORLD_SIZE|MASTER_(?:ADDR|PORT)"
    r"|OMPI_COMM_WORLD_(?:LOCAL_)?(?:RANK|SIZE)|PMI_(?:RANK|SIZE)"
    # Which job.
    r"|SLURM_(?:JOB_?ID|JOB_NAME|JOB_PARTITION|JOB_NODELIST|JOB_NUM_NODES|NNODES|NTASKS|NODEID"
    r"|PROCID|LOCALID|CPUS_PER_TASK|GPUS(?:_[A-Z_]+)?|CLUSTER_NAME|RESTART_COUNT"
    r"|ARRAY_JOB_ID|ARRAY_TASK_(?:ID|COUNT|MIN|MAX|STEP))"
)


def is_of_job(name: str) -> bool:
    """Tells whether a variable of this name says which job, process or device it was.

    Such are recorded. They are another in each job, so they make no other environment, and a
    command that is run again has its own.
    """
    return _JOB.fullmatch(name) is not None
