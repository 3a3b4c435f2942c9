"""Damaged and hostile records: refused, with the file and the field."""

import pytest

from repro.model.decode import (
    FutureRecordError,
    RecordError,
    decode_artifacts,
    decode_data,
    decode_metrics,
    decode_params,
    decode_record,
    decode_run,
)
from repro.model.encode import encode_record
from tests.model.records import simple_record

RUN = encode_record(simple_record())["run.yaml"].decode()
HASH = "ab" * 16


def data_file(**fields: object) -> bytes:
    row = {"path": "data", "hash": HASH, "size_bytes": 1, "source": "dvc"} | fields
    lines = [f"{key}: {value}" for key, value in row.items()]
    return ("- " + "\n  ".join(lines) + "\n").encode()


def problem_in_run(old: str, new: str) -> RecordError:
    assert old in RUN
    with pytest.raises(RecordError) as caught:
        decode_run(RUN.replace(old, new).encode())
    return caught.value


def problem_in_data(**fields: object) -> RecordError:
    with pytest.raises(RecordError) as caught:
        decode_data(data_file(**fields))
    return caught.value


def test_a_newer_format_names_the_command_that_upgrades() -> None:
    error = problem_in_run("format: 1", "format: 4")
    assert isinstance(error, FutureRecordError)
    assert error.format == 4
    assert error.hint == "pip install --upgrade repro-git"


def test_a_newer_format_is_told_before_anything_else_is_read() -> None:
    with pytest.raises(FutureRecordError):
        decode_run(b"format: 7\nid: [something, new]\n")


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("format: 1", "format: 0", "format"),
        ("format: 1", 'format: "1"', "format"),
        ("format: 1", "format: true", "format"),
        ("20240506T070809-kxwmtrzq", "20240506T070809-abcdefgh", "id"),
        ("name: quiet-harbor", "name: [1]", "name"),
        ("status: finished", "status: well", "status"),
        ("exit_code: 0", "exit_code: -1", "exit_code"),
        ("T07:08:09.123456+00:00", "T07:08:09", "started_at"),
        ('started_at: "2024-05-06T07:08:09.123456+00:00"', "started_at: 20240506", "started_at"),
        ('"2024-05-06T07:08:09.123456+00:00"', '"0001-01-01T00:00:00+23:00"', "started_at"),
        ("commit: " + '"' + "1f" * 20 + '"', "commit: --upload-pack=x", "code.commit"),
        ("path: train.py", "path: 7", "code.dirty[0].path"),
        ("kind: data", "kind: feeling", "gaps[0].kind"),
        ("team: vision", "team: 3", "tags.team"),
        ("message: first try", "message: {a: b}", "message"),
        ("command:\n  - python", "command:\n  - 1", "command"),
        ("host:", "hosts:", "host"),
    ],
)
def test_the_field_that_is_wrong_is_named(old: str, new: str, field: str) -> None:
    error = problem_in_run(old, new)
    assert (error.file, error.field) == ("run.yaml", field)


def test_the_error_says_where_to_look() -> None:
    assert problem_in_run("status: finished", "status: 1").hint is not None


@pytest.mark.parametrize(
    "document",
    [
        b"a: &x [1]\nb: *x\n",
        b"a: &a [*a]\n",
        b"a: 1\na: 2\n",
        b"1: a\n",
        b"? [a]\n: b\n",
        b"a: !!python/object/apply:os.system [ls]\n",
        b"a: !!set {b}\n",
        b"a: !!int x\n",
        b'a: !!int ""\n',
        b'a: !!float ""\n',
        b"a: !!bool maybe\n",
        b'a: !!binary "?"\n',
        b"a: 2024-05-06\n",
        b"a: 1\n---\nb: 2\n",
        b"",
        b"# nothing\n",
        b"- a\n",
        b"a: [\n",
        b"\xff\xfe\x00",
        b"a: " + b"9" * 5000,
        b"[" * 100_000,
        b"{a: " * 1_000,
    ],
)
def test_yaml_that_no_record_holds_is_refused(document: bytes) -> None:
    with pytest.raises(RecordError):
        decode_params(document)


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    with pytest.raises(RecordError, match="aliases"):
        decode_params("\n".join(lines).encode())


def test_what_yaml_alone_holds_is_named_with_its_line() -> None:
    with pytest.raises(RecordError) as caught:
        decode_params(b"a: 1\nday: 2024-05-06\n")
    assert caught.value.field == "line 2"
    assert caught.value.problem == "no record holds a timestamp: '2024-05-06'"


def test_merge_keys_have_no_meaning() -> None:
    with pytest.raises(RecordError):
        decode_params(b"<<: {a: 1}\nb: 2\n")


@pytest.mark.parametrize(
    "document",
    [
        b"[]",
        b"{",
        b'{"a": NaN}',
        b'{"a": "much"}',
        b'{"a": null}',
        b'{"a": [1]}',
        b'{"a": {"step": 1}}',
        b'{"a": {"value": 1, "step": 1.5}}',
        b'{"a": {"value": 1, "step": true}}',
        b'{"a": 1, "a": 2}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_metrics_that_are_no_numbers_are_refused(document: bytes) -> None:
    with pytest.raises(RecordError) as caught:
        decode_metrics(document)
    assert caught.value.file == "metrics.json"


@pytest.mark.parametrize(
    "content", [b"1\t2\n", b"a\t\t1\n", b"1.5\t\t1\n", b"1\t\tmuch\n", b"\n", b"1\t\t\xc3\xa9\n"]
)
def test_a_damaged_curve_is_refused(content: bytes) -> None:
    with pytest.raises(RecordError) as caught:
        decode_record(encode_record(simple_record()) | {"history/loss.tsv": content})
    assert caught.value.file == "history/loss.tsv"


def test_two_curves_of_one_name_are_refused() -> None:
    with pytest.raises(RecordError, match="second curve"):
        decode_record(encode_record(simple_record()) | {"history/%6Coss.tsv": b""})


@pytest.mark.parametrize(
    "path",
    [
        "../outside",
        "a/../../b",
        "/etc/passwd",
        '""',
        "/",
        '"."',
        r'"a\0b"',
        ".git/hooks/pre-commit",
        "sub/.GIT/config",
        '".git./config"',
        r'".g\u200cit/config"',
        "git~1/config",
        ".repro/run.yaml",
        "./.repro/run.yaml",
    ],
)
def test_a_path_that_a_checkout_may_not_write_is_refused(path: str) -> None:
    assert problem_in_data(path=path).field == "[0].path"


@pytest.mark.parametrize("path", [".gitignore", "a/.repro/b", "..a/b", "a b", "git/x", ".github/x"])
def test_a_path_that_only_looks_odd_passes(path: str) -> None:
    assert decode_data(data_file(path=path))[0].path == path


def test_an_absolute_path_passes_where_no_bytes_are_kept() -> None:
    entry = decode_data(data_file(path="/data/big.bin", place="nowhere"))[0]
    assert entry.path == "/data/big.bin"


def test_an_absolute_path_with_dots_is_refused_even_so() -> None:
    assert problem_in_data(path="/data/../etc", place="nowhere").field == "[0].path"


@pytest.mark.parametrize("text", ["../../x", "ab", '""', "AB" * 16, "g" * 32])
def test_a_hash_that_could_lead_elsewhere_is_refused(text: str) -> None:
    assert problem_in_data(hash=text).field == "[0].hash"


def test_a_hash_may_be_unknown_where_no_bytes_are_kept() -> None:
    assert decode_data(data_file(hash='""', place="nowhere"))[0].hash == ""


@pytest.mark.parametrize(
    "extras",
    [
        "{empty: [../x]}",
        "{executable: [/bin/sh]}",
        "{symlinks: {.git/x: y}}",
        "{symlinks: {link: /etc}, empty: [link/x]}",
        "{symlinks: {a: /etc, a/b: c}}",
        "{empty: [a//b]}",
        '{symlinks: {a: ""}}',
        r'{symlinks: {a: "\0"}}',
        "[a]",
    ],
)
def test_extras_that_lead_out_of_the_directory_are_refused(extras: str) -> None:
    assert problem_in_data(extras=extras).field.startswith("[0].extras")


def test_artifacts_are_checked_likewise() -> None:
    with pytest.raises(RecordError) as caught:
        decode_artifacts(data_file(path="../x"))
    assert (caught.value.file, caught.value.field) == ("artifacts.yaml", "[0].path")


@pytest.mark.parametrize("file", ["%2E%2E/x", ".git/x", "%00", "..", "%zz"])
def test_inline_artifacts_are_checked_likewise(file: str) -> None:
    with pytest.raises(RecordError) as caught:
        decode_record(encode_record(simple_record()) | {f"artifacts/{file}": b""})
    assert caught.value.file == f"artifacts/{file}"


def test_terminal_escapes_are_kept_for_the_display_to_clean() -> None:
    run = decode_run(RUN.replace("quiet-harbor", r'"\e[31mred"').encode())
    assert run.name == "\x1b[31mred"
