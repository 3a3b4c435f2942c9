"""The mechanics of placing one entry: keep what is right, remove what is not, make the rest."""

import os
import stat
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from repro.data.hashing import State, is_protected
from repro.data.layout import Layout
from repro.data.links import clone_or_copy, hard_link, temporary_name
from repro.data.stat_cache import StatCache
from repro.data.store import CorruptObjectError, MissingObjectError, ObjectStore, state_of
from repro.data.tree import Tree, scan_tree
from repro.errors import ReproError

if TYPE_CHECKING:
    from repro.data.ignore import Ignore

__all__ = ["InTheWayError", "Link", "Placing"]


class Link(StrEnum):
    """How a placed file comes by its bytes."""

    COPY = "copy"
    """A reflink, else a copy: may be written to."""
    HARD = "hard"
    """A reflink, else a hard link of the read-only object, else a copy: takes no space."""


class InTheWayError(ReproError):
    """Something that is nobody's to remove lies where a file or directory belongs.

    Attributes:
        path: What lies there.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"in the way and not ours to remove: {path!a}", hint="move it away first")
        self.path = path


class Placing:
    """Makes one path what it shall be.

    Attributes:
        destination: The path.
        store: Has the objects.
        cache: Knows unchanged files.
        link: How to make files.
        is_checked: Whether the objects are known to be whole.
        ignore: What DVC leaves out of a directory, and so stays in it.
    """

    def __init__(
        self,
        destination: str,
        *,
        store: ObjectStore,
        cache: StatCache,
        link: Link,
        is_checked: bool,
        ignore: "Ignore | None" = None,
    ) -> None:
        self.destination = destination
        self.store = store
        self.cache = cache
        self.link = link
        self.is_checked = is_checked
        self.ignore = ignore
        self._may_clone = True

    def place_file(self, hash: str, *, executable: bool) -> None:
        """Makes the path a file. Raises as `repro.data.place.place` says."""
        state = self._checked([hash])[hash]
        found = state_of(self.destination)
        if (
            found is not None
            and found.st_size == state.st_size
            and _is_executable(found) == executable
            and self.cache.hash_file(self.destination) == hash
        ):
            return
        if os.path.isdir(self.destination) and not os.path.islink(self.destination):
            self._remove_surplus(scan_tree(self.destination), kept={}, directories=())
            _remove_directory(self.destination)
        os.makedirs(os.path.dirname(self.destination) or ".", exist_ok=True)
        self._make({"": hash}, executable={""} if executable else (), is_new=False)

    def place_directory(self, layout: Layout) -> None:
        """Makes the path a directory. Raises as `repro.data.place.place` says."""
        is_new = not os.path.lexists(self.destination)
        right: set[str] = set()
        if not (is_new and self.is_checked):
            objects = self._checked(layout.files.values())
            right = right if is_new else self._keep_right(layout, objects)
        os.makedirs(self.destination, exist_ok=True)
        for directory in layout.directories:
            if is_new or not os.path.isdir(self._path(directory)):
                _make_directory(self._path(directory))
        lacking = layout.files
        if right or layout.links:
            skipped = right | layout.links.keys()
            lacking = {path: value for path, value in lacking.items() if path not in skipped}
        self._make(lacking, executable=layout.executable, is_new=is_new)
        self._make_links(layout, right)

    def _make_links(self, layout: Layout, right: Collection[str]) -> None:
        lacking = [path for path in layout.links if path not in right]
        for path in lacking:
            _replace_by_link(self._path(path), layout.links[path])
        # All are made before any is followed: one may lead to another.
        unmet = {
            path: layout.files[path]
            for path in lacking
            if path in layout.files and not self._leads_to(path, layout.files[path])
        }
        self._make(unmet, executable=layout.executable, is_new=False)

    def _path(self, path: str) -> str:
        return f"{self.destination}/{path}" if path else self.destination

    def _checked(self, hashes: Iterable[str]) -> dict[str, os.stat_result]:
        """Returns the state of each object, once all are known to be whole."""
        states = self.store.states_of(hashes)
        absent = [value for value, state in states.items() if state is None]
        for value in absent if self.is_checked else self.store.unsound(states):
            if states[value] is None:
                raise MissingObjectError(value)
            raise CorruptObjectError(value, self.store.path_of(value))
        return {value: state for value, state in states.items() if state is not None}

    def _keep_right(self, layout: Layout, objects: Mapping[str, os.stat_result]) -> set[str]:
        """Removes what does not belong there and returns the paths that are right already."""
        if os.path.islink(self.destination) or not os.path.isdir(self.destination):
            os.unlink(self.destination)
            return set()
        tree = scan_tree(self.destination, ignore=self.ignore)
        kept = {**layout.links, **layout.files}
        self._remove_surplus(tree, kept=kept, directories=layout.directories)
        likely = [
            (path, state)
            for path, state in tree.files.items()
            if path in layout.files
            and state.st_size == objects[layout.files[path]].st_size
            and _is_executable(state) == (path in layout.executable)
            and _is_right_kind(path, tree, layout)
        ]
        hashes = self.cache.hash_files([(self._path(path), state) for path, state in likely])
        right = {
            path
            for (path, _), value in zip(likely, hashes, strict=True)
            if layout.files[path] == value
        }
        return right | {
            path
            for path, target in layout.links.items()
            if path not in layout.files and tree.links.get(path) == target
        }

    def _remove_surplus(
        self, tree: Tree, *, kept: Mapping[str, str], directories: Collection[str]
    ) -> None:
        for path in dict.fromkeys((*tree.files, *tree.links)):
            if path not in kept:
                os.unlink(self._path(path))
        wanted = frozenset(directories)
        for path in reversed(tree.directories):
            if path not in wanted:
                _remove_directory(self._path(path))

    def _leads_to(self, path: str, hash: str) -> bool:
        """Tells whether a link leads to a file with the right bytes."""
        full_path = self._path(path)
        return os.path.isfile(full_path) and self.cache.hash_file(full_path) == hash

    def _make(self, files: Mapping[str, str], *, executable: Collection[str], is_new: bool) -> None:
        """Makes files, each whole or not at all.

        Args:
            files: Hash by path.
            executable: The paths that may be executed.
            is_new: Whether nothing is there of these names, so that a link needs no second name.
        """
        root = self.store.objects_root
        can_link = is_new and self.link is Link.HARD
        for path, value in files.items():
            source, target = f"{root}/{value[:2]}/{value[2:]}", self._path(path)
            is_shared = can_link and not self._may_clone and path not in executable
            if is_shared and hard_link(source, target):
                continue
            temporary = temporary_name(target)
            try:
                self._make_one(source, temporary, value, executable=path in executable)
                os.replace(temporary, target)
            except BaseException:  # Ctrl-C too: no half-written file stays behind
                _unlink(temporary)
                raise

    def _make_one(self, source: str, target: str, hash: str, *, executable: bool) -> None:
        mode = 0o777 if executable else 0o666
        if self.link is Link.HARD and not executable:
            if self._may_clone:
                self._may_clone = (
                    clone_or_copy(source, target, mode=mode, must_clone=True) is not None
                )
                if self._may_clone:
                    return
            if hard_link(source, target):
                return
        if clone_or_copy(source, target, mode=mode) not in ("", hash):
            raise CorruptObjectError(hash, source)


def _is_executable(state: State) -> bool:
    return bool(state.st_mode & stat.S_IXUSR)


def _is_right_kind(path: str, tree: Tree, layout: Layout) -> bool:
    """Tells whether a file or a link is what belongs there, its bytes apart."""
    target = tree.links.get(path)
    if target is None or target == layout.links.get(path):
        return True
    is_cache_link = target.startswith("/") and is_protected(tree.files[path])
    return is_cache_link and path not in layout.links


def _replace_by_link(path: str, target: str) -> None:
    temporary = temporary_name(path)
    os.symlink(target, temporary)
    try:
        os.replace(temporary, path)
    except BaseException:  # Ctrl-C too: no stray link stays behind
        _unlink(temporary)
        raise


def _make_directory(path: str) -> None:
    try:
        os.mkdir(path)
    except FileExistsError as error:  # a pipe or a socket
        raise InTheWayError(path) from error


def _remove_directory(path: str) -> None:
    try:
        os.rmdir(path)
    except OSError as error:
        raise InTheWayError(path) from error


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
