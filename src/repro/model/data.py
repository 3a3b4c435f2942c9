"""Data (inputs) and artifacts (outputs): what was where, and by which hash."""

from enum import StrEnum
from typing import NamedTuple

__all__ = [
    "LOGGED_DIRECTORY",
    "Artifact",
    "DataEntry",
    "DirectoryExtras",
    "Place",
    "Source",
    "check_path",
    "is_reserved",
]

LOGGED_DIRECTORY = ".repro/logged/"
"""Where artifacts without a place in the working tree are: what the program logged by name alone,
such as a text or a figure. Its own place, so that no file of the user's can have that name."""

_SCHEME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789+.-")


class Source(StrEnum):
    """How repro learned of an input."""

    DVC = "dvc"
    """A ``*.dvc`` file or ``dvc.lock`` names it."""
    DECLARED = "declared"
    """``[tool.repro] inputs`` names it."""
    TRACED = "traced"
    """The command opened it for reading."""
    UNTRACKED = "untracked"
    """It lay untracked in the tree, too large for git."""
    LOGGED = "logged"
    """The command named it: ``repro.log_input``."""


class Place(StrEnum):
    """Where the bytes are."""

    GIT = "git"
    """In the run commit, under ``.repro/artifacts/``."""
    STORE = "store"
    """In the object store."""
    NOWHERE = "nowhere"
    """Known by hash only; a gap says why."""
    TABLE = "table"
    """Where the table is, which keeps its own versions: Delta Lake, Iceberg. Inputs only."""


class DirectoryExtras(NamedTuple):
    """What DVC's directory manifest drops, so that a directory comes back whole.

    Attributes:
        executable: Relative paths of the files that may be executed.
        symlinks: Target of each symbolic link, by relative path.
        empty: Relative paths of empty directories.
    """

    executable: tuple[str, ...] = ()
    symlinks: dict[str, str] = {}
    empty: tuple[str, ...] = ()


class DataEntry(NamedTuple):
    """One input as it really was when the run started.

    Attributes:
        path: Relative to the top of the working tree, "/" between names; absolute when outside it.
            For a table that is not a local directory: its URI, without credentials.
        hash: MD5 in hex of the bytes; for a directory that of its DVC manifest, ending in ".dir";
            for a table `repro.model.table.TableHash`.
        size_bytes: Sum over the files.
        n_files: 1 for a file.
        source: How it was found.
        pointer: The DVC file that names it, None for other sources.
        place: STORE, NOWHERE or TABLE.
        matches_pointer: False when the DVC file names other bytes than those that lay there.
        executable: For a file: whether its owner may execute it.
        extras: For a directory: what the manifest drops.
        hash_name: "md5" for files and directories (DVC's older "md5-dos2unix" is never what we
            store); "delta-version" or "iceberg-snapshot" for tables.
    """

    path: str
    hash: str
    size_bytes: int
    n_files: int
    source: Source
    pointer: str | None = None
    place: Place = Place.STORE
    matches_pointer: bool = True
    executable: bool = False
    extras: DirectoryExtras | None = None
    hash_name: str = "md5"

    @property
    def is_directory(self) -> bool:
        """Whether the hash is that of a directory manifest."""
        return self.hash.endswith(".dir")

    @property
    def is_table(self) -> bool:
        """Whether it is a version of a table, whose bytes no store of ours holds."""
        return self.place is Place.TABLE


class Artifact(NamedTuple):
    """One output of a run.

    Attributes:
        path: Relative to the top of the working tree, "/" between names; absolute when outside it;
            below `LOGGED_DIRECTORY` when it has no place in the tree.
        hash: As in `DataEntry`.
        size_bytes: Sum over the files.
        n_files: 1 for a file.
        place: Where the bytes are.
        executable: For a file: whether its owner may execute it.
        extras: For a directory: what the manifest drops.
        hash_name: Always "md5" today.
        kind: What the program said that it is: "model", "figure", "image", "table"; "" for a file.
    """

    path: str
    hash: str
    size_bytes: int
    n_files: int = 1
    place: Place = Place.STORE
    executable: bool = False
    extras: DirectoryExtras | None = None
    hash_name: str = "md5"
    kind: str = ""

    @property
    def is_logged(self) -> bool:
        """Whether it has no place in the working tree."""
        return self.path.startswith(LOGGED_DIRECTORY)

    @property
    def name(self) -> str:
        """Its path, or the name that it was logged by."""
        return self.path.removeprefix(LOGGED_DIRECTORY)

    @property
    def is_directory(self) -> bool:
        """Whether the hash is that of a directory manifest."""
        return self.hash.endswith(".dir")


def check_path(path: str, place: Place, *, may_be_logged: bool = False) -> str | None:
    """Returns what is wrong with the path of an entry, None when a checkout may write there.

    Absolute paths pass for entries whose bytes are nowhere, and for tables, as URIs do: they are
    never written. A record with any other such path is not read again, so none may be written
    either.

    Args:
        path: The path.
        place: Where its bytes are.
        may_be_logged: Whether it may be in `LOGGED_DIRECTORY`, as artifacts may.
    """
    if "\0" in path or not path.strip("/"):
        return f"not a path: {path!r}"
    if place is Place.TABLE and "://" in path:
        return None if _is_uri(path) else f"not a URI: {path[:80]!r}"
    if ".." in path.split("/"):
        return f"the path {path!r} leads out of its directory"
    if path.startswith("/"):
        is_never_written = place in (Place.NOWHERE, Place.TABLE)
        return None if is_never_written else f"the path {path!r} is outside the working tree"
    inner = path.removeprefix(LOGGED_DIRECTORY) if may_be_logged else path
    if inner != path:
        inner = f"logged/{inner}" if inner else ""
    return f"the path {path!r} belongs to git or to repro" if is_reserved(inner) else None


def _is_uri(text: str) -> bool:
    scheme, _, rest = text.partition("://")
    return bool(rest) and text.isprintable() and _SCHEME.issuperset(scheme) and scheme[:1].isalpha()


def is_reserved(path: str) -> bool:
    """Tells whether a relative path leads into a git directory, nested ones too, or the record."""
    parts = [_as_file_systems_see(part) for part in path.split("/") if part not in ("", ".")]
    return not parts or ".git" in parts or "git~1" in parts or parts[0] == ".repro"


def _as_file_systems_see(part: str) -> str:
    """Drops case, invisible characters, and final dots, as HFS+ and NTFS do."""
    if not part.isprintable():
        part = "".join(char for char in part if char.isprintable())
    return part.casefold().rstrip(". ")
