"""Params and metrics as values."""

import math

import pytest
from hypothesis import given

from repro.model.values import Value, flatten, is_same, numbers_in, parse_scalar
from tests.model.records import values

NAN = float("nan")


def test_names_are_joined_by_dots() -> None:
    assert flatten({"a": {"b": {"c": 1}, "d": 2}, "e": 3}) == {"a.b.c": 1, "a.d": 2, "e": 3}


def test_lists_and_empty_mappings_stay_values() -> None:
    assert flatten({"a": [1, {"b": 2}], "c": {}, "d": {"e": {}}}) == {
        "a": [1, {"b": 2}],
        "c": {},
        "d.e": {},
    }


def test_two_values_of_one_flat_name_both_stay() -> None:
    assert flatten({"a.b": 1, "a": {"b": 2}, "a.b#2": 3}) == {
        "a.b": 1,
        "a.b#2": 2,
        "a.b#2#2": 3,
    }


def test_a_prefix_goes_before_each_name() -> None:
    assert flatten({"a": {"b": 1}}, prefix="model.") == {"model.a.b": 1}


def test_numbers_are_found_at_any_depth_and_booleans_count() -> None:
    found = list(numbers_in({"a": {"acc": 0.5, "ok": True}, "n": 3, "name": "x", "l": [1]}))
    assert found == [("a.acc", 0.5), ("a.ok", 1), ("n", 3)]
    assert type(dict(found)["a.ok"]) is int


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-3", -3),
        ("1e-3", 0.001),
        ("0.5", 0.5),
        ("true", True),
        ("False", False),
        ("null", None),
        ("None", None),
        ("-inf", -math.inf),
        ("relu", "relu"),
        ("", ""),
        ("1_000", "1_000"),
        (" 1", " 1"),
        ("٣", "٣"),
        ("0x10", "0x10"),
        ("1e999", "1e999"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_a_typed_value_is_read(text: str, value: Value) -> None:
    parsed = parse_scalar(text)
    assert parsed == value
    assert type(parsed) is type(value)


def test_a_typed_nan_is_read() -> None:
    assert is_same(parse_scalar("nan"), NAN)


@given(values)
def test_every_value_is_the_same_as_itself(value: Value) -> None:
    assert is_same(value, value)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (NAN, float("nan")),
        ([NAN], [float("nan")]),
        ({"a": [NAN]}, {"a": [float("nan")]}),
        (1, 1.0),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ],
)
def test_equal_values_are_the_same(left: Value, right: Value) -> None:
    assert is_same(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (True, 1),
        (0, False),
        ([True], [1]),
        (1, 2),
        ("1", 1),
        (None, 0),
        (NAN, 0.0),
        ([1], [1, 2]),
        ({"a": 1}, {"b": 1}),
        ([], {}),
    ],
)
def test_unlike_values_are_not(left: Value, right: Value) -> None:
    assert not is_same(left, right)
