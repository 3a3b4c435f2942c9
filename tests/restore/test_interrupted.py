"""kill -9 at every step of a checkout, and of the way back: undo brings everything back."""

import os
import shutil
from pathlib import Path

import pytest

from repro.restore.checkout import prepare
from repro.restore.state import interrupted
from tests.repos import Scratch, run_program
from tests.restore.runs import (
    AT,
    Recorded,
    check_out,
    contents_of,
    go_back,
    opened,
    own_files,
    record_run,
    whole_state,
)

STEPS = ("saved", "begun", "removed", "files", "data", "record", "outputs", "installed", "done")

_KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from repro.git.repository import open_repository
from repro.lineage.resolve import resolve_run
from repro.restore.checkout import prepare
from repro.restore.undo import prepare_undo
from repro.store.runs import read_record

repo = open_repository()
at = datetime(2024, 5, 6, tzinfo=UTC)
if sys.argv[1] == "undo":
    move = prepare_undo(repo, at=at)
else:
    run = resolve_run(repo, sys.argv[1])
    move = prepare(repo, run, read_record(repo, run), at=at, keep=True, outputs=True)
for step in move.steps():
    if step == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def work(repo: Scratch) -> tuple[Scratch, Recorded]:
    """A run, and a working tree that differs from it in every way."""
    repo.write(".gitignore", "/data\n/ignored\n/out\n")
    repo.commit("ignore")
    repo.write("train.py", "the run's\n")
    repo.write("swap/inner.txt", "a directory\n")
    repo.write("ignored", "not ignored by the run\n")
    repo.write("data/a.csv", "the run's data\n")
    repo.write("out/model.bin", "weights\n")
    repo.git("add", "--force", "ignored")
    run = record_run(repo, data=["data"], outputs=["out/model.bin"])
    repo.git("reset", "--quiet", "--hard")
    shutil.rmtree(repo.path / "swap")
    repo.write("swap", "a file\n")
    repo.write("params.yaml", "staged\n")
    repo.git("add", "--all")
    repo.write("params.yaml", "mine\n")
    repo.write("mine.txt", "untracked\n")
    repo.write("ignored", "my ignored file\n")
    repo.write("data/a.csv", "my data\n")
    repo.write("data/b.csv", "more of my data\n")
    repo.write("out/model.bin", "my weights\n")
    return repo, run


def _kill_after(scratch: Scratch, what: str, step: str) -> None:
    argv = (os.sys.executable, "-c", _KILLED, what, step)  # type: ignore[attr-defined]
    source = str(Path(__file__).parent.parent.parent / "src")
    done = run_program(*argv, cwd=scratch.path, check=False, env={"PYTHONPATH": source})
    assert done.returncode == -9, done.stderr


@pytest.mark.parametrize("step", STEPS)
def test_undo_brings_back_what_a_killed_checkout_left(
    work: tuple[Scratch, Recorded], step: str
) -> None:
    scratch, run = work
    before = whole_state(scratch)
    _kill_after(scratch, run.summary.id, step)
    is_under_way = step not in ("saved", "done")
    assert (interrupted(opened(scratch)) == 1) == is_under_way
    go_back(scratch)
    assert whole_state(scratch) == before
    assert interrupted(opened(scratch)) is None


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_undo_is_undone_the_same_way(work: tuple[Scratch, Recorded], step: str) -> None:
    scratch, run = work
    check_out(scratch, run, keep=True)
    at_run = whole_state(scratch)
    _kill_after(scratch, "undo", step)
    if step == "saved":
        assert whole_state(scratch) == at_run
        return
    go_back(scratch)
    assert whole_state(scratch) == at_run


@pytest.mark.parametrize("step", ["removed", "files", "installed"])
def test_a_recovery_that_is_killed_itself_is_recovered(
    work: tuple[Scratch, Recorded], step: str
) -> None:
    scratch, run = work
    before = whole_state(scratch)
    _kill_after(scratch, run.summary.id, "files")
    _kill_after(scratch, "undo", step)
    go_back(scratch)
    assert whole_state(scratch) == before


def test_undo_brings_back_files_that_git_was_about_to_write(
    work: tuple[Scratch, Recorded],
) -> None:
    scratch, run = work
    before = whole_state(scratch)
    _kill_after(scratch, run.summary.id, "removed")
    scratch.write("train.py", "the ru")
    (scratch.path / "swap").unlink()
    (scratch.path / "swap").mkdir()
    go_back(scratch)
    assert whole_state(scratch) == before


def test_a_step_that_fails_names_the_way_back(work: tuple[Scratch, Recorded]) -> None:
    scratch, run = work
    before = whole_state(scratch)
    move = prepare(opened(scratch), run.summary, run.record, at=AT, keep=True)
    steps = move.steps()
    while next(steps) != "removed":
        pass
    scratch.write("params.yaml", "written at this very moment\n")
    with pytest.raises(Exception, match="stopped midway") as caught:
        list(steps)
    assert "repro undo 1" in str(getattr(caught.value, "hint", ""))
    go_back(scratch)
    assert own_files(contents_of(scratch)) == before[0]
