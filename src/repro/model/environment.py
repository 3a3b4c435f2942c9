"""The environment of a run: what was observed while it ran."""

from typing import NamedTuple, TypeAlias

__all__ = [
    "Environment",
    "Hardware",
    "Interpreter",
    "LockFile",
    "Origin",
    "Package",
    "Platform",
    "is_recorder",
]

Origin: TypeAlias = dict[str, str]
"""Where a package came from when not from an index: PEP 610's ``url`` and, where they apply,
``commit``, ``sha256``, ``editable`` ("true"), ``subdirectory``. A directory outside of the working
tree that belongs to a git repository also has the state of that: ``head`` (the commit checked out),
``dirty`` ("true") and ``remote`` (URL of its remote, without credentials)."""


class Interpreter(NamedTuple):
    """The Python that ran the command.

    Attributes:
        implementation: As ``sys.implementation.name``: "cpython".
        version: As "3.11.7".
        build: The whole of ``sys.version``, compiler included.
        executable: Path as the command saw it.
        prefix: ``sys.prefix``: the virtual environment, or the same as `base_prefix`.
        base_prefix: ``sys.base_prefix``: the installation.
        path: ``sys.path`` at start-up, in order; where packages are looked for.
        digest: SHA-256 in hex of its binary, and of libpython where it has one of its own; None
            when it could not be read.
    """

    implementation: str
    version: str
    build: str
    executable: str
    prefix: str
    base_prefix: str
    path: tuple[str, ...] = ()
    digest: str | None = None


class Package(NamedTuple):
    """One installed distribution.

    Attributes:
        name: As its metadata spells it.
        version: PEP 440 text.
        record: SHA-256 in hex over the sorted ``path,hash`` rows of its RECORD that do not depend
            on the installer; None where it has no RECORD, or is editable.
        installer: Content of INSTALLER ("pip", "uv"), None where absent.
        origin: Direct origin, None when it came from an index.
    """

    name: str
    version: str
    record: str | None = None
    installer: str | None = None
    origin: Origin | None = None


def is_recorder(package: Package) -> bool:
    """Tells whether a package is repro itself: it looks on, and no result depends on it.

    Installed from a directory of its own, as its developers do, it makes no run irreproducible.
    """
    return package.name.replace("_", "-").lower() == "repro-git"


class Platform(NamedTuple):
    """The operating system.

    Attributes:
        system: "Linux", "Darwin".
        release: Kernel release.
        machine: "x86_64", "aarch64".
        libc: As "glibc 2.36", "" when not known.
        distribution: PRETTY_NAME of os-release, "" when not known.
        container: What is known of the container, as "docker" or "podman, image=... id=...";
            "" outside of one.
    """

    system: str
    release: str
    machine: str
    libc: str = ""
    distribution: str = ""
    container: str = ""


class Hardware(NamedTuple):
    """What it ran on. Recorded and shown, not part of the environment's digest.

    Attributes:
        cpu: Model name, "" when not known.
        n_cores: Cores that the process may use.
        memory_bytes: Physical memory, 0 when not known.
        gpus: Names of the GPUs seen.
        gpu_driver: Version of the driver, None without one.
        cpu_flags: What the CPU can do, sorted, one space between: "avx avx2 ...".
        cuda: Newest CUDA that the driver runs, as "12.4"; None without one.
        gpu_memory_bytes: Of each of `gpus`; empty when not known.
    """

    cpu: str
    n_cores: int
    memory_bytes: int
    gpus: tuple[str, ...] = ()
    gpu_driver: str | None = None
    cpu_flags: str = ""
    cuda: str | None = None
    gpu_memory_bytes: tuple[int, ...] = ()


class LockFile(NamedTuple):
    """A file of the project that says what its environment should be.

    Attributes:
        path: Relative to the top of the working tree.
        drift: How what was installed differs, one text each: "flask: 3.1.0 there, 3.1.3
            installed"; empty when it does not.
    """

    path: str
    drift: tuple[str, ...] = ()


class Environment(NamedTuple):
    """Everything observed.

    Attributes:
        platform: The operating system.
        hardware: The machine.
        interpreter: None when the command started no Python that could be seen.
        packages: Sorted by normalised name.
        variables: Chosen environment variables that change results, with their values.
        other_interpreters: Executables of further Pythons that the command started.
        variable_names: Names of all other variables it was started with, sorted; no values.
        indexes: Package indexes and ``--find-links`` places that uv and pip were set up with,
            without credentials.
        lock_files: Lock files and requirements of the project, sorted by path.
        runtime: What the process said of itself at its end, by name: threads and kernels of BLAS,
            determinism flags of the frameworks it had loaded.
        modules: Files of modules loaded from outside of environment, repository and standard
            library, sorted.
    """

    platform: Platform
    hardware: Hardware
    interpreter: Interpreter | None = None
    packages: tuple[Package, ...] = ()
    variables: dict[str, str] = {}
    other_interpreters: tuple[str, ...] = ()
    variable_names: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    lock_files: tuple[LockFile, ...] = ()
    runtime: dict[str, str] = {}
    modules: tuple[str, ...] = ()
