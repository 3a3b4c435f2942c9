"""What a working tree is to become: a run, or what an undo entry saved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from repro.errors import ReproError
from repro.git.objects import list_tree
from repro.git.refs import list_refs
from repro.git.repository import Repository
from repro.git.working_tree import Head, tree_without
from repro.git.worktrees import worktree_of_branch
from repro.model.data import Artifact, DataEntry, Place, Source
from repro.model.encode import inline_path
from repro.model.ids import Oid, RefName, short_id
from repro.model.run import Record
from repro.model.summary import Summary
from repro.restore.plan import RECORD_DIR, is_inside, lies_below
from repro.restore.record_dir import beside_record, read_record_files
from repro.restore.state import CheckedOut
from repro.restore.undo_entries import UndoEntry

__all__ = ["DamagedRunError", "Target", "run_target", "undo_target"]


class DamagedRunError(ReproError):
    """A run commit does not hold what its record names, or its record names what it must not."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a working tree is to become.

    Attributes:
        title: In words.
        tree: The files that git will see.
        head: Where HEAD goes.
        staged: What will be staged, anything that names a tree; None for nothing.
        data: What goes beside the files of git; every object is in the store.
        unstored: Data known by hash alone, or outside of the working tree.
        tables: Data that are versions of tables, which stay where they are.
        links: Symbolic links to be put back, target by path.
        record: The files of ``.repro/``; None to write none.
        outputs: Outputs to be put back at last.
        inline: Bytes of the outputs that the run commit holds, by path.
        logged: Outputs without a place in the working tree that the object store holds: they go
            beside those that are part of the record, at their paths below ``.repro/``.
        checked_out: The note to leave.
        notes: What the user should know.
    """

    title: str
    tree: Oid
    head: Head
    staged: Oid | None
    data: tuple[DataEntry, ...] = ()
    unstored: tuple[DataEntry, ...] = ()
    tables: tuple[DataEntry, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    record: Mapping[str, bytes] | None = None
    outputs: tuple[DataEntry, ...] = ()
    inline: Mapping[str, bytes] = field(default_factory=dict)
    logged: tuple[DataEntry, ...] = ()
    checked_out: CheckedOut | None = None
    notes: tuple[str, ...] = ()

    @property
    def wanted(self) -> tuple[DataEntry, ...]:
        """Data and outputs, which have a place in the working tree."""
        return (*self.data, *self.outputs)

    @property
    def needed(self) -> tuple[DataEntry, ...]:
        """Everything whose bytes must be at hand."""
        return (*self.data, *self.outputs, *self.logged)


def run_target(repo: Repository, run: Summary, record: Record, *, outputs: bool) -> Target:
    """Returns the state in which a run started.

    Args:
        repo: The repository.
        run: Its summary.
        record: Its record.
        outputs: Whether its outputs are wanted too.

    Raises:
        DamagedRunError: Its tree is not what its record says, or a path leads out of the tree.
    """
    tree = tree_without(repo, run.oid, RECORD_DIR)
    code = record.run.code
    if tree != code.tree:
        raise DamagedRunError(
            f"the files of run {run.name} are not those that its record names",
            hint=f"repro fsck; git show {run.oid}",
        )
    _require_inside(run, [*record.data, *record.artifacts])
    files = read_record_files(repo, run.oid)
    wanted = _outputs(record.artifacts) if outputs else []
    logged, crowded_out = beside_record(files, [e for e in wanted if _is_logged(e)])
    stored = [e for e in record.data if e.place is Place.STORE and not e.path.startswith("/")]
    branch = None if code.commit is not None else _free_branch(repo, f"repro-{short_id(run.id)}")
    return Target(
        title=f"{run.name} ({short_id(run.id)})",
        tree=tree,
        head=Head(branch, code.commit),
        staged=code.commit,
        data=tuple(stored),
        unstored=tuple(e for e in record.data if e not in stored and not e.is_table),
        tables=tuple(e for e in record.data if e.is_table),
        record=files,
        outputs=tuple(entry for entry in wanted if not _is_logged(entry)),
        logged=logged,
        inline=record.inline,
        checked_out=CheckedOut(run.id, run.name, run.oid, code.commit, tree),
        notes=(*_gap_notes(record), *(f"no room beside the record: {x}" for x in crowded_out)),
    )


def _is_logged(entry: DataEntry) -> bool:
    return entry.path.startswith(f"{RECORD_DIR}/")


def _require_inside(run: Summary, entries: Sequence[DataEntry | Artifact]) -> None:
    for entry in entries:
        # What lay elsewhere is known by its absolute path or its URI, and never written.
        if entry.place is Place.TABLE:
            continue
        is_logged = isinstance(entry, Artifact) and entry.is_logged
        if not entry.path.startswith("/") and (
            not is_inside(entry.path) or (lies_below(entry.path, {RECORD_DIR}) and not is_logged)
        ):
            raise DamagedRunError(
                f"the record of run {run.name} names a path that it must not: {entry.path}",
                hint=f"do not trust it; look at it: git show {run.oid}",
            )


def _outputs(artifacts: Sequence[Artifact]) -> list[DataEntry]:
    """Returns the outputs whose bytes there are, without those that are part of the record."""
    return [
        DataEntry(
            path=f"{RECORD_DIR}/{inline_path(artifact.path)}"
            if artifact.is_logged
            else artifact.path,
            hash=artifact.hash,
            size_bytes=artifact.size_bytes,
            n_files=artifact.n_files,
            source=Source.UNTRACKED,
            place=artifact.place,
            executable=artifact.executable,
            extras=artifact.extras,
            hash_name=artifact.hash_name,
        )
        for artifact in artifacts
        if artifact.place is not Place.NOWHERE and not artifact.path.startswith("/")
        if not (artifact.is_logged and artifact.place is Place.GIT)
    ]


def _gap_notes(record: Record) -> list[str]:
    gaps = [gap for gap in record.run.gaps if gap.kind.value in ("code", "data", "secret")]
    return [f"not in the record: {gap.subject}: {gap.reason}" for gap in gaps]


def _free_branch(repo: Repository, name: str) -> RefName:
    taken = {ref for ref, _ in list_refs(repo, "refs/heads/")}
    number = 1
    branch = RefName(f"refs/heads/{name}")
    while branch in taken:
        number += 1
        branch = RefName(f"refs/heads/{name}-{number}")
    return branch


def undo_target(repo: Repository, entry: UndoEntry) -> Target:
    """Returns the state that an undo entry saved."""
    saved = entry.saved
    head, note = _head_to_return_to(repo, entry)
    return Target(
        title=f"the state {entry.reason}",
        tree=tree_without(repo, entry.oid, RECORD_DIR),
        head=head,
        staged=saved.staged,
        data=saved.data,
        links=saved.links,
        checked_out=saved.checked_out,
        notes=(note,) if note else (),
    )


def _head_to_return_to(repo: Repository, entry: UndoEntry) -> tuple[Head, str | None]:
    head = entry.saved.head
    if head.branch is None:
        return head, None
    name = head.branch.removeprefix("refs/heads/")
    now, place = worktree_of_branch(repo, head.branch)
    if place is not None and place != repo.top:
        reason = f"branch {name} is checked out at {place}"
    elif now != head.oid:
        reason = f"branch {name} has moved meanwhile"
    else:
        return head, None
    if head.oid is None:
        branch = _free_branch(repo, f"repro-undo-{entry.number}")
        return Head(branch, None), f"{reason}: HEAD is on {branch.removeprefix('refs/heads/')}"
    return (
        Head(None, head.oid),
        f"{reason}: HEAD is detached at {head.oid[:10]}, where the branch was",
    )


def has_submodules(repo: Repository, tree: Oid) -> bool:
    """Tells whether a tree names commits of other repositories."""
    return any(entry.kind == "commit" for entry in list_tree(repo, tree))
