"""Finds the data of a run: DVC's pointers, declared paths, large untracked files, traced reads."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from repro.errors import ReproError
from repro.model.data import DataEntry, Place, Source, check_path, is_reserved
from repro.model.gap import Gap, GapKind
from repro.record.warehouse import Warehouse

if TYPE_CHECKING:
    from repro.data.capture import Captured
    from repro.data.pointers import Pointer

__all__ = ["Collector", "is_pointer", "is_private", "outs_of", "size_of"]

_ENVIRONMENT_MARKERS = ("site-packages", "dist-packages", "__pycache__", "node_modules")
_SYSTEM = (
    *("/proc/", "/sys/", "/dev/", "/etc/", "/usr/", "/lib", "/run/", "/var/lib/"),
    "/var/tmp/dvc/",  # noqa: S108 - where DVC keeps its databases
)
_MiB = 2**20


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

    def covers(self, path: str) -> bool:
        """Tells whether a path is an entry, or lies inside one."""
        return path in self.entries or any(parent in self.entries for parent in _parents(path))

    def add_pointers(self, pointers: Mapping[str, bytes], *, tracked: frozenset[str]) -> None:
        """Adds what DVC's pointers name, with the bytes that really lie there.

        Args:
            pointers: Content of each file.
            tracked: Paths in the snapshot: outputs that DVC leaves to git are code.
        """
        if not pointers:
            return
        from repro.data.pointers import PointerError, Role, parse_pointers

        for file, content in pointers.items():
            try:
                outs = parse_pointers(file, content)
            except PointerError as error:
                fix = error.hint or f"correct {file}"
                self.gaps.append(Gap(GapKind.DATA, file, error.message, fix))
                continue
            for pointer in outs:
                if pointer.role is Role.OUT and pointer.path not in tracked:
                    self._add_pointer(pointer)

    def _add_pointer(self, pointer: "Pointer") -> None:
        from repro.data.pointers import MD5

        full = os.path.join(self.top, pointer.path)
        if self.covers(pointer.path) or not os.path.exists(full):
            return
        # What DVC has hashed it has cached: linking costs no space, whatever the size.
        size_bytes = 0 if self._is_in_a_cache(pointer) else size_of(full)
        entry = self._take(pointer.path, Source.DVC, size_bytes=size_bytes)
        if entry is not None:
            matches = pointer.hash_name != MD5 or entry.hash == pointer.hash
            self.entries[pointer.path] = entry._replace(
                pointer=pointer.pointer_path, matches_pointer=matches
            )

    def _is_in_a_cache(self, pointer: "Pointer") -> bool:
        if pointer.hash is None:
            return False
        name = f"{pointer.hash[:2]}/{pointer.hash[2:]}"
        return any(os.path.exists(f"{root}/{name}") for root in self.warehouse.also)

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
            entry = self._take(path, source, size_bytes=size_of(full))
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
                self._add_outside(full)
            elif path in tracked or self.covers(path) or is_private(path):
                continue
            elif full in overwritten:
                reason = "the command read it and then wrote it; what it read is not kept"
                fix = "declare it in [tool.repro] inputs, or write the result elsewhere"
                self.gaps.append(Gap(GapKind.DATA, path, reason, fix))
            elif os.path.isfile(full):
                self.add_paths([path], Source.TRACED)

    def _add_outside(self, full: str) -> None:
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
            self.entries[full] = _entry(full, captured, Source.TRACED, Place.NOWHERE)
        reason = "read from outside the repository; known by hash, its bytes are not kept"
        fix = "bring it in: dvc import-url, or copy it here and dvc add it"
        self.gaps.append(Gap(GapKind.DATA, full, reason, fix))

    def _take(self, path: str, source: Source, *, size_bytes: int) -> DataEntry | None:
        if check_path(path, Place.STORE) is not None:
            reason = "not a path of this working tree; its bytes are not kept"
            fix = "bring it in: dvc import-url, or copy it here and dvc add it"
            self.gaps.append(Gap(GapKind.DATA, path, reason, fix))
            return None
        try:
            captured, place = self.warehouse.take(
                os.path.join(self.top, path), size_bytes=size_bytes
            )
        except ReproError:
            reason = "it changed while it was being read"
            self.gaps.append(Gap(GapKind.DATA, path, reason, "run again while nothing writes it"))
            return None
        except OSError as error:
            reason = error.strerror or str(error)
            self.gaps.append(Gap(GapKind.DATA, path, reason, "make it readable, and run again"))
            return None
        if place is Place.NOWHERE:
            limit = self.warehouse.limit_bytes // _MiB
            reason = f"larger than {limit} MiB and not in DVC's cache: known by hash alone"
            fix = f"dvc add {path}, or raise store_limit_mib in [tool.repro]"
            self.gaps.append(Gap(GapKind.DATA, path, reason, fix))
        return _entry(path, captured, source, place)


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


def size_of(path: str) -> int:
    """Returns the bytes in a file, or in all files below a directory."""
    if os.path.isfile(path):
        return os.path.getsize(path)
    total = 0
    for directory, _, names in os.walk(path):
        for name in names:
            try:
                total += os.stat(os.path.join(directory, name)).st_size
            except OSError:  # a broken link weighs nothing
                continue
    return total


def is_pointer(path: str) -> bool:
    """Tells whether DVC keeps hashes in a file of this name (`repro.data.pointers` reads it)."""
    name = path.rpartition("/")[2]
    return not is_private(path) and (
        name == "dvc.lock" or (name.endswith(".dvc") and name != ".dvc")
    )


def outs_of(lock: str, content: bytes) -> list[str]:
    """Returns the outputs that a ``dvc.lock`` names; none when it cannot be read."""
    from repro.data.pointers import PointerError, Role, parse_pointers

    try:
        pointers = parse_pointers(lock, content)
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
