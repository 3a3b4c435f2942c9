"""The object store: bytes by hash, in the layout of DVC's cache.

An object lies at ``<root>/files/md5/<2 digits>/<30 digits>``, read-only, written beside and renamed
into place; a directory's manifest has ".dir" behind its name and is written after the files that
it lists. Objects may be hard links shared with DVC's cache and with working trees, where a careless
root can write into them; so the bytes are checked before they are used, cheaply, by the stat cache.
"""

import os
import stat
from collections.abc import Iterable, Mapping, Sequence

from repro.data.hashing import hash_bytes, hash_open_file, is_protected, open_regular
from repro.data.links import clone_or_copy, hard_link, temporary_name
from repro.data.manifest import DIR_SUFFIX, ManifestError, is_hash, parse_manifest
from repro.data.stat_cache import StatCache
from repro.data.store_use import enter_store
from repro.errors import ReproError

__all__ = [
    "CorruptObjectError",
    "InvalidHashError",
    "MissingObjectError",
    "ObjectStore",
    "WrongHashError",
    "object_path",
    "state_of",
]

_OBJECTS = "files/md5"
_BATCH = 32
"""From so many new objects on, the file system is synced once instead of each file."""


class InvalidHashError(ReproError):
    """A text in a record that should be a hash is none.

    Attributes:
        hash: The text.
    """

    def __init__(self, hash: str) -> None:
        super().__init__(f"not an MD5 in hex: {hash[:80]!a}", hint="repro fsck")
        self.hash = hash


class MissingObjectError(ReproError):
    """The bytes of a hash are not in the store.

    Attributes:
        hash: What was asked for.
    """

    def __init__(self, hash: str) -> None:
        super().__init__(f"object not in the store: {hash}", hint="repro pull")
        self.hash = hash


class CorruptObjectError(ReproError):
    """An object no longer has the bytes that its name stands for.

    Attributes:
        hash: Its name.
        path: Where it lies.
    """

    def __init__(self, hash: str, path: str) -> None:
        super().__init__(
            f"object damaged, something wrote to it: {path!a}",
            hint="repro fsck --repair",
        )
        self.hash = hash
        self.path = path


class WrongHashError(ReproError):
    """A file that was to be stored has other bytes than its hash says.

    Attributes:
        path: The file.
        hash: The hash it should have.
        found: The hash it has.
    """

    def __init__(self, path: str, *, hash: str, found: str) -> None:
        super().__init__(f"file changed since it was hashed: {path!a}", hint="try again")
        self.path = path
        self.hash = hash
        self.found = found


def object_path(root: str, hash: str) -> str:
    """Returns where an object lies below a root that has DVC's layout, ``.../files/md5``.

    Raises:
        InvalidHashError: It is no hash.
    """
    if not is_hash(hash):
        raise InvalidHashError(hash)
    return f"{root}/{hash[:2]}/{hash[2:]}"


class ObjectStore:
    """The objects below one directory."""

    def __init__(self, root: str, *, cache: StatCache | None = None) -> None:
        """Names the store; directories are made when the first object comes.

        Args:
            root: The directory that holds ``files/md5``.
            cache: Knows which objects were checked; by default one kept in `root`.
        """
        self.root = root
        self.cache = cache if cache is not None else StatCache(f"{root}/checked.sqlite")

    @property
    def objects_root(self) -> str:
        """The directory of the objects: ``<root>/files/md5``."""
        return f"{self.root}/{_OBJECTS}"

    def path_of(self, hash: str) -> str:
        """Returns where an object lies or would lie.

        Raises:
            InvalidHashError: It is no hash.
        """
        return object_path(self.objects_root, hash)

    def has(self, hash: str) -> bool:
        """Tells whether an object of this name is there; `verify` tells whether it is whole."""
        enter_store(self.root)
        return os.path.isfile(self.path_of(hash))

    def states_of(self, hashes: Iterable[str]) -> dict[str, os.stat_result | None]:
        """Returns what ``stat`` says of each object, None where it is absent.

        Raises:
            InvalidHashError: One is no hash.
        """
        enter_store(self.root)  # before anybody relies on what is found
        root = self.objects_root
        return {value: state_of(object_path(root, value)) for value in hashes}

    def verify(self, hash: str) -> None:
        """Checks that an object is there and has the right bytes; for a directory, the manifest.

        Raises:
            MissingObjectError: It is not there.
            CorruptObjectError: It has other bytes.
        """
        states = self.states_of([hash])
        if states[hash] is None:
            raise MissingObjectError(hash)
        if self.unsound(states):
            raise CorruptObjectError(hash, self.path_of(hash))

    def unsound(self, states: Mapping[str, os.stat_result | None]) -> list[str]:
        """Returns the hashes of the objects that are absent or have the wrong bytes.

        Args:
            states: From `states_of`.
        """
        present = {value: state for value, state in states.items() if state is not None}
        known = self.cache.known(list(present.values()))
        doubtful = [x for x, found in zip(present, known, strict=True) if found != x[:32]]
        hashes = self.cache.hash_files([(self.path_of(x), present[x]) for x in doubtful])
        return [
            *(value for value, state in states.items() if state is None),
            *(x for x, found in zip(doubtful, hashes, strict=True) if found != x[:32]),
        ]

    def missing(self, hash: str) -> tuple[str, ...]:
        """Returns what is absent or damaged of an object; for a directory, of its files too.

        Of a directory whose manifest is missing only the manifest can be named.
        """
        if self.unsound(self.states_of([hash])):
            return (hash,)
        if not hash.endswith(DIR_SUFFIX):
            return ()
        try:
            files = self.read_manifest(hash)
        except ManifestError:
            return (hash,)
        return tuple(self.unsound(self.states_of(files.values())))

    def read(self, hash: str) -> bytes:
        """Returns the bytes of an object.

        Raises:
            MissingObjectError: It is not there.
            CorruptObjectError: It has other bytes.
        """
        path = self.path_of(hash)
        try:
            with open(path, "rb") as file:
                content = file.read()
        except FileNotFoundError as error:
            raise MissingObjectError(hash) from error
        if hash_bytes(content) != hash[:32]:
            raise CorruptObjectError(hash, path)
        return content

    def read_manifest(self, hash: str) -> dict[str, str]:
        """Returns the MD5 in hex of each file of a directory, by relative path.

        Raises:
            MissingObjectError: The manifest is not there.
            CorruptObjectError: It has other bytes.
            ManifestError: It lists what no directory can hold.
        """
        return parse_manifest(self.read(hash))

    def add_file(self, path: str, *, hash: str) -> None:
        """Stores the bytes of a file, by reflink or copy; nothing when they are there already.

        Raises:
            WrongHashError: The file does not have this hash.
            ChangedWhileReadError: Something wrote to it meanwhile.
            OSError: It cannot be read, or the store cannot be written.
        """
        self.add_files({hash: path})

    def add_files(self, files: Mapping[str, str], *, also: Sequence[str] = ()) -> None:
        """Stores the bytes of many files; those that are there and whole already are passed over.

        Args:
            files: A path that has the bytes, by the MD5 in hex.
            also: Roots of DVC caches (``.../files/md5``); a whole object of theirs is hard-linked
                rather than the file copied.

        Raises:
            WrongHashError: A file does not have its hash.
            ChangedWhileReadError: Something wrote to one meanwhile.
            OSError: One cannot be read, or the store cannot be written.
        """
        lacking = self.unsound(self.states_of(files))
        temporaries: dict[str, str] = {}
        copied: list[str] = []
        try:
            for value in lacking:
                temporaries[value] = self.incoming(value)
                if not self._link_from(also, value, temporaries[value]):
                    _copy_checked(files[value], temporaries[value], hash=value)
                    copied.append(value)
            _sync([temporaries[value] for value in copied])
            # Manifests last: one that is there stands for all its files.
            for value in sorted(lacking, key=lambda x: x.endswith(DIR_SUFFIX)):
                os.replace(temporaries.pop(value), self.path_of(value))
        finally:
            for temporary in temporaries.values():
                _unlink(temporary)
        self._remember(copied)

    def add_bytes(self, content: bytes, *, suffix: str = "") -> str:
        """Stores bytes and returns their hash.

        Args:
            content: For a directory its manifest, whose files must have been stored before.
            suffix: ".dir" for a manifest.

        Raises:
            OSError: The store cannot be written.
        """
        value = hash_bytes(content) + suffix
        path = self.path_of(value)
        if not self.unsound(self.states_of([value])):
            return value
        temporary = self.incoming(value)
        try:
            with open(temporary, "xb") as file:
                file.write(content)
            _protect(temporary)
            _sync((temporary,))
            os.replace(temporary, path)
        finally:
            _unlink(temporary)
        self._remember([value])
        return value

    def incoming(self, hash: str) -> str:
        """Returns an unused name on the store's file system, for bytes to be taken from."""
        path = self.path_of(hash)
        os.makedirs(path.rpartition("/")[0], exist_ok=True)
        enter_store(self.root)  # which there was not, until now
        return temporary_name(path)

    def take_file(self, path: str, *, hash: str) -> None:
        """Moves a file, made under a name from `incoming`, into its place.

        Raises:
            WrongHashError: It does not have this hash; it is left where it is.
            OSError: The store cannot be written.
        """
        found = _hash_of(path)
        if found != hash[:32]:
            raise WrongHashError(path, hash=hash, found=found)
        _protect(path)
        _sync((path,))
        os.replace(path, self.path_of(hash))
        self._remember([hash])

    def _link_from(self, roots: Sequence[str], hash: str, target: str) -> bool:
        """Links a whole object of a DVC cache; returns False when there is none to link."""
        for root in roots:
            path = object_path(root, hash)
            state = state_of(path)
            # One that may be written to is left alone: making it read-only is not our business.
            if (
                state is not None
                and is_protected(state)
                and self.cache.hash_file(path) == hash[:32]
                and hard_link(path, target)
            ):
                return True
        return False

    def _remember(self, hashes: Iterable[str]) -> None:
        # Their modification time lies well back, so that a write in this very moment shows.
        states = self.states_of(hashes)
        self.cache.remember((s, value[:32]) for value, s in states.items() if s is not None)


def state_of(path: str) -> os.stat_result | None:
    """Returns what ``stat`` says of a regular file; None when it is none or cannot be seen."""
    try:
        state = os.lstat(path)
    except OSError:
        return None
    return state if stat.S_ISREG(state.st_mode) else None


def _copy_checked(source: str, target: str, *, hash: str) -> None:
    """Makes the read-only file `target` with bytes that have the hash, or nothing."""
    found = clone_or_copy(source, target, mode=0o600) or _hash_of(target)
    if found != hash[:32]:
        raise WrongHashError(source, hash=hash, found=found)
    _protect(target)


def _hash_of(path: str) -> str:
    fd = open_regular(path)
    try:
        return hash_open_file(fd, path)[0]
    finally:
        os.close(fd)


def _protect(path: str) -> None:
    """Makes a whole file an object: read-only, and older than any clock's tick."""
    os.chmod(path, 0o444)
    state = os.stat(path)
    past_ns = state.st_mtime_ns - 10_000_000_000
    os.utime(path, ns=(past_ns, past_ns))


def _sync(paths: Sequence[str]) -> None:
    if len(paths) >= _BATCH and _sync_file_system(paths[0]):
        return
    for path in paths:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _sync_file_system(path: str) -> bool:
    """Syncs the whole file system of a path; returns False where that is not possible."""
    import ctypes

    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return int(ctypes.CDLL(None).syncfs(fd)) == 0
    except (AttributeError, OSError):  # not Linux
        return False
    finally:
        os.close(fd)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
