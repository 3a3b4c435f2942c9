"""What is known of remotes: which runs and data they had when they were last asked.

A derived note, one file a remote below ``<state>/remotes/``; asking again makes it anew.
"""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from repro.git.repository import GitError, Repository
from repro.model.escape import escape_name
from repro.model.ids import Oid, RefName, RunId, is_run_id
from repro.store.folded import read_folded_runs

__all__ = ["Shared", "forget_shared", "note_shared", "read_note", "read_shared", "shared_with"]


class Shared(NamedTuple):
    """What one remote had.

    Attributes:
        remote: Its name.
        runs: The runs on it; in a note, those that its archives list need not be among them.
        archives: Its archives: refs and their commits, which are here too.
        data: The object hashes that its DVC remotes had, by name of the DVC remote.
        logs: Logs on it, as far as they were asked for.
    """

    remote: str
    runs: frozenset[RunId] = frozenset()
    archives: Mapping[RefName, Oid] = {}
    data: Mapping[str, frozenset[str]] = {}
    logs: Mapping[RefName, Oid] = {}


def read_note(repo: Repository, remote: str) -> Shared:
    """Returns the note of a remote as it stands, without the runs that its archives list.

    It is empty where the remote was never asked, or the note is gone.
    """
    return _read(_path(repo, remote)) or Shared(remote)


def read_shared(repo: Repository, remote: str) -> Shared:
    """Returns what is known of a remote, folded runs among them."""
    return _with_folded(repo, read_note(repo, remote))


def shared_with(repo: Repository) -> list[Shared]:
    """Returns what is known of every remote, folded runs among them."""
    directory = f"{repo.state_dir}/remotes"
    try:
        names = sorted(name for name in os.listdir(directory) if name.endswith(".json"))
    except FileNotFoundError:
        return []
    found = (_read(f"{directory}/{name}") for name in names)
    return [_with_folded(repo, shared) for shared in found if shared is not None]


def _with_folded(repo: Repository, shared: Shared) -> Shared:
    folded: set[RunId] = set()
    for row in shared.archives.items():
        with suppress(GitError):  # an archive that is not here any more tells nothing
            folded.update(run.id for run in read_folded_runs(repo, [row]))
    return shared._replace(runs=shared.runs | folded) if folded else shared


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
        "archives": dict(sorted(shared.archives.items())),
        "data": {name: sorted(hashes) for name, hashes in sorted(shared.data.items())},
        "logs": dict(sorted(shared.logs.items())),
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
        archives, logs = (
            {RefName(str(k)): Oid(str(v)) for k, v in fields.get(name, {}).items()}
            for name in ("archives", "logs")
        )
        return Shared(str(fields["remote"]), runs, archives, data, logs)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None  # as good as never asked


def _texts(values: Iterable[object]) -> frozenset[str]:
    return frozenset(str(value) for value in values)
