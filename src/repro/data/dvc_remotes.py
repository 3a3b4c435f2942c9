"""A repository's DVC remotes: opens them, sends objects to one, and tells which has what.

What is used of DVC (``dvc.config.Config``, ``dvc.fs.get_cloud_fs``) is not public but has been
stable since DVC 3.0; it reads credentials as the user's ``dvc push`` does. The library sends no
analytics (only the command line does). DVC's own index of a remote is never asked: it takes a
directory's manifest for all of its files.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from repro.data.dvc_config import projects_of
from repro.data.having import whole_on
from repro.data.remote import Remote, Watch
from repro.data.sending import OnProgress, Sending, Sent
from repro.data.store import ObjectStore
from repro.secrets.names import is_secret_name

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from dvc_objects.fs.base import FileSystem as _DvcFileSystem

__all__ = ["Opened", "Sent", "open_remotes", "present", "remote_names", "send", "threads"]

_FEWEST_JOBS, _MOST_JOBS = 8, 32
_EXTRA = re.compile(r"(\w+) is supported, but requires 'dvc-(\w+)'")
_SHORTEST_SECRET = 4
_MORE_SECRETS = frozenset(("connection_string", "sas_token", "account_key", "custom_auth_header"))


class Opened(NamedTuple):
    """The remotes of a repository.

    Attributes:
        remotes: Those that could be opened, the default one of each project first.
        unusable: Why, as a clause, for each of the others by its name, or by the file that cannot
            be read.
        names: Of all that are configured.
        default: Name of the one that is sent to when none is named; None when it cannot be told.
    """

    remotes: tuple[Remote, ...]
    unusable: Mapping[str, str]
    names: tuple[str, ...]
    default: str | None


def remote_names(top: str, inside: Iterable[str] = ()) -> list[str]:
    """Returns the names of the DVC remotes, the default one first.

    They are none where there is no DVC project, and where its configuration cannot be read, of
    which `send` tells.

    Args:
        top: The top of the working tree.
        inside: Paths in nested DVC projects, relative to the top.
    """
    with threads() as pool:
        names: dict[str, None] = {}
        for project in projects_of(top, inside):
            found = pool.submit(_configured, project)
            if found.exception() is None:
                names |= dict.fromkeys(found.result().names)
    return list(names)


def send(
    top: str,
    hashes: Iterable[str],
    store: ObjectStore,
    *,
    inside: Iterable[str] = (),
    remote: str | None = None,
    on_progress: OnProgress | None = None,
) -> Sent:
    """Sends objects to a DVC remote, as ``dvc push`` lays them out; of directories all files too.

    Only what the remote lacks is sent, and only what is whole in the store; each object appears
    under its name when all of it has arrived, a manifest after its files. So it can be stopped at
    any point and done again.

    Args:
        top: The top of the working tree.
        hashes: Objects of the store.
        store: Where they are.
        inside: Paths in nested DVC projects, relative to the top.
        remote: Name of the DVC remote; by default DVC's default one.
        on_progress: Is told how many bytes are done and of how many.

    Raises:
        InvalidHashError: One is no hash; nothing was sent.
    """
    hashes = tuple(dict.fromkeys(hashes))
    with threads() as pool:
        opened = open_remotes(pool, top, inside, only=remote, is_default_enough=remote is None)
        name = remote or opened.default
        target = next((found for found in opened.remotes if found.name == name), None)
        refusal = _why_not(opened, remote) if target is None else target.refusal
        if target is None or refusal is not None:
            return Sent(name, (), (), dict.fromkeys(hashes, refusal or "unknown"))
        sent = Sending(target, store, pool, on_progress=on_progress).send(hashes)
    store.cache.flush()
    return sent


def present(
    top: str,
    hashes: Iterable[str],
    *,
    inside: Iterable[str] = (),
    remote: str | None = None,
    store: ObjectStore | None = None,
) -> dict[str, str]:
    """Returns the name of a DVC remote that has it, for each object that one has.

    A directory counts when one remote has the manifest and every file that it lists. Remotes that
    cannot be asked, and those that keep objects by path (cloud versioning), have nothing.

    Args:
        top: The top of the working tree.
        hashes: Objects.
        inside: Paths in nested DVC projects, relative to the top.
        remote: Name of the only DVC remote to ask; by default all are, DVC's default one first.
        store: Where manifests may be read; those that it lacks are read on the remote.
    """
    hashes = tuple(dict.fromkeys(hashes))
    found: dict[str, str] = {}
    with threads() as pool:
        for opened in open_remotes(pool, top, inside, only=remote).remotes:
            if opened.refusal is not None:
                continue
            wanted = [value for value in hashes if value not in found]
            found |= dict.fromkeys(whole_on(opened, wanted, pool=pool, store=store), opened.name)
    return found


@contextmanager
def threads() -> "Iterator[ThreadPoolExecutor]":
    """Yields threads to work in; what still waits when something goes wrong is not begun.

    They also hand over what a file system raises: each kind has its own exceptions.
    """
    import os
    from concurrent.futures import ThreadPoolExecutor

    # As many as DVC takes, but for the largest machines.
    n_threads = min(max(4 * (os.cpu_count() or 1), _FEWEST_JOBS), _MOST_JOBS)
    with ThreadPoolExecutor(n_threads) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def open_remotes(
    pool: "ThreadPoolExecutor",
    top: str,
    inside: Iterable[str] = (),
    *,
    only: str | None = None,
    is_default_enough: bool = False,
) -> Opened:
    """Opens DVC remotes; nothing is sent or asked yet.

    Args:
        pool: From `threads`.
        top: The top of the working tree.
        inside: Paths in nested DVC projects, relative to the top.
        only: Name of the only one to open.
        is_default_enough: Whether to open the default one alone.
    """
    remotes: list[Remote] = []
    unusable: dict[str, str] = {}
    all_names: dict[str, None] = {}
    default = None
    for project in projects_of(top, inside):
        configured = pool.submit(_configured, project)
        error = configured.exception()
        if error is not None:
            unusable[f"{project}/.dvc/config"] = f"DVC cannot read it ({_first_line(error)})"
            continue
        names = configured.result().names
        default = default or configured.result().default
        all_names |= dict.fromkeys(names)
        only_name = default if is_default_enough else only
        for name in names if only_name is None and not is_default_enough else (only_name,):
            if name not in names:
                continue
            opening = pool.submit(_open, project, name)
            error = opening.exception()
            if error is None:
                remotes.append(opening.result())
            else:
                unusable[name] = _why_not_opened(error)
    return Opened(tuple(remotes), unusable, tuple(all_names), default)


class _Configured(NamedTuple):
    names: list[str]
    default: str | None


def _configured(project: str) -> _Configured:
    from dvc.config import Config

    config = Config(f"{project}/.dvc")
    default = config["core"].get("remote")
    names: list[str] = list(config["remote"])
    if default is None and len(names) == 1:
        default = names[0]
    return _Configured(sorted(names, key=lambda name: name != default), default)


def _open(project: str, name: str) -> Remote:
    from dvc.config import Config
    from dvc.fs import get_cloud_fs
    from dvc_objects.fs.local import LocalFileSystem

    cls, settings, path = get_cloud_fs(Config(f"{project}/.dvc"), name=name)
    is_versioned = bool(settings.get("version_aware") or settings.get("worktree"))
    if settings.get("worktree"):
        settings["version_aware"] = True
    fs = cls(**settings)
    return Remote(
        name,
        _FileSystem(fs),
        path,
        is_local=isinstance(fs, LocalFileSystem),
        refusal=_refusal(name, is_versioned=is_versioned),
        secrets=tuple(
            str(value)
            for option, value in settings.items()
            if len(str(value)) >= _SHORTEST_SECRET
            and (option in _MORE_SECRETS or is_secret_name(option))
        ),
    )


def _refusal(name: str, *, is_versioned: bool) -> str | None:
    if not is_versioned:
        return None
    return (
        f"the DVC remote {name} keeps versions by itself (version_aware or worktree);"
        " add another: dvc remote add --default NAME URL"
    )


class _FileSystem:
    """A file system of DVC's, as `repro.data.remote.FileSystem` wants it."""

    def __init__(self, fs: "_DvcFileSystem") -> None:
        self._fs = fs
        self.protocol = fs.protocol
        self.join = fs.join

    def info(self, path: str) -> Mapping[str, object]:
        return self._fs.info(path)

    def infos(self, paths: Sequence[str]) -> Sequence[object]:
        return self._fs.info(list(paths), return_exceptions=True) if paths else ()

    def get_file(self, from_path: str, to_path: str, watch: Watch) -> None:
        self._fs.get_file(from_path, to_path, callback=_callback(watch))

    def put_file(self, from_path: str, to_path: str, watch: Watch) -> None:
        self._fs.put_file(from_path, to_path, callback=_callback(watch))

    def makedirs(self, path: str) -> None:
        self._fs.makedirs(path)

    def move(self, from_path: str, to_path: str) -> None:
        self._fs.move(from_path, to_path)

    def remove(self, path: str) -> None:
        self._fs.remove(path)

    def version_path(self, path: str, version: str) -> str:
        by_version = getattr(self._fs, "version_path", None)
        return str(by_version(path, version)) if by_version is not None else path

    def list_present(self, root: str, hashes: Sequence[str]) -> Iterable[str] | None:
        from dvc_objects.db import ObjectDB
        from dvc_objects.fs.base import ObjectFileSystem

        if not isinstance(self._fs, ObjectFileSystem):
            return None
        database = ObjectDB(self._fs, root, read_only=True)
        found: list[str] = database.oids_exist(hashes)  # type: ignore[no-untyped-call]
        return found


def _callback(watch: Watch) -> object:
    from fsspec.callbacks import Callback  # type: ignore[import-untyped]

    class Told(Callback):  # type: ignore[misc]
        def set_size(self, size: int | None) -> None:
            super().set_size(size)
            watch.on_size(size)

        def relative_update(self, inc: int = 1) -> None:
            super().relative_update(inc)
            watch.on_bytes(inc)

        def absolute_update(self, value: int) -> None:
            more = value - self.value
            super().absolute_update(value)
            watch.on_bytes(more)

    return Told()


def _why_not(opened: Opened, name: str | None) -> str:
    if opened.unusable:
        return "; ".join(f"{name}: {reason}" for name, reason in opened.unusable.items())
    if name is not None:
        return f"there is no DVC remote {name}: dvc remote add {name} URL"
    if not opened.names:
        return "no DVC remote is configured: dvc remote add --default NAME URL"
    names = ", ".join(opened.names)
    return f"none of the DVC remotes {names} is the default: dvc remote default NAME"


def _why_not_opened(error: BaseException) -> str:
    text = str(error)
    extra = _EXTRA.search(text)
    missing = getattr(error, "missing_deps", None)
    if extra is not None or missing:
        name = extra[2] if extra is not None else getattr(error, "protocol", "all")
        return f"what speaks its protocol is not installed: pip install 'dvc[{name}]'"
    return _first_line(error)


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
