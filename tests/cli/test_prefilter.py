"""The index leaves out no run that a filter means, and is sure of none that it does not."""

import json
import math
import sqlite3
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repro.compare.parse import QueryError
from repro.compare.query import compile_query
from repro.git.repository import Repository, open_repository
from repro.model.event import EventKind
from repro.model.gap import Gap, GapKind
from repro.model.ids import RunId
from repro.model.run import Status
from repro.model.summary import Summary, parse_message, render_message
from repro.selection.indexed import select_indexed
from repro.selection.prefilter import condition_of
from repro.selection.select import Request, Selection, select, select_directly
from repro.store import index
from repro.store.index_query import render
from repro.store.index_text import join_summary, split_summary
from repro.store.log import Word, append_events
from tests.cli.recorded import Shelf, shelf
from tests.compare.samples import record
from tests.repos import Scratch

NUMBERS: tuple[Any, ...] = (
    *(0, 1, -1, 2, 7, 0.1, 0.3, 0.1 + 0.2, -0.0, 0.5, 1e-310, 1e300, -1e300),
    *(2**53, 2**53 + 1, 2**63, -(2**63) - 1, 10**30, 10**400, True, False),
)
WEIRD = (math.nan, math.inf, -math.inf)
TEXTS = ("adam", "sgd", "", "0.5", "1", "true", "a\0b", "a", "é", "\ud800", '"', "NaN", "[1]", "🐍")
PARAMS = st.one_of(
    st.sampled_from(NUMBERS),
    st.sampled_from(WEIRD),
    st.sampled_from(TEXTS),
    st.none(),
    st.sampled_from(([1, 2], [], ["adam"], [None, 0.1])),
    st.floats(allow_nan=False, width=64),
    st.integers(),
)
KEYS = ("lr", "opt", "a b", "é", "x.y", 'q"', "model.depth")
records = st.builds(
    lambda params, metrics, run: record(params=params, metrics=metrics, run=run),
    st.dictionaries(st.sampled_from(KEYS), PARAMS, max_size=3),
    st.dictionaries(
        st.sampled_from(KEYS),
        st.sampled_from(NUMBERS + WEIRD) | st.floats() | st.integers(),
        max_size=3,
    ),
    st.fixed_dictionaries(
        {
            "status": st.sampled_from([Status.FINISHED, Status.FAILED]),
            "name": st.sampled_from(["calm-otter", "é", "lr"]),
            "exit_code": st.sampled_from([None, 0, 1]),
            "tags": st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["", "1", "adam"])),
            "gaps": st.sampled_from([(), (Gap(GapKind.DATA, "x", "y", "z"),)]),
            "started_at": st.integers(0, 2 * 86_400_000).map(
                lambda ms: datetime(2026, 1, 30, tzinfo=UTC) + timedelta(milliseconds=ms)
            ),
            "ended_at": st.none(),
        }
    ),
)


def _literal(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=True)
    return str(value)


literals = st.one_of(
    st.sampled_from(NUMBERS[:-3]).map(_literal),
    st.sampled_from(("adam", "sgd", "", "0.5", "a", "é", "NaN", "🐍")).map(_literal),
    st.sampled_from(("true", "False", "none", "nan", "inf", "-inf", "-0.1", "-true")),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)
keys = st.one_of(
    st.sampled_from(("params.lr", "metrics.lr", "params . opt", 'metrics["a b"]', "tags.lr")),
    st.sampled_from(('params["é"]', "params.x.y", "tags['q\"']", "metrics.model.depth")),
    st.sampled_from(("duration_s", "exit_code", "gaps", "dirty", "name", "branch", "command")),
    st.sampled_from(("starred", "notes")),
)
compared = st.sampled_from(("==", "!=", "<", "<=", ">", ">="))
lists = st.lists(literals, max_size=3).map(lambda words: f"[{', '.join(words)}]")
simple = st.one_of(
    st.builds("{} {} {}".format, keys, compared, literals),
    st.builds("{} {} {}".format, literals, compared, keys),
    st.builds("{} {} {} {} {}".format, literals, compared, keys, compared, literals),
    st.builds("{} {} {}".format, keys, compared, keys),
    st.builds("{} {} {}".format, keys, st.sampled_from(("in", "not in")), lists),
    st.builds(
        "{} {} {}".format,
        st.sampled_from(('"lr"', '"é"', '"a"', '""')),
        st.sampled_from(("in", "not in")),
        st.sampled_from(("tags", "params", "metrics", "name", "command", "notes", "commits")),
    ),
    st.builds(
        'started_at {} "{}"'.format,
        compared,
        st.sampled_from(("2026-01-31", "2026-01-31T12:00:00+09:00", "2026-01-31 08:00:00.5")),
    ),
    st.builds('status {} "finished"'.format, compared),
    st.builds(
        '{} {} "{}"'.format,
        st.sampled_from(("id", "commit")),
        st.sampled_from(("==", "!=", "<")),
        st.sampled_from(("kxw", "a1b2c3", "2026013", "zz", "k")),
    ),
    keys,
)
expressions = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not ({})".format, inner),
    ),
    max_leaves=4,
)


def _summary(message: bytes) -> Summary:
    from tests.compare.samples import summary

    empty = summary()
    return parse_message(message, oid=empty.oid, ref=empty.ref)


@settings(max_examples=150)
@given(written=st.lists(records, min_size=1, max_size=4), expression=expressions)
def test_what_sql_says_is_never_wrong(written: list[Any], expression: str) -> None:
    try:
        query = compile_query(expression)
    except QueryError:
        return
    possible, possible_values, certain, certain_values = render(condition_of(expression))
    db = sqlite3.connect(":memory:")
    db.execute(
        "CREATE TABLE runs (head, measures, is_odd INTEGER, is_partial INTEGER, is_edited INTEGER)"
    )
    for one in written:
        message = render_message(one)
        run = _summary(message)
        text = message.rpartition(b"Repro-Summary: ")[2].strip().decode()
        db.execute("DELETE FROM runs")
        head, measures = split_summary(text)
        assert join_summary(head, measures) == text
        db.execute("INSERT INTO runs VALUES (?, ?, 0, ?, 0)", (head, measures, run.is_partial))
        (row,) = db.execute(
            f"SELECT {possible}, {certain} FROM runs",  # noqa: S608 - ours
            (*possible_values, *certain_values),
        ).fetchall()
        assert row[0] in (0, 1)
        assert row[1] in (0, 1)
        if query.matches(run):
            assert row[0], (expression, text)
        else:
            assert not row[1], (expression, text)
    db.close()


@pytest.mark.parametrize(
    ("expression", "is_told"),
    [
        ("params.lr > 0.01", True),
        ("0.01 < params.lr < 1 and not dirty", True),
        ('params.opt in ["adam", "sgd"]', True),
        ('status == "finished" and metrics.acc >= .4', True),
        ("metrics.acc >= 0.5", False),  # too close to call: SQLite may have rounded it
        ('not (status == "failed")', True),
        ('started_at > "2026-01-01"', True),
        ("metrics.acc == 0.5", False),
    ],
)
def test_usual_filters_are_told_without_reading_runs(expression: str, *, is_told: bool) -> None:
    one = record(
        params={"lr": 0.1, "opt": "adam"}, metrics={"acc": 0.5}, run={"status": Status.FINISHED}
    )
    text = render_message(one).rpartition(b"Repro-Summary: ")[2].strip().decode()
    db = sqlite3.connect(":memory:")
    flags = "NULL AS measures, 0 AS is_odd, 0 AS is_partial"
    db.execute(f"CREATE TABLE runs AS SELECT ? AS head, {flags}", (text,))
    possible, possible_values, certain, certain_values = render(condition_of(expression))
    query = f"SELECT {possible}, {certain} FROM runs"  # noqa: S608 - ours
    assert db.execute(query, (*possible_values, *certain_values)).fetchall() == [(1, is_told)]
    db.close()


@pytest.fixture
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setattr(index, "FEW_RUNS", 0)
    found = shelf(repo, monkeypatch)
    letters = "klmnopqrstuvwxyz"
    accuracies = (0.5, math.nan, 0.5, 1, 0.9, 10**30, math.inf, -1, 0.5, True)
    for number, accuracy in enumerate(accuracies):
        fields = {"lr": number / 10, "opt": ("adam", "sgd")[number % 2]} | (
            {"depth": number} if number > 6 else {}
        )
        found.put(
            letters[number],
            minute=number // 3,  # several in one minute, and one second
            params=fields,
            metrics={"acc": accuracy} if number != 4 else {"loss": accuracy},
        )
    many = {f"metric_{n:05}": 0.5 for n in range(2000)}
    found.put("w", minute=9, params={"lr": 0.25}, metrics=many | {"acc": 0.75})
    found.scratch.git("update-ref", "refs/repro/runs/20260131T080000-xxxxxxxx", "HEAD")
    return found


def both(
    request: Request, among: Collection[RunId] | None = None
) -> tuple[Selection | None, Selection]:
    """Returns what the index selects and what looking at every run does."""
    repo = open_repository()
    found = select_indexed(repo, request, [], among=among)
    return found, select_directly(repo, request, [], among=among)


REQUESTS: tuple[tuple[str | None, str | None], ...] = (
    ("metrics.acc > 0.4", None),
    ("metrics.acc > 0.4", "-metrics.acc"),
    ("metrics.acc > 0.4", "metrics.acc"),
    ("not metrics.acc == 0.5", "params.lr"),
    ('params.opt == "adam" or params.depth > 7', "-params.depth"),
    (None, "-metrics.acc"),
    (None, "metrics.loss"),
    (None, "params.opt"),
    (None, "name"),
    ("params.lr > 99", None),
    ('status == "finished"', "-duration_s"),
    ("metrics.metric_00001 == 0.5", None),
)


@pytest.mark.usefixtures("runs")
def test_the_index_selects_what_looking_at_every_run_does() -> None:
    for expression, sort in REQUESTS:
        for limit in (0, 1, 2, 3, 5, 20):
            request = Request(expression, sort, (), limit)
            found, expected = both(request)
            if expression is None and not limit:
                assert found is None
            else:
                assert repr(found) == repr(expected), request  # NaN is not equal to itself


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("among", ["klq", "mnw", ""])
def test_so_it_does_of_the_runs_of_some_commits(among: str) -> None:
    every = select(open_repository(), Request()).runs
    ids = {run.id for run in every if run.id[-1] in among}
    for expression, sort in REQUESTS:
        for limit in (0, 1, 2, 20):
            request = Request(expression, sort, (), limit)
            try:
                found, expected = both(request, ids)
            except QueryError:  # no run has what it is to be sorted by
                assert sort is not None
                continue
            assert expected.n_other + len(expected.runs) + expected.n_more == len(every)
            if found is None:  # that somebody has the key is known of whole records only
                assert expression == "metrics.metric_00001 == 0.5"
            else:
                assert repr(found) == repr(expected), request
            assert {run.id for run in expected.runs} <= ids


@pytest.mark.usefixtures("runs")
def test_what_people_said_since_is_minded() -> None:
    repo = open_repository()
    run = select(repo, Request("params.lr == 0.3")).runs[0]
    words = [
        Word(EventKind.TAG, run.id, "best", "yes"),
        Word(EventKind.RENAME, run.id, "zzz"),
        Word(EventKind.STAR, run.id),
        Word(EventKind.NOTE, run.id, "", "look at the loss"),
        Word(EventKind.BELONG, run.id, "", "abcde" * 8),
    ]
    append_events(repo, words, now=datetime(2026, 2, 1, tzinfo=UTC), author=None)
    for expression in (
        *('tags.best == "yes"', '"best" in tags', 'name == "zzz"', 'name != "run-k"'),
        *("starred", "not starred", '"loss" in notes', 'not ("loss" in notes)', 'notes == ""'),
        *('"abcdeab" in commits', '"abcdeab" not in commits', "not commits", "commits"),
    ):
        found, expected = both(Request(expression, "-name", (), 3))
        assert found == expected, expression
        assert found is not None
        assert found.runs, expression


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("request_", "hint"),
    [
        (Request("metrics.acu > 1"), "did you mean metrics.acc?"),
        (Request("params.opt == 'none' and metrics.acu > 1"), "did you mean metrics.acc?"),
        (Request(None, "-metrics.acu", (), 2), "did you mean metrics.acc?"),
        (Request("params.lr > 0", "metrics.los", (), 2), "did you mean metrics.loss?"),
    ],
)
def test_a_typo_names_the_nearest_key_of_all_runs(request_: Request, hint: str) -> None:
    with pytest.raises(QueryError) as caught:
        select(open_repository(), request_)
    assert caught.value.hint == hint


@pytest.mark.usefixtures("runs")
def test_a_key_of_runs_that_do_not_match_is_no_typo() -> None:
    found, expected = both(Request("params.lr > 99 and metrics.loss > 0"))
    assert found == expected
    assert found is not None
    assert (found.runs, found.n_other, len(found.unreadable)) == ((), 11, 1)


@pytest.mark.usefixtures("runs")
def test_only_what_is_shown_or_in_doubt_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    n_parsed = []

    def counted(text: bytes, **kwargs: Any) -> Summary:
        from repro.model.summary import parse_summary

        n_parsed.append(1)
        return parse_summary(text, **kwargs)

    repo: Repository = open_repository()
    select(repo, Request("params.lr > -1"))  # builds the index
    monkeypatch.setattr("repro.store.index_reader.parse_summary", counted)
    found = select(repo, Request("params.lr > -1", "-params.lr", (), 2))
    assert [run.params["lr"] for run in found.runs] == [0.9, 0.8]
    assert found.n_more == 9
    assert len(n_parsed) <= 3  # and the one that is too large for its summary
