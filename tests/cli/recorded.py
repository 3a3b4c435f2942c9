"""Runs written straight into a repository, so that what shows them can be tested alone."""

from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
from click.testing import CliRunner, Result

from repro.git.repository import open_repository
from repro.model.ids import Oid, RunId, run_ref
from repro.model.run import Code, DirtyPath, Record
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
