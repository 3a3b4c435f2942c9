"""The index ties runs to commits, as their summaries and what people said of them do."""

import sqlite3
from collections.abc import Collection

import pytest

from repro.model.event import EventKind
from repro.model.ids import Oid, RunId
from repro.store import index
from repro.store.index import ask_index
from repro.store.index_file import index_path
from repro.store.index_query import ALWAYS, Place
from tests.store.conftest import Shelf
from tests.store.indexed import assert_right, fold, say

ELSEWHERE = Oid("e" * 40)


@pytest.fixture(autouse=True)
def _is_always_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "FEW_RUNS", 0)


def belonging(shelf: Shelf, *commits: str) -> set[tuple[str, str]]:
    wanted = [Oid(commit) for commit in commits]
    found = ask_index(shelf.repo, lambda reader: reader.ties(wanted))
    assert found is not None
    return {(run[-8:], commit) for run, commit, _ in found}


def _said(shelf: Shelf) -> str:
    """Puts two runs, one of them said to belong elsewhere, and returns where they began."""
    shelf.put("k")
    shelf.put("m", minute=1)
    say(shelf, EventKind.BELONG, "k", value=ELSEWHERE)
    return shelf.scratch.head()


def test_a_run_belongs_where_it_began_and_where_it_was_said_to(shelf: Shelf) -> None:
    head = _said(shelf)
    assert belonging(shelf, head) == {("kkkkkkkk", head), ("mmmmmmmm", head)}
    assert belonging(shelf, ELSEWHERE) == {("kkkkkkkk", ELSEWHERE)}
    assert len(belonging(shelf, head, ELSEWHERE)) == 3
    assert belonging(shelf, "f" * 40) == set()
    assert belonging(shelf) == set()


def test_folded_runs_do_too(shelf: Shelf) -> None:
    head = _said(shelf)
    fold(shelf, 2)
    assert belonging(shelf, ELSEWHERE) == {("kkkkkkkk", ELSEWHERE)}
    assert belonging(shelf, head) == {("kkkkkkkk", head), ("mmmmmmmm", head)}


def test_what_is_said_before_its_run_comes_is_known_then(shelf: Shelf) -> None:
    shelf.put("m", minute=1)
    say(shelf, EventKind.BELONG, "k", value=ELSEWHERE)
    assert ask_index(shelf.repo, lambda reader: reader.recorded([_id("k")])) == set()
    shelf.put("k")
    assert assert_right(shelf).summaries[1].commits == (ELSEWHERE,)
    assert belonging(shelf, ELSEWHERE) == {("kkkkkkkk", ELSEWHERE)}


def test_fifty_thousand_commits_are_one_question(shelf: Shelf) -> None:
    head = _said(shelf)
    others = [f"{number:040x}" for number in range(50_000)]
    assert belonging(shelf, *others, ELSEWHERE) == {("kkkkkkkk", ELSEWHERE)}
    runs = [RunId(f"20240506T070809-{number:08}") for number in range(50_000)]
    asked = [*runs, _id("k")]
    assert ask_index(shelf.repo, lambda reader: reader.recorded(asked)) == {_id("k")}
    found = ask_index(shelf.repo, lambda reader: reader.of_ids(asked))
    assert found is not None
    assert [run.commit for run in found.summaries] == [head]


def test_an_index_of_the_first_schema_is_built_anew(shelf: Shelf) -> None:
    _said(shelf)
    assert_right(shelf)
    with sqlite3.connect(index_path(shelf.repo)) as db:
        db.execute("DROP INDEX events_by_commit")
        db.execute("ALTER TABLE events DROP COLUMN belongs_to")
        db.execute("PRAGMA user_version = 1")
    db.close()
    assert belonging(shelf, ELSEWHERE) == {("kkkkkkkk", ELSEWHERE)}
    assert_right(shelf)


def test_only_some_runs_are_matched_and_those_that_cannot_be_read(shelf: Shelf) -> None:
    _said(shelf)
    shelf.put("p", minute=2)
    shelf.put_damaged("refs/repro/runs/20240506T071009-zzzzzzzz")

    def matched(among: Collection[RunId] | None) -> list[str] | None:
        return ask_index(
            shelf.repo, lambda reader: [m.id[-1] for m in reader.matches(ALWAYS, among=among)]
        )

    assert matched(None) == ["z", "p", "m", "k"]
    assert matched([_id("k")]) == ["z", "k"]
    assert matched([]) == ["z"]
    assert matched({_id("k"), _id("x")}) == ["z", "k"]


def test_the_first_of_some_runs_are_found(shelf: Shelf) -> None:
    for minute, letters in enumerate("kmp"):
        shelf.put(letters, minute=minute, metrics={"acc": minute})
    some = {_id("k"), RunId("20240506T070909-mmmmmmmm")}
    found = ask_index(
        shelf.repo,
        lambda reader: reader.leading(
            ALWAYS, Place("metrics", "acc"), limit=1, is_descending=True, among=some
        ),
    )
    assert found is not None
    assert ([match.id[-1] for match in found.matches], found.n_certain) == (["m"], 2)


def test_few_of_many_runs_are_found_by_indexes_alone(shelf: Shelf) -> None:
    from repro.store.index_query import render

    _said(shelf)
    assert_right(shelf)
    where, values = render(ALWAYS).where([_id("k")])
    with sqlite3.connect(index_path(shelf.repo)) as db:
        plan = db.execute(
            f"EXPLAIN QUERY PLAN SELECT number FROM runs WHERE {where}",  # noqa: S608 - ours
            values,
        ).fetchall()
    db.close()
    assert not any(row[3] in ("SCAN runs", "SCAN TABLE runs") for row in plan), plan


def _id(letters: str) -> RunId:
    return RunId(f"20240506T070809-{letters * 8}")
