"""Moves a working tree to a target: look, plan, save, apply, verify.

Every step before "saved" changes nothing that the user can see; every step after it can be cut
short, and ``repro undo`` brings everything back.
"""

import os
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from repro.data.place import Link, matches
from repro.errors import ReproError
from repro.git.index_lock import lock_index
from repro.git.repository import Repository, open_repository
from repro.git.snapshot import temporary_index
from repro.git.working_tree import (
    check_switch,
    differing_files,
    forget_stat,
    install_index,
    refresh,
    set_head,
    stage_tree,
    switch_files,
    untracked_paths,
)
from repro.model.data import DataEntry
from repro.restore.bring import unlike
from repro.restore.change import place_data, place_links, remove_saved
from repro.restore.plan import (
    GITLINK,
    RECORD_DIR,
    Files,
    Plan,
    arrivals,
    departures,
    lies_below,
    make_plan,
    touched_paths,
)
from repro.restore.present import Present, listed, look, require_clean
from repro.restore.record_dir import write_record_dir
from repro.restore.state import Progress, begin, end, set_checked_out
from repro.restore.stores import Stores, open_stores
from repro.restore.survey import (
    Found,
    altered_by_filters,
    files_of,
    find_obstacles,
    named_by_dvc,
    survey,
)
from repro.restore.target import Target
from repro.restore.undo_entries import Saved, save_undo

__all__ = [
    "CheckoutStoppedError",
    "FilesInTheWayError",
    "Move",
    "RestoreMismatchError",
]


class FilesInTheWayError(ReproError):
    """Ignored files lie where files of the run go; nothing was changed.

    Attributes:
        paths: The files.
    """

    def __init__(self, paths: Sequence[str], *, can_be_saved: bool) -> None:
        what = "ignored files lie" if can_be_saved else "what repro cannot save lies"
        hint = "--keep saves them; --worktree DIR leaves them alone"
        super().__init__(
            f"{what} where files of the run go",
            hint=hint if can_be_saved else "move it away, or use --worktree DIR",
            details=listed(paths),
        )
        self.paths = tuple(paths)


class CheckoutStoppedError(ReproError):
    """A checkout failed after it had begun to change things."""


class RestoreMismatchError(ReproError):
    """What lies on disk after a checkout is not what the record says.

    Attributes:
        paths: Where it differs.
    """

    def __init__(self, paths: Sequence[str], *, hint: str) -> None:
        super().__init__(
            "these are not as the record says: something wrote to them meanwhile, or repro erred",
            hint=hint,
            details=listed(paths),
        )
        self.paths = tuple(paths)


@dataclass(slots=True)
class _Work:
    """What a move knows once it has looked."""

    repo: Repository
    present: Present
    files: Files
    plan: Plan
    found: Found
    touched: frozenset[str]


@dataclass(slots=True)
class Move:
    """A move of a working tree, in steps.

    Attributes:
        repo: The repository.
        target: What it is to become.
        at: Now, aware.
        keep: Whether work that is neither committed nor recorded is saved rather than refused.
        recovers: Number of the undo entry that an interrupted checkout made.
        reason: Why what is there is saved; by default the checkout of the target.
        undo: Number of the undo entry that holds what was there, once it is saved.
        notes: What the user should know.
    """

    repo: Repository
    target: Target
    at: datetime
    keep: bool = False
    recovers: int | None = None
    reason: str = ""
    undo: int = 0
    notes: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Moves the working tree.

        Raises:
            ReproError: Before anything was changed, or with the way back as its hint.
        """
        for _ in self.steps():
            pass

    def steps(self) -> Iterator[str]:
        """Moves the working tree, and yields after each step what was done.

        Raises:
            DirtyTreeError: There is work to lose, and `keep` is False. Nothing was changed.
            FilesInTheWayError: Ignored files are in the way. Nothing was changed.
            FilesInUseError: git knows of changes that it did not report. Nothing was changed.
            IndexLockedError: Another git process works here. Nothing was changed.
            CheckoutStoppedError: Something failed midway.
            RestoreMismatchError: The outcome is not what it should be.
        """
        stores = open_stores(self.repo)
        self.notes += self.target.notes
        with lock_index(self.repo):
            repo = open_repository(self.repo.top)
            work = self._look(repo, stores)
            with temporary_index(repo) as index:
                stage_tree(repo, index, work.present.tree, work.present.files)
                trees = (work.present.tree, self.target.tree)
                check_switch(repo, index, trees, expendable=work.plan.remove)
                self._save(work)
                yield "saved"
                yield from self._apply(work, stores, index)

    def _look(self, repo: Repository, stores: Stores) -> _Work:
        present = look(repo, every_byte=self.keep)
        if not self.keep:
            require_clean(repo, present)
        files = files_of(repo, self.target.tree)
        named = named_by_dvc(repo, files)
        wanted = self._placeable(stores, present.files, files)
        found = self._survey(repo, stores, present, wanted)
        touched = touched_paths(present.files, files)
        plan = make_plan(found.data, found.behind, wanted, touched=touched, named=named)
        staged = files_of(repo, self.target.staged) if self.target.staged is not None else {}
        obstacles = find_obstacles(
            repo.top,
            arrivals(present.files, files),
            data=[entry.path for entry in plan.place],
            deleted=[path for path in staged if path not in files],
            tracked=present.files,
            going=frozenset(plan.remove),
        )
        blocked = [*obstacles.blocked, *_secrets_in_the_way(present.secret, obstacles.files, plan)]
        if blocked:
            raise FilesInTheWayError(blocked, can_be_saved=False)
        if obstacles.files and not self.keep:
            raise FilesInTheWayError(obstacles.files, can_be_saved=True)
        more = survey(stores, obstacles.files, wanted=(), tracked=present.files)
        exact = altered_by_filters(repo, present.files, departures(present.files, files))
        more.data += survey(stores, exact, wanted=(), tracked={}).data
        found = Found([*found.data, *more.data], found.links | more.links, found.behind)
        plan = replace(plan, remove=tuple(dict.fromkeys([*plan.remove, *obstacles.files])))
        return _Work(repo, present, files, plan, found, touched)

    def _placeable(self, stores: Stores, old: Files, new: Files) -> list[DataEntry]:
        """Returns the wanted data that are to be put into this working tree."""
        placeable = []
        for entry in self.target.wanted:
            above, stays = _link_above(stores.top, entry.path, old, new)
            if above is None:
                placeable.append(entry)
            elif not matches(entry, f"{stores.top}/{entry.path}", cache=stores.cache):
                if stays:
                    self.notes.append(f"left as it is, behind {above}: {entry.path}")
                else:  # the link is in the way, and found to be
                    placeable.append(entry)
        return placeable

    def _survey(
        self, repo: Repository, stores: Stores, present: Present, wanted: Sequence[DataEntry]
    ) -> Found:
        note = present.checked_out
        paths = [
            *sorted(named_by_dvc(repo, present.files)),
            *(note.placed if note is not None else ()),
            *present.large,
            *(entry.path for entry in wanted),
            *self.target.links,
            RECORD_DIR,
        ]
        goals = {entry.path for entry in wanted}
        return survey(stores, paths, wanted=goals, tracked=present.files)

    def _save(self, work: _Work) -> None:
        present, found = work.present, work.found
        saved = Saved(
            head=present.head,
            tree=present.tree,
            staged=present.staged,
            data=tuple({entry.path: entry for entry in found.data}.values()),
            links=found.links,
            checked_out=present.checked_out,
            n_files=len(set(present.dirty).union(work.plan.remove) - {RECORD_DIR}),
        )
        self.undo = save_undo(work.repo, saved, reason=self._reason(), at=self.at)

    def _reason(self) -> str:
        if self.recovers is not None:
            return "left by a checkout that was interrupted"
        return self.reason or f"before the checkout of {self.target.title}"

    def _apply(self, work: _Work, stores: Stores, index: str) -> Iterator[str]:
        back = self.recovers if self.recovers is not None else self.undo
        begin(work.repo, Progress(back, self.target.title))
        yield "begun"
        try:
            wrong = yield from self._change(work, stores, index)
        except (OSError, ReproError) as error:
            raise CheckoutStoppedError(
                f"stopped midway: {error}", hint=f"repro undo {back} brings back what was there"
            ) from error
        end(work.repo)
        yield "done"
        if wrong:
            raise RestoreMismatchError(wrong, hint=f"repro undo {self.undo}")

    def _change(self, work: _Work, stores: Stores, index: str) -> Generator[str, None, list[str]]:
        repo, target, plan = work.repo, self.target, work.plan
        for path in plan.remove:
            remove_saved(repo.top, path, work.present.files)
        yield "removed"
        switch_files(repo, index, (work.present.tree, target.tree))
        yield "files"
        place_links(repo.top, target.links)
        outputs = {entry.path for entry in target.outputs}
        data = [entry for entry in plan.place if entry.path not in outputs]
        wrong = place_data(stores, data, Link.COPY)
        _look_anew(repo, index, data, work.files)
        yield "data"
        if target.record is not None:
            write_record_dir(repo.top, target.record)
            wrong += place_data(stores, target.logged, Link.COPY)
        yield "record"
        wrong += differing_files(repo, index)
        left = self._left(work, index)
        wrong += place_data(stores, [e for e in plan.place if e.path in outputs], Link.COPY)
        yield "outputs"
        self._install(work, index, left)
        yield "installed"
        self.notes += unlike(stores, target)
        return wrong

    def _install(self, work: _Work, index: str, left: Sequence[str]) -> None:
        repo, target = work.repo, self.target
        refresh(repo, index)
        install_index(repo, index, target.staged)
        set_head(repo, target.head, reason=f"repro: checkout {target.title}")
        note = target.checked_out
        if note is not None and target.record is not None:
            note = replace(note, placed=_own(work), left=tuple(left))
        set_checked_out(repo, note)
        if note is not None and target.outputs:
            tree = look(open_repository(repo.top)).tree
            set_checked_out(repo, replace(note, tree=tree))
        if any(mode == GITLINK for mode, _ in work.files.values()):
            self.notes.append("submodules are left as they are: git submodule update")

    def _left(self, work: _Work, index: str) -> list[str]:
        wanted = [entry.path for entry in self.target.wanted]
        mine = [RECORD_DIR, *wanted, *self.target.links, *work.present.secret]
        left = [
            path
            for path in untracked_paths(work.repo, index, besides=mine)
            if not os.path.lexists(f"{work.repo.top}/{path}.git")
        ]
        if left:
            names = ", ".join(listed(left))
            self.notes.append(f"left as they are, though no longer ignored: {names}")
        return left


def _secrets_in_the_way(secret: Sequence[str], obstacles: Sequence[str], plan: Plan) -> list[str]:
    """Returns the files of secrets that would have to go: nobody saves them, so nothing does."""
    places = frozenset([*plan.remove, *(entry.path for entry in plan.place)])
    return [path for path in secret if path in obstacles or lies_below(path, places)]


def _look_anew(repo: Repository, index: str, placed: Sequence[DataEntry], files: Files) -> None:
    paths = frozenset(entry.path for entry in placed)
    entries = {path: entry for path, entry in files.items() if lies_below(path, paths)}
    if entries:
        forget_stat(repo, index, entries)


def _own(work: _Work) -> tuple[str, ...]:
    """Returns the data that lie there because of a checkout, and not by the user's own hand."""
    before = work.present.checked_out
    kept = [
        entry.path for entry in work.plan.keep if before is not None and entry.path in before.placed
    ]
    return tuple(sorted([*kept, *(entry.path for entry in work.plan.place)]))


def _link_above(top: str, path: str, old: Files, new: Files) -> tuple[str | None, bool]:
    """Returns the file or link above a path that git will not remove, and whether it is git's."""
    parts = path.split("/")
    for depth in range(1, len(parts)):
        parent = "/".join(parts[:depth])
        if parent in new:
            return parent, True
        if os.path.islink(f"{top}/{parent}"):
            return (None, False) if parent in old else (parent, False)
    return None, False
