"""What a process says of itself at its end; read by the bootstrap beside it, in the user's program.

Only what the program has loaded by itself is looked at, and each fact on its own: a library that
changed, or that raises, costs its own fact and nothing else. Python 3.8 and later.
"""

# ruff: noqa: ANN001, ANN201, ANN202, F401, PLW0108, S112, UP031, UP035

import os
import sys

MYPY = False
if MYPY:
    from typing import Any, Callable

_MAX_FILES = 20000
_MAX_TEXT = 200
_WATCHED = (
    *("OMP_", "MKL_", "OPENBLAS_", "NUMEXPR_", "KMP_", "BLIS_", "VECLIB_", "CUDA_", "CUBLAS_"),
    *("CUDNN_", "NVIDIA_TF32", "TORCH_", "PYTORCH_", "TF_", "XLA_", "JAX_", "PYTHONHASHSEED"),
)
"""Beginnings of variables that libraries read when they are loaded, or later."""
_POOLS = ("blas", "mkl", "blis", "omp", "flexi")
"""What the names of libraries with threads of their own hold."""


def records(started_with, quiet):
    # type: (dict[str, str], tuple[str, ...]) -> list[bytes]
    """Returns the records of the trace; `repro.record.trace` reads them.

    Args:
        started_with: The environment variables at the start.
        quiet: Beginnings of paths that belong to the environment or the system.
    """
    loaded, foreign = _files(quiet)
    pid = str(os.getpid())
    facts = {"pid": os.getpid(), "runtime": _runtime(started_with)}
    return [
        b"m " + os.fsencode("\n".join([pid, *loaded])),
        b"f " + os.fsencode("\n".join([pid, *foreign])),
        # The last, so that whoever sees it has seen the others.
        b"x " + ascii(facts).encode("ascii"),
    ]


def _files(quiet):
    # type: (tuple[str, ...]) -> tuple[list[str], list[str]]
    """Returns the files of modules in site-packages, and of those from outside the environment."""
    loaded = []
    foreign = []
    for module in list(sys.modules.values()):
        try:
            # Not as an attribute: a module that waits to be used would be loaded by that.
            path = object.__getattribute__(module, "__dict__").get("__file__")
        except Exception:  # on purpose: a program may put anything there
            continue
        if type(path) is not str or path[:1] != "/" or "\n" in path or "\0" in path:
            continue
        if "/site-packages/" in path or "/dist-packages/" in path:
            loaded.append(path)
        elif not path.startswith(quiet):
            foreign.append(path)
    return loaded[:_MAX_FILES], foreign[:_MAX_FILES]


def _runtime(started_with):
    # type: (dict[str, str]) -> dict[str, str]
    runtime = {}  # type: dict[str, str]

    def note(name, get):
        # type: (str, Callable[[], Any]) -> None
        try:
            value = get()
        except Exception:  # on purpose: this fact is not to be had here
            return
        if value is not None:
            runtime[name] = _text(value)

    _process(note)
    for name in sorted(started_with.keys() | os.environ.keys()):
        if name.startswith(_WATCHED) and os.environ.get(name) != started_with.get(name):
            note("environ." + name, lambda: os.environ.get(name, "unset"))  # noqa: B023 - at once
    present = [(sys.modules[name], look) for name, look in _LIBRARIES if sys.modules.get(name)]
    if not present:
        return runtime
    import warnings  # whatever is present has loaded it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module, look in present:
            try:
                look(module, note)
            except Exception:  # on purpose: as above
                continue
    return runtime


def _text(value):
    # type: (object) -> str
    if value is True or value is False:
        return "true" if value else "false"
    return str(value)[:_MAX_TEXT]


def _process(note):
    # type: (Callable[[str, Callable[[], Any]], None]) -> None
    note("python.hash_randomization", lambda: bool(sys.flags.hash_randomization))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if cores != os.cpu_count():
        note("process.cores", lambda: cores)
    if sys.flags.optimize:
        note("python.optimize", lambda: sys.flags.optimize)


def _numpy(numpy, note):
    # type: (Any, Callable[[str, Callable[[], Any]], None]) -> None
    if "threadpoolctl" in sys.modules:
        return

    def blas():
        # type: () -> str
        build = numpy.__config__.CONFIG["Build Dependencies"]["blas"]
        return "%s %s" % (build["name"], build["version"])

    note("blas.library", blas)


def _threadpoolctl(threadpoolctl, note):
    # type: (Any, Callable[[str, Callable[[], Any]], None]) -> None
    class Controller(threadpoolctl.ThreadpoolController):  # type: ignore[misc]
        """One that looks at what the kernel lists, and there at the few that can be meant.

        By itself it resolves the path of each library, for longer than all else here takes; older
        ones call into the dynamic linker, which may wait for another thread of the program.
        """

        def _load_libraries(self):
            # type: () -> None
            with open("/proc/self/maps", "rb") as stream:
                files = {line.partition("/")[2] for line in os.fsdecode(stream.read()).splitlines()}
            for file in sorted(files):
                name = file.rpartition("/")[2].lower()
                if ".so" in name and any(part in name for part in _POOLS):
                    self._make_controller_from_path("/" + file)

    count = {}  # type: dict[str, int]
    # They come in the order in which they were loaded, which is another each time.
    for pool in sorted(Controller().info(), key=lambda p: str(p.get("filepath"))):
        api = pool.get("user_api") or "pool"
        kind = "%s.%d." % (api, count.setdefault(api, 0))
        count[api] += 1
        note(kind + "library", lambda: pool["internal_api"])  # noqa: B023 - called at once
        note(kind + "version", lambda: pool["version"])  # noqa: B023
        note(kind + "threads", lambda: pool["num_threads"])  # noqa: B023
        note(kind + "architecture", lambda: pool.get("architecture"))  # noqa: B023


def _torch(torch, note):
    # type: (Any, Callable[[str, Callable[[], Any]], None]) -> None
    note("torch.deterministic_algorithms", torch.are_deterministic_algorithms_enabled)
    note("torch.deterministic_warn_only", torch.is_deterministic_algorithms_warn_only_enabled)
    note("torch.float32_matmul_precision", torch.get_float32_matmul_precision)
    note("torch.num_threads", torch.get_num_threads)
    note("torch.num_interop_threads", torch.get_num_interop_threads)
    note("torch.initial_seed", torch.initial_seed)
    note("torch.default_dtype", torch.get_default_dtype)
    note("torch.git_version", lambda: torch.version.git_version)
    note("torch.cuda", lambda: torch.version.cuda)
    note("torch.cpu_capability", lambda: torch.backends.cpu.get_cpu_capability())
    note("torch.cudnn.deterministic", lambda: torch.backends.cudnn.deterministic)
    note("torch.cudnn.benchmark", lambda: torch.backends.cudnn.benchmark)
    if torch.cuda.is_initialized():
        note("torch.cudnn.version", torch.backends.cudnn.version)
        note("torch.cuda.allow_tf32", lambda: torch.backends.cuda.matmul.allow_tf32)
        for number in range(torch.cuda.device_count()):
            place = "torch.cuda.%d." % number
            note(place + "name", lambda: torch.cuda.get_device_name(number))  # noqa: B023
            note(place + "capability", lambda: torch.cuda.get_device_capability(number))  # noqa: B023


def _tensorflow(tensorflow, note):
    # type: (Any, Callable[[str, Callable[[], Any]], None]) -> None
    config = tensorflow.config
    note("tensorflow.version", lambda: tensorflow.__version__)
    note(
        "tensorflow.op_determinism",
        lambda: sys.modules["tensorflow.python.framework.config"].is_op_determinism_enabled(),
    )
    note("tensorflow.threads", config.threading.get_intra_op_parallelism_threads)
    note("tensorflow.interop_threads", config.threading.get_inter_op_parallelism_threads)


def _jax(jax, note):
    # type: (Any, Callable[[str, Callable[[], Any]], None]) -> None
    note("jax.enable_x64", lambda: jax.config.jax_enable_x64)
    note("jax.matmul_precision", lambda: jax.config.jax_default_matmul_precision)
    note("jax.threefry_partitionable", lambda: jax.config.jax_threefry_partitionable)


_LIBRARIES = (
    ("numpy", _numpy),
    ("threadpoolctl", _threadpoolctl),
    ("torch", _torch),
    ("tensorflow", _tensorflow),
    ("jax", _jax),
)
