"""Which runs there are: on refs of their own and folded, as people have edited them since.

Everything is read from git here, in time that grows with the number of runs;
`repro.store.index` gives the same answers without.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from repro.git.objects import read_objects
from repro.git.repository import Repository
from repro.model.ids import (
    ARCHIVE_REFS,
    LOG_REFS,
    RUN_REFS,
    Oid,
    RefName,
    RunId,
    run_id_from_ref,
)
from repro.model.summary import Summary, SummaryError, parse_message, parse_summary
from repro.store.all_refs import read_all_refs

if TYPE_CHECKING:
    from repro.model.event import Edits

__all__ = [
    "KnownRun",
    "Listing",
    "UnreadableRun",
    "count_runs",
    "has_run",
    "known_runs",
    "known_runs_directly",
    "list_runs",
    "parse_commit",
    "parse_folded",
    "read_listing",
    "read_listing_directly",
    "read_summaries",
    "sorted_listing",
    "unreadable_run",
    "with_edits",
]


class KnownRun(NamedTuple):
    """A run that is there, whether or not it can be read.

    Attributes:
        id: Its id.
        oid: Its commit.
        ref: Its own ref, or that of the archive it is folded in.
        summary: Its summary as JSON where it is folded; None where its commit holds it.
    """

    id: RunId
    oid: Oid
    ref: RefName
    summary: bytes | None = None

    @property
    def is_folded(self) -> bool:
        """Whether it has no ref of its own."""
        return self.summary is not None


class UnreadableRun(NamedTuple):
    """A run ref whose commit is no run, or one that only a newer repro reads.

    Attributes:
        ref: The ref.
        oid: What it names.
        reason: Why it cannot be read.
        hint: What to do about it.
    """

    ref: RefName
    oid: Oid
    reason: str
    hint: str | None


class Listing(NamedTuple):
    """Runs, newest first.

    Attributes:
        summaries: Those that can be read.
        unreadable: The others.
        n_runs: How many there are altogether, those not asked for among them.
    """

    summaries: list[Summary]
    unreadable: list[UnreadableRun]
    n_runs: int = 0


def known_runs(repo: Repository) -> list[KnownRun]:
    """Returns every run that was not removed, folded ones too, newest first by id.

    Raises:
        GitError: git could not read them.
    """
    from repro.store.index import ask_index

    found = ask_index(repo, lambda index: index.known_runs())
    return known_runs_directly(repo) if found is None else found


def list_runs(repo: Repository, *, newest: int | None = None) -> list[Summary]:
    """Returns the runs that can be read, newest first.

    Args:
        repo: The repository.
        newest: Only so many, the newest ones.
    """
    return read_listing(repo, newest=newest).summaries


def read_listing(repo: Repository, *, newest: int | None = None) -> Listing:
    """Returns the runs, newest first, and what is on run refs but cannot be read.

    Args:
        repo: The repository.
        newest: Only so many, the newest ones; no more are read than that, but for runs that
            started within the same second.
    """
    from repro.store.index import ask_index

    found = ask_index(repo, lambda index: index.listing(newest=newest))
    return read_listing_directly(repo, newest=newest) if found is None else found


def has_run(repo: Repository, run: RunId) -> bool:
    """Tells whether a run is there, on a ref of its own or folded.

    Raises:
        GitError: git could not read them.
    """
    from repro.store.index import ask_index

    found = ask_index(repo, lambda index: index.recorded([run]))
    return run in ({known.id for known in known_runs_directly(repo)} if found is None else found)


def count_runs(repo: Repository) -> int:
    """Returns how many runs there are, without reading them where the index knows.

    Raises:
        GitError: git could not read them.
    """
    from repro.store.index import ask_index

    found = ask_index(repo, lambda index: index.n_runs)
    return len(known_runs_directly(repo)) if found is None else found


def known_runs_directly(repo: Repository) -> list[KnownRun]:
    """Returns what `known_runs` does, from git alone."""
    return _Known(repo).runs


def read_listing_directly(repo: Repository, *, newest: int | None = None) -> Listing:
    """Returns what `read_listing` does, from git alone."""
    known = _Known(repo)
    if newest is None:
        return known.read(known.runs)
    listing = known.read(_with_their_second(known.runs, newest))
    return listing._replace(summaries=listing.summaries[:newest])


class _Known:
    """The runs that are there, and what became of them since they were recorded."""

    def __init__(self, repo: Repository) -> None:
        self._repo = repo
        refs = read_all_refs(repo)
        archives = [row for row in refs if row[0].startswith(ARCHIVE_REFS)]
        logs = [oid for ref, oid in refs if ref.startswith(LOG_REFS)]
        self._edit: Callable[[Iterable[Summary]], list[Summary]] = list
        removed: frozenset[RunId] = frozenset()
        if logs:
            removed = self._read_log(logs)
        # A run that is being folded, or was pulled twice, is there twice: its own ref counts.
        found = {run.id: run for run in _folded(repo, archives) if run.id not in removed}
        hot = (KnownRun(RunId(_name(ref)), oid, ref) for ref, oid in refs if _is_hot(ref))
        found |= {run.id: run for run in hot}
        self.runs = sorted(found.values(), key=lambda run: run.id, reverse=True)

    def _read_log(self, tips: list[Oid]) -> frozenset[RunId]:
        from repro.model.event import edits_of
        from repro.store.log import read_events
        from repro.store.writer import own_writers

        edits = edits_of(read_events(self._repo, tips=tips))
        self._edit = lambda runs: [with_edits(run, edits) for run in runs]
        own = own_writers(self._repo)
        return frozenset(run for run, edit in edits.items() if edit.is_removed_in(own))

    def read(self, runs: Sequence[KnownRun]) -> Listing:
        listing = Listing([], [], len(self.runs))
        hot = [(run.ref, run.oid) for run in runs if run.summary is None]
        contents = iter(read_objects(self._repo, [oid for _, oid in hot]))
        for run in runs:
            try:
                listing.summaries.append(
                    parse_commit(run.ref, run.oid, next(contents))
                    if run.summary is None
                    else parse_folded(run)
                )
            except SummaryError as error:
                listing.unreadable.append(unreadable_run(run.ref, run.oid, error))
        return sorted_listing(listing._replace(summaries=self._edit(listing.summaries)))


def _is_hot(ref: RefName) -> bool:
    return ref.startswith(RUN_REFS)


def _name(ref: RefName) -> str:
    # What is no id is there all the same, and said to be unreadable.
    return run_id_from_ref(ref) or ref.removeprefix(RUN_REFS)


def _folded(repo: Repository, archives: Sequence[tuple[RefName, Oid]]) -> Iterator[KnownRun]:
    if not archives:
        return
    from repro.store.archive import list_segments, read_segment

    segments = list_segments(repo, archives)
    contents = read_objects(repo, [oid for _, oid in segments])
    for (ref, _), content in zip(segments, contents, strict=True):
        for line in read_segment(ref, content or b""):
            run_id = line.id
            if run_id is not None:
                yield KnownRun(run_id, line.oid, ref, line.summary)


def _with_their_second(runs: Sequence[KnownRun], newest: int) -> Sequence[KnownRun]:
    """Returns the newest, and those that began in the same second as the last of them.

    Ids sort by second only: which of these is the newest, their summaries tell.
    """
    if newest <= 0 or len(runs) <= newest:
        return runs[: max(newest, 0)]
    second = runs[newest - 1].id.rpartition("-")[0]
    return [run for at, run in enumerate(runs) if at < newest or run.id.startswith(f"{second}-")]


def read_summaries(repo: Repository, refs: Sequence[tuple[RefName, Oid]]) -> Listing:
    """Returns the runs that their own refs name, newest first, without anybody's edits."""
    contents = read_objects(repo, [oid for _, oid in refs])
    listing = Listing([], [], len(refs))
    for (ref, oid), content in zip(refs, contents, strict=True):
        try:
            listing.summaries.append(parse_commit(ref, oid, content))
        except SummaryError as error:
            listing.unreadable.append(unreadable_run(ref, oid, error))
    return sorted_listing(listing)


def sorted_listing(listing: Listing) -> Listing:
    """Returns a listing with its runs in order."""
    listing.summaries.sort(key=lambda run: (run.started_at, run.id), reverse=True)
    listing.unreadable.sort(reverse=True)
    return listing


def unreadable_run(ref: RefName, oid: Oid, error: SummaryError) -> UnreadableRun:
    """Returns the run that an error was met in."""
    return UnreadableRun(ref, oid, error.message, error.hint)


def parse_commit(ref: RefName, oid: Oid, content: bytes | None) -> Summary:
    """Reads the summary of the run that a ref of its own names.

    Args:
        ref: The ref.
        oid: What it names.
        content: The object, None where it is missing.

    Raises:
        SummaryError: It is no run, or another one.
    """
    if content is None:
        raise SummaryError(f"{ref}: its commit {oid} is missing", hint="repro fsck --repair")
    if not content.startswith(b"tree "):
        raise SummaryError(f"{ref} names no commit", hint=f"git show {ref}")
    summary = parse_message(content, oid=oid, ref=ref)
    if not ref.endswith(f"/{summary.id}"):
        raise SummaryError(f"{ref} holds another run, {summary.id}", hint=f"git show {ref}")
    return summary


def parse_folded(run: KnownRun) -> Summary:
    """Reads the summary of a folded run.

    Raises:
        SummaryError: It is damaged, or a newer repro wrote it.
    """
    summary = parse_summary(run.summary or b"", oid=run.oid, ref=run.ref)
    if summary.id != run.id:
        raise SummaryError(f"{run.ref} is damaged where it lists {run.id}", hint="repro fsck")
    return summary


def with_edits(run: Summary, edits: "Mapping[RunId, Edits]") -> Summary:
    """Returns the summary as people have named, tagged, starred and annotated its run since."""
    edit = edits.get(run.id)
    if edit is None:
        return run
    tags = {**run.tags, **edit.tags}
    return run._replace(
        name=run.name if edit.name is None else edit.name,
        tags={key: value for key, value in tags.items() if value is not None},
        starred=edit.starred,
        notes=edit.notes,
        commits=edit.commits,
    )
