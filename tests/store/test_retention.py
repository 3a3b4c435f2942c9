"""Which runs a policy keeps, and why: never fewer than a person would."""

from repro.model.event import EventKind
from repro.model.ids import RunId, run_ref
from repro.model.run import Record
from repro.model.summary import Summary
from repro.store.listing import list_runs
from repro.store.log import Word, append_events
from repro.store.retention import Kept, Retention, registered_commits, retain
from repro.store.runs import write_run
from repro.store.shared import Shared
from tests.store.conftest import START, Shelf


def _retain(shelf: Shelf, *, last: int = 0, shared: tuple[Shared, ...] = ()) -> Retention:
    return retain(
        shelf.repo,
        list_runs(shelf.repo),
        wanted={Kept.NEWEST: lambda number, _: number < last},
        registered=registered_commits(shelf.repo),
        shared=shared,
    )


def _put(shelf: Shelf, letters: str, *, minute: int = 0, parent: RunId | None = None) -> Record:
    """Writes a run without tags."""
    record = shelf.record(letters, minute=minute)
    record = record._replace(run=record.run._replace(parent_run=parent, tags={}))
    write_run(shelf.repo, record, parents=[], ref=run_ref(record.run.id))
    return record


def _names(runs: tuple[Summary, ...]) -> list[str]:
    return [run.name for run in runs]


def test_the_newest_stay(shelf: Shelf) -> None:
    for minute, letters in enumerate("klm"):
        _put(shelf, letters, minute=minute)

    found = _retain(shelf, last=2)

    assert _names(found.leaving) == ["run-k"]
    assert found.counts() == {Kept.NEWEST: 2}


def test_starred_and_tagged_runs_stay(shelf: Shelf) -> None:
    starred, tagged, _ = (_put(shelf, x, minute=at).run.id for at, x in enumerate("klm"))
    words = [Word(EventKind.STAR, starred), Word(EventKind.TAG, tagged, "paper")]
    append_events(shelf.repo, words, now=START, author=None)

    found = _retain(shelf)

    assert found.kept == {tagged: Kept.TAGGED, starred: Kept.STARRED}
    assert _names(found.leaving) == ["run-m"]


def test_a_tag_given_when_it_was_recorded_counts(shelf: Shelf) -> None:
    shelf.put("k")
    assert list_runs(shelf.repo)[0].tags

    assert list(_retain(shelf).kept.values()) == [Kept.TAGGED]


def test_a_run_that_a_tag_of_a_tag_names_stays(shelf: Shelf) -> None:
    named = run_ref(_put(shelf, "k").run.id)
    _put(shelf, "l", minute=1)
    shelf.scratch.git("tag", "-a", "-m", "v1", "model@v1.0.0", named)
    shelf.scratch.git("tag", "-a", "-m", "prod", "model#prod#1", "model@v1.0.0")
    shelf.scratch.git("tag", "-d", "model@v1.0.0")

    found = _retain(shelf)

    assert list(found.kept.values()) == [Kept.REGISTERED]
    assert _names(found.leaving) == ["run-l"]


def test_a_run_on_a_branch_stays(shelf: Shelf) -> None:
    shelf.scratch.git("branch", "from-run", run_ref(_put(shelf, "k").run.id))

    assert list(_retain(shelf).kept.values()) == [Kept.REGISTERED]


def test_without_tags_nothing_is_registered(shelf: Shelf) -> None:
    assert registered_commits(shelf.repo) == {shelf.repo.head}


def test_what_a_remote_has_stays(shelf: Shelf) -> None:
    run = _put(shelf, "k").run.id

    found = _retain(shelf, shared=(Shared("origin", frozenset({run})),))

    assert found.kept == {run: Kept.SHARED}


def test_the_parents_of_a_kept_run_stay(shelf: Shelf) -> None:
    parent: RunId | None = None
    for minute, letters in enumerate("klm"):
        parent = _put(shelf, letters, minute=minute, parent=parent).run.id
    _put(shelf, "n", minute=-1)

    found = _retain(shelf, last=1)

    assert list(found.kept.values()) == [Kept.NEWEST, Kept.PARENT, Kept.PARENT]
    assert _names(found.leaving) == ["run-n"]
