"""Which runs are folded, and where: a few by their ids, or all of some archives."""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from repro.git.objects import read_objects
from repro.git.refs import list_refs
from repro.git.repository import Repository
from repro.model.ids import ARCHIVE_REFS, Oid, RefName, RunId, is_oid
from repro.store.archive import list_segments, read_segment

if TYPE_CHECKING:
    from repro.store.index_reader import Reader

__all__ = ["FoldedRun", "find_folded", "read_folded_runs"]


class FoldedRun(NamedTuple):
    """A run in an archive, as it is listed there.

    Attributes:
        id: Its id.
        oid: Its commit.
        ref: The archive.
        summary: Its summary as JSON; b"" where it was not asked for.
    """

    id: RunId
    oid: Oid
    ref: RefName
    summary: bytes = b""


def find_folded(repo: Repository, runs: Collection[RunId]) -> dict[RunId, FoldedRun]:
    """Returns those of some runs that are in an archive here, removed ones too.

    Raises:
        GitError: git could not read the archives.
    """
    if not runs or not (archives := list_refs(repo, ARCHIVE_REFS)):
        return {}
    from repro.store.index import ask_index

    wanted = frozenset(runs)

    def ask(index: "Reader") -> list[FoldedRun]:
        return [FoldedRun(*row) for row in index.folded(wanted)]

    found = ask_index(repo, ask)
    if found is None:
        found = [run for run in read_folded_runs(repo, archives) if run.id in wanted]
    return {run.id: run for run in found}


def read_folded_runs(
    repo: Repository, archives: Sequence[tuple[RefName, Oid]]
) -> Iterator[FoldedRun]:
    """Yields the runs that archives list, as they list them, unchecked.

    Args:
        repo: The repository.
        archives: Refs, and commits of their chains: what is listed up to there.

    Raises:
        GitError: git could not read one.
    """
    segments = list_segments(repo, archives)
    contents = read_objects(repo, [oid for _, oid in segments])
    for (ref, _), content in zip(segments, contents, strict=True):
        for line in read_segment(ref, content or b""):
            run_id = line.id
            if run_id is not None and is_oid(line.oid):
                yield FoldedRun(run_id, line.oid, ref, line.summary)
