"""What the plain reader reads, PyYAML reads alike; the rest it leaves."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from repro.record.formats import load_yaml_text
from repro.record.plain_yaml import read_plain_yaml

_KEYS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True)
_SCALARS = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.text(alphabet="abnoyesNOtrue01.-/_e+: #'", max_size=8),
)
_TREES = st.recursive(
    st.dictionaries(_KEYS, _SCALARS, max_size=4),
    lambda inner: st.dictionaries(_KEYS, st.one_of(_SCALARS, inner), max_size=4),
    max_leaves=12,
)


@given(_TREES)
def test_what_it_reads_pyyaml_reads_alike(tree: dict[str, Any]) -> None:
    text = yaml.safe_dump(tree, sort_keys=False)

    read = read_plain_yaml(text)

    assert read is None or read == load_yaml_text("params.yaml", text)


@given(st.text(alphabet="ab:# \n-1.e'\"[]{}&*!|>%@\t~", max_size=40))
def test_any_text_is_left_or_read_as_pyyaml_reads_it(text: str) -> None:
    read = read_plain_yaml(text)

    assert read is None or read == load_yaml_text("params.yaml", text)


def test_a_usual_file_is_read() -> None:
    text = (
        "# ours\nlr: 1e-3\nmodel:\n  kind: resnet-50 # big\n  depth: 50\n\namp: true\nseed: null\n"
    )

    assert read_plain_yaml(text) == {
        "lr": 0.001,
        "model": {"kind": "resnet-50", "depth": 50},
        "amp": True,
        "seed": None,
    }


@pytest.mark.parametrize(
    "text",
    ["", "a:\n", "a:\nb: 1\n", "a: yes\n", "a: [1]\n", "a: 'x'\n", "a: 010\n", "a: 1_0\n",
     "a: 12:30\n", "a: 1\na: 2\n", "a: 1\n  b: 2\n", "a: &x 1\n", "- a\n", "a: ~\n", "yes: 1\n"],
)  # fmt: skip
def test_the_rest_is_left(text: str) -> None:
    assert read_plain_yaml(text) is None
