"""The index while others write: no run that was there before is missing, none is made up."""

import subprocess
import sys
from pathlib import Path

import pytest

from repro.git.repository import open_repository
from repro.store.index import ask_index
from repro.store.index_file import index_path
from repro.store.index_reader import Reader
from repro.store.listing import known_runs_directly, read_listing_directly
from tests.store.conftest import Shelf

_START = """
import sys, time
from datetime import UTC, datetime, timedelta
from repro.git.refs import list_refs
from repro.git.repository import open_repository
from repro.store import index
from repro.store.listing import known_runs, known_runs_directly
index.FEW_RUNS = 0
repo = open_repository(sys.argv[1])
name = sys.argv[2]
"""
_WRITE = """
from repro.model.ids import RunId, run_ref
from repro.store.runs import write_run
from tests.model.records import simple_record
from tests.store.conftest import START
base = simple_record()
for number in range(12):
    letters = (name + "klmnopqrstuv"[number]) * 4
    started_at = START + timedelta(minutes=number)
    code = base.run.code._replace(commit=repo.head, tree=repo.head_tree)
    run_id = RunId(f"{started_at:%Y%m%dT%H%M%S}-{letters}")
    record = base._replace(run=base.run._replace(id=run_id, started_at=started_at, code=code))
    write_run(repo, record, parents=[], ref=run_ref(record.run.id))
"""
_LIST = """
for _ in range(25):
    before = {run.id for run in known_runs_directly(repo)}
    found = {run.id for run in known_runs(repo)}
    after = {run.id for run in known_runs_directly(repo)}
    assert before <= found, ("missing", before - found)
    assert found <= after, ("made up", found - after)
"""
_DISTURB = """
import os
from repro.errors import ReproError
from repro.model.ids import RUN_REFS, WriterId
from repro.store.archive import fold_runs
from repro.store.index_file import index_path
for number in range(12):
    if number % 3 == 0:
        repo.git("pack-refs", "--all")
    elif number % 3 == 1:
        try:
            runs = list_refs(repo, RUN_REFS)[:4]
            fold_runs(repo, runs, writer=WriterId("kkkkkkkk"), at=datetime.now(UTC))
        except ReproError:
            pass
    elif os.path.exists(index_path(repo)) and number % 2:
        os.unlink(index_path(repo))
    time.sleep(0.05)
"""


@pytest.mark.slow
def test_no_run_is_missed_and_none_is_made_up(shelf: Shelf) -> None:
    shelf.put("z")
    root = Path(__file__).parent.parent.parent
    jobs = [(_WRITE, "k"), (_WRITE, "l"), (_LIST, "1"), (_LIST, "2"), (_LIST, "3"), (_DISTURB, "")]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _START + script, str(shelf.scratch.path), name],
            cwd=root,
            stderr=subprocess.PIPE,
            text=True,
        )
        for script, name in jobs
    ]
    said = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [0] * len(jobs), "\n".join(said)
    repo = open_repository(str(shelf.scratch.path))
    assert len(known_runs_directly(repo)) == 25
    found = ask_index(repo, Reader.listing)
    assert found == read_listing_directly(repo)
    assert Path(index_path(repo)).exists()
