"""Chooses the environment variables that belong in a record.

An allowlist: what is known to change the numbers that come out. All else stays out, for it may be a
secret, or names this machine and this job only.
"""

import re
from collections.abc import Mapping

from repro.model.secrets import Redactor, is_secret_name

__all__ = ["choose_variables"]

_CHOSEN = re.compile(
    # Python itself, text and time.
    r"PYTHON(?:HASHSEED|PATH|OPTIMIZE|UTF8|SAFEPATH|NOUSERSITE|INTMAXSTRDIGITS)"
    r"|LANG|LC_[A-Z]+|TZ|SOURCE_DATE_EPOCH"
    # Threads and code paths of the numerical libraries: they change the order of sums.
    r"|(?:OMP|MKL|OPENBLAS|GOTO|NUMEXPR|VECLIB|BLIS|KMP|NPY|ONEDNN|DNNL)_[A-Z0-9_]+"
    r"|ATEN_CPU_CAPABILITY|LD_LIBRARY_PATH|LD_PRELOAD|DYLD_[A-Z_]+"
    # GPUs.
    r"|CUDA_(?:VISIBLE_DEVICES|DEVICE_ORDER|LAUNCH_BLOCKING|DEVICE_MAX_CONNECTIONS)"
    r"|CUBLAS(?:LT)?_[A-Z0-9_]+|CUDNN_[A-Z0-9_]+|NVIDIA_TF32_OVERRIDE"
    r"|(?:HIP|ROCR)_VISIBLE_DEVICES|NCCL_(?:ALGO|PROTO)"
    # Frameworks.
    r"|(?:TORCH|PYTORCH|TORCHINDUCTOR)_[A-Z0-9_]+"
    r"|TF_(?:DETERMINISTIC_OPS|CUDNN_DETERMINISTIC|ENABLE_ONEDNN_OPTS|XLA_FLAGS)"
    r"|XLA_FLAGS|JAX_[A-Z0-9_]+|HF_HUB_OFFLINE|TRANSFORMERS_OFFLINE|TOKENIZERS_PARALLELISM"
)
_PLACES = re.compile(r"(?:TORCH|TORCHINDUCTOR|JAX)_(?:HOME|[A-Z0-9_]*(?:DIR|LOGS|TRACE))")
_PATHS = frozenset({"PYTHONPATH", "LD_LIBRARY_PATH", "LD_PRELOAD"})
_BOOTSTRAP = "/repro/record/bootstrap"


def choose_variables(
    variables: Mapping[str, str], *, redactor: Redactor, top: str = ""
) -> dict[str, str]:
    """Returns the variables that may change results, sorted by name.

    Args:
        variables: All of the command's.
        redactor: Takes secrets out of values.
        top: Absolute path of the working tree; on search paths it becomes ".", so that two clones
            have the same environment.
    """
    chosen: dict[str, str] = {}
    for name in sorted(variables):
        is_chosen = _CHOSEN.fullmatch(name) and not _PLACES.fullmatch(name)
        if not is_chosen or is_secret_name(name):
            continue
        value = variables[name]
        if name in _PATHS:
            value = _portable_path(value, top)
            if not value:
                continue
        chosen[name] = redactor.text(value)
    return chosen


def _portable_path(value: str, top: str) -> str:
    # Our own bootstrap is there when one run starts another.
    entries = [entry for entry in value.split(":") if not entry.endswith(_BOOTSTRAP)]
    return ":".join(_portable(entry, top) for entry in entries)


def _portable(entry: str, top: str) -> str:
    if not top or not f"{entry.rstrip('/')}/".startswith(f"{top}/"):
        return entry
    return entry.rstrip("/")[len(top) + 1 :] or "."
