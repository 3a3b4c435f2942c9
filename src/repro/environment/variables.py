"""Chooses the environment variables that belong in a record.

An allowlist: what is known to change the numbers that come out, what names the job, and what the
user asks for. All else stays out, for it may be a secret, or names this machine only; that it was
there is recorded, for a command that is run again may need it.
"""

from collections.abc import Mapping, Sequence

from repro.model.variables import is_of_job
from repro.secrets.redactor import Redactor, is_secret_name

__all__ = ["choose_variables", "is_chosen", "other_names"]

_NAMES = frozenset(
    (
        # Python itself, text and time.
        "PYTHONHASHSEED PYTHONPATH PYTHONOPTIMIZE PYTHONUTF8 PYTHONSAFEPATH PYTHONNOUSERSITE"
        " PYTHONINTMAXSTRDIGITS LANG TZ SOURCE_DATE_EPOCH"
        # Code paths of the numerical libraries: they change the order of sums.
        " ATEN_CPU_CAPABILITY LD_LIBRARY_PATH LD_PRELOAD GLIBC_TUNABLES RAYON_NUM_THREADS"
        " POLARS_MAX_THREADS"
        # GPUs.
        " CUDA_DEVICE_ORDER CUDA_LAUNCH_BLOCKING CUDA_DEVICE_MAX_CONNECTIONS CUDA_MODULE_LOADING"
        " NVIDIA_TF32_OVERRIDE NCCL_ALGO NCCL_PROTO"
        # Frameworks.
        " TF_DETERMINISTIC_OPS TF_XLA_FLAGS TF_NUM_INTEROP_THREADS TF_NUM_INTRAOP_THREADS"
        " TF_FORCE_GPU_ALLOW_GROWTH TF_USE_LEGACY_KERAS KERAS_BACKEND XLA_FLAGS"
        " ACCELERATE_MIXED_PRECISION HF_HUB_OFFLINE HF_DATASETS_OFFLINE TRANSFORMERS_OFFLINE"
        " TOKENIZERS_PARALLELISM MPLBACKEND"
    ).split()
)
_FRAMEWORKS = ("TORCH_", "TORCHINDUCTOR_", "JAX_", "NUMBA_")
_PREFIXES = (
    *("LC_", "DYLD_"),
    # Threads and kernels of the numerical libraries.
    *("OMP_", "MKL_", "OPENBLAS_", "GOTO_", "NUMEXPR_", "VECLIB_", "BLIS_", "KMP_", "NPY_"),
    *("ONEDNN_", "DNNL_", "CUBLAS_", "CUBLASLT_", "CUDNN_"),
    *(*_FRAMEWORKS, "PYTORCH_", "TF_CUDNN_", "TF_ENABLE_", "TF_DISABLE_"),
    *("ACCELERATE_USE_", "ACCELERATE_DYNAMO_"),
)
_PLACES = ("DIR", "LOGS", "TRACE")
"""What frameworks read with such an end says where, not how."""
_PATHS = frozenset({"PYTHONPATH", "LD_LIBRARY_PATH", "LD_PRELOAD"})
_BOOTSTRAP = "/repro/record/bootstrap"
_NOISE = frozenset(
    (
        # What every shell and every login has.
        "_ SHLVL PWD OLDPWD LS_COLORS LSCOLORS PS1 PS2 PS3 PS4 COLUMNS LINES HOME PATH SHELL TERM"
        " USER LOGNAME REPRO"
    ).split()
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
    is_named = name in _NAMES or _is_setting(name) or is_of_job(name)
    return is_named and not is_secret_name(name)


def _is_setting(name: str) -> bool:
    """Tells whether a name begins as those do that libraries read, and says how, not where."""
    if not name.startswith(_PREFIXES) or name != name.upper() or name.endswith("_"):
        return False
    is_place = name.endswith(("_HOME", *_PLACES)) and name.startswith(_FRAMEWORKS)
    return not is_place and name.isidentifier() and name.isascii()


def other_names(variables: Mapping[str, str], chosen: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the names of the variables that were not chosen, sorted.

    Without those that every shell sets and those of repro.
    """
    return tuple(
        name
        for name in sorted(variables.keys() - chosen.keys())
        if not _is_noise(name) and not (name in _PATHS and not _portable_path(variables[name], ""))
    )


def _is_noise(name: str) -> bool:
    """Tells whether a variable says nothing: a shell's own, repro's, or one of no shell."""
    is_name = name.isidentifier() and name.isascii()
    return name in _NOISE or not is_name or name.startswith(("REPRO_", "BASH_FUNC_"))


def _portable_path(value: str, top: str) -> str:
    # Our own bootstrap is there when one run starts another.
    entries = [entry for entry in value.split(":") if not entry.endswith(_BOOTSTRAP)]
    return ":".join(_portable(entry, top) for entry in entries)


def _portable(entry: str, top: str) -> str:
    if not top or not f"{entry.rstrip('/')}/".startswith(f"{top}/"):
        return entry
    return entry.rstrip("/")[len(top) + 1 :] or "."
