"""Files that `repro gc` takes away: made again, or left by the dead; and none that is in use."""

import os
import time
from pathlib import Path

import pytest

from repro.cli.commands import gc
from repro.cli.garbage.leftovers import find_leftovers, remove_leftovers
from repro.git.repository import open_repository
from repro.model.ids import RunId
from tests.cli.recorded import call, shelf
from tests.repos import Scratch

DAY_NS = 86_400 * 10**9
RUN = RunId("20260131T080000-kxwmtrzq")


@pytest.fixture
def state(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Repro's own directory."""
    shelf(repo, monkeypatch)
    return Path(open_repository().state_dir)


def _make(state: Path, *names: str) -> None:
    for name in names:
        path = state / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("left")


def _found(state: Path, *, days: float, runs: frozenset[RunId] = frozenset()) -> list[str]:
    at_ns = time.time_ns() + int(days * DAY_NS)
    leftovers = find_leftovers(open_repository(), runs, at_ns=at_ns)
    remove_leftovers(leftovers)
    gone = [os.path.relpath(leftover.path, state) for leftover in leftovers]
    assert not any((state / path).exists() for path in gone)
    return gone


def test_what_the_dead_left_goes_after_a_day(state: Path) -> None:
    left = [
        "cache/0123456789abcdef0123.json.4711.tmp",
        "index/4711-0a1b2c3d",
        "index/4711-0a1b2c3d.lock",
        "remotes/origin.json.4711.0a1b2c3d",
        "unchanged/0123456789abcdef.4711",
        "writer.4711.0a1b2c3d",
    ]
    kept = ["cache/files.sqlite", "remotes/origin.json", "writer", "secret-key", "log.lock"]
    _make(state, *left, *kept, "live/.gone-x/run.json", "index/5-0.marked/params.yaml")

    assert _found(state, days=0.9) == []
    assert _found(state, days=1.1) == sorted([*left, "live/.gone-x", "index/5-0.marked"])
    assert all((state / name).exists() for name in kept)


def test_locks_of_runs_that_were_never_made_go(repo: Scratch, state: Path) -> None:
    lock = repo.path / f".git/refs/repro/runs/{RUN}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    other = repo.path / ".git/refs/heads/mine.lock"
    other.touch()

    _found(state, days=0.5)
    assert lock.exists()
    _found(state, days=2)

    assert not lock.exists()
    assert other.exists()


def test_a_state_goes_with_its_run(state: Path) -> None:
    _make(state, "states/aa", "states/bb")
    (state / "states/bb").write_text(RUN)

    assert _found(state, days=1, runs=frozenset({RUN})) == ["states/aa"]


def test_old_caches_go_and_databases_stay(state: Path) -> None:
    _make(state, "cache/probe.json", "cache/files.sqlite-wal", "cache/clean-aa", "unchanged/ab")

    assert _found(state, days=31) == ["unchanged/ab"]
    assert _found(state, days=91) == ["cache/clean-aa", "cache/probe.json"]


def test_it_is_reported_by_reason(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _make(state, "index/1-a", "index/2-b")
    later_ns = time.time_ns() + 2 * DAY_NS
    monkeypatch.setattr(time, "time_ns", lambda: later_ns)

    done = call(gc.command)

    assert done.stdout == "removed 2 files (8 B): left by a process that died\n"
    assert done.stderr.endswith("8 B freed\n")


def test_journals_of_other_ranks_go_when_nobody_writes_them_any_more(state: Path) -> None:
    quiet, written = "live/.jobs/torchrun-1", "live/.jobs/torchrun-2/journal/1-lab-7-1"
    _make(state, f"{quiet}/journal/1-lab-5-1", written)
    later = time.time() + 20 * 86_400
    os.utime(state / written, (later, later))

    assert _found(state, days=29) == []
    assert _found(state, days=31) == [quiet]
    assert (state / written).exists()
