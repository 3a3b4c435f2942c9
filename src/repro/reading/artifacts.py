"""The outputs of a run, by path or by the name that they were logged by, with their bytes."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from repro.errors import ReproError
from repro.model.data import LOGGED_DIRECTORY, Place
from repro.model.data import Artifact as Entry
from repro.model.encode import inline_path
from repro.model.gap import Gap
from repro.model.ids import RunId, short_id
from repro.reading.record_files import RecordFiles

if TYPE_CHECKING:
    from repro.data.store import ObjectStore

__all__ = [
    "Artifact",
    "Artifacts",
    "DestinationTakenError",
    "NoBytesError",
    "UnknownArtifactError",
    "WrongKindError",
]


class UnknownArtifactError(ReproError, KeyError):
    """A run has no output of that name.

    Attributes:
        name: The name.
    """

    __str__ = Exception.__str__  # not the key alone, in quotes

    def __init__(self, name: str, names: Sequence[str], *, run: RunId) -> None:
        from repro.compare.fields import nearest

        near = nearest(name, names)
        hint = f"did you mean {near!r}?" if near else f"repro show {short_id(run)}"
        super().__init__(f"run {short_id(run)} has no artifact {name!r}", hint=hint)
        self.name = name


class NoBytesError(ReproError):
    """The bytes of an output are not to be had.

    Attributes:
        name: Of the output.
    """

    def __init__(self, name: str, reason: str, *, hint: str) -> None:
        super().__init__(f"the bytes of {name} are not here: {reason}", hint=hint)
        self.name = name


class WrongKindError(ReproError):
    """A directory was taken for a file."""


class DestinationTakenError(ReproError):
    """Something else lies where an output is to be put; nothing was changed.

    Attributes:
        path: Where.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"something else lies at {path}", hint="name another directory")
        self.path = path


class Artifact:
    """An output of a run.

    Its bytes come from the run's commit or the object store; what is not there is fetched from the
    DVC remotes. ::

        run.artifacts["model/weights.bin"].download("restored")
    """

    def __init__(self, entry: Entry, files: RecordFiles, run: RunId, gaps: Sequence[Gap]) -> None:
        self._entry = entry
        self._files = files
        self._run = run
        self._gaps = gaps

    @property
    def path(self) -> str:
        """From the top of the working tree; below ``.repro/logged/`` when it has no place there."""
        return self._entry.path

    @property
    def name(self) -> str:
        """Its path, or the name that it was logged by."""
        return self._entry.name

    @property
    def size_bytes(self) -> int:
        """Its size; of a directory the sum over its files."""
        return self._entry.size_bytes

    @property
    def n_files(self) -> int:
        """How many files it has: 1, or those of a directory."""
        return self._entry.n_files

    @property
    def hash(self) -> str:
        """MD5 in hex; of a directory that of its DVC manifest, ending in ``.dir``."""
        return self._entry.hash

    @property
    def kind(self) -> str:
        """What the program said that it is: "model", "figure", "image", "table"; "" for a file."""
        return self._entry.kind

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return self._entry.is_directory

    @property
    def is_logged(self) -> bool:
        """Whether it was logged by name alone, and has no place in the working tree."""
        return self._entry.is_logged

    @property
    def has_bytes(self) -> bool:
        """Whether its bytes were kept, here or elsewhere, and not its hash alone."""
        return self._entry.place is not Place.NOWHERE

    def files(self) -> list[str]:
        """Returns the relative paths of a directory's files, sorted; of a file, none.

        Raises:
            NoBytesError: The list of them is not to be had.
        """
        return sorted(self._bring().read_manifest(self.hash)) if self.is_directory else []

    def read_bytes(self) -> bytes:
        """Returns its bytes, checked against its hash.

        Raises:
            WrongKindError: It is a directory.
            NoBytesError: They are not to be had.
        """
        self._require_file()
        if self._entry.place is Place.GIT:
            return self._inline()
        return self._bring().read(self.hash)

    def read_text(self, encoding: str = "utf-8") -> str:
        """Returns its text; see `read_bytes`."""
        return self.read_bytes().decode(encoding)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Opens it for reading, as binary; ``with artifact.open() as file``.

        Raises:
            WrongKindError: It is a directory.
            NoBytesError: Its bytes are not to be had.
        """
        self._require_file()
        if self._entry.place is Place.GIT:
            import io

            yield io.BytesIO(self._inline())
            return
        store = self._bring()
        with open(store.path_of(self.hash), "rb") as file:
            yield file

    def download(self, directory: str | os.PathLike[str] = ".") -> str:
        """Puts a copy of it below a directory, under its name, and returns the path.

        What lies there already, and is the same, stays.

        Args:
            directory: Made where it does not exist.

        Raises:
            DestinationTakenError: Something else lies there.
            NoBytesError: The bytes are not to be had.
        """
        from repro.data.place import Link, matches, place
        from repro.data.stat_cache import StatCache

        store = self._bring()
        top = os.path.abspath(os.fspath(directory))
        # By its name, and checked as a path of its own: it may be anybody's record.
        entry = self._entry._replace(path=self._safe_name())
        destination = f"{top}/{entry.path}"
        cache = StatCache(f"{self._files.repo.state_dir}/cache/files.sqlite")
        if os.path.lexists(destination):
            if not os.path.islink(destination) and matches(entry, destination, cache=cache):
                return destination
            raise DestinationTakenError(destination)
        try:
            os.makedirs(os.path.dirname(destination), exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise DestinationTakenError(os.path.dirname(destination)) from error
        place(entry, destination, store=store, cache=cache, link=Link.COPY, top=top)
        return destination

    def _safe_name(self) -> str:
        return inline_path(self.path).partition("/")[2]

    def _require_file(self) -> None:
        if self.is_directory:
            raise WrongKindError(
                f"{self.name} is a directory",
                hint="use .files() and .download(directory)",
            )

    def _inline(self) -> bytes:
        from repro.data.hashing import hash_bytes

        content = self._files.read_one(inline_path(self.path))
        if content is None or hash_bytes(content) != self.hash:
            raise NoBytesError(
                self.name, "the run's commit does not hold what it names", hint="repro fsck"
            )
        return content

    def _bring(self) -> "ObjectStore":
        """Returns the object store, once it holds all of this."""
        from repro.share.bytes import bring_bytes, object_store
        from repro.share.needs import Need

        repo, entry = self._files.repo, self._entry
        store = object_store(repo)
        if entry.place is Place.GIT:
            store.add_bytes(self._inline())
            return store
        if entry.place is Place.NOWHERE:
            gap = next((x for x in self._gaps if x.subject in (self.path, self.name)), None)
            reason = gap.reason if gap is not None and gap.reason else "known by hash alone"
            fix = gap.fix if gap is not None and gap.fix else f"repro show {short_id(self._run)}"
            raise NoBytesError(self.name, reason, hint=fix)
        if store.missing(entry.hash):
            brought = bring_bytes(repo, [Need(self._run, self._files.commit, (entry,))])
            missing = brought.missing.get(self._run)
            if missing:
                letters = short_id(self._run)
                hint = f"repro push {letters} where they are, then repro pull {letters}"
                raise NoBytesError(self.name, missing[0][1], hint=hint)
        return store

    def __repr__(self) -> str:
        """Says what it is."""
        kind = f", {self.kind}" if self.kind else ""
        return f"<Artifact {self.name!r}: {self.size_bytes:,} bytes{kind}>"


class Artifacts(Mapping[str, Artifact]):
    """The outputs of a run, sorted by path; found by path, or by the name they were logged by."""

    def __init__(
        self, entries: Sequence[Entry], files: RecordFiles, run: RunId, gaps: Sequence[Gap]
    ) -> None:
        self._run = run
        self._by_path = {entry.path: Artifact(entry, files, run, gaps) for entry in entries}

    def __getitem__(self, name: str) -> Artifact:
        """Returns an output; where a path and a logged name are the same, that of the path.

        Raises:
            UnknownArtifactError: There is none.
        """
        found = self._find(name)
        if found is None:
            names = [artifact.name for artifact in self._by_path.values()]
            raise UnknownArtifactError(name, names, run=self._run)
        return found

    def _find(self, name: str) -> Artifact | None:
        return self._by_path.get(name) or self._by_path.get(f"{LOGGED_DIRECTORY}{name}")

    def __contains__(self, name: object) -> bool:
        """Tells whether there is an output of that path or name."""
        return isinstance(name, str) and self._find(name) is not None

    def __iter__(self) -> Iterator[str]:
        """Yields the paths."""
        return iter(self._by_path)

    def __len__(self) -> int:
        """Returns how many outputs there are."""
        return len(self._by_path)

    def __repr__(self) -> str:
        """Lists them."""
        return f"<Artifacts: {', '.join(self._by_path) or 'none'}>"
