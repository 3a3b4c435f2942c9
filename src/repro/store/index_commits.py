"""What the index knows of commits and runs: which began from which, which were said to be of which.

Hidden runs are among the answers, and a run may be there more than once.
"""

import json
from collections.abc import Collection
from typing import NamedTuple

from repro.model.ids import Oid, RunId
from repro.store.index_reader import Reader

__all__ = ["Tie", "all_commits", "ties_of"]


class Tie(NamedTuple):
    """A run and a commit that it belongs to.

    Attributes:
        run: The run.
        commit: The commit.
        is_said: Whether somebody said so, rather than that it began from there.
    """

    run: RunId
    commit: Oid
    is_said: bool


def ties_of(index: Reader, commits: Collection[Oid]) -> list[Tie]:
    """Returns the runs that began from some commits, or were said to belong to them."""
    query = (
        "SELECT id, begun_from, 0 FROM runs"
        " WHERE begun_from IN (SELECT value FROM json_each(?1))"
        " UNION ALL SELECT run, belongs_to, 1 FROM events"
        " WHERE belongs_to IN (SELECT value FROM json_each(?1))"
    )
    rows = index._db.execute(query, (json.dumps(list(commits)),))  # noqa: SLF001 - its neighbour
    return [Tie(RunId(run), Oid(commit), bool(is_said)) for run, commit, is_said in rows]


def all_commits(index: Reader) -> set[Oid]:
    """Returns every commit that a run began from, or was said to belong to."""
    query = (
        "SELECT begun_from FROM runs WHERE begun_from IS NOT NULL"
        " UNION SELECT belongs_to FROM events WHERE belongs_to IS NOT NULL"
    )
    return {Oid(oid) for (oid,) in index._db.execute(query)}  # noqa: SLF001 - its neighbour
