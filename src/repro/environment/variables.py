"""Chooses the environment variables that belong in a record.

An allowlist: what is known to change the numbers that come out, what names the job, and what the
user asks for. All else stays out, for it may be a secret, or names this machine only; that it was
there is recorded, for a command that is run again may need it.
"""

import re
from collections.abc import Mapping, Sequence

from repro.model.secrets import Redactor, is_secret_name
from repro.model.variables import is_of_job

__all__ = ["choose_variables", "is_chosen", "other_names"]

_CHOSEN = re.compile(
    # Python itself, text and time.
    r"PYTHON(?:HASHSEED|PATH|OPTIMIZE|UTF8|SAFEPATH|NOUSERSITE|INTMAXSTRDIGITS)"
    r"|LANG|LC_[A-Z]+|TZ|SOURCE_DATE_EPOCH"
    # Threads and code paths of the numerical libraries: they change the order of sums.
    r"|(?:OMP|MKL|OPENBLAS|GOTO|NUMEXPR|VECLIB|BLIS|KMP|NPY|ONEDNN|DNNL|NUMBA)_[A-Z0-9_]+"
    r"|ATEN_CPU_CAPABILITY|LD_LIBRARY_PATH|LD_PRELOAD|DYLD_[A-Z_]+|GLIBC_TUNABLES"
    r"|RAYON_NUM_THREADS|POLARS_MAX_THREADS"
    # GPUs.
    r"|CUDA_(?:DEVICE_ORDER|LAUNCH_BLOCKING|DEVICE_MAX_CONNECTIONS|MODULE_LOADING)"
    r"|CUBLAS(?:LT)?_[A-Z0-9_]+|CUDNN_[A-Z0-9_]+|NVIDIA_TF32_OVERRIDE|NCCL_(?:ALGO|PROTO)"
    # Frameworks.
    r"|(?:TORCH|PYTORCH|TORCHINDUCTOR)_[A-Z0-9_]+"
    r"|TF_(?:DETERMINISTIC_OPS|CUDNN_[A-Z_]+|ENABLE_[A-Z0-9_]+|DISABLE_[A-Z0-9_]+|XLA_FLAGS"
    r"|NUM_(?:INTER|INTRA)OP_THREADS|FORCE_GPU_ALLOW_GROWTH|USE_LEGACY_KERAS)|KERAS_BACKEND"
    r"|XLA_FLAGS|JAX_[A-Z0-9_]+|ACCELERATE_(?:MIXED_PRECISION|USE_[A-Z_]+|DYNAMO_[A-Z_]+)"
    r"|HF_HUB_OFFLINE|HF_DATASETS_OFFLINE|TRANSFORMERS_OFFLINE|TOKENIZERS_PARALLELISM|MPLBACKEND"
)
_PLACES = re.compile(r"(?:TORCH|TORCHINDUCTOR|JAX|NUMBA)_(?:HOME|[A-Z0-9_]*(?:DIR|LOGS|TRACE))")
_PATHS = frozenset({"PYTHONPATH", "LD_LIBRARY_PATH", "LD_PRELOAD"})
_BOOTSTRAP = "/repro/record/bootstrap"
_NOISE = re.compile(
    # What every shell and every login has, and repro's own.
    r"_|SHLVL|PWD|OLDPWD|LS_COLORS|LSCOLORS|PS[1-4]|COLUMNS|LINES|HOME|PATH|SHELL|TERM|USER"
    r"|LOGNAME|REPRO(?:_.*)?"
    # Functions of bash, and what is no name of a variable to a shell.
    r"|BASH_FUNC_.*|.*[^A-Za-z0-9_].*|[0-9].*|",
    re.DOTALL,
)


def choose_variables(
    variables: Mapping[str, str],
    *,
    redactor: Redactor,
    top: str = "",
    extra: Sequence[str] = (),
) -> dict[str, str]:
    """Returns the variables that may change results or name the job, sorted by name.

    Args:
        variables: All of the command's.
        redactor: Takes secrets out of values.
        top: Absolute path of the working tree; on search paths it becomes ".", so that two clones
            have the same environment.
        extra: Names of further ones, which the user asks for. A value whose name says that it is
            a secret becomes a mark.
    """
    chosen: dict[str, str] = {}
    for name in sorted(variables):
        value = variables[name]
        if name in _PATHS:
            value = _portable_path(value, top)
            if not value:
                continue
        if is_chosen(name):
            chosen[name] = redactor.text(value)
        elif name in extra:
            chosen[name] = redactor.value(name, value)
    return chosen


def is_chosen(name: str) -> bool:
    """Tells whether a variable of this name is recorded with its value, asked for or not."""
    is_named = (_CHOSEN.fullmatch(name) and not _PLACES.fullmatch(name)) or is_of_job(name)
    return bool(is_named) and not is_secret_name(name)


def other_names(variables: Mapping[str, str], chosen: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the names of the variables that were not chosen, sorted.

    Without those that every shell sets and those of repro.
    """
    return tuple(
        name
        for name in sorted(variables.keys() - chosen.keys())
        if not _NOISE.fullmatch(name)
        and not (name in _PATHS and not _portable_path(variables[name], ""))
    )


def _portable_path(value: str, top: str) -> str:
    # Our own bootstrap is there when one run starts another.
    entries = [entry for entry in value.split(":") if not entry.endswith(_BOOTSTRAP)]
    return ":".join(_portable(entry, top) for entry in entries)


def _portable(entry: str, top: str) -> str:
    if not top or not f"{entry.rstrip('/')}/".startswith(f"{top}/"):
        return entry
    return entry.rstrip("/")[len(top) + 1 :] or "."
