"""Finds the data of a run: DVC's pointers, declared paths, large untracked files, traced reads."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from repro.errors import ReproError
from repro.model.data import DataEntry, Place, Source, check_path, is_reserved
from repro.model.gap import Gap, GapKind
from repro.record.project import is_outside
from repro.record.warehouse import Warehouse

if TYPE_CHECKING:
    from repro.data.capture import Captured
    from repro.data.ignore import Ignore
    from repro.data.pointers import Pointer

__all__ = ["Collector", "is_pointer", "is_private", "outs_of"]

_ENVIRONMENT_MARKERS = ("site-packages", "dist-packages", "__pycache__", "node_modules")
_SYSTEM = (
    *("/proc/", "/sys/", "/dev/", "/etc/", "/usr/", "/lib", "/run/", "/var/lib/"),
    "/var/tmp/dvc/",  # noqa: S108 - where DVC keeps its databases
)


class Collector:
    """Gathers data entries and gaps; the first that names a path keeps it.

    Attributes:
        top: The top of the working tree.
        warehouse: Where the bytes go.
        entries: By path.
        gaps: What could not be captured.
    """

    def __init__(
        self,
        top: str,
        warehouse: Warehouse,
        entries: Iterable[DataEntry] = (),
        gaps: Iterable[Gap] = (),
    ) -> None:
        self.top = top
        self.warehouse = warehouse
        self.entries = {entry.path: entry for entry in entries}
        self.gaps = list(gaps)
        self._ignores: dict[str, Ignore | None] = {}

    def covers(self, path: str) -> bool:
        """Tells whether a path is an entry, or lies inside one that has it."""
        return path in self.entries or any(
            parent in self.entries and not self._leaves_out(self.entries[parent], path)
            for parent in _parents(path)
        )

    def _leaves_out(self, entry: DataEntry, path: str) -> bool:
        """Tells whether DVC leaves a path out of a directory that it tracks."""
        if entry.pointer is None or not entry.is_directory:
            return False
        ignore = self._ignore_of(entry.path)
        return ignore is not None and ignore.leaves_out(path[len(entry.path) + 1 :])

    def _ignore_of(self, path: str) -> "Ignore | None":
        if path not in self._ignores:
            from repro.data.ignore import ignore_of

            self._ignores[path] = ignore_of(self.top, path)
        return self._ignores[path]

    def add_pointers(self, pointers: Mapping[str, bytes], *, tracked: frozenset[str]) -> None:
        """Adds what DVC's pointers name, with the bytes that really lie there.

        Args:
            pointers: Content of each file, and of each ``dvc.yaml``.
            tracked: Paths in the snapshot: outputs that DVC leaves to git are code.
        """
        if not pointers:
            return
        from repro.data.pointers import PointerError, Role, parse_pointers, pipeline_of

        for file, content in pointers.items():
            if not is_pointer(file):
                continue
            try:
                outs = parse_pointers(file, content, pipeline=pointers.get(pipeline_of(file) or ""))
            except PointerError as error:
                fix = error.hint or f"correct {error.file}"
                self.gaps.append(Gap(GapKind.DATA, error.file, error.message, fix))
                continue
            for pointer in outs:
                if pointer.role is Role.OUT and pointer.path not in tracked:
                    self._add_pointer(pointer)
        for file, content in pointers.items():
            if f"{file[:-4]}lock" in pointers and file.endswith("dvc.yaml"):
                self._note_unresolved(file, content)

    def _note_unresolved(self, file: str, content: bytes) -> None:
        from repro.data.pipeline import PointerError, working_directories

        try:
            places = working_directories(file, content)
        except PointerError:  # a gap already
            return
        for stage, place in places.items():
            is_resolved = any(x.startswith(f"{stage}@") and places[x] is not None for x in places)
            if place is None and not is_resolved:
                reason = "its working directory is known to DVC alone; its outputs are not inputs"
                fix = f"write wdir without ${{...}} in {file}, or list them in [tool.repro] inputs"
                self.gaps.append(Gap(GapKind.DATA, f"{file}:{stage}", reason, fix))

    def _add_pointer(self, pointer: "Pointer") -> None:
        full = os.path.join(self.top, pointer.path)
        if self.covers(pointer.path) or not os.path.exists(full):
            return
        if is_outside(pointer.path):
            self._add_elsewhere(pointer, os.path.normpath(full))
            return
        entry = self._take(pointer.path, Source.DVC, ignore=self._ignore_of(pointer.path))
        if entry is not None:
            self.entries[pointer.path] = entry._replace(
                pointer=pointer.pointer_path,
                matches_pointer=self._matches(pointer, full, entry.hash),
            )

    def _add_elsewhere(self, pointer: "Pointer", full: str) -> None:
        """Adds what DVC tracks outside of the working tree; it is never put back there."""
        if full in self.entries:
            return
        try:
            captured = self.warehouse.identify(full)
        except (OSError, ReproError) as error:
            self._note_unreadable(full, error)
            return
        self.entries[full] = _entry(full, captured, Source.DVC, Place.NOWHERE)._replace(
            pointer=pointer.pointer_path,
            matches_pointer=self._matches(pointer, full, captured.hash),
        )
        reason = "DVC tracks it outside the working tree: known by hash, its bytes are not kept"
        self.gaps.append(Gap(GapKind.DATA, full, reason, f"bring it in: dvc import-url {full}"))

    def _matches(self, pointer: "Pointer", full: str, found: str) -> bool:
        """Tells whether a DVC file names the bytes that were found; it may name none."""
        from repro.data.pointers import MD5_DOS2UNIX

        if pointer.hash is None or pointer.hash == found:
            return True
        if pointer.hash_name != MD5_DOS2UNIX or pointer.is_directory != found.endswith(".dir"):
            return False
        from repro.data.capture import hash_as_text

        try:
            return hash_as_text(full, ignore=self._ignore_of(pointer.path)) == pointer.hash
        except (OSError, ReproError):  # it changes just now: not what DVC wrote down
            return False

    def add_paths(self, paths: Iterable[str], source: Source) -> None:
        """Adds files and directories of the working tree."""
        for path in paths:
            full = os.path.join(self.top, path)
            if self.covers(path):
                continue
            if not os.path.exists(full):
                self.gaps.append(
                    Gap(GapKind.DATA, path, f"{source.value}, but not there", "check its name")
                )
                continue
            entry = self._take(path, source)
            if entry is not None:
                self.entries[path] = entry

    def add_traced(
        self,
        reads: Sequence[str],
        *,
        tracked: frozenset[str],
        overwritten: frozenset[str],
        outside: Sequence[str],
    ) -> None:
        """Adds what the command opened for reading.

        Args:
            reads: Absolute paths, read before the run wrote them.
            tracked: Paths relative to the top that the snapshot holds.
            overwritten: Those of `reads` that the run wrote afterwards.
            outside: Directories whose files are the environment, not data.
        """
        for full in reads:
            if _is_environment(full, outside):
                continue
            path = _relative(full, self.top)
            if path is None:
                if not self.covers(full):
                    self.add_outside(full, Source.TRACED)
            elif path in tracked or self.covers(path) or is_private(path):
                continue
            elif full in overwritten:
                reason = "the command read it and then wrote it; what it read is not kept"
                fix = "declare it in [tool.repro] inputs, or write the result elsewhere"
                self.gaps.append(Gap(GapKind.DATA, path, reason, fix))
            elif os.path.isfile(full):
                self.add_paths([path], Source.TRACED)

    def add_outside(self, full: str, source: Source) -> None:
        """Adds a file from elsewhere, by its hash alone; code from there is a gap."""
        if not os.path.isfile(full):
            return
        if full.endswith((".py", ".pyc", ".so")):
            reason = "code from outside the repository and the environment; it is not kept"
            fix = "install it in the environment, or bring it into the repository"
            self.gaps.append(Gap(GapKind.CODE, full, reason, fix))
            return
        try:
            captured = self.warehouse.identify(full)
        except (OSError, ReproError):
            captured = None
        if captured is not None:
            self.entries[full] = _entry(full, captured, source, Place.NOWHERE)
        reason = "read from outside the repository; known by hash, its bytes are not kept"
        fix = "bring it in: dvc import-url, or copy it here and dvc add it"
        self.gaps.append(Gap(GapKind.DATA, full, reason, fix))

    def _take(
        self, path: str, source: Source, *, ignore: "Ignore | None" = None
    ) -> DataEntry | None:
        if check_path(path, Place.STORE) is not None:
            reason = "not a path of this working tree; its bytes are not kept"
            fix = "bring it in: dvc import-url, or copy it here and dvc add it"
            self.gaps.append(Gap(GapKind.DATA, path, reason, fix))
            return None
        try:
            taken = self.warehouse.take(path, ignore=ignore)
        except (OSError, ReproError) as error:
            self._note_unreadable(path, error)
            return None
        if taken.skipped_by is not None:
            reason, fix = self.warehouse.reason_of(taken.skipped_by, path)
            self.gaps.append(Gap(GapKind.DATA, path, reason, fix))
        return _entry(path, taken.captured, source, taken.place)

    def _note_unreadable(self, path: str, error: OSError | ReproError) -> None:
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            fix = "make it readable, and run again"
        else:
            reason = "it changed while it was being read"
            fix = "run again while nothing writes it"
        self.gaps.append(Gap(GapKind.DATA, path, reason, fix))


def _entry(path: str, captured: "Captured", source: Source, place: Place) -> DataEntry:
    return DataEntry(
        path=path,
        hash=captured.hash,
        size_bytes=captured.size_bytes,
        n_files=captured.n_files,
        source=source,
        place=place,
        executable=captured.executable,
        extras=captured.extras,
    )


def is_pointer(path: str) -> bool:
    """Tells whether DVC keeps hashes in a file of this name (`repro.data.pointers` reads it)."""
    name = path.rpartition("/")[2]
    return not is_private(path) and (
        name == "dvc.lock" or (name.endswith(".dvc") and name != ".dvc")
    )


def outs_of(lock: str, content: bytes, *, pipeline: bytes | None = None) -> list[str]:
    """Returns the outputs that a ``dvc.lock`` names; none when it cannot be read.

    Args:
        lock: Its path, relative to the top.
        content: Its bytes.
        pipeline: Those of the ``dvc.yaml`` beside it.
    """
    from repro.data.pointers import PointerError, Role, parse_pointers

    try:
        pointers = parse_pointers(lock, content, pipeline=pipeline)
    except PointerError:  # a gap already, unless the command itself broke it
        return []
    return [pointer.path for pointer in pointers if pointer.role is Role.OUT]


def is_private(path: str) -> bool:
    """Tells whether a path belongs to git, DVC or repro rather than to the project."""
    return "/.dvc/" in f"/{path}" or is_reserved(path)


def _parents(path: str) -> Iterable[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _relative(full: str, top: str) -> str | None:
    return full[len(top) + 1 :] if full.startswith(f"{top}/") else None


def _is_environment(full: str, outside: Sequence[str]) -> bool:
    if full.startswith(_SYSTEM) or any(part in full for part in _ENVIRONMENT_MARKERS):
        return True
    return any(full.startswith(f"{directory}/") for directory in outside)
