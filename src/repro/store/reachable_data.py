"""Which objects of the object store runs need: read from their records alone, thousands at a time.

Of each run only the tree ``.repro/`` and from it ``data.yaml`` and ``artifacts.yaml`` are read, and
each of these once, since most runs of a project name the same data. As repro writes them they are
read with one regular expression; anything else goes through the record's own reader. A record that
cannot be read is named, never passed over: nothing may be deleted for want of knowing.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

from repro.data.manifest import DIR_SUFFIX, ManifestError, is_hash, parse_manifest
from repro.data.store import ObjectStore
from repro.errors import ReproError
from repro.git.objects import read_objects
from repro.git.repository import Repository
from repro.model.data import Place
from repro.model.ids import Oid

__all__ = ["Expanded", "Held", "Holdings", "expand", "read_holdings"]

_BATCH = 5_000
"""Runs whose records are in memory at a time."""
_RUN, _DATA, _ARTIFACTS = b"run.yaml", b"data.yaml", b"artifacts.yaml"
_ROW = re.compile(
    rb"^  hash: \"?(?P<hash>[0-9a-f]{32}(?:\.dir)?)\"?\n"
    rb"(?:  hash_name: .*\n)?"
    rb"  size_bytes: (?P<size>[0-9]+)\n"
    rb"(?:  n_files: [0-9]+\n)?"
    rb"(?:  place: (?P<place>git|store|nowhere)\n)?",
    re.MULTILINE,
)
_ROW_START = re.compile(rb"^- ", re.MULTILINE)


class Held(NamedTuple):
    """An object that a run names.

    Attributes:
        hash: Its name.
        size_bytes: Its size; for a directory the sum over its files.
        place: Where its bytes are.
    """

    hash: str
    size_bytes: int
    place: Place = Place.STORE


class Holdings(NamedTuple):
    """What runs name.

    Attributes:
        data: Inputs by run commit; runs whose records are alike share one tuple.
        artifacts: Outputs likewise.
        unreadable: Why, for each run commit that cannot be read.
    """

    data: dict[Oid, tuple[Held, ...]]
    artifacts: dict[Oid, tuple[Held, ...]]
    unreadable: dict[Oid, str]

    def named(self, *, only: Place | None = None) -> set[str]:
        """Returns the objects outside of git that the runs name, directories not yet expanded.

        Args:
            only: Only those whose bytes are there; by default also those that are known by hash
                alone, for another run may have brought the bytes.
        """
        # Many runs share a tuple: each is looked into once.
        rows = {id(row): row for part in (self.data, self.artifacts) for row in part.values()}
        places = (Place.STORE, Place.NOWHERE) if only is None else (only,)
        return {held.hash for row in rows.values() for held in row if held.place in places}

    def names(self, run: Oid, hash: str) -> bool:
        """Tells whether a run names an object."""
        rows = (*self.data.get(run, ()), *self.artifacts.get(run, ()))
        return any(held.hash == hash for held in rows)


def read_holdings(repo: Repository, runs: Sequence[Oid]) -> Holdings:
    """Reads which objects runs name.

    Args:
        repo: The repository.
        runs: Run commits.

    Raises:
        GitError: git could not read at all.
    """
    holdings = Holdings({}, {}, {})
    known: dict[tuple[bytes, str], tuple[Held, ...] | str] = {}
    for start in range(0, len(runs), _BATCH):
        _read_batch(repo, runs[start : start + _BATCH], holdings, known)
    return holdings


def _read_batch(
    repo: Repository,
    runs: Sequence[Oid],
    holdings: Holdings,
    known: dict[tuple[bytes, str], tuple[Held, ...] | str],
) -> None:
    trees = read_objects(repo, [f"{oid}:.repro" for oid in runs])
    n_bytes = 20 if repo.hash_name == "sha1" else 32
    named: list[tuple[Oid, dict[bytes, str]]] = []
    for oid, tree in zip(runs, trees, strict=True):
        blobs = dict(_entries(tree or b"", n_bytes))
        if _RUN in blobs:
            named.append((oid, blobs))
        else:
            holdings.unreadable[oid] = "it holds no record, or git has lost it"
    files = (_DATA, _ARTIFACTS)
    wanted = {(file, blobs[file]) for _, blobs in named for file in files if file in blobs}
    new = sorted(wanted - known.keys())
    contents = read_objects(repo, [blob for _, blob in new])
    for key, content in zip(new, contents, strict=True):
        known[key] = _read_rows(key[0], content)
    for oid, blobs in named:
        for file, part in ((_DATA, holdings.data), (_ARTIFACTS, holdings.artifacts)):
            rows = known[file, blobs[file]] if file in blobs else ()
            if isinstance(rows, str):
                holdings.unreadable[oid] = rows
            else:
                part[oid] = rows


def _entries(tree: bytes, n_bytes: int) -> Iterator[tuple[bytes, str]]:
    """Yields the names in a tree object, with what they name."""
    at = 0
    while at < len(tree):
        name_at = tree.find(b" ", at) + 1
        end = tree.find(b"\0", name_at)
        if not name_at or end < 0:
            return
        yield tree[name_at:end], tree[end + 1 : end + 1 + n_bytes].hex()
        at = end + 1 + n_bytes


def _read_rows(file: bytes, content: bytes | None) -> tuple[Held, ...] | str:
    """Returns what a file of a record names, or why it cannot be read."""
    if content is None:
        return f"git has lost its {file.decode()}"
    found = [*_ROW.finditer(content)]
    # Each row begins so in what repro writes; a text inside one is indented further.
    if found and len(found) == len(_ROW_START.findall(content)) and content.startswith(b"- path: "):
        return tuple(
            Held(row["hash"].decode(), int(row["size"]), Place((row["place"] or b"store").decode()))
            for row in found
        )
    from repro.model.decode_entries import decode_artifacts, decode_data

    try:
        rows = decode_data(content) if file == _DATA else decode_artifacts(content)
    except ReproError as error:
        return error.message
    return tuple(Held(row.hash, row.size_bytes, row.place) for row in rows if is_hash(row.hash))


class Expanded(NamedTuple):
    """Objects, the files of directories among them.

    Attributes:
        hashes: All of them.
        files_of: The files of each directory.
        unknown: Directories whose files cannot be told, since their manifest is not there or is
            damaged.
    """

    hashes: frozenset[str]
    files_of: dict[str, frozenset[str]]
    unknown: tuple[str, ...]


def expand(
    hashes: Collection[str], store: ObjectStore, *, also: Callable[[str], bytes | None]
) -> Expanded:
    """Adds the files that directories consist of.

    Args:
        hashes: Names of objects.
        store: Where the manifests are.
        also: Gives a manifest that the store lacks from elsewhere, or None.
    """
    files_of: dict[str, frozenset[str]] = {}
    unknown: list[str] = []
    for value in sorted(value for value in hashes if value.endswith(DIR_SUFFIX)):
        files = _files_of(value, store, also)
        if files is None:
            unknown.append(value)
        else:
            files_of[value] = files
    return Expanded(frozenset(hashes).union(*files_of.values()), files_of, tuple(unknown))


def _files_of(
    value: str, store: ObjectStore, also: Callable[[str], bytes | None]
) -> frozenset[str] | None:
    try:
        return frozenset(store.read_manifest(value).values())
    except (ReproError, OSError):  # absent, damaged, or a disk that fails: there may be another
        content = also(value)
    try:
        return frozenset(parse_manifest(content).values()) if content is not None else None
    except ManifestError:
        return None
