"""Names for runs."""

import re

from hypothesis import given
from hypothesis import strategies as st

from repro.model.naming import _ADJECTIVES, _NOUNS, random_name


@given(st.binary(min_size=4, max_size=16))
def test_a_name_is_an_adjective_and_a_noun(entropy: bytes) -> None:
    assert re.fullmatch("[a-z]{2,}-[a-z]{2,}", random_name(entropy))


def test_equal_bytes_give_equal_names() -> None:
    assert random_name(b"\x01\x02\x03\x04") == random_name(b"\x01\x02\x03\x04")


def test_there_are_more_than_ten_thousand_names() -> None:
    names = {random_name(n.to_bytes(4, "big")) for n in range(0, 2**22, 7)}
    assert len(names) == len(_ADJECTIVES) * len(_NOUNS) > 10_000


def test_no_word_appears_twice() -> None:
    assert len({*_ADJECTIVES, *_NOUNS}) == len(_ADJECTIVES) + len(_NOUNS)
