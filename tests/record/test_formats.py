"""Reads params and metrics files, well-formed and not."""

import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from repro.record.formats import FormatError, load_mapping, load_value


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("a.json", b'{"lr": 0.1, "deep": {"n": 2}}'),
        ("a.yaml", b"lr: 0.1\ndeep:\n  n: 2\n"),
        ("a.YML", b"lr: 0.1\ndeep: {n: 2}\n"),
        ("a.toml", b"lr = 0.1\n[deep]\nn = 2\n"),
        ("a.json", b'\xef\xbb\xbf{"lr": 0.1, "deep": {"n": 2}}'),
    ],
)
def test_each_format_gives_the_same_values(file: str, content: bytes) -> None:
    assert load_mapping(file, content) == {"lr": 0.1, "deep": {"n": 2}}


@pytest.mark.parametrize(
    ("file", "content", "line"),
    [
        ("a.json", b'{"a": 1,\n "b": }', 2),
        ("a.json", b"", 1),
        ("a.yaml", b"a: 1\nb: [1, 2\nc: 3\n", 3),
        ("a.yaml", b"a: 1\n\tb: 2\n", 2),
        ("a.yaml", b"a: !!python/object/apply:os.system [true]\n", 1),
        ("a.yaml", b"a: 1\nb: {[1]: 2}\n", 2),
        ("a.yaml", b"a: 1\n\nb: \x07\n", 3),
        ("a.toml", b"a = 1\nb = = 2\n", 2),
        ("a.toml", b"a = 1\nb = [1,\n", 3),
        ("a.yaml", b"a: 1\nb: \xff\n", 2),
        ("a.json", b"[1, 2]", 1),
    ],
)
def test_a_malformed_file_is_named_with_its_line(file: str, content: bytes, line: int) -> None:
    with pytest.raises(FormatError) as caught:
        load_mapping(file, content)
    assert (caught.value.file, caught.value.line) == (file, line)
    assert caught.value.message.startswith(f"{file}:{line}: ")
    assert caught.value.hint == f"correct {file}:{line}"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("a.json", b"[" * 200_000),
        ("a.json", b'{"a":' * 200_000),
        ("a.yaml", b"[" * 200_000),
        ("a.yaml", b"{a: " * 200_000),
        ("a.yaml", b"- " * 200_000),
        ("a.toml", b"a = " + b"[" * 200_000),
        ("a.yaml", b"a: &a [*a]\n"),
        ("a.json", b"1" * 5000),
        ("a.toml", b"a = " + b"1" * 5000),
        ("a.yaml", b"a: 0x" + b"f" * 9000),
        ("a.yaml", b'a: !!int ""'),
        ("a.yaml", b"a: !!bool maybe"),
        ("a.yaml", b"a: !!timestamp never"),
        ("a.yaml", b"a: 2024-13-45"),
        ("a.yaml", b"a: !!float x"),
        ("a.json", b"0" + b" " * 17 * 2**20),
        ("config.ini", b"a = 1"),
        ("params", b"a = 1"),
    ],
)
def test_a_hostile_file_is_an_error_of_ours(file: str, content: bytes) -> None:
    with pytest.raises(FormatError):
        load_value(file, content)


def _bomb(join: str) -> bytes:
    lines = ["a0: &a0 {k: 1, l: 2, m: 3}"]
    for level in range(1, 30):
        refs = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} {join % refs}")
    return "\n".join(lines).encode()


def test_a_yaml_bomb_of_aliases_is_refused_in_time() -> None:
    start_s = time.process_time()
    with pytest.raises(FormatError, match="more than a million"):
        load_value("a.yaml", _bomb("[%s]"))
    assert time.process_time() - start_s < 20


def test_a_yaml_bomb_of_merges_is_refused_or_defused_in_time() -> None:
    start_s = time.process_time()
    # PyYAML up to 6.0.3 multiplies what is merged again and again; from then on it does not.
    merges_once = tuple(map(int, yaml.__version__.split(".")[:3])) >= (6, 0, 4)
    if merges_once:
        each = {"k": 1, "l": 2, "m": 3}
        value = load_value("a.yaml", _bomb("{<<: [%s]}"))
        assert value == {f"a{level}": each for level in range(30)}
    else:
        with pytest.raises(FormatError, match="more than a million"):
            load_value("a.yaml", _bomb("{<<: [%s]}"))
    assert time.process_time() - start_s < 20


def test_a_merge_that_is_no_bomb_is_applied() -> None:
    content = b"base: &b {a: 1, b: 2}\nchild:\n  <<: *b\n  b: 3\n"
    assert load_mapping("a.yaml", content)["child"] == {"a": 1, "b": 3}


@pytest.mark.parametrize("text", ["1e-3", "1E-3", "1.e-3", "+1e-3", ".1e-2", "1.0e-3"])
def test_a_number_with_an_exponent_is_one_in_yaml_too(text: str) -> None:
    assert load_mapping("a.yaml", f"lr: {text}\n".encode()) == {"lr": 0.001}


@pytest.mark.parametrize("text", ["1e", "e3", "1e-3x", "12e4f", "0x1e-3", "v1e3"])
def test_text_that_only_looks_like_an_exponent_stays_text(text: str) -> None:
    assert load_mapping("a.yaml", f"commit: {text}\n".encode()) == {"commit": text}


def test_keys_and_dates_become_text() -> None:
    content = b"1: a\nfalse: b\nwhen: 2024-05-06\n"
    assert load_mapping("a.yaml", content) == {"1": "a", "False": "b", "when": "2024-05-06"}


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"null\n"])
def test_an_empty_yaml_file_holds_nothing(content: bytes) -> None:
    assert load_mapping("a.yaml", content) == {}


def _is_read_or_refused(file: str, content: bytes) -> bool:
    """Lets every other error through."""
    try:
        load_value(file, content)
    except FormatError as error:
        return error.file == file and error.problem != ""
    return True


@given(st.binary(max_size=60), st.sampled_from(["json", "yaml", "toml"]))
def test_any_bytes_are_read_or_refused(content: bytes, suffix: str) -> None:
    assert _is_read_or_refused(f"a.{suffix}", content)


@given(st.text("{}[]&*!:<-?|>'\"# \n%@`a1.,~=e", max_size=30))
def test_any_yaml_is_read_or_refused(text: str) -> None:
    assert _is_read_or_refused("a.yaml", text.encode())
