"""Runs written straight into a scratch repository."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from repro.git.repository import Repository, open_repository
from repro.model.ids import Oid, RunId, run_ref
from repro.model.run import Code, DirtyPath, Record, Status
from repro.model.values import Metric, Number, Params
from repro.store.runs import write_run
from tests.model.records import simple_record
from tests.repos import Scratch

START = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


class Shelf(NamedTuple):
    """A repository to put runs into.

    Attributes:
        scratch: It, for git.
        repo: It, for repro.
    """

    scratch: Scratch
    repo: Repository

    def put(
        self,
        letters: str,
        *,
        minute: float = 0,
        name: str | None = None,
        metrics: Mapping[str, Number] | None = None,
        params: Params | None = None,
        is_dirty: bool = False,
    ) -> Oid:
        """Writes a run that began `minute` minutes after the first and returns its commit.

        Args:
            letters: The letters of its id, repeated to make eight.
            minute: When it began.
            name: Its name.
            metrics: Its metrics.
            params: Its params.
            is_dirty: Whether it began with uncommitted changes.
        """
        record = self.record(letters, minute=minute, name=name, metrics=metrics, params=params)
        if is_dirty:
            code = record.run.code._replace(dirty=(DirtyPath("train.py", "modified"),))
            record = record._replace(run=record.run._replace(code=code))
        return write_run(
            self.repo,
            record,
            parents=[record.run.code.commit] if record.run.code.commit else [],
            ref=run_ref(record.run.id),
        )

    def record(
        self,
        letters: str,
        *,
        minute: float = 0,
        name: str | None = None,
        metrics: Mapping[str, Number] | None = None,
        params: Params | None = None,
    ) -> Record:
        """Returns the record that `put` writes."""
        started_at = START + timedelta(minutes=minute)
        head = self.scratch.git("rev-parse", "-q", "--verify", "HEAD", check=False)
        tree = self.scratch.git("write-tree")
        record = simple_record()
        run = record.run._replace(
            id=RunId(f"{started_at:%Y%m%dT%H%M%S}-{(letters * 8)[:8]}"),
            name=name if name is not None else f"run-{letters}",
            status=Status.FINISHED,
            started_at=started_at,
            ended_at=started_at + timedelta(seconds=30),
            code=Code(Oid(head) if head else None, "main", Oid(tree)),
        )
        return record._replace(
            run=run,
            params=record.params if params is None else params,
            metrics={k: Metric(v) for k, v in (metrics or {}).items()},
        )

    def put_damaged(self, ref: str, message: str = "no run at all") -> Oid:
        """Makes a ref to a commit that is no run and returns the commit."""
        tree = self.scratch.git("write-tree")
        oid = self.scratch.git("commit-tree", tree, "-m", message)
        self.scratch.git("update-ref", ref, oid)
        return Oid(oid)


@pytest.fixture
def shelf(repo: Scratch) -> Shelf:
    """A repository without runs."""
    return Shelf(repo, open_repository(str(repo.path)))


@pytest.fixture
def any_shelf(any_repo: Scratch) -> Shelf:
    """Each kind of repository."""
    return Shelf(any_repo, open_repository(str(any_repo.path)))
