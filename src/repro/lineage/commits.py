"""The commits that revisions name, as ``git log`` takes them, each with what tells it apart."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from repro.errors import ReproError
from repro.git.repository import GitError, Repository
from repro.model.ids import Oid, RunId, is_run_id
from repro.process import Pending

__all__ = [
    "FACTS_ENV",
    "Commit",
    "Step",
    "UnknownRevisionError",
    "read_commits",
    "read_commits_of",
    "read_graph_of",
    "start_commits",
    "start_graph",
]

_TRAILERS = "%(trailers:key=Repro-Run,valueonly=true,unfold=true,separator=%x20)"
_FORMAT = f"--format=tformat:%H %T %at %ct %P%x1f{_TRAILERS}"
_COMMAND = (
    *("-c", "trailer.separators=:", "log", "--encoding=UTF-8", "--no-show-signature"),
    *("--no-color", "--no-notes", "--no-mailmap", _FORMAT),
)
FACTS_ENV = {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_NO_LAZY_FETCH": "1"}
"""What is found out about an object is what itself says; and no question goes to a network."""
_MOST_WORDS = 2_000
"""More do not fit into a command line everywhere."""
_MAX_TRAILERS = 100
"""A commit that names more runs than this is damaged, or means harm."""


class UnknownRevisionError(ReproError):
    """git knows no such revision.

    Attributes:
        revisions: What was asked for.
    """

    def __init__(
        self, revisions: Sequence[str], reason: str, *, hint: str = "git log --oneline --all"
    ) -> None:
        super().__init__(reason, hint=hint)
        self.revisions = tuple(revisions)


class Step(NamedTuple):
    """From one commit to another: a commit's own change, or that of several.

    Attributes:
        new: Where it ends.
        old: Where it begins; None for nothing, before a root commit.
    """

    new: Oid
    old: Oid | None


class Commit(NamedTuple):
    """A commit.

    Attributes:
        oid: It.
        tree: Its tree.
        parents: In order; none for a root, and where a shallow clone ends.
        authored_at: When its change was made, seconds since the epoch: an amend, a rebase and a
            cherry-pick keep it.
        committed_at: When it was written, likewise.
        runs: What its ``Repro-Run:`` trailers name, which may be no run at all.
    """

    oid: Oid
    tree: Oid
    parents: tuple[Oid, ...]
    authored_at: int
    committed_at: int
    runs: tuple[RunId, ...] = ()

    @property
    def step(self) -> Step:
        """From its first parent to it."""
        return Step(self.oid, self.parents[0] if self.parents else None)


def read_commits(repo: Repository, revisions: Sequence[str]) -> list[Commit]:
    """Returns the commits of some revisions in the order of ``git log``.

    Args:
        repo: The repository.
        revisions: Such as ``HEAD``, ``main..``, ``main..feature``, ``^main``; together they mean
            what they mean to ``git log``. Options are none.

    Raises:
        UnknownRevisionError: git knows no such revision.
        GitError: git could not read them.
    """
    return read_commits_of(start_commits(repo, revisions), revisions)


def start_commits(repo: Repository, revisions: Sequence[str]) -> Pending:
    """Starts what `read_commits` waits for."""
    return repo.start(*_COMMAND, "--end-of-options", *revisions, "--")


def read_commits_of(started: Pending, revisions: Sequence[str]) -> list[Commit]:
    """Returns what `read_commits` does.

    Raises:
        UnknownRevisionError: git knows no such revision.
        GitError: git could not read them.
    """
    result = started.result()
    if result.code != 0:
        error = GitError(_COMMAND, result)
        raise _plain(error, revisions) from error
    return _parsed(result.out)


def start_graph(
    repo: Repository,
    tips: Iterable[Oid],
    without: Iterable[Oid],
    *options: str,
) -> Pending:
    """Starts what `read_graph_of` waits for.

    Args:
        repo: The repository.
        tips: Commits, some of which may be missing.
        without: Commits that, with all before them, are left out; one at least, for of nothing at
            all git takes HEAD.
        options: For ``git log``.
    """
    words = [*tips, *(f"^{oid}" for oid in without)]
    command = (*_COMMAND, *options, "--ignore-missing")
    if len(words) <= _MOST_WORDS:
        # Without input git works while nobody waits for it yet.
        return repo.start(*command, *words, "--", env=FACTS_ENV)
    stdin = "".join([f"{word}\n" for word in words]).encode("ascii")
    return repo.start(*command, "--stdin", stdin=stdin, env=FACTS_ENV)


def read_graph_of(started: Pending) -> dict[Oid, Commit]:
    """Returns commits by id, newest first.

    Raises:
        GitError: git could not read them.
    """
    result = started.result()
    if result.code != 0:
        raise GitError(_COMMAND, result)
    return {commit.oid: commit for commit in _parsed(result.out)}


def _parsed(out: bytes) -> list[Commit]:
    # What is no ASCII stands in a trailer only, and names no run.
    return [_commit(line) for line in out.decode("ascii", "replace").split("\n") if line]


def _commit(line: str) -> Commit:
    head, _, trailers = line.partition("\x1f")
    oid, tree, authored_at, committed_at, *parents = head.split()
    return Commit(
        Oid(oid),
        Oid(tree),
        tuple(map(Oid, parents)),
        int(authored_at),
        int(committed_at),
        _runs(trailers) if trailers else (),
    )


def _runs(trailers: str) -> tuple[RunId, ...]:
    words = trailers.replace(",", " ").split()[:_MAX_TRAILERS]
    return tuple(dict.fromkeys(RunId(word) for word in words if is_run_id(word)))


def _plain(error: GitError, revisions: Sequence[str]) -> ReproError:
    for sign in ("bad revision '", "bad object "):
        _, found, rest = error.stderr.partition(sign)
        if found:
            name = rest.partition("\n")[0].rstrip("'")
            return UnknownRevisionError(revisions, f"git knows no revision {name!r}")
    return error
