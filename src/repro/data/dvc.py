"""DVC itself, for what only it can do: talk to remotes. Nobody else imports it.

What is used (``dvc.config.Config``, ``dvc.fs.get_cloud_fs``) is not public but has been stable
since DVC 3.0; it reads credentials as the user's ``dvc pull`` does. The library sends no analytics
(only the command line does). Downloads are hashed, so a remote's word is never taken for its bytes.
"""

import os
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from repro.data.dvc_config import cache_roots, projects_of
from repro.data.hashing import hash_open_file
from repro.data.manifest import DIR_SUFFIX, ManifestError, parse_manifest
from repro.data.store import ObjectStore, WrongHashError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

__all__ = ["Fetched", "cache_roots", "fetch"]

_JOBS = 8
_LAYOUTS = (("files", "md5"), ())
"""Where DVC 3 and DVC 2 keep objects below a remote's path."""


class Fetched(NamedTuple):
    """What came from the remotes.

    Attributes:
        hashes: The objects that are in the store now, of those asked for and of their files.
        failed: Why, for each object that no remote gave.
        remotes: Names of the remotes that were asked.
    """

    hashes: tuple[str, ...]
    failed: dict[str, str]
    remotes: tuple[str, ...]


class _FileSystem(Protocol):
    def get_file(self, from_info: str, to_info: str) -> object: ...
    def join(self, *parts: str) -> str: ...


class _Remote(NamedTuple):
    name: str
    fs: _FileSystem
    path: str


def fetch(
    top: str, hashes: Iterable[str], store: ObjectStore, *, inside: Iterable[str] = ()
) -> Fetched:
    """Brings objects from the DVC remotes into the store: the default remote first, then the rest.

    For a directory the manifest is read first, then come the files it lists that the store lacks;
    the manifest is stored when all of them are there.

    Args:
        top: The top of the working tree.
        hashes: Objects that the store lacks, or lacks in part.
        store: Where they go.
        inside: Paths in nested DVC projects, relative to the top.

    Raises:
        OSError: The store cannot be written.
    """
    # ThreadPoolExecutor hands over what a file system raises: each kind has its own exceptions.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_JOBS) as pool:
        fetching = _Fetching(store, pool)
        fetching.open_remotes(projects_of(top, inside))
        fetching.bring(dict.fromkeys(hashes))
    store.cache.flush()
    names = tuple(dict.fromkeys(remote.name for remote in fetching.remotes))
    return Fetched(tuple(fetching.fetched), fetching.failed, names)


class _Fetching:
    """Objects on their way from remotes."""

    def __init__(self, store: ObjectStore, pool: "ThreadPoolExecutor") -> None:
        self.store = store
        self.pool = pool
        self.remotes: list[_Remote] = []
        self.fetched: dict[str, None] = {}
        self.failed: dict[str, str] = {}
        self._unusable: list[str] = []

    def open_remotes(self, projects: Iterable[str]) -> None:
        for project in projects:
            names = self.pool.submit(_remote_names, project)
            error = names.exception()
            if error is not None:
                self._unusable.append(f"{project}/.dvc/config: {_reason(error)}")
                continue
            for name in names.result():
                opened = self.pool.submit(_open_remote, project, name)
                error = opened.exception()
                if error is None:
                    self.remotes.append(opened.result())
                else:
                    self._unusable.append(f"{name}: {_reason(error)}")

    def bring(self, hashes: Collection[str]) -> None:
        directories = [value for value in hashes if value.endswith(DIR_SUFFIX)]
        manifests = self._manifests(directories)
        files = [value for value in hashes if not value.endswith(DIR_SUFFIX)]
        for _, listed in manifests.values():
            files += listed.values()
        self._bring_files(self.store.unsound(self.store.states_of(files)))
        for value, (content, listed) in manifests.items():
            lacking = [x for x in listed.values() if x in self.failed]
            if lacking:
                self.failed[value] = f"{len(lacking)} of its {len(listed)} files are missing"
            else:
                self.store.add_bytes(content, suffix=DIR_SUFFIX)
                self.fetched[value] = None

    def _manifests(self, hashes: Sequence[str]) -> dict[str, tuple[bytes, dict[str, str]]]:
        lacking = self.store.unsound(self.store.states_of(hashes))
        downloaded = dict(zip(lacking, self._download(lacking), strict=True))
        manifests = {}
        for value in hashes:
            temporary = downloaded.get(value, self.store.path_of(value))
            if temporary is None:
                continue
            with open(temporary, "rb") as file:
                content = file.read()
            if value in downloaded:
                os.unlink(temporary)
            try:
                manifests[value] = (content, parse_manifest(content))
            except ManifestError as error:
                self.failed[value] = error.message
        return manifests

    def _bring_files(self, hashes: Sequence[str]) -> None:
        for value, temporary in zip(hashes, self._download(hashes), strict=True):
            if temporary is not None:
                self.store.take_file(temporary, hash=value)
                self.fetched[value] = None

    def _download(self, hashes: Sequence[str]) -> list[str | None]:
        """Returns a new file with the right bytes for each object, None where no remote has it."""
        found: dict[str, str] = {}
        reasons: dict[str, list[str]] = {value: [] for value in hashes}
        for remote in self.remotes:
            for layout in _LAYOUTS:
                wanted = [value for value in hashes if value not in found]
                tries = [
                    (value, self.pool.submit(_try, remote, layout, value, self.store))
                    for value in wanted
                ]
                for value, attempt in tries:
                    error = attempt.exception()
                    if error is None:
                        found[value] = attempt.result()
                    elif not isinstance(error, FileNotFoundError):
                        reasons[value].append(f"{remote.name}: {_reason(error)}")
        for value in hashes:
            if value not in found:
                self.failed[value] = self._why(reasons[value])
        return [found.get(value) for value in hashes]

    def _why(self, reasons: Sequence[str]) -> str:
        if not self.remotes and not self._unusable:
            return "no DVC remote is configured"
        names = ", ".join(dict.fromkeys(remote.name for remote in self.remotes))
        return "; ".join(dict.fromkeys([*reasons, *self._unusable])) or f"not in {names}"


def _remote_names(project: str) -> list[str]:
    """Returns the names of a project's remotes, the default one first."""
    from dvc.config import Config

    config = Config(f"{project}/.dvc")
    default = config["core"].get("remote")
    names: list[str] = list(config["remote"])
    return sorted(names, key=lambda name: name != default)


def _open_remote(project: str, name: str) -> _Remote:
    from dvc.config import Config
    from dvc.fs import get_cloud_fs

    cls, settings, path = get_cloud_fs(Config(f"{project}/.dvc"), name=name)
    return _Remote(name, cls(**settings), path)


def _try(remote: _Remote, layout: tuple[str, ...], value: str, store: ObjectStore) -> str:
    """Downloads one object beside its place in the store; what comes out wrong is removed."""
    temporary = store.incoming(value)
    is_right = False
    try:
        remote.fs.get_file(remote.fs.join(remote.path, *layout, value[:2], value[2:]), temporary)
        with open(temporary, "rb") as file:
            found, _ = hash_open_file(file.fileno(), temporary)
        if found != value[:32]:
            raise WrongHashError(temporary, hash=value, found=found)
        is_right = True
    finally:
        if not is_right and os.path.lexists(temporary):
            os.unlink(temporary)
    return temporary


def _reason(error: BaseException) -> str:
    if isinstance(error, WrongHashError):
        return "what it holds is damaged"
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
