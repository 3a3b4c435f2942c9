"""Runs written straight into a repository, so that what shows them can be tested alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
from click.testing import CliRunner, Result

from repro.git.repository import open_repository
from repro.model.ids import Oid, RunId, live_ref, run_ref
from repro.model.run import Code, DirtyPath, Host, Record
from repro.record.begun import Begun
from repro.record.live import create_live_run
from repro.store.runs import write_run
from tests.compare.samples import START, record
from tests.repos import Scratch

TERMINAL = {"FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": "100"}


class Shelf(NamedTuple):
    """A repository to put runs into, the current directory of the test."""

    scratch: Scratch

    def put(self, letters: str, *, minute: int = 0, **fields: Any) -> Record:
        """Writes a run of the working tree as it stands, `minute` minutes after the first."""
        repo = open_repository(str(self.scratch.path))
        started_at = START + timedelta(minutes=minute)
        run_id = RunId(f"{started_at:%Y%m%dT%H%M%S}-{letters * 8}")
        self.scratch.git("add", "-A")
        tree = Oid(self.scratch.git("write-tree").strip())
        self.scratch.git("reset", "--quiet")
        dirty = (DirtyPath("train.py", "modified"),) if tree != repo.head_tree else ()
        of_run = {
            "id": run_id,
            "name": f"run-{letters}",
            "started_at": started_at,
            "ended_at": started_at + timedelta(seconds=30),
            "code": Code(repo.head, repo.branch, tree, dirty),
        }
        written = record(**fields | {"run": of_run | fields.pop("run", {})})
        parents = (repo.head,) if repo.head else ()
        write_run(repo, written, parents=parents, ref=run_ref(run_id))
        return written

    @contextmanager
    def running(self, letters: str) -> Iterator[None]:
        """Makes a run that is in progress, with this process for its recorder."""
        repo = open_repository(str(self.scratch.path))
        assert repo.head is not None
        assert repo.head_tree is not None
        started_at = datetime.now(UTC)
        run_id = RunId(f"{started_at:%Y%m%dT%H%M%S}-{letters * 8}")
        begun = Begun(
            id=run_id,
            name=f"run-{letters}",
            worktree=repo.top,
            command=("python", "train.py"),
            cwd=".",
            project=".",
            started_at=started_at,
            started_ns=0,
            code=Code(repo.head, repo.branch, repo.head_tree),
            author=None,
            host=Host("box", "ann"),
            params={"lr": 0.5},
        )
        live, recorder = create_live_run(repo, run_id)
        live.write("run", begun.to_json())
        self.scratch.git("update-ref", live_ref(run_id), repo.head)
        yield
        os.close(recorder)


def shelf(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Returns the repository as a shelf, and goes there."""
    monkeypatch.chdir(Path(scratch.path))
    return Shelf(scratch)


def call(command: click.Command, *args: str, terminal: bool = False, **env: str) -> Result:
    """Runs a command as the command line would; an error of ours is raised."""
    result = CliRunner(env=(TERMINAL if terminal else {}) | env).invoke(command, list(args))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result
