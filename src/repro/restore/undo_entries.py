"""Undo entries: everything that a checkout is about to change, as commits on ``refs/repro/undo/``.

The tree of entry ``<n>`` is the working tree as it was, plus ``.repro/undo.json``; its last parent
holds what was staged, the one before is HEAD. The bytes of data lie in the object store before the
ref is made.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from repro.errors import ReproError
from repro.git.commits import write_commit
from repro.git.objects import read_objects
from repro.git.refs import RefExistsError, create_ref, list_refs
from repro.git.repository import Repository
from repro.git.working_tree import Head
from repro.git.worktrees import worktree_id
from repro.model.data import DataEntry, DirectoryExtras, Place, Source
from repro.model.ids import UNDO_REFS, Oid, RefName, undo_ref
from repro.restore.state import CheckedOut, StateError, checked_out_from_json

__all__ = [
    "NothingToUndoError",
    "Saved",
    "UndoEntry",
    "all_undo",
    "list_undo",
    "read_undo",
    "save_undo",
]

_FILE = ".repro/undo.json"
_FORMAT = 1


class NothingToUndoError(ReproError):
    """There is no such undo entry."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A working tree in full.

    Attributes:
        head: Where HEAD was.
        tree: The files that git sees, without ``.repro/``.
        staged: What was staged.
        data: Data, ignored files in the way, and ``.repro`` where a run was checked out.
        links: Target of each symbolic link that lay where data go, by path.
        checked_out: The run that was checked out.
        n_files: How many files a checkout was about to change, or which were not committed.
    """

    head: Head
    tree: Oid
    staged: Oid
    data: tuple[DataEntry, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    checked_out: CheckedOut | None = None
    n_files: int = 0


@dataclass(frozen=True, slots=True)
class UndoEntry:
    """An entry on ``refs/repro/undo/<number>``.

    Attributes:
        number: Counted from 1, over all working trees of the repository.
        oid: Its commit.
        worktree: As `worktree_id` gives it.
        top: Where that working tree was.
        reason: Such as "before checkout of calm-otter (kzlmnopq)".
        at: UTC.
        saved: What was there. Its tree is that of the commit, with ``.repro/``.
    """

    number: int
    oid: Oid
    worktree: str
    top: str
    reason: str
    at: datetime
    saved: Saved


def save_undo(repo: Repository, saved: Saved, *, reason: str, at: datetime) -> int:
    """Saves a working tree and returns its number.

    Args:
        repo: The repository.
        saved: What is there; its data are in the object store already.
        reason: Why it is saved.
        at: Now, aware.
    """
    staged = write_commit(
        repo,
        tree=saved.staged,
        parents=(),
        message=b"repro: what was staged\n",
        author=None,
        at=at,
        ref=None,
    )
    oid = write_commit(
        repo,
        tree=saved.tree,
        parents=[*([saved.head.oid] if saved.head.oid else []), staged],
        message=f"repro: {reason}\n".encode("utf-8", "replace"),
        author=None,
        at=at,
        ref=None,
        files={_FILE: _encode(repo, saved, reason=reason, at=at)},
        replace=".repro",
    )
    while True:
        number = max((n for n, _ in _refs(repo)), default=0) + 1
        try:
            create_ref(repo, undo_ref(number), oid)
        except RefExistsError:  # another process took the number
            continue
        return number


def list_undo(repo: Repository) -> list[UndoEntry]:
    """Returns the undo entries of this working tree, newest first.

    Raises:
        StateError: One cannot be read.
    """
    here = worktree_id(repo)
    return [entry for entry in all_undo(repo) if entry.worktree == here]


def all_undo(repo: Repository) -> list[UndoEntry]:
    """Returns the undo entries of all working trees, newest first.

    Raises:
        StateError: One cannot be read.
    """
    refs = _refs(repo)
    contents = read_objects(repo, [f"{oid}:{_FILE}" for _, oid in refs])
    entries = (
        _decode(number, oid, content or b"")
        for (number, oid), content in zip(refs, contents, strict=True)
    )
    return sorted(entries, key=lambda entry: -entry.number)


def read_undo(repo: Repository, number: int | None = None) -> UndoEntry:
    """Returns an undo entry; by default the newest of this working tree.

    Raises:
        NothingToUndoError: There is none.
        StateError: It cannot be read.
    """
    entries = list_undo(repo)
    if number is None:
        if not entries:
            raise NothingToUndoError(
                "nothing to go back to: no checkout was made in this working tree",
                hint="repro checkout RUN",
            )
        return entries[0]
    for entry in entries:
        if entry.number == number:
            return entry
    raise NothingToUndoError(
        f"no undo entry {number} of this working tree", hint="repro undo --list"
    )


def _refs(repo: Repository) -> list[tuple[int, Oid]]:
    return [
        (int(number), oid)
        for ref, oid in list_refs(repo, UNDO_REFS)
        if (number := ref.removeprefix(UNDO_REFS)).isdecimal()
    ]


def _encode(repo: Repository, saved: Saved, *, reason: str, at: datetime) -> bytes:
    fields = {
        "format": _FORMAT,
        "worktree": worktree_id(repo),
        "top": repo.top,
        "reason": reason,
        "at": at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "saved": {**asdict(saved), "data": [_data_fields(entry) for entry in saved.data]},
    }
    return json.dumps(fields, indent=1).encode("ascii") + b"\n"


def _data_fields(entry: DataEntry) -> dict[str, Any]:
    extras = entry.extras._asdict() if entry.extras is not None else None
    return {**entry._asdict(), "extras": extras}


def _decode(number: int, oid: Oid, content: bytes) -> UndoEntry:
    try:
        fields = json.loads(content)
        if fields["format"] > _FORMAT:
            raise StateError(
                f"undo entry {number} was written by a newer repro",
                hint="pip install --upgrade repro-git",
            )
        return UndoEntry(
            number=number,
            oid=oid,
            worktree=fields["worktree"],
            top=fields["top"],
            reason=fields["reason"],
            at=datetime.fromisoformat(fields["at"]),
            saved=_saved(fields["saved"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(
            f"undo entry {number} cannot be read", hint=f"git show refs/repro/undo/{number}"
        ) from error


def _saved(fields: dict[str, Any]) -> Saved:
    head, note = fields["head"], fields["checked_out"]
    branch = RefName(head["branch"]) if head["branch"] is not None else None
    return Saved(
        head=Head(branch, Oid(head["oid"]) if head["oid"] is not None else None),
        tree=Oid(fields["tree"]),
        staged=Oid(fields["staged"]),
        data=tuple(_data_entry(row) for row in fields["data"]),
        links={str(path): str(target) for path, target in fields["links"].items()},
        checked_out=checked_out_from_json(note) if note is not None else None,
        n_files=int(fields["n_files"]),
    )


def _data_entry(fields: dict[str, Any]) -> DataEntry:
    extras = fields.pop("extras")
    return DataEntry(
        **fields
        | {"source": Source(fields["source"]), "place": Place(fields["place"])}
        | {"extras": _extras(extras) if extras is not None else None}
    )


def _extras(fields: dict[str, Any]) -> DirectoryExtras:
    return DirectoryExtras(
        tuple(fields["executable"]), dict(fields["symlinks"]), tuple(fields["empty"])
    )
