"""`repro rm`: runs go, and the way back is named."""

import json

import pytest

from repro.cli.commands import ls, note, restore, star, tag
from repro.cli.commands.rm import command
from repro.cli.rebuilding import StillRunningError
from repro.compare.query import QueryError
from repro.git.repository import open_repository
from repro.model.ids import RUN_REFS, RunId
from repro.store.resolve import UnknownRunError
from repro.store.shared import Shared, note_shared
from tests.cli.recorded import Shelf, call, shelf
from tests.repos import Scratch


@pytest.fixture
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    found = shelf(repo, monkeypatch)
    for minute, letters in enumerate("kmp"):
        found.put(letters, minute=minute, run={"tags": {}})
    return found


def names() -> list[str]:
    """Returns the names of the runs, newest first."""
    return [run["name"] for run in json.loads(call(ls.command, "--json").stdout)]


def test_runs_are_removed_and_the_way_back_is_named(runs: Shelf) -> None:
    standing = runs.scratch.standing()
    done = call(command, "@", "@~1", "run-p")
    assert done.stdout == ""
    assert done.stderr == (
        "removed pppppppp run-p\nremoved mmmmmmmm run-m\n"
        "to go back: repro restore pppppppp mmmmmmmm\n"
    )
    assert names() == ["run-k"]
    assert runs.scratch.standing() == standing
    call(restore.command, "pppppppp", "mmmmmmmm")
    assert names() == ["run-p", "run-m", "run-k"]


def test_nothing_is_removed_where_one_is_unknown(runs: Shelf) -> None:
    before = runs.scratch.refs()
    with pytest.raises(UnknownRunError):
        call(command, "@", "nothing")
    assert runs.scratch.refs() == before


def test_a_dry_run_changes_nothing(runs: Shelf) -> None:
    before = runs.scratch.refs()
    assert call(command, "--dry-run", "@").stderr == "would remove pppppppp run-p\n"
    assert runs.scratch.refs() == before


def test_what_speaks_for_a_run_is_said(runs: Shelf) -> None:
    call(star.command, "@")
    call(tag.command, "@", "baseline", "stage=prod")
    call(note.command, "@", "the one in the paper")
    run = json.loads(call(ls.command, "--json").stdout)[0]
    repo = open_repository(str(runs.scratch.path))
    note_shared(repo, Shared("origin", frozenset({RunId(run["id"])})))
    assert call(command, "@").stderr.splitlines()[0] == (
        "removed pppppppp run-p"
        " (starred; tagged baseline, stage=prod; with 1 note; stays on origin)"
    )
    call(restore.command, "run-p")
    again = json.loads(call(ls.command, "--json").stdout)[0]
    assert again == run


def test_a_run_in_progress_is_not_removed(runs: Shelf) -> None:
    before = runs.scratch.refs(RUN_REFS)
    with runs.running("s"):
        with pytest.raises(StillRunningError) as caught:
            call(command, "@", "ssss")
        assert caught.value.hint == "when it has: repro rm ssssssss"
    assert runs.scratch.refs(RUN_REFS) == before


def test_a_run_that_cannot_be_read_is_removed(runs: Shelf) -> None:
    tree = runs.scratch.git("write-tree")
    oid = runs.scratch.git("commit-tree", tree, "-m", "no run")
    damaged = "20260131T090000-zzzzzzzz"
    runs.scratch.git("update-ref", f"{RUN_REFS}{damaged}", oid)
    done = call(command, "zzzz")
    assert f"removed {damaged}, which could not be read\n" in done.stderr
    assert call(ls.command).stderr == ""
    assert damaged in call(restore.command).stdout


def test_more_than_a_few_are_not_all_named_again(runs: Shelf) -> None:
    for minute, letters in enumerate("lnoqrstuv"):
        runs.put(letters, minute=10 + minute)
    done = call(command, *(run.rpartition("/")[2] for run in runs.scratch.runs()))
    assert done.stderr.splitlines()[-1] == "to go back: repro restore"
    assert names() == []


def test_the_run_that_is_checked_out_can_be_removed(repo: Scratch) -> None:
    repo.run_cli("run", "-n", "first", "--", "python3", "train.py")
    repo.run_cli("checkout", "first", "--keep")
    status = repo.status()
    repo.run_cli("rm", "first")
    assert repo.status() == status
    repo.run_cli("undo")
    repo.run_cli("restore", "first")
    assert repo.run_cli("show", "first").stdout.startswith("first")


@pytest.mark.usefixtures("runs")
def test_a_filter_leaves_alone_what_somebody_cares_for() -> None:
    call(star.command, "run-m")
    done = call(command, "--filter", "name in ['run-k', 'run-m']")
    assert done.stderr == (
        "kept 1 matching run, starred, tagged, annotated or shared: name what is to go\n"
        "removed kkkkkkkk run-k\nto go back: repro restore kkkkkkkk\n"
    )
    assert names() == ["run-p", "run-m"]
    call(command, "run-m", "--filter", "name == 'run-m'")
    assert names() == ["run-p"]


def test_a_filter_that_nothing_matches_removes_nothing(runs: Shelf) -> None:
    before = runs.scratch.refs()
    with runs.running("s"):
        done = call(command, "--filter", "status == 'running' or status == 'crashed'")
    assert done.stderr == "no run matches, of 3\n"
    assert {**runs.scratch.refs()}.items() >= before.items()
    with pytest.raises(QueryError):
        call(command, "--filter", "metrics.nothing > 1")


def test_something_must_be_named(runs: Shelf) -> None:
    del runs
    done = call(command)
    assert done.exit_code == 2
    assert "missing argument" in done.stderr.lower()
