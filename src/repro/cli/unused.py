"""Which rebuilt environments and working trees of runs may go, and why others stay."""

import os
import shlex
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from repro.cli.in_use import paths_in_use
from repro.cli.rebuilding import home_of
from repro.cli.run_worktree import changes_in, worktrees_home
from repro.errors import ReproError
from repro.git.repository import Repository, open_repository
from repro.model.data import Place
from repro.model.run import Record
from repro.rebuild.kept import EnvironmentInUseError, Kept, hold, kept_environments

__all__ = ["Unused", "find_unused", "remove"]

_DAY_NS = 86_400 * 10**9
_UNFINISHED_NS = 3600 * 10**9
"""A build that has not ended after an hour never will."""
_MADE_AGAIN = frozenset(
    "__pycache__ .pytest_cache .mypy_cache .ruff_cache .ipynb_checkpoints .hypothesis".split()
)
_OUR_DIRECTORIES = (".repro", ".dvc")
_LINK = ".repro/venv"


class Unused(NamedTuple):
    """Something that nobody has used for a while, or that is of no use any more.

    Attributes:
        path: Its directory.
        what: "environment", or the like.
        why: Why it may go.
        stays: Why it does not, "" when it may.
        fix: How to remove it all the same, "" when that is not known or it may go.
    """

    path: str
    what: str
    why: str
    stays: str = ""
    fix: str = ""

    @property
    def is_environment(self) -> bool:
        """Whether it is no working tree."""
        return self.what.endswith("environment")


class _Search(NamedTuple):
    """What is asked of each directory.

    Attributes:
        repo: The repository.
        at_ns: Now, nanoseconds since the epoch.
        days: How long something must not have been used.
        busy: What processes work in.
    """

    repo: Repository
    at_ns: int
    days: int
    busy: Collection[str]

    def why_old(self, used_at_ns: int) -> str:
        """Says that something was not used for so long, "" if it was."""
        unused_days = (self.at_ns - used_at_ns) // _DAY_NS
        if unused_days < self.days:
            return ""
        counted = "1 day" if unused_days == 1 else f"{unused_days} days"
        return f"not used for {counted}" if unused_days > 0 else "not in use"


def find_unused(repo: Repository, *, at_ns: int, days: int) -> list[Unused]:
    """Returns what may go, and what would but for something that speaks against it.

    Args:
        repo: The repository.
        at_ns: Now, nanoseconds since the epoch.
        days: How long something must not have been used.
    """
    environments = kept_environments(home_of(repo))
    worktrees = _worktrees(repo)
    busy = paths_in_use([*(kept.path for kept in environments), *worktrees])
    # What is installed from a working tree needs it.
    busy |= {kept.top for kept in environments if kept.path in busy}
    search = _Search(repo, at_ns, days, busy)
    found = [*filter(None, (_look_at_worktree(search, path) for path in worktrees))]
    going = {unused.path for unused in found if not unused.stays}
    return [*found, *_unused_environments(search, environments, going)]


def _unused_environments(
    search: _Search, environments: Collection[Kept], going: Collection[str]
) -> Iterator[Unused]:
    links = _links_to_environments(search.repo)
    digests = _digests_of_runs(search.repo)
    for kept in environments:
        what = "environment" if kept.is_finished else "unfinished environment"
        why = _why_environment(search, kept, digests, going)
        if not why:
            continue
        link = links.get(os.path.realpath(kept.path), "")
        if kept.path in search.busy:
            yield Unused(kept.path, what, why, "it is in use")
        elif link:
            yield Unused(kept.path, what, why, f"{link} leads to it", f"rm {shlex.quote(link)}")
        else:
            yield Unused(kept.path, what, why)


def _why_environment(
    search: _Search, kept: Kept, digests: Collection[str] | None, going: Collection[str]
) -> str:
    if not kept.is_finished:
        is_old = search.at_ns - kept.used_at_ns >= _UNFINISHED_NS
        return "left unfinished" if is_old else ""
    if digests is not None and kept.environment and kept.environment not in digests:
        return "no run has it any more"
    if kept.top and (kept.top in going or not os.path.isdir(kept.top)):
        return "its working tree is gone"
    return search.why_old(kept.used_at_ns)


def _digests_of_runs(repo: Repository) -> frozenset[str] | None:
    """Returns the digests of the environments of all runs, None when a run cannot be read."""
    from repro.store.listing import read_listing

    listing = read_listing(repo)
    if listing.unreadable:
        return None
    return frozenset(summary.pillars.environment for summary in listing.summaries)


def _links_to_environments(repo: Repository) -> Mapping[str, str]:
    """Returns the links that `repro checkout --env` left in working trees, by what they lead to."""
    rows = repo.git("worktree", "list", "--porcelain").splitlines()
    tops = [os.fsdecode(row[9:]) for row in rows if row.startswith(b"worktree ")]
    links = [f"{top}/{_LINK}" for top in tops]
    return {os.path.realpath(link): link for link in links if os.path.islink(link)}


def _worktrees(repo: Repository) -> list[str]:
    home = worktrees_home(repo)
    names = sorted(os.listdir(home)) if os.path.isdir(home) else []
    return [f"{home}/{name}" for name in names if os.path.isdir(f"{home}/{name}")]


def _look_at_worktree(search: _Search, path: str) -> Unused | None:
    why = search.why_old(os.stat(path).st_mtime_ns)
    if not why:
        return None
    found = Unused(path, "working tree", why)
    if path in search.busy or _is_held(path):
        return found._replace(stays="it is in use")
    try:
        work = _work_in(path)
    except (ReproError, OSError) as error:
        work = error.message if isinstance(error, ReproError) else str(error)
    by_hand = f"git worktree remove --force {shlex.quote(path)}"
    return found._replace(stays=work, fix=by_hand) if work else found


def _is_held(path: str) -> bool:
    home, _, name = path.rpartition("/")
    try:
        with hold(home, name, on_wait=_refuse):
            return False
    except EnvironmentInUseError:
        return True


def _refuse() -> None:
    raise EnvironmentInUseError("it is in use", hint="repro gc, once nothing uses it")


def _work_in(path: str) -> str:
    """Says what would be lost with a working tree, "" for nothing."""
    from repro.restore.state import checked_out
    from repro.store.runs import read_record

    if not os.path.isfile(f"{path}/.git"):
        return ""  # never made to its end, or already half removed
    worktree = open_repository(path)
    note = checked_out(worktree)
    if note is None:
        return ""  # likewise: nobody has worked there
    record = read_record(worktree, note.oid)
    changed, commit = changes_in(worktree, record)
    if commit:
        return f"it is at commit {commit[:10]}, where run {note.name} was not"
    if changed:
        return f"{_some(changed)} not as run {note.name} had it"
    kept = (*note.placed, *_outputs_made_again(worktree, record))
    ignored = [path for path in _ignored(worktree) if not _is_placed(path, kept)]
    return f"{_some(ignored)} not of run {note.name}" if ignored else ""


def _outputs_made_again(worktree: Repository, record: Record) -> list[str]:
    """Returns the paths at which the very outputs lie that the run had: its record keeps them."""
    from repro.data.place import matches
    from repro.restore.stores import open_stores

    cache = open_stores(worktree).cache
    return [
        artifact.path
        for artifact in record.artifacts
        if artifact.place is not Place.NOWHERE
        and matches(artifact, os.path.join(worktree.top, artifact.path), cache=cache)
    ]


def _some(paths: Collection[str]) -> str:
    first, *more = paths
    return f"{first} and {len(more)} more are" if more else f"{first} is"


def _ignored(worktree: Repository) -> list[str]:
    """Returns the ignored files in a working tree that nothing makes again."""
    out = worktree.git("status", "--porcelain", "-z", "--ignored", "--untracked-files=all")
    paths = [os.fsdecode(row[3:]) for row in out.split(b"\0") if row.startswith(b"!! ")]
    return [path for path in paths if not _is_made_again(path.rstrip("/").split("/"))]


def _is_made_again(parts: list[str]) -> bool:
    return any(
        part in _MADE_AGAIN or part in _OUR_DIRECTORIES or part.endswith((".egg-info", ".pyc"))
        for part in parts
    )


def _is_placed(path: str, placed: Collection[str]) -> bool:
    return any(path.rstrip("/") == place or path.startswith(f"{place}/") for place in placed)


def remove(repo: Repository, unused: Unused) -> None:
    """Removes it.

    Raises:
        EnvironmentInUseError: A process has begun to use it.
        GitError: git could not remove the working tree.
    """
    home, _, name = unused.path.rpartition("/")
    if unused.is_environment:
        from repro.rebuild.kept import remove_environment

        remove_environment(home, name)
        return
    from contextlib import suppress

    from repro.git.repository import GitError
    from repro.git.worktrees import remove_worktree

    with hold(home, name, on_wait=_refuse):
        with suppress(GitError):  # it was never made so far that git knows it
            remove_worktree(repo, unused.path)
        if os.path.lexists(unused.path):
            import shutil

            shutil.rmtree(unused.path)
        os.unlink(f"{home}/{name}.lock")
