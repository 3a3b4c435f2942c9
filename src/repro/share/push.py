"""Pushes runs: their bytes first, then the runs, then the lists and words about them.

A run is never visible on the remote before its bytes are, unless they cannot be sent or are not to
be. Refs on the remote are made, or moved forward, and never forced: whoever pushes at the same time
loses nothing, and a push that was stopped goes on where it was.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from repro.git.refs import list_refs
from repro.git.remote_errors import RemoteError, explain_refusal
from repro.git.remotes import (
    GitRemote,
    OnProgress,
    Pushed,
    RefPush,
    list_remote_refs,
    push_refs,
)
from repro.git.repository import Repository
from repro.model.ids import (
    ARCHIVE_REFS,
    LOG_REFS,
    RUN_REFS,
    Oid,
    RefName,
    RunId,
    run_id_from_ref,
    run_ref,
)
from repro.share.check_archive import BrokenChain, has_commit, is_ancestor, read_archive
from repro.share.incoming import quarantine
from repro.share.needs import Need, needs_of
from repro.share.own import part_from_copies
from repro.share.pending import note_pending, read_pending
from repro.share.there import SHARED_REFS, runs_there, trusted_archives
from repro.store.folded import read_folded_runs
from repro.store.listing import count_runs
from repro.store.shared import note_shared, read_note

if TYPE_CHECKING:
    from repro.share.bytes import OnBytes

__all__ = ["PushPlan", "PushResult", "Sharing", "plan_push", "push_runs"]

_BATCH_REFS = 1_000
"""git takes time that grows with the square of the refs in a push."""
_MAX_TRIES = 6


class PushPlan(NamedTuple):
    """What a push would send.

    Attributes:
        runs: The runs that the remote lacks, on refs of their own: by id, oldest first.
        folded: Runs that it lacks and that go along with an archive, with its ref.
        with_data: Runs whose bytes are to be sent.
        chains: Archives and logs: what each names on the remote, and what it shall name.
        clashes: Runs whose id the remote has for another run.
        n_there: Runs that were asked for and are there already.
        on_refs: The runs that it has on refs of their own.
        archives: Its archives, as far as they are known here.
        logs: Its logs.
    """

    runs: Mapping[RunId, Oid]
    folded: Mapping[RunId, RefName]
    with_data: Mapping[RunId, Oid]
    chains: Mapping[RefName, tuple[Oid | None, Oid]]
    clashes: tuple[RunId, ...]
    n_there: int
    on_refs: AbstractSet[RunId]
    archives: Mapping[RefName, Oid]
    logs: Mapping[RefName, Oid]


class PushResult(NamedTuple):
    """What a push did.

    Attributes:
        remote: The git remote.
        data_remote: The DVC remote; None where none was needed, or there is none.
        runs: The runs that the remote has now and had not before.
        n_there: Runs that were there already.
        n_objects: Objects that the DVC remote has now and had not before.
        refused: Why, by ref, for what the remote did not take.
        clashes: Runs whose id the remote has for another run.
        without_data: Why, for each run whose bytes could not be sent though they were to be.
        n_chains: Archives and logs that were sent.
        renamed: Whether this clone took a new name for its archive and log, because a copy of it
            writes under the old one.
    """

    remote: str
    data_remote: str | None
    runs: tuple[RunId, ...]
    n_there: int
    n_objects: int
    refused: Mapping[RefName, str]
    clashes: tuple[RunId, ...]
    without_data: Mapping[RunId, str]
    n_chains: int
    renamed: bool

    @property
    def is_complete(self) -> bool:
        """Whether all that was asked for is shared."""
        return not (self.refused or self.clashes or self.without_data)


class Sharing(NamedTuple):
    """How to push.

    Attributes:
        data: Whether to send bytes.
        on_git: Is told how far git is.
        on_bytes: Is told how many bytes are sent, and of how many.
        on_runs: Is told how many runs are there, and of how many.
    """

    data: bool = True
    on_git: OnProgress | None = None
    on_bytes: "OnBytes | None" = None
    on_runs: Callable[[int, int], None] | None = None


def plan_push(
    repo: Repository,
    remote: GitRemote,
    theirs: Mapping[RefName, Oid],
    named: Mapping[RunId, Oid] | None = None,
) -> PushPlan:
    """Returns what a push would send.

    Args:
        repo: The repository.
        remote: The remote.
        theirs: Its refs.
        named: Only these runs, each on a ref of its own; by default every run.
    """
    ours = dict(list_refs(repo, RUN_REFS, ARCHIVE_REFS, LOG_REFS))
    our_archives = {ref: tip for ref, tip in ours.items() if ref.startswith(ARCHIVE_REFS)}
    archives = trusted_archives(repo, theirs, ours=our_archives)
    grown = [row for row in our_archives.items() if theirs.get(row[0]) != row[1] and named is None]
    wanted = _hot(ours) if named is None else dict(named)
    listed = {run.id: run for run in read_folded_runs(repo, grown)}
    pending = read_pending(repo, remote.name, "to-send") if named is None else wanted.keys()
    there = runs_there(repo, theirs, archives=archives, among={*wanted, *listed, *pending})
    there = _folded_unseen(repo, remote, theirs, wanted.keys() - there.keys()) | there
    folded = {run.id: run for run in listed.values() if run.id not in there | wanted}
    every = {**{run.id: run.oid for run in listed.values()}, **wanted}
    places = {**{run: there[run] for run in pending if run in there}, **every}
    again = {run: oid for run, oid in places.items() if there.get(run) == oid and run in pending}
    lacking = {run: oid for run, oid in wanted.items() if run not in there}
    clashes = tuple(run for run, oid in every.items() if there.get(run, oid) != oid)
    # Without archives every run has its own ref.
    n_runs = count_runs(repo) if named is None and our_archives else len(wanted)
    return PushPlan(
        runs=lacking,
        folded={run.id: run.ref for run in folded.values()},
        with_data={**again, **{run.id: run.oid for run in folded.values()}, **lacking},
        chains=_chains(repo, ours, theirs, with_archives=named is None),
        clashes=clashes,
        n_there=n_runs - len(lacking) - len(folded) - len(clashes),
        on_refs=_hot(theirs).keys() - set(clashes),
        archives=archives,
        logs={ref: tip for ref, tip in theirs.items() if ref.startswith(LOG_REFS)},
    )


def _hot(refs: Mapping[RefName, Oid]) -> dict[RunId, Oid]:
    """Returns the runs that have refs of their own, oldest first."""
    rows = [(run_id_from_ref(ref), oid) for ref, oid in refs.items() if ref.startswith(RUN_REFS)]
    return dict(sorted((run, oid) for run, oid in rows if run is not None))


def _folded_unseen(
    repo: Repository,
    remote: GitRemote,
    theirs: Mapping[RefName, Oid],
    lacking: Collection[RunId],
) -> dict[RunId, Oid]:
    """Returns the runs in archives that nobody pulled here yet, when some of ours may be in them.

    A run that was there once and has no ref there now was folded by somebody else.
    """
    unseen = [ref for ref, tip in theirs.items() if ref.startswith(ARCHIVE_REFS)]
    unseen = [ref for ref in unseen if not has_commit(repo, theirs[ref])]
    if not unseen or read_note(repo, remote.name).runs.isdisjoint(lacking):
        return {}
    found: dict[RunId, Oid] = {}
    with quarantine(repo, remote) as incoming:
        for ref, tip in incoming.fetch(theirs, unseen).items():
            with suppress(BrokenChain):  # pull says so; here it holds none of our runs
                found |= {run.id: run.oid for run in read_archive(repo, ref, tip, None)}
    return found


def _chains(
    repo: Repository,
    ours: Mapping[RefName, Oid],
    theirs: Mapping[RefName, Oid],
    *,
    with_archives: bool,
) -> dict[RefName, tuple[Oid | None, Oid]]:
    """Returns the archives and logs that the remote's can be moved forward to.

    Those of other clones too: whoever pulled them from one remote brings them to another.
    """
    prefixes = (ARCHIVE_REFS, LOG_REFS) if with_archives else (LOG_REFS,)
    found: dict[RefName, tuple[Oid | None, Oid]] = {}
    for ref, tip in ours.items():
        old = theirs.get(ref)
        if ref.startswith(prefixes) and old != tip and (old is None or is_ancestor(repo, old, tip)):
            found[ref] = (old, tip)
    return found


def push_runs(
    repo: Repository,
    remote: GitRemote,
    named: Mapping[RunId, Oid] | None = None,
    *,
    sharing: Sharing = Sharing(),  # noqa: B008 - it never changes
) -> PushResult:
    """Brings to a remote what it lacks of this clone's runs, and their bytes to the DVC remote.

    Args:
        repo: The repository.
        remote: The remote.
        named: Only these runs; by default every run that was not removed.
        sharing: How.

    Raises:
        RemoteError: The remote cannot be asked, broke off, or takes nothing at all.
        RefMovedError: Another process writes to this clone's log or archive at this moment.
        GitError: git could not read.
        OSError: The object store cannot be read.
    """
    pushing = _Pushing(repo, remote, sharing)
    for _ in range(_MAX_TRIES):
        theirs = list_remote_refs(repo, remote, *SHARED_REFS, to_push=True)
        pushing.renamed |= part_from_copies(repo, remote, theirs)
        plan = plan_push(repo, remote, theirs, named)
        if pushing.push(plan):
            return pushing.result(plan)
    raise RemoteError(
        remote.name,
        "others push to it at the same moment",
        "",
        hint="run the command again: what has arrived already is not sent again",
    )


class _Pushing:
    """One push; what was done so far."""

    def __init__(self, repo: Repository, remote: GitRemote, sharing: Sharing) -> None:
        self._repo = repo
        self._remote = remote
        self._sharing = sharing
        self._n_there: int | None = None
        self._done: dict[RunId, None] = {}
        self._refused: dict[RefName, str] = {}
        self._without_data: dict[RunId, str] = {}
        self._data_done: set[RunId] = set()
        self._data_remote: str | None = None
        self._n_objects = 0
        self._chains: set[RefName] = set()
        self.renamed = False
        self._pending = set(read_pending(repo, remote.name, "to-send"))

    def push(self, plan: PushPlan) -> bool:
        """Carries a plan out; returns False when somebody else moved what it speaks of."""
        if self._n_there is None:
            self._n_there = plan.n_there
        again = [run for run in plan.with_data if run not in plan.runs]
        self._send_data({run: plan.with_data[run] for run in again})
        is_current = True
        todo = [row for row in plan.runs.items() if run_ref(row[0]) not in self._refused]
        for start in range(0, len(todo), _BATCH_REFS):
            batch = dict(todo[start : start + _BATCH_REFS])
            self._send_data(batch)
            pushes = [RefPush(run_ref(run), None, oid) for run, oid in batch.items()]
            is_current &= self._push(pushes)
            self._tell(start + len(batch), len(todo))
        chains = [
            RefPush(ref, old, new)
            for ref, (old, new) in plan.chains.items()
            if ref not in self._refused
        ]
        for start in range(0, len(chains), _BATCH_REFS):
            is_current &= self._push(chains[start : start + _BATCH_REFS])
        went = [run for run, ref in plan.folded.items() if ref in self._chains]
        self._done |= dict.fromkeys(went)
        return is_current

    def _tell(self, n_done: int, n_runs: int) -> None:
        if self._sharing.on_runs is not None:
            self._sharing.on_runs(n_done, n_runs)

    def _push(self, pushes: Sequence[RefPush]) -> bool:
        rows = push_refs(self._repo, self._remote, pushes, on_progress=self._sharing.on_git)
        wanted = {push.ref: push.new for push in pushes}
        for row in rows:
            if row.is_done:
                self._note_done(row.ref)
            elif not row.was_quicker:
                self._refused[row.ref] = explain_refusal(row.reason, row.said)
        if rows and not any(row.is_done or row.was_quicker for row in rows):
            self._give_up_if_nothing_went(rows)
        seen = {row.ref for row in rows}
        return wanted.keys() <= seen and not any(row.was_quicker for row in rows)

    def _note_done(self, ref: RefName) -> None:
        if ref.startswith(RUN_REFS):
            self._done[RunId(ref.removeprefix(RUN_REFS))] = None
        else:
            self._chains.add(ref)

    def _give_up_if_nothing_went(self, rows: Sequence[Pushed]) -> None:
        if self._done or self._chains:
            return
        reason = explain_refusal(rows[0].reason, rows[0].said)
        raise RemoteError(
            self._remote.name,
            f"nothing was pushed: {reason}",
            rows[0].said,
            hint="ask who runs the remote, or share through another: repro push --remote NAME",
        )

    def _send_data(self, runs: Mapping[RunId, Oid]) -> None:
        todo = {run: oid for run, oid in runs.items() if run not in self._data_done}
        if not todo:
            return
        needs = needs_of(self._repo, list(todo.items()))
        needing = [need for need in needs.values() if need.entries]
        self._data_done |= todo.keys()
        if not needing:
            return
        # Before anything is seen of them, so that a push stopped in between sends them again.
        self._pending |= {need.run for need in needing}
        note_pending(self._repo, self._remote.name, "to-send", self._pending)
        if self._sharing.data:
            self._send(needing)

    def _send(self, needing: Sequence[Need]) -> None:
        from repro.share.bytes import send_bytes

        sent = send_bytes(self._repo, needing, on_progress=self._sharing.on_bytes)
        self._data_remote = sent.remote or self._data_remote
        self._n_objects += sent.n_sent
        self._without_data |= sent.reasons
        self._pending -= {need.run for need in needing} - sent.reasons.keys()
        note_pending(self._repo, self._remote.name, "to-send", self._pending)
        if sent.remote is not None and sent.shared:
            shared = read_note(self._repo, self._remote.name)
            known = shared.data.get(sent.remote, frozenset())
            if not sent.shared <= known:
                data = {**shared.data, sent.remote: known | sent.shared}
                note_shared(self._repo, shared._replace(data=data))

    def result(self, plan: PushPlan) -> PushResult:
        note = read_note(self._repo, self._remote.name)
        moved = {ref: new for ref, (_, new) in plan.chains.items() if ref in self._chains}
        archives = {ref: new for ref, new in moved.items() if ref.startswith(ARCHIVE_REFS)}
        logs = {ref: new for ref, new in moved.items() if ref.startswith(LOG_REFS)}
        found = note._replace(
            runs=frozenset(plan.on_refs | (self._done.keys() - plan.folded.keys())),
            archives={**plan.archives, **archives},
            logs={**plan.logs, **logs},
        )
        if found != note:
            note_shared(self._repo, found)
        return PushResult(
            remote=self._remote.name,
            data_remote=self._data_remote,
            runs=tuple(self._done),
            n_there=self._n_there or 0,
            n_objects=self._n_objects,
            refused=self._refused,
            clashes=plan.clashes,
            without_data=self._without_data,
            n_chains=len(self._chains),
            renamed=self.renamed,
        )
