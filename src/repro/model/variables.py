"""Tells environment variables that belong to one job from those that belong to an environment."""

__all__ = ["is_of_job"]

_JOB = frozenset(
    (
        # Which devices of this machine.
        "CUDA_VISIBLE_DEVICES HIP_VISIBLE_DEVICES ROCR_VISIBLE_DEVICES GPU_DEVICE_ORDINAL"
        " ZE_AFFINITY_MASK NVIDIA_VISIBLE_DEVICES"
        # Which of the processes of this job.
        " RANK LOCAL_RANK GROUP_RANK NODE_RANK ROLE_RANK WORLD_SIZE LOCAL_WORLD_SIZE"
        " GROUP_WORLD_SIZE ROLE_WORLD_SIZE MASTER_ADDR MASTER_PORT PMI_RANK PMI_SIZE"
        " OMPI_COMM_WORLD_RANK OMPI_COMM_WORLD_SIZE OMPI_COMM_WORLD_LOCAL_RANK"
        " OMPI_COMM_WORLD_LOCAL_SIZE"
        # Which job.
        " SLURM_JOBID SLURM_JOB_ID SLURM_JOB_NAME SLURM_JOB_PARTITION SLURM_JOB_NODELIST"
        " SLURM_JOB_NUM_NODES SLURM_NNODES SLURM_NTASKS SLURM_NODEID SLURM_PROCID SLURM_LOCALID"
        " SLURM_CPUS_PER_TASK SLURM_GPUS SLURM_CLUSTER_NAME SLURM_RESTART_COUNT"
        " SLURM_ARRAY_JOB_ID SLURM_ARRAY_TASK_ID SLURM_ARRAY_TASK_COUNT SLURM_ARRAY_TASK_MIN"
        " SLURM_ARRAY_TASK_MAX SLURM_ARRAY_TASK_STEP"
    ).split()
)


def is_of_job(name: str) -> bool:
    """Tells whether a variable of this name says which job, process or device it was.

    Such are recorded. They are another in each job, so they make no other environment, and a
    command that is run again has its own.
    """
    return name in _JOB or name.startswith("SLURM_GPUS_")
