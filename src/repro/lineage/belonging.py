"""The runs of commits, as it was written down; and the writing down.

A run belongs to the commit that it began from, and to those that somebody said it belongs to: the
commit that holds its results, what an amend, a rebase or a squash made of that. Such words are
events in the log, which clones share, and git notes beside, which git itself carries through the
next amend or rebase even where no hook of ours runs.
"""

import threading
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from repro.errors import ReproError
from repro.git.notes import add_lines, noted_commits, read_notes
from repro.git.repository import GitError, Repository
from repro.lineage.settling import settle_rewrites
from repro.model.ids import NOTES_REF, Oid, RefName, RunId, is_run_id
from repro.store.index import ask_index

if TYPE_CHECKING:
    from repro.model.run import Identity
    from repro.model.summary import Summary
    from repro.store.index_reader import Reader

__all__ = ["Ledger", "attach", "noted_runs", "runs_of"]

_NOTES = RefName(NOTES_REF)
_MANY = 500
_T = TypeVar("_T")


class Ledger:
    """What was written down about runs and commits: by runs, by the log, and in git notes."""

    def __init__(self, repo: Repository, *, is_settling: bool = False) -> None:
        """Looks at nothing yet.

        Args:
            repo: The repository.
            is_settling: Whether it is this that writes down what hooks kept of rebases.
        """
        self._repo = repo
        self._is_settled = is_settling
        self._every: list[Summary] | None = None
        self._commits: set[Oid] | None = None

    def ties(self, commits: Collection[Oid]) -> tuple[list[tuple[RunId, Oid]], ...]:
        """Returns which runs began from some commits, were said to be theirs, and are noted there.

        Runs that are not there, or no longer, may be among the noted ones and those that were said.

        Raises:
            GitError: git could not read them.
        """
        from repro.store.index_reader import Tie

        self._settle()
        wanted = frozenset(commits)
        if len(wanted) > _MANY:
            # Far fewer commits have runs than there are.
            wanted &= self.commits()
        found = self._ask(
            lambda index: index.ties(wanted),
            lambda runs: [
                Tie(run.id, commit, is_said)
                for run in runs
                for commit, is_said in [(run.commit, False), *((oid, True) for oid in run.commits)]
                if commit is not None and commit in wanted
            ],
        )
        noted = [(run, commit) for commit, run in noted_runs(self._repo, wanted)]
        began = [(tie.run, tie.commit) for tie in found if not tie.is_said]
        said = [(tie.run, tie.commit) for tie in found if tie.is_said]
        return began, said, noted

    def commits(self) -> set[Oid]:
        """Returns every commit that something is written down about.

        Raises:
            GitError: git could not read them.
        """
        if self._commits is not None:
            return self._commits
        self._settle()
        found = self._ask(
            lambda index: index.commits(),
            lambda runs: {
                oid for run in runs for oid in (run.commit, *run.commits) if oid is not None
            },
        )
        with suppress(GitError):  # see `noted_runs`
            found |= set(noted_commits(self._repo, _NOTES))
        self._commits = found
        return self._commits

    def present(self, runs: Collection[RunId]) -> set[RunId]:
        """Returns which of some runs are there, and were not removed.

        Raises:
            GitError: git could not read them.
        """
        if not runs:
            return set()
        found = ask_index(self._repo, lambda index: index.recorded(runs))
        if found is not None:
            return found
        from repro.store.listing import known_runs_directly

        return {known.id for known in known_runs_directly(self._repo)}.intersection(runs)

    def _settle(self) -> None:
        if not self._is_settled:
            self._is_settled = True
            settle_rewrites(self._repo)

    def _ask(
        self, question: "Callable[[Reader], _T]", directly: "Callable[[list[Summary]], _T]"
    ) -> _T:
        # Once the index did not answer, it is not asked again: the answers would not agree.
        if self._every is None:
            found = ask_index(self._repo, question)
            if found is not None:
                return found
            from repro.store.listing import read_listing_directly

            self._every = read_listing_directly(self._repo).summaries
        return directly(self._every)


def runs_of(repo: Repository, commits: Collection[Oid]) -> dict[RunId, set[Oid]]:
    """Returns the runs that belong to some commits as far as it was written down, and to which.

    Nothing is guessed here: see `repro.lineage.origins` for what was rewritten unseen. Runs in
    progress are left out, and so are those that were removed.

    Raises:
        GitError: git could not read them.
    """
    if not commits:
        return {}
    ledger = Ledger(repo)
    found: dict[RunId, set[Oid]] = {}
    for ties in ledger.ties(commits):
        for run, commit in ties:
            found.setdefault(run, set()).add(commit)
    present = ledger.present(found)
    return {run: of for run, of in found.items() if run in present}


def noted_runs(repo: Repository, commits: Collection[Oid]) -> list[tuple[Oid, RunId]]:
    """Returns what git notes say: which run belongs to which of some commits.

    Notes that git cannot read say nothing: whatever is on that ref came from somewhere, and what
    they said stands in the log as well.
    """
    try:
        notes = read_notes(repo, _NOTES, commits)
    except GitError:
        return []
    return [
        (commit, RunId(line))
        for commit, lines in notes.items()
        for line in lines
        if is_run_id(line)
    ]


def attach(
    repo: Repository,
    pairs: Iterable[tuple[Oid, RunId]],
    *,
    now: datetime,
    author: "Identity | None",
    known: Collection[tuple[RunId, Oid]] | None = None,
) -> int:
    """Writes down that runs belong to commits; what is written down already is not said again.

    Args:
        repo: The repository.
        pairs: A commit and a run each.
        now: UTC.
        author: Whose words; None where git knows none.
        known: What of these was said already, or is plain as a run began from its commit; None to
            find that out.

    Returns:
        How much was new.

    Raises:
        RefExistsError: Other processes were quicker again and again.
        GitError: git could not write.
        OSError: repro's directory cannot be written.
    """
    wanted = list(dict.fromkeys(pairs))
    if not wanted:
        return 0
    from repro.model.event import EventKind
    from repro.store.log import Word, append_events

    if known is None:
        began, said, _ = Ledger(repo).ties({commit for commit, _ in wanted})
        known = {*began, *said}
    new = [(commit, run) for commit, run in wanted if (run, commit) not in known]
    words = [Word(EventKind.BELONG, run, value=commit) for commit, run in new]
    lines: dict[Oid, list[str]] = {}
    for commit, run in wanted:
        lines.setdefault(commit, []).append(run)
    noting = _Noting(lambda: add_lines(repo, _NOTES, lines, author=author, at=now))
    noting.start()
    try:
        append_events(repo, words, now=now, author=author)
    finally:
        noting.join()
    if noting.problem is not None:
        raise noting.problem
    return len(new)


class _Noting(threading.Thread):
    """Writes the notes while the log is written: both wait for git, most of the time.

    Attributes:
        problem: Why they could not be written; None where they were.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self.problem: ReproError | OSError | None = None

    def run(self) -> None:
        """Writes them."""
        try:
            self._work()
        except (ReproError, OSError) as error:
            self.problem = error
