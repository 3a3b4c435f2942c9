"""One remote that keeps objects by hash in DVC's layout: asks it, sends to it, receives from it.

What is at the other end is a *file system* as DVC's plugins give it (S3, ssh, http, ...); a remote
that is a directory of this machine is written here, so that its objects are whole after a power cut
too. Nothing appears under an object's name before it is whole.
"""

import errno
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from repro.data.links import clone_or_copy, temporary_name
from repro.errors import ReproError
from repro.secrets.redactor import find_secrets

__all__ = [
    "MD5_LAYOUT",
    "FileSystem",
    "ObjectTooLargeError",
    "OnBytes",
    "Remote",
    "Watch",
    "batches",
]

MD5_LAYOUT = ("files", "md5")
"""Where DVC 3 keeps objects below a remote's path; DVC 2 keeps them at the path itself."""

OnBytes = Callable[[int], None]
"""Is told how many more bytes of an object have gone over."""

_LIST_FROM = 20
"""From so many objects on, an object storage is asked for its listing rather than for each."""
_MOVED = frozenset(("ssh", "hdfs", "webhdfs", "webdav", "webdavs"))
"""Protocols by which a reader could see half a file under its name, and that can rename."""
_USER_INFO = re.compile(r"(?<=://)[^\s/@]+@")
_HTTP = ("http", "https")
_NOT_ALLOWED = re.compile(r"\b(?:401|403|405|501)\b")
_KINDS = (
    (re.compile(r"No space left|(?i:quota|insufficient ?storage)"), "it is full"),
    (re.compile(r"NoCredentials|Unable to locate credentials"), "no credentials for it"),
    (
        re.compile(
            r"InvalidAccessKeyId|SignatureDoesNotMatch|AuthenticationFailed|PermissionDenied"
            r"|Forbidden|AccessDenied|Access Denied|Unauthorized|ExpiredToken"
            r"|(?i:access key|signature)",
        ),
        "it refuses the credentials",
    ),
    (re.compile(r"NoSuchBucket|bucket does not exist"), "its bucket does not exist"),
    (
        re.compile(
            r"Connect(?:ion|Timeout|or)|endpoint URL|Network is unreachable|Timeout|timed out"
            r"|Name or service not known|getaddrinfo",
        ),
        "it cannot be reached",
    ),
)
_LONGEST_REASON = 300
_BATCH = 1000


class ObjectTooLargeError(ReproError):
    """A remote serves more bytes for an object than its record says that it has.

    Attributes:
        most_bytes: What the record allows.
    """

    def __init__(self, most_bytes: int) -> None:
        super().__init__(f"what it holds is larger than the record's {most_bytes} bytes")
        self.most_bytes = most_bytes


class FileSystem(Protocol):
    """What is used of ``dvc_objects.fs.base.FileSystem``; each kind raises errors of its own."""

    protocol: str

    def join(self, *parts: str) -> str:
        """Puts a path together."""

    def info(self, path: str) -> Mapping[str, object]:
        """Returns what is known of a path, such as its size; raises FileNotFoundError."""

    def infos(self, paths: Sequence[str]) -> Sequence[object]:
        """Returns for each path what `info` returns, or the exception that it raises."""

    def get_file(self, from_path: str, to_path: str, watch: "Watch") -> object:
        """Copies a file of the remote to one of this machine."""

    def put_file(self, from_path: str, to_path: str, watch: "Watch") -> object:
        """Copies a file of this machine to one of the remote."""

    def makedirs(self, path: str) -> object:
        """Makes a directory with its parents."""

    def move(self, from_path: str, to_path: str) -> object:
        """Renames."""

    def remove(self, path: str) -> object:
        """Removes a file."""

    def version_path(self, path: str, version: str) -> str:
        """Returns the path of one version of a file, where versions are kept."""

    def list_present(self, root: str, hashes: Sequence[str]) -> Iterable[str] | None:
        """Returns which objects lie below a root, by its listing; None where that is no help."""


class Watch(NamedTuple):
    """Is told of a file that goes over, and may stop it by raising.

    Attributes:
        on_size: Its size in bytes, once that is known.
        on_bytes: How many more bytes have gone over.
    """

    on_size: Callable[[int | None], None]
    on_bytes: OnBytes


class Remote(NamedTuple):
    """A remote that was opened.

    Attributes:
        name: In DVC's configuration.
        fs: How it is spoken to.
        path: Where it begins.
        is_local: Whether it is a directory of this machine.
        refusal: Why nothing can be sent to it; None when it can.
        secrets: Values of its settings that no message may show.
    """

    name: str
    fs: FileSystem
    path: str
    is_local: bool = False
    refusal: str | None = None
    secrets: tuple[str, ...] = ()

    def key(self, hash: str, layout: Sequence[str] = MD5_LAYOUT) -> str:
        """Returns where it keeps an object."""
        return self.fs.join(self.path, *layout, hash[:2], hash[2:])

    def sizes(self, hashes: Sequence[str]) -> dict[str, int | None]:
        """Returns the size in bytes of each object that it has; None where it was only listed.

        Raises:
            Exception: Whatever its file system raises when it cannot tell.
        """
        if self.is_local:
            return _local_sizes({value: self.key(value) for value in hashes})
        if len(hashes) >= _LIST_FROM:
            listed = self.fs.list_present(self.fs.join(self.path, *MD5_LAYOUT), hashes)
            if listed is not None:
                return dict.fromkeys(listed)
        found: dict[str, int | None] = {}
        # One answer first: what stops one, such as wrong credentials, would stop all.
        for part in (hashes[:1], *batches(hashes[1:])):
            infos = self.fs.infos([self.key(value) for value in part])
            for value, info in zip(part, infos, strict=True):
                if isinstance(info, Mapping):
                    found[value] = _size(info)
                elif isinstance(info, BaseException) and not isinstance(info, FileNotFoundError):
                    raise info
        return found

    def put(self, source: str, hash: str, *, size_bytes: int, on_bytes: OnBytes) -> None:
        """Sends an object; under its name it is whole or not there, which `sizes` tells.

        Raises:
            Exception: Whatever its file system raises.
            OSError: What arrived has another size.
        """
        key = self.key(hash)
        if self.is_local:
            _put_local(source, key)
            on_bytes(size_bytes)
            return
        watch = Watch(lambda _: None, on_bytes)
        if self.fs.protocol in _MOVED:
            self.fs.makedirs(key.rpartition("/")[0])
            temporary = temporary_name(key)
            try:
                self.fs.put_file(source, temporary, watch)
                self._require_size(temporary, size_bytes)
                self.fs.move(temporary, key)
            except BaseException:
                self._remove(temporary)
                raise
        else:
            self.fs.put_file(source, key, watch)

    def get(self, key: str, target: str, *, most_bytes: int | None, on_bytes: OnBytes) -> None:
        """Receives what lies at a key into the new file `target`, which may be left unfinished.

        Args:
            key: From `key`, or another path of its file system.
            target: A path of this machine.
            most_bytes: More are not received; None for any number.
            on_bytes: Is told of progress.

        Raises:
            ObjectTooLargeError: It has, or serves, more bytes.
            FileNotFoundError: There is nothing.
            Exception: Whatever its file system raises.
        """
        n_bytes = 0

        def check(size: int | None) -> None:
            if most_bytes is not None and size is not None and size > most_bytes:
                raise ObjectTooLargeError(most_bytes)

        def count(more: int) -> None:
            nonlocal n_bytes
            n_bytes += more
            check(n_bytes)
            on_bytes(more)

        if self.is_local:
            check(os.stat(key).st_size)
            clone_or_copy(key, target, mode=0o600)
            on_bytes(os.stat(target).st_size)
        else:
            self.fs.get_file(key, target, Watch(check, count))
            # Not every file system tells of its progress.
            check(os.stat(target).st_size)

    def reason(self, error: BaseException) -> str:
        """Returns why something failed, as a clause that shows no secret."""
        if isinstance(error, ReproError):
            return error.message
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return "it is full"
        first = str(error).strip().partition("\n")[0]
        shown = self._without_secrets(first)[:_LONGEST_REASON].rstrip(". ")
        text = f"{type(error).__name__}: {first}"
        if self.fs.protocol in _HTTP and _NOT_ALLOWED.search(first):
            return f"it is read-only or refuses the credentials ({shown})"
        for pattern, meaning in _KINDS:
            if pattern.search(text):
                return f"{meaning} ({shown})" if shown else meaning
        if isinstance(error, PermissionError):
            return f"no permission ({shown})"
        return f"{type(error).__name__}: {shown}" if shown else type(error).__name__

    def _without_secrets(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "***")
        text = _USER_INFO.sub("***@", text)
        for found in reversed(find_secrets(text)):
            text = f"{text[: found.start]}***{text[found.end :]}"
        return text

    def _require_size(self, key: str, size_bytes: int) -> None:
        found = _size(self.fs.info(key))
        if found is not None and found != size_bytes:
            raise OSError(errno.EIO, f"{found} of {size_bytes} bytes arrived")

    def _remove(self, key: str) -> None:
        import contextlib

        # What stopped the upload may stop this too; the temporary name hurts nobody.
        with contextlib.suppress(Exception):
            self.fs.remove(key)


def batches(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yields parts of what is to be handed to threads: an interrupt waits for no more than one."""
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]


def _size(info: Mapping[str, object]) -> int | None:
    size = info.get("size")
    return size if isinstance(size, int) else None


def _local_sizes(paths: Mapping[str, str]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for value, path in paths.items():
        try:
            found[value] = os.stat(path).st_size
        except FileNotFoundError:
            continue
    return found


def _put_local(source: str, target: str) -> None:
    directory = os.path.dirname(target)
    os.makedirs(directory, exist_ok=True)
    temporary = temporary_name(target)
    try:
        clone_or_copy(source, temporary, mode=0o666)
        # As DVC does: what may be written to is hashed again at each use.
        os.chmod(temporary, 0o444)
        fd = os.open(temporary, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(temporary, target)
    finally:
        if os.path.lexists(temporary):
            os.unlink(temporary)
