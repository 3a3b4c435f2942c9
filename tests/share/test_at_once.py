"""Pushes that are killed, and pushes that meet: nothing is lost, doubled, or half there."""

import random
import time
from pathlib import Path

import pytest

from repro.model.event import EventKind
from repro.model.ids import run_ref
from repro.share.check import Checker, Suspect
from repro.store.listing import known_runs
from repro.store.log import Word, append_events
from tests.processes import Started, start_cli
from tests.share.clones import Clone, Lab
from tests.store.conftest import START


def _is_whole(clone: Clone) -> bool:
    runs = [Suspect(run.id, run.oid) for run in known_runs(clone.repo)]
    return all(not verdict.problem for verdict in Checker(clone.repo).check(runs))


def _kill_some_time(started: Started, dice: random.Random, longest_s: float) -> None:
    time.sleep(dice.uniform(0, longest_s))
    started.kill_all()


@pytest.mark.slow
def test_a_push_killed_at_any_moment_goes_on_where_it_was(lab: Lab) -> None:
    dice = random.Random(4)  # noqa: S311 - the same moments each time
    runs = lab.alice.put_many(40)
    lab.alice.fold(10)
    words = [Word(EventKind.STAR, run) for run in runs[:5]]
    append_events(lab.alice.repo, words, now=START, author=None)
    began_s = time.monotonic()
    lab.alice.scratch.run_cli("push", "--dry-run")
    longest_s = 2 * (time.monotonic() - began_s)
    for _ in range(12):
        _kill_some_time(start_cli(lab.alice.scratch, "push"), dice, longest_s)
        there = lab.hub.refs("refs/repro/")
        assert lab.hub.git("fsck", "--connectivity-only", "--no-dangling").strip() == ""
        ours = lab.alice.scratch.refs("refs/repro/")
        assert all(ours[ref] == oid for ref, oid in there.items())

    lab.alice.scratch.run_cli("push")
    lab.alice.scratch.run_cli("push")

    lab.bob.pull()
    assert sorted(run.id for run in known_runs(lab.bob.repo)) == runs
    assert len(lab.hub.refs("refs/repro/runs/")) == 30
    assert _is_whole(lab.bob)


@pytest.mark.slow
def test_a_pull_killed_at_any_moment_goes_on_where_it_was(lab: Lab) -> None:
    dice = random.Random(5)  # noqa: S311 - the same moments each time
    runs = lab.alice.put_many(40)
    lab.alice.fold(10)
    lab.alice.push()
    began_s = time.monotonic()
    lab.bob.scratch.run_cli("ls", "--remote")
    longest_s = 2 * (time.monotonic() - began_s)
    for _ in range(12):
        _kill_some_time(start_cli(lab.bob.scratch, "pull"), dice, longest_s)
        _drop_lock_files(lab.bob)
        assert lab.bob.scratch.git("fsck", "--connectivity-only", "--no-dangling").strip() == ""
        assert _is_whole(lab.bob)

    lab.bob.scratch.run_cli("pull")

    assert sorted(run.id for run in known_runs(lab.bob.repo)) == runs
    assert lab.bob.scratch.refs("refs/repro/incoming/") == {}


def _drop_lock_files(clone: Clone) -> None:
    """Removes what a killed git leaves, which no git removes: see docs on stale locks."""
    for lock in Path(clone.scratch.path, ".git").rglob("*.lock"):
        if lock.parts[-2] != "repro":
            lock.unlink()


def test_many_clones_push_at_once(lab: Lab) -> None:
    clones = [lab.alice, lab.bob, lab.clone("carol"), lab.clone("dan")]
    expected = []
    for number, clone in enumerate(clones):
        expected += clone.put_many(5, start=5 * number)
        words = [Word(EventKind.STAR, expected[-1])]
        append_events(clone.repo, words, now=START, author=None)

    started = [start_cli(clone.scratch, "push") for clone in clones for _ in range(2)]

    assert [process.wait() for process in started] == [0] * 8
    assert sorted(lab.hub.refs("refs/repro/runs/")) == sorted(map(run_ref, expected))
    assert len(lab.hub.refs("refs/repro/log/")) == 4


def test_many_pulls_in_one_clone_at_once(lab: Lab) -> None:
    runs = lab.alice.put_many(10)
    lab.alice.push()

    started = [start_cli(lab.bob.scratch, "pull") for _ in range(4)]

    assert [process.wait() for process in started] == [0] * 4
    assert lab.bob.scratch.runs() == [run_ref(run) for run in runs]
