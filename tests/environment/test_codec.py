"""Environments as JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.environment.codec import environment_from_json, environment_to_json
from repro.model.environment import Environment, Hardware, Interpreter, Package, Platform

_TEXT = st.text(st.characters(codec=None), max_size=10)
_PACKAGE = st.builds(
    Package,
    *(_TEXT, _TEXT, st.none() | _TEXT, st.none() | _TEXT),
    st.none() | st.dictionaries(_TEXT, _TEXT),
)
_ENVIRONMENT = st.builds(
    Environment,
    platform=st.builds(Platform, *[_TEXT] * 5),
    hardware=st.builds(
        Hardware,
        *(_TEXT, st.integers(), st.integers(), st.lists(_TEXT).map(tuple), st.none() | _TEXT),
    ),
    interpreter=st.none() | st.builds(Interpreter, *[_TEXT] * 6, st.lists(_TEXT).map(tuple)),
    packages=st.lists(_PACKAGE).map(tuple),
    variables=st.dictionaries(_TEXT, _TEXT),
    other_interpreters=st.lists(_TEXT).map(tuple),
)


@given(_ENVIRONMENT)
def test_json_reads_back_as_the_same_environment(environment: Environment) -> None:
    again = environment_from_json(environment_to_json(environment))
    assert again == environment
    assert [p.origin for p in again.packages] == [p.origin for p in environment.packages]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"hardware": 1}', b"\xff"])
def test_what_is_no_environment_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        environment_from_json(content)
