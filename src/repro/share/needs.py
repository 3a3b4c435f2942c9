"""What bytes runs need that are not in their commits: the objects of their data and artifacts."""

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from repro.git.objects import read_objects
from repro.git.repository import Repository
from repro.model.data import Artifact, DataEntry, Place
from repro.model.ids import Oid, RunId

__all__ = ["Need", "needs_of"]

_FILES = ("data.yaml", "artifacts.yaml")


class Need(NamedTuple):
    """What a run needs of the object store.

    Attributes:
        run: The run.
        commit: Its commit.
        entries: Its data and artifacts whose bytes are kept there.
    """

    run: RunId
    commit: Oid
    entries: tuple[DataEntry | Artifact, ...] = ()

    @property
    def hashes(self) -> frozenset[str]:
        """The objects; a directory's manifest stands for its files."""
        return frozenset(entry.hash for entry in self.entries)


def needs_of(repo: Repository, runs: Sequence[tuple[RunId, Oid]]) -> dict[RunId, Need]:
    """Returns what each run needs; nothing for a record that cannot be read.

    Raises:
        GitError: git could not read them.
    """
    specs = [f"{oid}:.repro/{file}" for _, oid in runs for file in _FILES]
    contents = read_objects(repo, specs)
    read: dict[tuple[str, bytes], tuple[DataEntry | Artifact, ...]] = {}
    found = {}
    for at, (run, oid) in enumerate(runs):
        pair = zip(_FILES, contents[2 * at : 2 * at + 2], strict=True)
        keys = [(file, content) for file, content in pair if content is not None]
        for key in keys:
            if key not in read:  # many runs read the same data
                read[key] = _stored(*key)
        found[run] = Need(run, oid, tuple(entry for key in keys for entry in read[key]))
    return found


def _stored(file: str, content: bytes) -> tuple[DataEntry | Artifact, ...]:
    from repro.model.decode import RecordError, decode_artifacts, decode_data

    entries: tuple[DataEntry | Artifact, ...] = ()
    with suppress(RecordError):  # such a record says so whenever it is read
        entries = (decode_data if file == _FILES[0] else decode_artifacts)(content)
    return tuple(entry for entry in entries if entry.place is Place.STORE)
