"""The directory of rebuilt environments: shared by runs, built by one process at a time."""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from repro.errors import ReproError
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
    "note_use",
    "read_marker",
    "remove_environment",
    "write_marker",
]

MARKER = "repro-environment.json"
_LOCK = ".lock"


class EnvironmentInUseError(ReproError):
    """An environment that cannot be removed now, since a process builds or uses it."""


class Marker(NamedTuple):
    """What is written into an environment when it is finished; without it there is none.

    Attributes:
        n_packages: Packages with a recorded digest.
        n_identical: Those that are byte for byte what was recorded.
        differences: What is not as it was recorded.
        from_tree: Packages that were installed from the working tree.
        key: Its name.
        python: Version of its interpreter.
        is_refused: Whether it has differences that nobody accepted: it is there to be looked at,
            and made anew when it is wanted again.
        environment: Digest of the environment pillar of the runs that it is for.
        top: The working tree that its packages come from, "" where none does.
    """

    n_packages: int
    n_identical: int
    differences: tuple[Difference, ...] = ()
    from_tree: tuple[str, ...] = ()
    key: str = ""
    python: str = ""
    is_refused: bool = False
    environment: str = ""
    top: str = ""


class Kept(NamedTuple):
    """An environment that lies there.

    Attributes:
        path: Its directory.
        key: Its name.
        is_finished: Whether it was built to the end, and is what was asked for.
        used_at_ns: When it was last built, checked or used, nanoseconds since the epoch.
        python_version: Of its interpreter, "" when it is not finished.
        environment: Digest of the environment pillar of the runs that it is for, "" likewise.
        top: The working tree that its packages come from, "" where none does.
    """

    path: str
    key: str
    is_finished: bool
    used_at_ns: int
    python_version: str = ""
    environment: str = ""
    top: str = ""


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
def hold(
    home: str, key: str, *, is_shared: bool = False, on_wait: Callable[[], None] | None = None
) -> Iterator[None]:
    """Keeps an environment from being built or removed by others; waits for them first.

    Args:
        home: The directory of environments; made when needed.
        key: The environment.
        is_shared: Whether others may use it at the same time, but not build or remove it.
        on_wait: Called when another process has it, before it is waited for.
    """
    os.makedirs(home, exist_ok=True)
    how = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
    fd = _open_lock(home, key)
    try:
        while True:
            try:
                fcntl.flock(fd, how | fcntl.LOCK_NB)
            except BlockingIOError:
                if on_wait is not None:
                    on_wait()
                fcntl.flock(fd, how)
            if _is_lock(fd, f"{home}/{key}{_LOCK}"):
                break
            # Who had it removed the environment, and the lock with it.
            os.close(fd)
            fd = _open_lock(home, key)
        yield
    finally:
        os.close(fd)


def _open_lock(home: str, key: str) -> int:
    return os.open(f"{home}/{key}{_LOCK}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _is_lock(fd: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except FileNotFoundError:
        return False


def read_marker(prefix: str) -> Marker | None:
    """Returns what a finished environment says of itself, None where there is none."""
    try:
        with open(f"{prefix}/{MARKER}", "rb") as file:
            value = json.loads(file.read())
        return Marker(
            n_packages=int(value["n_packages"]),
            n_identical=int(value["n_identical"]),
            differences=tuple(Difference(*row) for row in value["differences"]),
            from_tree=tuple(value["from_tree"]),
            key=str(value["key"]),
            python=str(value["python"]),
            is_refused=value["is_refused"] is not False,
            environment=str(value.get("environment", "")),
            top=str(value.get("top", "")),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def note_use(prefix: str) -> None:
    """Notes that an environment is used now, for `kept_environments`."""
    with suppress(OSError), open(f"{prefix}/{MARKER}.used", "wb"):  # a read-only place
        os.utime(f"{prefix}/{MARKER}.used", None)


def write_marker(prefix: str, marker: Marker) -> None:
    """Declares an environment finished; the last thing that a build does."""
    temporary = f"{prefix}/{MARKER}.new"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(marker._asdict(), file)
        file.flush()
        os.fsync(file.fileno())
    note_use(prefix)
    os.replace(temporary, f"{prefix}/{MARKER}")
    fd = os.open(prefix, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def kept_environments(home: str) -> tuple[Kept, ...]:
    """Returns the environments in a directory, the longest unused first."""
    try:
        names = os.listdir(home)
    except FileNotFoundError:
        return ()
    found = [_look(f"{home}/{name}", name) for name in names if os.path.isdir(f"{home}/{name}")]
    return tuple(sorted(found, key=lambda kept: kept.used_at_ns))


def _look(path: str, key: str) -> Kept:
    marker = read_marker(path)
    is_finished = marker is not None and not marker.is_refused
    try:
        used_at_ns = os.stat(f"{path}/{MARKER}.used").st_mtime_ns
    except FileNotFoundError:  # being built, or left so
        used_at_ns = os.stat(path).st_mtime_ns
    about = (marker.python, marker.environment, marker.top) if marker else ()
    return Kept(path, key, is_finished, used_at_ns, *about)


def remove_environment(home: str, key: str) -> None:
    """Removes an environment, if it is there.

    Raises:
        EnvironmentInUseError: A process builds or uses it.
    """
    import shutil

    if not os.path.isdir(f"{home}/{key}"):
        return
    fd = _open_lock(home, key)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise EnvironmentInUseError(
                f"environment {key} is in use", hint="repro gc, once nothing uses it"
            ) from error
        # The marker first: what is left when this is cut short is no environment.
        with suppress(FileNotFoundError):
            os.unlink(f"{home}/{key}/{MARKER}")
        with suppress(FileNotFoundError):  # another was quicker
            shutil.rmtree(f"{home}/{key}")
            os.unlink(f"{home}/{key}{_LOCK}")
    finally:
        os.close(fd)
