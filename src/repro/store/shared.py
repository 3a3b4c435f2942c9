"""What is known of remotes: which runs and data they had when they were last asked.

A derived note, one file a remote below ``<state>/remotes/``; asking again makes it anew.
"""

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from repro.git.repository import Repository
from repro.model.escape import escape_name
from repro.model.ids import RunId, is_run_id

__all__ = ["Shared", "forget_shared", "note_shared", "read_shared", "shared_with"]


class Shared(NamedTuple):
    """What one remote had.

    Attributes:
        remote: Its name.
        runs: The runs on it, folded ones too.
        data: The object hashes that its DVC remotes had, by name of the DVC remote.
    """

    remote: str
    runs: frozenset[RunId] = frozenset()
    data: Mapping[str, frozenset[str]] = {}


def read_shared(repo: Repository, remote: str) -> Shared:
    """Returns what is known of a remote: nothing, where it was never asked or the note is gone."""
    return _read(_path(repo, remote)) or Shared(remote)


def shared_with(repo: Repository) -> list[Shared]:
    """Returns what is known of every remote."""
    directory = f"{repo.state_dir}/remotes"
    try:
        names = sorted(name for name in os.listdir(directory) if name.endswith(".json"))
    except FileNotFoundError:
        return []
    found = (_read(f"{directory}/{name}") for name in names)
    return [shared for shared in found if shared is not None]


def note_shared(repo: Repository, shared: Shared) -> None:
    """Writes down what a remote has, in place of what was known of it.

    Raises:
        OSError: It cannot be written.
    """
    path = _path(repo, shared.remote)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    fields = {
        "remote": shared.remote,
        "runs": sorted(shared.runs),
        "data": {name: sorted(hashes) for name, hashes in sorted(shared.data.items())},
    }
    temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        with open(temporary, "x", encoding="utf-8") as file:
            json.dump(fields, file)
        os.replace(temporary, path)
    except OSError:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise


def forget_shared(repo: Repository, remote: str) -> None:
    """Forgets what is known of a remote."""
    if os.path.lexists(_path(repo, remote)):
        os.unlink(_path(repo, remote))


def _path(repo: Repository, remote: str) -> str:
    return f"{repo.state_dir}/remotes/{escape_name(remote).replace('/', '%2F')}.json"


def _read(path: str) -> Shared | None:
    try:
        with open(path, encoding="utf-8") as file:
            fields: Any = json.load(file)
        data = {str(name): _texts(hashes) for name, hashes in fields["data"].items()}
        runs = frozenset(RunId(run) for run in _texts(fields["runs"]) if is_run_id(run))
        return Shared(str(fields["remote"]), runs, data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None  # as good as never asked


def _texts(values: Iterable[object]) -> frozenset[str]:
    return frozenset(str(value) for value in values)
