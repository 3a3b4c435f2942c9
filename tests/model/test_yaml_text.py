"""What we write, PyYAML reads back."""

import pytest
import yaml
from hypothesis import given

from repro.model.values import Value
from repro.model.yaml_text import dump_yaml
from tests.model.records import values
from tests.model.test_codec import comparable

TRICKY: list[Value] = [
    *("y", "No", "NULL", "~", "1", "+1", ".5", "1e5", "0x1f", "1_000", "12:30:45", "2024-05-06"),
    *("=", "<<", "-", "- a", "a: b", "a #b", "#", "&a", "*a", "!a", "%", "@", "`", "'", '"', "|"),
    *("", " ", " a", "a ", "a\n", "a\tb", "\r\n", "a\x00", "\x1b", "\x7f", "\x85", "\u2028"),
    *(
        "\ufeff",
        "\ufffe",
        "\U0001fffe",
        "é",
        "日本",
        "...",
        "---",
        "[]",
        "{}",
        "a,b",
        "a (b)",
        "()",
    ),
    *(1e-5, 1e16, 5e-324, -0.0, float("inf"), 10**5000, -(10**5000), True, None),
    [],
    {},
    [[]],
    [{}],
    {"a": []},
    [[1, [2]], {"a": {"b": [{"c": 1, "d": 2}]}}],
    {"k" * 2000: "v"},
    [{"k" * 2000: {"deep": [1]}, "é" * 1500: []}],
    "w" * 5000,
    "word " * 1000,
]


def read(content: bytes, loader: type[yaml.SafeLoader] | type[yaml.CSafeLoader]) -> object:
    return _text(yaml.load(content, Loader=loader))  # noqa: S506 - one of the two safe ones


def _text(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, list):
        return [_text(item) for item in value]
    if isinstance(value, dict):
        return {_text(key): _text(item) for key, item in value.items()}
    return value


@given(values)
def test_libyaml_reads_back_what_was_written(value: Value) -> None:
    assert comparable(read(dump_yaml(value), yaml.CSafeLoader)) == comparable(value)


@given(values)
def test_pyyaml_reads_back_what_was_written(value: Value) -> None:
    assert comparable(read(dump_yaml(value), yaml.SafeLoader)) == comparable(value)


@pytest.mark.parametrize("value", TRICKY, ids=range(len(TRICKY)))
def test_a_tricky_value_is_read_back(value: Value) -> None:
    for document in (value, [value], {"key": value}):
        content = dump_yaml(document)
        assert _is_equal(read(content, yaml.CSafeLoader), document)
        assert _is_equal(read(content, yaml.SafeLoader), document)


def _is_equal(left: object, right: object) -> bool:
    return left == right and type(left) is type(right)


@pytest.mark.parametrize("text", ["quiet-harbor", "data/train.csv", "a CPU (4 cores)", "v1.2+cu"])
def test_ordinary_text_is_written_plain(text: str) -> None:
    assert dump_yaml(text) == f"{text}\n".encode()


def test_mappings_keep_their_order_and_nest_by_two_spaces() -> None:
    value = {"b": 1, "a": {"list": [1, {"x": 2, "z": 3}, [4]], "void": None}}
    assert dump_yaml(value).decode() == (
        "b: 1\na:\n  list:\n    - 1\n    - x: 2\n      z: 3\n    - - 4\n  void: null\n"
    )


def test_bytes_that_are_no_utf8_become_binary() -> None:
    assert dump_yaml("caf\udce9") == b'!!binary "Y2Fm6Q=="\n'


def test_a_surrogate_that_stands_for_no_byte_is_replaced() -> None:
    assert read(dump_yaml("a\ud800"), yaml.CSafeLoader) == "a\ufffd"


def test_a_long_text_that_is_not_plain_takes_no_time() -> None:
    # A pattern that can match a text in many ways would take hours here.
    text = "a " + "b" * 200_000 + "!"
    assert dump_yaml(text) == f'"{text}"\n'.encode()


@pytest.mark.parametrize("value", [b"raw", object(), {1, 2}, {"a": b"raw"}])
def test_what_yaml_does_not_have_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="cannot be written"):
        dump_yaml(value)
