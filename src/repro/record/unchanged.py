"""Knows at a glance that a workspace is still what it was when it was last recorded.

A hook meets this most of the time, so next to nothing is imported for it, and git is asked for no
more than its status: HEAD, the status, and the stat of every file that the status lists or that the
record depends on from outside it, say whether anything can have changed.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from repro.git.repository import Repository
from repro.git.screen import is_settled
from repro.git.snapshot import parse_status
from repro.model.ids import RunId, is_run_id

__all__ = ["note_recorded", "recorded_unchanged"]

_SEPARATOR = "\0"
_VOLATILE = frozenset({"_", "SHLVL", "PWD", "OLDPWD", "COLUMNS", "LINES", "WINDOWID", "TERM"})


def note_recorded(
    repo: Repository,
    run_id: RunId,
    *,
    status: bytes,
    witnesses: Iterable[str],
    env: Mapping[str, str],
    now_ns: int | None = None,
) -> None:
    """Notes the state under which a workspace was recorded; failing to is no loss.

    Args:
        repo: The repository.
        run_id: The run it is recorded as.
        status: Output of ``git status`` from before it was recorded.
        witnesses: Absolute paths of files outside the snapshot on which the record depends.
        env: Environment variables.
        now_ns: The time, nanoseconds since the epoch; None for the clock's.
    """
    now_ns = time.time_ns() if now_ns is None else now_ns
    fields = [run_id, _state_of_all(repo, status, env)]
    for path in (*_listed(repo, status), *witnesses):
        state = _state_of(path)
        if state is None:
            fields += [path, ""]
        elif not is_settled(state, now_ns):
            return
        else:
            fields += [path, _text_of(state)]
    content = os.fsencode(_SEPARATOR.join(fields))
    with suppress(OSError):
        os.makedirs(f"{repo.state_dir}/unchanged", exist_ok=True)
        temporary = f"{_path(repo)}.{os.getpid()}"
        with open(temporary, "wb") as file:
            file.write(content)
        os.replace(temporary, _path(repo))


def recorded_unchanged(
    repo: Repository, *, status: Callable[[], bytes | None], env: Mapping[str, str]
) -> RunId | None:
    """Returns the run that the workspace is recorded as, None when something may have changed.

    Args:
        repo: The repository.
        status: Waits for the output of ``git status``; asked only when all else is unchanged.
        env: Environment variables.
    """
    try:
        with open(_path(repo), "rb") as file:
            run_id, noted, *rest = os.fsdecode(file.read()).split(_SEPARATOR)
    except (OSError, ValueError):
        return None
    for path, text in zip(rest[::2], rest[1::2], strict=False):
        state = _state_of(path)
        if text != ("" if state is None else _text_of(state)):
            return None
    listed = status()
    if listed is None or noted != _state_of_all(repo, listed, env) or not is_run_id(run_id):
        return None
    return RunId(run_id)


def _path(repo: Repository) -> str:
    name = hashlib.sha256(os.fsencode(f"{repo.top}\0{repo.prefix}")).hexdigest()[:16]
    return f"{repo.state_dir}/unchanged/{name}"


def _state_of_all(repo: Repository, status: bytes, env: Mapping[str, str]) -> str:
    # All variables, not only those that a record keeps: a shell where nothing was exported since.
    names = sorted(name for name in env if name not in _VOLATILE)
    text = "\0".join(f"{name}={env[name]}" for name in names)
    digest = hashlib.sha256(os.fsencode(f"{repo.head}\0{text}\0"))
    digest.update(status)
    return digest.hexdigest()


def _listed(repo: Repository, status: bytes) -> list[str]:
    return [f"{repo.top}/{row.path}" for row in parse_status(status)]


def _state_of(path: str) -> os.stat_result | None:
    try:
        return os.stat(path, follow_symlinks=not os.path.islink(path))
    except OSError:
        return None


def _text_of(state: os.stat_result) -> str:
    return f"{state.st_mode} {state.st_ino} {state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}"
