"""`repro gc` with a policy: which runs move to the trash, the way back, and its end."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result

from repro.cli.commands import gc
from repro.cli.garbage.turn import GcRunningError, only_gc
from repro.compare.parse import QueryError
from repro.git.refs import list_refs
from repro.git.repository import Repository, open_repository
from repro.model.ids import ARCHIVE_REFS, RUN_REFS, TRASH_REFS
from repro.model.run import Record
from repro.store.archive import fold_runs
from repro.store.listing import known_runs, list_runs
from repro.store.removal import list_trash, remove_runs, restore_runs
from repro.store.shared import Shared, note_shared
from repro.store.writer import current_writer
from tests.cli.recorded import Shelf, call, shelf
from tests.repos import Scratch

LONG_AGO = datetime.now(UTC) - timedelta(days=15)


@pytest.fixture
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Five runs, the newest last, with a rising accuracy."""
    found = shelf(repo, monkeypatch)
    for minute, letters in enumerate("klmno"):
        found.put(letters, minute=minute, metrics={"acc": minute / 10})
    return found


def _gc(*args: str) -> Result:
    return call(gc.command, *args)


def _repo() -> Repository:
    return open_repository()


def _names() -> list[str]:
    return [run.name for run in list_runs(_repo())]


def _remove(*names: str, at: datetime = LONG_AGO) -> None:
    chosen = [run for run in list_runs(_repo()) if run.name in names]
    remove_runs(_repo(), chosen, now=at, author=None)


def _fold() -> None:
    repo = _repo()
    runs = list_refs(repo, RUN_REFS)
    fold_runs(repo, runs, writer=current_writer(repo), at=datetime.now(UTC))


@pytest.mark.usefixtures("runs")
def test_without_a_policy_every_run_stays() -> None:
    before = _names()
    _gc()
    assert _names() == before


@pytest.mark.usefixtures("runs")
def test_the_newest_stay_and_the_others_move_to_the_trash() -> None:
    done = _gc("--keep-last", "2")

    assert done.stdout.splitlines() == [
        "moved to the trash: run run-m (mmmmmmmm)",
        "moved to the trash: run run-l (llllllll)",
        "moved to the trash: run run-k (kkkkkkkk)",
    ]
    assert _names() == ["run-o", "run-n"]
    assert "kept 2 runs: 2 newest\n" in done.stderr
    assert "to go back: repro restore mmmmmmmm llllllll kkkkkkkk\n" in done.stderr


def test_what_went_comes_back(runs: Shelf) -> None:
    before = runs.scratch.refs("refs/repro/runs/")
    _gc("--keep-last", "0")
    assert _names() == []

    restore_runs(_repo(), list_trash(_repo()), now=datetime.now(UTC), author=None)

    assert runs.scratch.refs("refs/repro/runs/") == before


@pytest.mark.usefixtures("runs")
def test_expressions_keep_runs_any_of_them() -> None:
    done = _gc("--keep", "metrics.acc > 0.35", "--keep", "name == 'run-k'")

    assert _names() == ["run-o", "run-k"]
    assert "kept 2 runs: 2 matching\n" in done.stderr


@pytest.mark.usefixtures("runs")
def test_an_expression_that_cannot_be_read_removes_nothing() -> None:
    for text in ("metrics.accuracy > 1", "metrics.acc >"):
        with pytest.raises(QueryError):
            _gc("--keep", text)
    assert len(_names()) == 5


@pytest.mark.usefixtures("runs")
def test_runs_of_the_last_days_stay() -> None:
    _gc("--keep-days", "36500")
    assert len(_names()) == 5
    _gc("--keep-days", "0")
    assert _names() == []


def test_a_dry_run_says_the_same_and_changes_nothing(runs: Shelf) -> None:
    before = runs.scratch.refs()

    done = _gc("--keep-last", "4", "--dry-run")

    assert done.stdout == "would move to the trash: run run-k (kkkkkkkk)\n"
    assert "to go back" not in done.stderr
    assert runs.scratch.refs() == before


def test_tagged_and_shared_runs_are_counted_by_reason(runs: Shelf) -> None:
    ids = {run.name: run.id for run in list_runs(_repo())}
    runs.scratch.git("tag", "v1", f"refs/repro/runs/{ids['run-k']}")
    note_shared(_repo(), Shared("origin", frozenset({ids["run-l"]})))

    done = _gc("--keep-last", "1")

    assert _names() == ["run-o", "run-l", "run-k"]
    assert "kept 3 runs: 1 newest, 1 registered, 1 shared\n" in done.stderr


@pytest.mark.usefixtures("runs")
def test_folded_runs_leave_as_others_do() -> None:
    _fold()

    _gc("--keep-last", "3")

    assert _names() == ["run-o", "run-n", "run-m"]
    assert {run.name for run in list_trash(_repo())} == {"run-l", "run-k"}


def test_a_run_that_cannot_be_read_stays(runs: Shelf) -> None:
    ref = runs.scratch.runs()[0]
    runs.scratch.git("update-ref", ref, runs.scratch.head())

    _gc("--keep-last", "0")

    assert runs.scratch.runs() == [ref]


@pytest.mark.usefixtures("runs")
def test_the_trash_is_emptied_of_what_lies_there_for_two_weeks() -> None:
    _remove("run-k")
    _remove("run-l", at=datetime.now(UTC) - timedelta(days=13))

    done = _gc()

    assert done.stdout.startswith("removed from the trash: run run-k (kkkkkkkk)\nremoved 1 run")
    assert [run.name for run in list_trash(_repo())] == ["run-l"]
    assert _names() == ["run-o", "run-n", "run-m"]


@pytest.mark.usefixtures("runs")
def test_days_say_how_long() -> None:
    _remove("run-k")
    assert "trash" not in _gc("--older-than", "30").stdout
    assert "trash" in _gc("--older-than", "0").stdout
    assert list_trash(_repo()) == []


def test_now_empties_the_trash_of_what_this_very_gc_removes(runs: Shelf) -> None:
    done = _gc("--keep-last", "1", "--now", "--dry-run")
    assert done.stdout.count("would remove from the trash") == 4
    assert len(_names()) == 5

    done = _gc("--keep-last", "1", "--now")

    assert done.stdout.count("removed from the trash: run") == 4
    assert runs.scratch.refs(TRASH_REFS) == {}
    assert "to go back" not in done.stderr


def test_git_frees_what_left_the_trash(runs: Shelf) -> None:
    oid = runs.scratch.refs("refs/repro/runs/")[runs.scratch.runs()[0]]
    _remove("run-k")
    runs.scratch.git("gc", "--quiet", "--prune=now")
    assert runs.scratch.git("cat-file", "-t", oid) == "commit"

    _gc()
    runs.scratch.git("gc", "--quiet", "--prune=now")

    assert runs.scratch.git("cat-file", "-t", oid, check=False) == ""


def test_an_archive_is_written_anew_without_what_left_the_trash(runs: Shelf) -> None:
    _fold()
    folded = {run.name: run.oid for run in list_runs(_repo())}
    _remove("run-k", "run-m")

    done = _gc()
    runs.scratch.git("gc", "--quiet", "--prune=now")

    assert "kept" not in done.stderr
    for name, oid in folded.items():
        kind = runs.scratch.git("cat-file", "-t", oid, check=False)
        assert kind == ("" if name in ("run-k", "run-m") else "commit")
    assert [run.name for run in list_runs(_repo())] == ["run-o", "run-n", "run-l"]
    assert runs.scratch.git("fsck", "--strict") == ""


def test_an_archive_that_loses_all_is_gone(runs: Shelf) -> None:
    _fold()
    _remove(*_names())

    _gc()

    assert runs.scratch.refs(ARCHIVE_REFS) == {}
    assert known_runs(_repo()) == []


def test_what_a_gc_that_was_killed_left_in_the_archive_goes_with_the_next(runs: Shelf) -> None:
    _fold()
    _remove("run-k")
    for ref in runs.scratch.refs(TRASH_REFS):
        runs.scratch.git("update-ref", "-d", ref)
    before = runs.scratch.refs(ARCHIVE_REFS)

    _gc()

    assert runs.scratch.refs(ARCHIVE_REFS) != before
    assert len(_names()) == 4


def test_an_archive_that_a_remote_has_stays_and_it_is_said(runs: Shelf) -> None:
    _fold()
    ids = [run.id for run in list_runs(_repo())]
    note_shared(_repo(), Shared("origin", frozenset(ids)))
    _remove("run-k")
    before = runs.scratch.refs(ARCHIVE_REFS)

    done = _gc()

    assert runs.scratch.refs(ARCHIVE_REFS) == before
    assert "kept 1 removed run: git keeps their code and record" in done.stderr
    assert len(_names()) == 4


@pytest.mark.usefixtures("runs")
def test_everything_is_in_the_json() -> None:
    _remove("run-k")

    found = json.loads(_gc("--keep-last", "3", "--json").stdout)

    assert [run["name"] for run in found["removed"]] == ["run-l"]
    assert [run["name"] for run in found["emptied"]] == ["run-k"]
    assert found["kept"] == {"newest": 3}
    (trash,) = (row for row in found["freed"] if row["kind"] == "trash")
    assert trash["n"] == 1
    assert trash["bytes"] > 0
    assert found["dry_run"] is False


@pytest.mark.usefixtures("runs")
def test_two_do_not_tidy_at_once() -> None:
    with only_gc(_repo()), pytest.raises(GcRunningError) as error:
        _gc()
    assert error.value.hint is not None
    _gc()


def test_refs_are_packed(runs: Shelf) -> None:
    _gc()
    assert not os.path.exists(runs.scratch.path / ".git" / runs.scratch.runs()[0])


@pytest.mark.usefixtures("runs")
def test_a_remote_is_folded_alone() -> None:
    done = _gc("--remote", "origin", "--keep-last", "3")
    assert done.exit_code == 2


def test_what_is_folded_here_is_folded_on_a_remote(runs: Shelf, tmp_path: Path) -> None:
    far = str(tmp_path / "far.git")
    runs.scratch.git("init", "--quiet", "--bare", far)
    runs.scratch.git("remote", "add", "origin", far)
    runs.scratch.git("push", "--quiet", "origin", "refs/repro/runs/*:refs/repro/runs/*")
    _fold()

    assert _gc("--remote", "origin", "--dry-run").stderr == "would fold 5 runs on origin, of 5\n"
    assert _gc("--remote", "origin").stderr == "folded 5 runs on origin, of 5\n"

    assert RUN_REFS not in runs.scratch.git("ls-remote", far)
    assert ARCHIVE_REFS in runs.scratch.git("ls-remote", far)


def test_names_are_cleaned_on_their_way_out(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    found = shelf(repo, monkeypatch)
    record: Record = found.put("k", run={"name": "a\x1b[2Jb"})
    assert record.run.name
    assert "\x1b" not in _gc("--keep-last", "0").stdout
