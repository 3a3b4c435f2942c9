"""Pulls runs, archives and logs: into quarantine, through the checks, into place.

Each batch moves into place in one transaction, so a pull that is stopped has taken whole runs only,
and done again takes the rest.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from repro.git.refs import RefChange, RefMovedError, list_refs, read_ref, update_refs
from repro.git.remote_errors import RemoteError
from repro.git.remotes import GitRemote, OnProgress, list_remote_refs
from repro.git.repository import Repository
from repro.model.ids import (
    ARCHIVE_REFS,
    LOG_REFS,
    RUN_REFS,
    Oid,
    RefName,
    RunId,
    WriterId,
    is_run_id,
    is_writer_id,
    run_id_from_ref,
    run_ref,
    short_id,
)
from repro.share.check import Checker, Suspect
from repro.share.check_archive import BrokenChain, is_ancestor, read_archive, vet_log
from repro.share.incoming import Quarantine, quarantine
from repro.share.own import has_diverged, own_refs, take_new_name
from repro.share.pending import note_pending, read_pending
from repro.share.there import SHARED_REFS, note_runs, runs_here
from repro.store.removal import removed_here
from repro.store.writer import own_writers

__all__ = ["Pulled", "pull_refs", "title_of"]

_BATCH_RUNS = 1_000
_MAX_TRIES = 5
_MANY_REFS = 256


class Pulled(NamedTuple):
    """What a pull brought.

    Attributes:
        remote: The remote's name.
        runs: The runs that were not here before, and their commits.
        refused: Why, by name, for what was not taken.
        clashes: Runs that are here with the same id and another commit: ours were kept.
        notes: By run, what is not wrong with it, but worth knowing.
        n_logs: Logs that have grown: people's words on runs.
    """

    remote: str
    runs: Mapping[RunId, Oid]
    refused: Mapping[str, str]
    clashes: tuple[RunId, ...]
    notes: Mapping[RunId, tuple[str, ...]]
    n_logs: int


def pull_refs(
    repo: Repository,
    remote: GitRemote,
    *,
    with_data: bool = False,
    on_progress: OnProgress | None = None,
) -> Pulled:
    """Brings what a remote has and this clone lacks.

    Args:
        repo: The repository.
        remote: The remote.
        with_data: Whether the data of new runs is to be brought afterwards, by `pull_data`.
        on_progress: Is told how far git and the checks are.

    Raises:
        RemoteError: The remote cannot be asked, or broke off; what came whole is there.
        RefMovedError: Other processes were quicker five times.
        GitError: git could not read or write.
    """
    pulling = _Pulling(repo, remote, with_data=with_data, on_progress=on_progress)
    theirs: Mapping[RefName, Oid] = {}
    for attempt in range(_MAX_TRIES):
        theirs = list_remote_refs(repo, remote, *SHARED_REFS)
        try:
            with quarantine(repo, remote, on_progress=on_progress) as incoming:
                pulling.take_all(theirs, incoming)
            break
        except (RemoteError, RefMovedError) as error:
            # Between asking and fetching somebody folded runs; or another process was quicker.
            is_gone = isinstance(error, RemoteError) and "find remote ref" in error.stderr
            if attempt == _MAX_TRIES - 1 or not (is_gone or isinstance(error, RefMovedError)):
                raise
    note_runs(repo, remote.name, theirs, pulling.here)
    if len(pulling.runs) > _MANY_REFS:
        repo.git("pack-refs", "--all")
    return pulling.result()


class _Pulling:
    """One pull; what it took and refused so far."""

    def __init__(
        self,
        repo: Repository,
        remote: GitRemote,
        *,
        with_data: bool,
        on_progress: OnProgress | None,
    ) -> None:
        self._on_progress = on_progress
        self._repo = repo
        self._remote = remote
        self._with_data = with_data
        self._checker = Checker(repo)
        self.here: dict[RunId, Oid] = {}
        self.runs: dict[RunId, Oid] = {}
        self._refused: dict[str, str] = {}
        self._clashes: dict[RunId, None] = {}
        self._notes: dict[RunId, tuple[str, ...]] = {}
        self._logs: set[RefName] = set()
        self._removed: frozenset[RunId] = frozenset()

    def result(self) -> Pulled:
        return Pulled(
            self._remote.name,
            self.runs,
            self._refused,
            tuple(self._clashes),
            self._notes,
            len(self._logs),
        )

    def take_all(self, theirs: Mapping[RefName, Oid], incoming: Quarantine) -> None:
        self._removed = removed_here(self._repo)
        on_refs = (run_id_from_ref(ref) for ref in theirs if ref.startswith(RUN_REFS))
        self.here = runs_here(self._repo, among=[run for run in on_refs if run is not None])
        self._refused.clear()
        # Folded runs first: what an archive holds needs no ref of its own.
        self._take_archives(theirs, incoming)
        self._take_runs(theirs, incoming)
        self._take_logs(theirs, incoming)

    def _take_archives(self, theirs: Mapping[RefName, Oid], incoming: Quarantine) -> None:
        wanted = self._growing(theirs, ARCHIVE_REFS)
        for ref in wanted:
            fetched = incoming.fetch(theirs, [ref])
            for tip in fetched.values():
                known = self._make_way(ref, tip)
                try:
                    suspects = read_archive(self._repo, ref, tip, known)
                except BrokenChain as error:
                    self._refused[ref] = str(error)
                    continue
                new, is_sound = self._judge_folded(suspects)
                moves = [RefChange(ref, known, tip)]
                if not is_sound:
                    # Its good runs are taken by themselves, that one rotten line costs no other.
                    self._refused[ref] = "some of the runs that it lists were refused"
                    moves = [RefChange(run_ref(x.id), None, x.oid) for x in new]
                self._expect_data(new)
                update_refs(self._repo, moves)
                self._took(new)

    def _judge_folded(self, suspects: Sequence[Suspect]) -> tuple[list[Suspect], bool]:
        """Returns the runs of an archive that are new and good, and whether all are good."""
        self.here |= runs_here(self._repo, among=[x.id for x in suspects])
        clashing = [x for x in suspects if self.here.get(x.id, x.oid) != x.oid]
        self._clashes |= {x.id: None for x in clashing}
        known = [x for x in suspects if self.here.get(x.id) == x.oid]
        lies = [verdict for verdict in self._checker.summaries_match(known) if verdict.problem]
        for verdict in lies:
            self._refused[verdict.run.id] = verdict.problem
        unknown = [x for x in suspects if x.id not in self.here]
        new = self._judge(unknown)
        return new, not clashing and not lies and len(new) == len(unknown)

    def _take_runs(self, theirs: Mapping[RefName, Oid], incoming: Quarantine) -> None:
        wanted = []
        for ref, oid in theirs.items():
            if not ref.startswith(RUN_REFS):
                continue
            name = ref.removeprefix(RUN_REFS)
            if not is_run_id(name):
                self._refused[ref] = "its name is no run's"
            elif self.here.get(RunId(name), oid) != oid:
                self._clashes[RunId(name)] = None
            elif name not in self.here and name not in self._removed:
                wanted.append(ref)
        for start in range(0, len(wanted), _BATCH_RUNS):
            fetched = incoming.fetch(theirs, wanted[start : start + _BATCH_RUNS])
            rows = [(RunId(ref.removeprefix(RUN_REFS)), oid) for ref, oid in fetched.items()]
            new = self._judge([Suspect(run, oid) for run, oid in rows])
            self._expect_data(new)
            update_refs(self._repo, [RefChange(run_ref(x.id), None, x.oid) for x in new])
            self._took(new)

    def _judge(self, suspects: Sequence[Suspect]) -> list[Suspect]:
        good = []
        for at, (run, problem, notes) in enumerate(self._checker.check(suspects), 1):
            if self._on_progress is not None:
                self._on_progress("checking runs:", at, len(suspects))
            if problem:
                self._refused[run.id] = problem
                continue
            good.append(run)
            if notes:
                self._notes[run.id] = notes
        return good

    def _expect_data(self, runs: Sequence[Suspect]) -> None:
        """Notes, before they are there, that the data of runs is still to come."""
        if self._with_data and runs:
            pending = read_pending(self._repo, self._remote.name, "to-bring")
            ids = (run.id for run in runs)
            note_pending(self._repo, self._remote.name, "to-bring", pending.union(ids))

    def _took(self, runs: Sequence[Suspect]) -> None:
        new = {run.id: run.oid for run in runs}
        self.here |= new
        # One that was removed here, and comes along in an archive, stays out of sight.
        self.runs |= {run: oid for run, oid in new.items() if run not in self._removed}

    def _take_logs(self, theirs: Mapping[RefName, Oid], incoming: Quarantine) -> None:
        wanted = self._growing(theirs, LOG_REFS)
        fetched = incoming.fetch(theirs, wanted)
        own = own_writers(self._repo)
        moves = []
        for ref, tip in fetched.items():
            known = self._make_way(ref, tip)
            is_own = ref.removeprefix(LOG_REFS) in own
            try:
                vet_log(self._repo, tip, known=known, own=own, is_own=is_own)
            except BrokenChain as error:
                self._refused[ref] = str(error)
                continue
            moves.append(RefChange(ref, known, tip))
            self._logs.add(ref)
        update_refs(self._repo, moves)

    def _growing(self, theirs: Mapping[RefName, Oid], prefix: str) -> list[RefName]:
        """Returns the chains of the remote that have, or may have, what is not here."""
        ours = dict(list_refs(self._repo, prefix))
        wanted = []
        for ref, tip in theirs.items():
            if not ref.startswith(prefix):
                continue
            if not is_writer_id(ref.removeprefix(prefix)):
                self._refused[ref] = "its name is no writer's"
            elif ref not in ours or not is_ancestor(self._repo, tip, ours[ref]):
                wanted.append(ref)
        return wanted

    def _make_way(self, ref: RefName, tip: Oid) -> Oid | None:
        """Returns what is known here of a chain, moved aside when a copy of this clone wrote it."""
        known = read_ref(self._repo, ref)
        if known is not None and has_diverged(self._repo, known, tip):
            writer = own_refs(self._repo).get(ref)
            if writer is not None:
                take_new_name(self._repo, WriterId(writer))
                return None
        return known


def title_of(name: str) -> str:
    """Returns what people call a thing that was refused: a run's letters, or the ref."""
    return f"run {short_id(RunId(name))}" if is_run_id(name) else name
