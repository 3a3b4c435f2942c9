"""The directory of rebuilt environments: shared by runs, built by one process at a time."""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from repro.model.run import Record
from repro.rebuild.differences import Difference

__all__ = [
    "EnvironmentInUseError",
    "Kept",
    "Marker",
    "environment_key",
    "has_packages_from_tree",
    "hold",
    "kept_environments",
    "read_marker",
    "remove_environment",
    "write_marker",
]

MARKER = "repro-environment.json"
_LOCK = ".lock"


class EnvironmentInUseError(Exception):
    """An environment that cannot be removed now, since a process builds or uses it."""


class Marker(NamedTuple):
    """What is written into an environment when it is finished; without it there is none.

    Attributes:
        n_packages: Packages with a recorded digest.
        n_identical: Those that are byte for byte what was recorded.
        differences: What is not as it was recorded.
        from_tree: Packages that were installed from the working tree.
    """

    n_packages: int
    n_identical: int
    differences: tuple[Difference, ...] = ()
    from_tree: tuple[str, ...] = ()


class Kept(NamedTuple):
    """An environment that lies there.

    Attributes:
        path: Its directory.
        key: Its name.
        is_finished: Whether it was built to the end.
        used_at_ns: When it was last built, checked or used, nanoseconds since the epoch.
    """

    path: str
    key: str
    is_finished: bool
    used_at_ns: int


def has_packages_from_tree(record: Record) -> bool:
    """Tells whether packages of the run were installed from its working tree."""
    packages = record.environment.packages if record.environment else ()
    return any((package.origin or {}).get("url", "").startswith("./") for package in packages)


def environment_key(record: Record, top: str | None, *, deviation: str = "") -> str:
    """Returns the name of a run's environment: equal for runs that had the same one.

    Args:
        record: The run's.
        top: The working tree; it counts where packages come from there, for they are bound to it.
        deviation: What the user accepted in place of the exact environment.
    """
    place = top or "" if has_packages_from_tree(record) else ""
    head = (record.run.pillars.environment, place, deviation)
    state = hashlib.sha256("\0".join(head).encode("utf-8", "surrogateescape"))
    for content in (record.lock, record.conda):
        state.update(b"\0" + hashlib.sha256(content or b"").digest())
    return state.hexdigest()[:20]


@contextmanager
def hold(home: str, key: str, *, is_shared: bool = False) -> Iterator[None]:
    """Keeps an environment from being built or removed by others; waits for them first.

    Args:
        home: The directory of environments; made when needed.
        key: The environment.
        is_shared: Whether others may use it at the same time, but not build or remove it.
    """
    os.makedirs(home, exist_ok=True)
    fd = os.open(f"{home}/{key}{_LOCK}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def read_marker(prefix: str) -> Marker | None:
    """Returns what a finished environment says of itself, and notes that it is used; else None."""
    try:
        with open(f"{prefix}/{MARKER}", "rb") as file:
            value = json.loads(file.read())
        marker = Marker(
            n_packages=value["n_packages"],
            n_identical=value["n_identical"],
            differences=tuple(Difference(*row) for row in value["differences"]),
            from_tree=tuple(value["from_tree"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    with suppress(OSError):  # a read-only place: only `repro gc` asks
        os.utime(f"{prefix}/{MARKER}.used", None)
    return marker


def write_marker(prefix: str, marker: Marker) -> None:
    """Declares an environment finished; the last thing that a build does."""
    temporary = f"{prefix}/{MARKER}.new"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(marker._asdict(), file)
        file.flush()
        os.fsync(file.fileno())
    with open(f"{prefix}/{MARKER}.used", "wb"):
        pass
    os.replace(temporary, f"{prefix}/{MARKER}")


def kept_environments(home: str) -> tuple[Kept, ...]:
    """Returns the environments in a directory, the longest unused first."""
    try:
        names = os.listdir(home)
    except FileNotFoundError:
        return ()
    found = [_look(f"{home}/{name}", name) for name in names if not name.endswith(_LOCK)]
    return tuple(sorted(found, key=lambda kept: kept.used_at_ns))


def _look(path: str, key: str) -> Kept:
    is_finished = os.path.isfile(f"{path}/{MARKER}")
    witness = f"{path}/{MARKER}.used" if is_finished else path
    try:
        used_at_ns = os.stat(witness).st_mtime_ns
    except FileNotFoundError:
        used_at_ns = os.stat(path).st_mtime_ns
    return Kept(path, key, is_finished, used_at_ns)


def remove_environment(home: str, key: str) -> None:
    """Removes an environment.

    Raises:
        EnvironmentInUseError: A process builds or uses it.
    """
    import shutil

    lock = f"{home}/{key}{_LOCK}"
    fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise EnvironmentInUseError(key) from error
        # The marker first: what is left when this is cut short is no environment.
        with suppress(FileNotFoundError):
            os.unlink(f"{home}/{key}/{MARKER}")
        shutil.rmtree(f"{home}/{key}", ignore_errors=False)
        os.unlink(lock)
    finally:
        os.close(fd)
