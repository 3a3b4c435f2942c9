"""Knows at a glance that a workspace is still what it was when it was last recorded.

A hook meets this most of the time, so nothing is imported for it but what asks git: the tree of the
snapshot, and the stat of every file outside it that the record depends on, say whether anything can
have changed.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress

from repro.git.repository import Repository
from repro.model.ids import Oid, RunId, is_run_id

__all__ = ["note_recorded", "recorded_unchanged"]

_SEPARATOR = "\0"


def note_recorded(
    repo: Repository, tree: Oid, run_id: RunId, witnesses: Iterable[str], env: Mapping[str, str]
) -> None:
    """Notes the state under which a workspace was recorded; failing to is no loss.

    Args:
        repo: The repository.
        tree: The snapshot.
        run_id: The run it is recorded as.
        witnesses: Absolute paths of files outside the snapshot on which the record depends.
        env: Environment variables.
    """
    fields = [run_id, tree, _digest_of(env)]
    for path in witnesses:
        fields += [path, _state_of(path)]
    content = os.fsencode(_SEPARATOR.join(fields))
    with suppress(OSError):
        os.makedirs(f"{repo.state_dir}/unchanged", exist_ok=True)
        temporary = f"{_path(repo)}.{os.getpid()}"
        with open(temporary, "wb") as file:
            file.write(content)
        os.replace(temporary, _path(repo))


def recorded_unchanged(repo: Repository, tree: Oid, env: Mapping[str, str]) -> RunId | None:
    """Returns the run that the workspace is recorded as, None when something may have changed."""
    try:
        with open(_path(repo), "rb") as file:
            run_id, noted_tree, noted_env, *rest = os.fsdecode(file.read()).split(_SEPARATOR)
    except (OSError, ValueError):
        return None
    if noted_tree != tree or noted_env != _digest_of(env) or not is_run_id(run_id):
        return None
    pairs = zip(rest[::2], rest[1::2], strict=False)
    return RunId(run_id) if all(_state_of(path) == state for path, state in pairs) else None


def _path(repo: Repository) -> str:
    name = hashlib.sha256(os.fsencode(f"{repo.top}\0{repo.prefix}")).hexdigest()[:16]
    return f"{repo.state_dir}/unchanged/{name}"


def _state_of(path: str) -> str:
    try:
        stat = os.stat(path)
    except OSError:
        return "absent"
    return f"{stat.st_ino} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}"


def _digest_of(env: Mapping[str, str]) -> str:
    # All of them, not only those that a record keeps: a shell where nothing was exported since.
    text = "\0".join(f"{name}={env[name]}" for name in sorted(env) if name not in _VOLATILE)
    return hashlib.sha256(os.fsencode(text)).hexdigest()


_VOLATILE = frozenset({"_", "SHLVL", "PWD", "OLDPWD", "COLUMNS", "LINES", "WINDOWID", "TERM"})
