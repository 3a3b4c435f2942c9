"""Decides what a checkout removes and what it places; pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from repro.model.data import DataEntry, DirectoryExtras
from repro.model.ids import Oid

__all__ = [
    "GITLINK",
    "RECORD_DIR",
    "Files",
    "Plan",
    "arrivals",
    "departures",
    "is_inside",
    "is_same_data",
    "lies_below",
    "make_plan",
    "touched_paths",
]

Files = Mapping[str, tuple[str, Oid]]
"""Mode and object of every file of a tree, by path."""

GITLINK = "160000"
"""The mode of a submodule."""
RECORD_DIR = ".repro"


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to paths that git does not move.

    Attributes:
        remove: Paths to remove, all of them saved: data that the target does not have, files in
            the way, links where data go.
        place: Data to put at their paths.
        keep: Data that are there already.
    """

    remove: tuple[str, ...]
    place: tuple[DataEntry, ...]
    keep: tuple[DataEntry, ...]


def arrivals(old: Files, new: Files) -> list[str]:
    """Returns the paths that git will write where it has nothing now, or a submodule."""
    return [
        path
        for path, (mode, _) in new.items()
        if mode != GITLINK and (path not in old or old[path][0] == GITLINK)
    ]


def departures(old: Files, new: Files) -> list[str]:
    """Returns the paths whose files git will remove or write over."""
    return [path for path, entry in old.items() if new.get(path) != entry]


def touched_paths(old: Files, new: Files) -> frozenset[str]:
    """Returns every path that git will change, and the directories above them."""
    touched: set[str] = set()
    for path in (*departures(old, new), *arrivals(old, new)):
        above = path
        while above and above not in touched:
            touched.add(above)
            above = above.rpartition("/")[0]
    return frozenset(touched)


def lies_below(path: str, parents: Collection[str]) -> bool:
    """Tells whether a path, or a directory above it, is among `parents`."""
    while path:
        if path in parents:
            return True
        path = path.rpartition("/")[0]
    return False


def is_inside(path: str) -> bool:
    """Tells whether a path stays in the working tree and out of git's own directory, as written."""
    return not any(part in ("", ".", "..") or part.lower() == ".git" for part in path.split("/"))


def is_same_data(left: DataEntry, right: DataEntry) -> bool:
    """Tells whether two entries stand for the same bytes, modes and links."""
    return (
        left.hash == right.hash
        and (left.is_directory or left.executable == right.executable)
        and (left.extras or DirectoryExtras()) == (right.extras or DirectoryExtras())
    )


def make_plan(
    found: Sequence[DataEntry],
    links: Mapping[str, DataEntry | None],
    wanted: Sequence[DataEntry],
    *,
    touched: Collection[str] = (),
    named: Collection[str] = (),
    in_the_way: Sequence[str] = (),
) -> Plan:
    """Returns what is to be removed and placed.

    Args:
        found: Data that are there and that git does not track, ``.repro`` included.
        links: Symbolic links that are there instead, each with the data it leads to where such
            data are wanted.
        wanted: The target's data.
        touched: As `touched_paths` gives them: what lies there does not stay.
        named: Paths that the target's DVC files name; when not wanted they are left as they are.
        in_the_way: Other files that are to make room.
    """
    there: dict[str, DataEntry | None] = {entry.path: entry for entry in found}
    there.update(links)
    wants = {entry.path: entry for entry in wanted}
    same = {
        path
        for path, want in wants.items()
        if path not in touched
        and (present := there.get(path)) is not None
        and is_same_data(present, want)
    }
    remove = [
        path
        for path, present in there.items()
        if path not in same
        and (
            _must_make_room(present, wants[path], is_link=path in links)
            if path in wants
            else path not in named
        )
    ]
    remove = list(dict.fromkeys([*remove, *in_the_way]))
    same = {path for path in same if not lies_below(path, frozenset(remove))}
    return Plan(
        remove=tuple(remove),
        place=tuple(want for path, want in wants.items() if path not in same),
        keep=tuple(want for path, want in wants.items() if path in same),
    )


def _must_make_room(present: DataEntry | None, want: DataEntry, *, is_link: bool) -> bool:
    # A link would be written through; files and directories are replaced by their own kind only.
    return is_link or present is None or present.is_directory != want.is_directory
