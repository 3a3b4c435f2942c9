"""Looks at what lies in a working tree beside the files of git: data, links, things in the way."""

import os
import stat
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from repro.data.pointers import PointerError, Role, is_pointer, parse_pointers, pipeline_of
from repro.data.tree import scan_tree
from repro.git.filters import unlike_git
from repro.git.objects import list_tree, read_objects
from repro.git.repository import Repository
from repro.model.data import DataEntry
from repro.model.ids import Oid
from repro.restore.plan import GITLINK, Files, is_inside, lies_below
from repro.restore.stores import Stores

__all__ = [
    "Found",
    "Obstacles",
    "altered_by_filters",
    "files_of",
    "find_obstacles",
    "is_reachable",
    "named_by_dvc",
    "survey",
]


@dataclass(slots=True)
class Found:
    """What lies where data are or will be.

    Attributes:
        data: Files and directories, saved.
        links: Target of each symbolic link.
        behind: The data behind a link, where they were asked for and are there.
    """

    data: list[DataEntry] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    behind: dict[str, DataEntry | None] = field(default_factory=dict)


@dataclass(slots=True)
class Obstacles:
    """What lies where files will be written and is known to neither git nor the data.

    Attributes:
        files: Files and symbolic links that can be saved.
        blocked: What cannot: repositories, submodules with files, pipes, sockets.
    """

    files: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)


def files_of(repo: Repository, tree: Oid) -> dict[str, tuple[str, Oid]]:
    """Returns mode and object of every file of a tree, by path."""
    return {os.fsdecode(e.path): (e.mode, e.oid) for e in list_tree(repo, tree)}


def named_by_dvc(repo: Repository, files: Files) -> frozenset[str]:
    """Returns the paths of the data that the DVC files of a tree name; damaged ones name none."""
    regular = {p for p, (mode, _) in files.items() if mode.startswith("100")}
    pointers = [p for p in files if p in regular and is_pointer(p)]
    pipelines = [p for p in map(pipeline_of, pointers) if p is not None and p in regular]
    wanted = [*pointers, *pipelines]
    contents = dict(zip(wanted, read_objects(repo, [files[p][1] for p in wanted]), strict=True))
    named: set[str] = set()
    for path in pointers:
        try:
            pipeline = contents.get(pipeline_of(path) or "")
            rows = parse_pointers(path, contents[path] or b"", pipeline=pipeline)
            named.update(row.path for row in rows if row.role is Role.OUT)
        except PointerError:  # what it named is then an ignored file like any other
            continue
    return frozenset(named)


def altered_by_filters(repo: Repository, files: Files, paths: Iterable[str]) -> list[str]:
    """Returns the files whose bytes are not those that git keeps of them.

    Line endings, git-lfs and other filters make that so; what git would write back may differ from
    what lies there.
    """
    regular = [
        path
        for path in paths
        if files[path][0].startswith("100")
        and is_reachable(repo.top, path)
        and not os.path.islink(f"{repo.top}/{path}")
        and os.path.isfile(f"{repo.top}/{path}")
    ]
    return unlike_git(repo, {path: files[path][1] for path in regular})


def is_reachable(top: str, path: str) -> bool:
    """Tells whether a path lies in the working tree itself: relative, and behind no link.

    This is what keeps a hostile record, or a link of the user's, from being written through.
    """
    if not is_inside(path):
        return False
    parts = path.split("/")
    return not any(
        os.path.islink(f"{top}/{'/'.join(parts[:depth])}") for depth in range(1, len(parts))
    )


def survey(
    stores: Stores, paths: Iterable[str], *, wanted: Collection[str], tracked: Files
) -> Found:
    """Saves what lies at the paths into the object store, and lists it.

    Args:
        stores: The stores.
        paths: Relative to the top; those that are absent, tracked, or behind a link are passed
            over.
        wanted: Paths for which the data behind a link matter.
        tracked: The files of git.

    Raises:
        ChangedWhileReadError: Something writes to one.
        OSError: One cannot be read, or the store cannot be written.
    """
    found = Found()
    for path in dict.fromkeys(paths):
        if path in tracked or not is_reachable(stores.top, path):
            continue
        full = f"{stores.top}/{path}"
        if os.path.islink(full):
            found.links[path] = os.readlink(full)
            found.behind[path] = (
                stores.look_at(path, save=False)
                if path in wanted and os.path.exists(full)
                else None
            )
        elif os.path.isfile(full) or os.path.isdir(full):
            found.data.append(stores.look_at(path, save=True))
    return found


def find_obstacles(
    top: str,
    arriving: Iterable[str],
    *,
    data: Iterable[str],
    deleted: Iterable[str],
    tracked: Files,
    going: Collection[str],
) -> Obstacles:
    """Returns what lies where something will be written.

    Args:
        top: The top of the working tree.
        arriving: Paths that git will write where it has no file now.
        data: Paths of data to be placed; what a capture takes in there is no obstacle.
        deleted: Paths that the target's index has and its tree has not: what lies there, ignored
            until now, git would take for changed.
        tracked: The files of git.
        going: Paths of data that will have been removed.
    """
    search = _Search(top, tracked, going)
    for path in arriving:
        if search.is_free_above(path):
            search.look_at(path)
    for path in data:
        if search.is_free_above(path) and path not in tracked:
            search.look_for_what_stays(path)
    for path in deleted:
        if is_reachable(top, path) and not os.path.isdir(f"{top}/{path}"):
            search.look_at(path)
    return search.obstacles


class _Search:
    def __init__(self, top: str, tracked: Files, going: Collection[str]) -> None:
        self._top = top
        self._tracked = tracked
        self._going = going
        self._directories: dict[str, bool] = {}
        self._seen: set[str] = set()
        self.obstacles = Obstacles()

    def is_free_above(self, path: str) -> bool:
        """Tells whether the directory of a path exists; notes what else lies in its place."""
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            parent = "/".join(parts[:depth])
            if parent not in self._directories:
                self._directories[parent] = self._is_directory(parent)
            if not self._directories[parent]:
                return False
        return True

    def _is_directory(self, path: str) -> bool:
        mode = self._mode(path)
        if self._tracked.get(path, ("",))[0] == GITLINK:
            self._note_submodule(path)
            return False
        if mode and not stat.S_ISDIR(mode):
            self._note(path, mode)
        return stat.S_ISDIR(mode)

    def look_at(self, path: str) -> None:
        """Notes what lies at a path that a file will take."""
        mode = self._mode(path)
        if self._tracked.get(path, ("",))[0] == GITLINK:
            self._note_submodule(path)
        elif stat.S_ISDIR(mode):
            self._look_below(path)
        elif mode:
            self._note(path, mode)

    def _look_below(self, directory: str) -> None:
        waiting = [directory]
        while waiting:
            parent = waiting.pop()
            with os.scandir(f"{self._top}/{parent}") as rows:
                for row in rows:
                    path = f"{parent}/{row.name}"
                    if row.name == ".git":
                        self.obstacles.blocked.append(parent)
                    elif row.is_dir(follow_symlinks=False):
                        waiting.append(path)
                    else:
                        self._note(path, row.stat(follow_symlinks=False).st_mode)

    def look_for_what_stays(self, path: str) -> None:
        """Notes what no capture takes in of a directory that data will replace."""
        full = f"{self._top}/{path}"
        mode = self._mode(path)
        if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
            self.obstacles.blocked.append(path)
        elif stat.S_ISDIR(mode):
            tree = scan_tree(full)
            taken = {*tree.files, *tree.links, *tree.directories}
            for directory in ("", *tree.directories):
                prefix = f"{directory}/" if directory else ""
                names = os.listdir(f"{full}/{directory}")
                rest = [name for name in names if f"{prefix}{name}" not in taken]
                self.obstacles.blocked += [f"{path}/{prefix}{name}" for name in rest]

    def _note_submodule(self, path: str) -> None:
        full = f"{self._top}/{path}"
        if os.path.isdir(full) and os.listdir(full) and path not in self.obstacles.blocked:
            self.obstacles.blocked.append(path)

    def _note(self, path: str, mode: int) -> None:
        if path in self._tracked or path in self._seen or lies_below(path, self._going):
            return
        self._seen.add(path)
        can_be_saved = stat.S_ISREG(mode) or stat.S_ISLNK(mode)
        (self.obstacles.files if can_be_saved else self.obstacles.blocked).append(path)

    def _mode(self, path: str) -> int:
        try:
            return os.lstat(f"{self._top}/{path}").st_mode
        except (FileNotFoundError, NotADirectoryError):
            return 0
