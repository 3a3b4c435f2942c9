"""Run ids."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.model.ids import (
    RefName,
    is_run_id,
    live_ref,
    new_run_id,
    run_id_from_ref,
    run_ref,
    short_id,
    started_at_from_id,
)
from tests.model.records import MOMENT, times

ID = new_run_id(MOMENT, b"\x00\x1f\xa0\xff")


def test_an_id_is_the_second_in_utc_and_eight_letters() -> None:
    assert ID == "20240506T070809-zzykpzkk"


def test_another_zone_gives_the_same_id() -> None:
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=9)))
    assert new_run_id(elsewhere, b"\x00\x1f\xa0\xff") == ID


@given(times, st.binary(min_size=4, max_size=4))
def test_every_id_is_one_and_tells_its_second(at: datetime, entropy: bytes) -> None:
    run_id = new_run_id(at, entropy)
    assert is_run_id(run_id)
    assert started_at_from_id(run_id) == at.astimezone(UTC).replace(microsecond=0)


@given(times, times)
def test_ids_sort_by_time(one: datetime, other: datetime) -> None:
    first, second = sorted([one, other])
    assert new_run_id(first, bytes(4))[:15] <= new_run_id(second, bytes(4))[:15]


@pytest.mark.parametrize("entropy", [b"", b"abc", b"abcde"])
def test_entropy_of_another_length_is_refused(entropy: bytes) -> None:
    with pytest.raises(ValueError, match="4 bytes"):
        new_run_id(MOMENT, entropy)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20240506T070809",
        "20240506T070809-kxwmtrz",
        "20240506T070809-kxwmtrzqk",
        "20240506T070809-kxwmtrza",
        "20240506T070809-KXWMTRZQ",
        "20240506t070809-kxwmtrzq",
        "20240506T070809-kxwmtrzq\n",
        "20240230T070809-kxwmtrzq",
        "20240506T250809-kxwmtrzq",
        "٢٠٢٤٠٥٠٦T070809-kxwmtrzq",
    ],
)
def test_what_only_looks_like_an_id_is_none(text: str) -> None:
    assert not is_run_id(text)


def test_the_time_of_what_is_no_id_cannot_be_told() -> None:
    with pytest.raises(ValueError, match="not a run id"):
        started_at_from_id("20241399T000000-kxwmtrzq")  # type: ignore[arg-type]


def test_the_short_id_is_the_letters() -> None:
    assert short_id(ID) == "zzykpzkk"


def test_the_id_is_found_in_each_kind_of_ref() -> None:
    assert run_id_from_ref(run_ref(ID)) == ID
    assert run_id_from_ref(live_ref(ID)) == ID
    assert run_id_from_ref(RefName("refs/heads/main")) is None
