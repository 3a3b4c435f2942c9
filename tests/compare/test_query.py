"""Filters: what they mean, and what they refuse."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repro.compare.parse import MAX_LENGTH
from repro.compare.query import QueryError, check, compile_key, compile_query
from repro.model.gap import Gap, GapKind
from repro.model.run import Status
from tests.compare.samples import COMMIT, RUN_ID, summary

RUN = summary(
    params={
        "lr": 0.1,
        "opt": "adam",
        "model.lr": 3,
        "a-b": True,
        "layers": [64, 32],
        "none": None,
        "bad": math.nan,
    },
    metrics={"acc": 0.93, "train/loss": 0.2, "nan": math.nan},
    tags={"best": "", "team": "vision"},
    gaps=(Gap(GapKind.DATA, "x", ""),),
    exit_code=0,
)


@pytest.mark.parametrize(
    "text",
    [
        "params.lr > 0.01 and metrics.acc >= .9 and not dirty",
        "0.01 < params.lr < 1",
        "params.lr == 0.1",
        "params.lr != 0.2",
        "params.model.lr == 3",
        'params["model.lr"] == 3',
        'metrics["train/loss"] < 0.5',
        "params['a-b']",
        "params['a-b'] == true",
        "params.opt in ['adam', 'sgd']",
        "params.opt not in ('sgd',)",
        "'ada' in params.opt",
        "64 in params.layers",
        "params.layers == [64, 32]",
        "params.none == none",
        "'lr' in params",
        "'best' in tags",
        "'worst' not in tags",
        "tags.team == 'vision'",
        "status == 'finished'",
        "status in ['finished', 'failed']",
        "name == 'calm-otter' or name == 'x'",
        "branch == 'main'",
        "commit == 'a1b2c3d'",
        "id == 'kxwm'",
        f"id == '{RUN_ID}'",
        "duration_s > 10",
        "exit_code == 0",
        "gaps",
        "gaps == 1",
        "started_at > '2026-01-30'",
        "started_at <= '2026-01-31T08:00:00+00:00'",
        "'2026-01-31 09:30+02:00' < started_at",
        "'train.py' in command",
        "params.bad == nan",
        "metrics.nan != 0",
        "params.lr > -1 and params.lr < +inf",
        "(params.lr > 1) == false",
        "  params.lr > 0.01\n  and not dirty ",
    ],
)
def test_a_filter_matches(text: str) -> None:
    assert compile_query(text).matches(RUN)


@pytest.mark.parametrize(
    "text",
    [
        "params.missing > 0",
        "params.missing == 0",
        "params.missing != 0",
        "params.missing in [0]",
        "params.missing not in [0]",
        "params.missing",
        "params.opt > 3",
        "params.opt == 3",
        "params.layers > 3",
        "params.lr in 3",
        "params.none < 1",
        "metrics.nan > 0",
        "metrics.nan < 0",
        "metrics.nan == 0",
        "commit == ''",
        "commit == 'b'",
        "id == 'kx'",
        "3 in params",
        "3 in params.opt",
        "tags.best",
    ],
)
def test_a_filter_does_not_match_and_does_not_fail(text: str) -> None:
    assert not compile_query(text).matches(RUN)


def test_a_run_without_commit_or_branch_is_no_error() -> None:
    run = summary(commit=None, branch=None, duration_s=None)
    assert not compile_query("commit == 'a1b2' or branch == 'main' or duration_s > 0").matches(run)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("params.lr >", 11),
        ("params.lr > 1 and and", 18),
        ("params.lr + 1 > 2", 0),
        ("dirty and lenght > 1", 10),
        ("'ü' in tags and foo", 16),
        ("__import__('os')", 0),
        ("params.lr.__class__ > f'{1}'", 22),
        ("params[0] > 1", 7),
        ("params[params.lr]", 7),
        ("(lambda: 1)()", 0),
        ("[x for x in params]", 0),
        ("params.lr is None", 0),
        ("b'x' == params.lr", 0),
        ("started_at > 'yesterday'", 13),
        ("started_at > 3", 13),
        ("status == 'finishd'", 10),
        ("gaps.x > 1", 0),
        ("params.x := 1", 9),
        ("", 0),
        ("a\0b", 1),
        ("\udcff", 0),
    ],
)
def test_a_filter_that_cannot_be_read_points_at_the_place(text: str, column: int) -> None:
    with pytest.raises(QueryError) as caught:
        compile_query(text)
    assert caught.value.column == column
    assert caught.value.details[1].index("^") == column


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("metrics.f1-score > 1", 'metrics["f1-score"]'),
        ("metrics.train/loss > 1", 'metrics["train/loss"]'),
        ("params.lambda > 1", 'params["lambda"]'),
        ("params.lr = 1", "=="),
        ("dirty && gaps", "and"),
        ("status == failed", "status == 'failed'"),
        ("lr > 1", "params.lr or metrics.lr"),
        ("startd_at > '2026-01-01'", "did you mean started_at?"),
    ],
)
def test_the_hint_says_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(QueryError) as caught:
        compile_query(text)
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 900 + "1" + ")" * 900,
        "not " * 1000 + "dirty",
        "-" * 4000 + "1",
        "params" + ".a" * 2000,
        "dirty " * MAX_LENGTH,
        "[" * 1000,
    ],
    ids=["parentheses", "not", "minus", "attributes", "long", "brackets"],
)
def test_a_hostile_filter_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        compile_query(text)


@settings(max_examples=300)
@given(st.text(alphabet="params.lr metrics acc()[]'\"<>=!-0123 andornti\n\t", max_size=60))
def test_any_text_compiles_and_runs_or_is_a_query_error(text: str) -> None:
    try:
        query = compile_query(text)
    except QueryError:
        return
    assert query.matches(RUN) in (True, False)


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just([1])


@given(VALUES, VALUES)
def test_comparing_any_two_values_never_fails(left: object, right: object) -> None:
    run = summary(params={"a": left}, tags={}, metrics={})
    query = compile_query("params.a < params.b or params.a == params.b or params.a in params.b")
    assert query.matches(summary(params={"a": left, "b": right})) in (True, False)
    assert not query.matches(run)


def test_a_key_that_no_run_has_is_a_typo_and_the_nearest_is_named() -> None:
    text = "not dirty and metrics.accc > 1"
    query = compile_query(text)
    with pytest.raises(QueryError, match=r"no run has metrics\.accc") as caught:
        check(query.keys, [RUN], text=text)
    assert caught.value.hint == "did you mean metrics.acc?"
    assert caught.value.column == text.index("metrics")


def test_a_key_in_the_wrong_scope_is_named_in_the_right_one() -> None:
    query = compile_query("metrics.opt == 'adam'")
    with pytest.raises(QueryError) as caught:
        check(query.keys, [RUN], text=query.text)
    assert caught.value.hint == "did you mean params.opt?"


def test_a_key_that_only_one_run_has_is_no_typo() -> None:
    query = compile_query("params.lr > 1")
    check(query.keys, [summary(), RUN], text=query.text)


def test_where_a_summary_is_partial_no_key_is_called_a_typo() -> None:
    query = compile_query("params.huge > 1")
    check(query.keys, [RUN, summary(is_partial=True)], text=query.text)


def test_no_runs_refuse_nothing() -> None:
    check(compile_query("params.lr > 1").keys, [], text="")


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("metrics.acc", "metrics.acc"),
        ("metrics.f1-score", 'metrics["f1-score"]'),
        ('metrics["train/loss"]', 'metrics["train/loss"]'),
        ("params.lambda", 'params["lambda"]'),
        ("commit", "commit"),
        ("params", "params"),
    ],
)
def test_a_key_needs_no_quotes_where_nothing_follows(text: str, spelled: str) -> None:
    assert str(compile_key(text)) == spelled


def test_a_commit_is_named_by_its_prefix_only() -> None:
    assert compile_query(f"commit == '{COMMIT[:10]}'").matches(RUN)
    assert not compile_query(f"commit == '{COMMIT[1:10]}'").matches(RUN)


def test_a_status_that_no_run_can_have_lists_those_there_are() -> None:
    with pytest.raises(QueryError) as caught:
        compile_query("status == 'done'")
    assert Status.INTERRUPTED in (caught.value.hint or "")
