"""How values read."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.cli.format import (
    ago,
    aligned,
    duration,
    number,
    percent,
    pointed,
    signed,
    size,
    sparkline,
    value,
)

NOW = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-60, "2026-01-31 08:01"),
        (1, "just now"),
        (59, "59 s ago"),
        (200, "3 min ago"),
        (7200, "2 h ago"),
        (86_400, "1 day ago"),
        (5 * 86_400, "5 days ago"),
        (40 * 86_400, "2025-12-22"),
    ],
)
def test_times(seconds: int, text: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.312, "0.31 s"),
        (12.54, "12.5 s"),
        (59.96, "1 min"),
        (200, "3 min 20 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (100_000, "1 d 3 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1234, "1.2 kB"), (999_999, "1.0 MB"), (4_120_000_000, "4.1 GB")],
)
def test_sizes(n_bytes: int, text: str) -> None:
    assert size(n_bytes) == text


@pytest.mark.parametrize(
    ("given_", "text"), [(3, "3"), (0.93123456, "0.931235"), (10**20, "1e+20"), (math.nan, "nan")]
)
def test_numbers(given_: float, text: str) -> None:
    assert number(given_) == text


def test_changes_have_a_sign() -> None:
    assert (signed(0.0123), signed(-2), percent(0.013)) == ("+0.0123", "-2", "+1.3 %")


@pytest.mark.parametrize(
    ("numbers", "texts"),
    [
        ([0.9312, 0.5], ["0.9312", "0.5000"]),
        ([0.5, 0.25, None], ["0.50", "0.25", ""]),
        ([3, 40], ["3", "40"]),
        ([1.0, 2.0], ["1", "2"]),
        ([12.345, math.nan], ["12.35", "nan"]),
        ([1e-9, 1.0], ["1e-09", "1"]),
        ([math.inf], ["inf"]),
        ([10**400, 0.5], ["inf", "0.5"]),
        ([], []),
    ],
)
def test_a_column_of_numbers_has_as_many_decimals_each(
    numbers: list[float | None], texts: list[str]
) -> None:
    assert aligned(numbers) == texts


@given(st.lists(st.none() | st.floats() | st.integers()))
def test_any_column_of_numbers_can_be_written(numbers: list[float | None]) -> None:
    assert len(aligned(numbers)) == len(numbers)


@pytest.mark.parametrize(
    ("texts", "padded"),
    [
        (["0.1", "3", "0.001"], ["0.1  ", "3    ", "0.001"]),
        (["10", "0.5", ""], ["10  ", " 0.5", "    "]),
        (["1e-05", "0.5"], ["1e-05  ", "    0.5"]),
        ([], []),
    ],
)
def test_points_are_aligned_by_padding(texts: list[str], padded: list[str]) -> None:
    assert pointed(texts) == padded


def test_a_curve_goes_from_low_to_high() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"


def test_a_long_curve_keeps_its_last_value() -> None:
    assert sparkline([0.0] * 99 + [1.0], width=10) == "▁" * 9 + "█"


@pytest.mark.parametrize("values", [[], [1], [math.nan, math.nan]])
def test_a_curve_that_shows_nothing_is_left_out(values: list[float]) -> None:
    assert sparkline(values) == ""


def test_a_flat_curve_and_a_hole_can_be_drawn() -> None:
    assert sparkline([2, math.nan, 2]) == "▄ ▄"


@given(st.lists(st.floats()), st.integers(1, 30))
def test_any_curve_can_be_drawn_and_fits(values: list[float], width: int) -> None:
    assert len(sparkline(values, width)) <= width


@pytest.mark.parametrize(
    ("given_", "text"),
    [
        ("adam", "adam"),
        ("", '""'),
        (" x", '" x"'),
        (None, "null"),
        (True, "true"),
        ([1, "ü"], '[1, "ü"]'),
    ],
)
def test_params_read_as_one_types_them(given_: str, text: str) -> None:
    assert value(given_) == text
