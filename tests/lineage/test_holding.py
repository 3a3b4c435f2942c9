"""A commit that holds a run's uncommitted changes and results has the run, without any hook."""

import sys

from repro.lineage.origins import Why
from repro.model.ids import RefName, RunId, run_id_from_ref
from tests.lineage.history import History


def run_dirty(history: History, lr: str) -> RunId:
    """Changes a param, runs, and leaves all that uncommitted."""
    before = set(history.scratch.runs())
    history.scratch.write("params.yaml", f"lr: {lr}\nlayers: 2\n")
    history.scratch.run_cli("run", "--", sys.executable, "train.py")
    [ref] = set(history.scratch.runs()) - before
    run = run_id_from_ref(RefName(ref))
    assert run is not None
    return run


def test_a_run_and_then_a_commit_of_what_it_was(history: History) -> None:
    run = run_dirty(history, "0.3")
    history.commit("a better rate")
    assert history.found("HEAD^!") == {run: ({history.head()}, Why.HOLDS)}
    # And again, from what was remembered.
    assert history.found("HEAD^!") == {run: ({history.head()}, Why.HOLDS)}


def test_a_commit_of_something_else_is_not_it(history: History) -> None:
    run = run_dirty(history, "0.3")
    history.scratch.write("params.yaml", "lr: 0.4\nlayers: 2\n")
    history.commit("another rate")
    assert history.found("HEAD^!") == {}
    assert set(history.found("HEAD")) == {run}
