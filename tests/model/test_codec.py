"""Records to files and back."""

from collections.abc import Mapping
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.model.curve import Curve
from repro.model.decode import RecordError, decode_record
from repro.model.encode import encode_record, inline_path
from repro.model.environment import Environment, Hardware, Platform
from repro.model.run import Record
from repro.model.values import Metric, Point
from tests.model.records import records, simple_record

FILES = (
    "run.yaml",
    "params.yaml",
    "metrics.json",
    "data.yaml",
    "artifacts.yaml",
    "environment/environment.yaml",
    "history/loss.tsv",
    "history/%.tsv",
    "artifacts/plot.svg",
)


def comparable(value: object) -> object:
    """Returns a value as text in which NaN equals itself and the order of keys does not count."""
    if isinstance(value, Mapping):
        return sorted((repr(key), comparable(item)) for key, item in value.items())
    if isinstance(value, (tuple, list, Curve)):
        return [comparable(item) for item in value]
    return repr(value)


def error_of(files: Mapping[str, bytes]) -> RecordError | None:
    try:
        decode_record(files)
    except RecordError as error:
        return error
    return None


@given(records)
def test_what_is_decoded_equals_what_was_encoded(record: Record) -> None:
    run = record.run
    ended_at = None if run.ended_at is None else run.ended_at.astimezone(UTC)
    run = run._replace(started_at=run.started_at.astimezone(UTC), ended_at=ended_at)
    decoded = decode_record(encode_record(record))
    assert comparable(decoded) == comparable(record._replace(run=run))


@given(records)
def test_equal_records_have_equal_bytes(record: Record) -> None:
    files = encode_record(record)
    assert encode_record(decode_record(files)) == files


@given(st.sampled_from(FILES), st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_arbitrary_bytes_raise_nothing_but_a_record_error(file: str, content: bytes) -> None:
    error = error_of(encode_record(simple_record()) | {file: content})
    assert error is None or error.file == file


@given(st.data())
def test_a_damaged_run_file_raises_nothing_but_a_record_error(data: st.DataObject) -> None:
    files = encode_record(simple_record())
    file = data.draw(st.sampled_from(sorted(files)))
    content = bytearray(files[file])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.sampled_from(b"\n :-*&![]{}\"'#\x00\xff019a~"))
    error = error_of(files | {file: bytes(content)})
    assert error is None or error.file == file


def test_parts_that_are_empty_have_no_file() -> None:
    record = simple_record()._replace(data=(), artifacts=(), environment=None, history={})
    record = record._replace(lock=None, output=None, inline={})
    assert sorted(encode_record(record)) == ["metrics.json", "params.yaml", "run.yaml"]


def test_an_empty_output_is_kept_apart_from_none() -> None:
    record = simple_record()._replace(output=b"")
    assert decode_record(encode_record(record)).output == b""


def test_a_metric_without_a_step_is_a_plain_number() -> None:
    record = simple_record()._replace(metrics={"acc": Metric(0.5), "n": Metric(3, 7)})
    assert encode_record(record)["metrics.json"] == (
        b'{\n  "acc": 0.5,\n  "n": {\n    "value": 3,\n    "step": 7\n  }\n}\n'
    )


def test_nan_is_written_as_strict_json() -> None:
    record = simple_record()._replace(metrics={"loss": Metric(float("nan"))})
    assert encode_record(record)["metrics.json"] == b'{\n  "loss": "NaN"\n}\n'


def test_a_curve_is_a_line_for_each_point() -> None:
    points = (Point(0, 1.5, 0.25), Point(1, None, 3), Point(2, 2.5, float("inf")))
    files = encode_record(simple_record()._replace(history={"train/loss": points}))
    assert files["history/train/loss.tsv"] == b"0\t1.5\t0.25\n1\t\t3\n2\t2.5\tinf\n"


def test_an_ordinary_artifact_keeps_its_path() -> None:
    assert inline_path("plots/roc curve.svg") == "artifacts/plots/roc curve.svg"


def test_a_path_that_is_not_utf8_survives() -> None:
    record = simple_record()
    record = record._replace(run=record.run._replace(command=("cat", "caf\udce9")))
    files = encode_record(record)
    assert b"!!binary" in files["run.yaml"]
    assert decode_record(files) == record


def test_values_that_equal_their_defaults_are_left_out() -> None:
    content = encode_record(simple_record())["data.yaml"].decode()
    row = f"- path: data/train.csv\n  hash: {'ab' * 16}\n  size_bytes: 12\n  source: traced\n"
    assert content == row


def test_files_that_no_format_knows_are_passed_over() -> None:
    record = simple_record()
    files = encode_record(record) | {"later/thing.bin": b"\x00", "history/readme.md": b"x"}
    assert decode_record(files) == record


def test_an_environment_without_python_survives() -> None:
    environment = Environment(Platform("Linux", "6.1", "x86_64"), Hardware("", 1, 0))
    record = simple_record()._replace(environment=environment)
    assert decode_record(encode_record(record)).environment == environment


@pytest.mark.parametrize("file", ["run.yaml", "params.yaml", "metrics.json"])
def test_a_file_that_is_always_there_is_missed(file: str) -> None:
    files = encode_record(simple_record())
    del files[file]
    with pytest.raises(RecordError) as caught:
        decode_record(files)
    assert caught.value.message == f".repro/{file}: is missing"
