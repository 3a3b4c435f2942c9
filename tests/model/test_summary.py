"""The summary in a run commit's message."""

import json
import math
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.model.ids import Oid, RefName
from repro.model.run import Record
from repro.model.summary import (
    Summary,
    SummaryError,
    number_from_json,
    number_to_json,
    parse_message,
    render_message,
    summarize,
)
from repro.model.values import Metric, Number
from tests.model.records import numbers, records, simple_record
from tests.model.test_codec import comparable

OID = Oid("1f" * 20)
REF = RefName("refs/repro/runs/20240506T070809-kxwmtrzq")


def parsed(record: Record) -> Summary:
    return parse_message(render_message(record), oid=OID, ref=REF)


def changed(**fields: Any) -> bytes:
    head, _, line = render_message(simple_record()).decode().rpartition("Repro-Summary: ")
    return f"{head}Repro-Summary: {json.dumps(json.loads(line) | fields)}\n".encode()


@given(records)
def test_what_is_parsed_equals_what_was_summarized(record: Record) -> None:
    expected = summarize(record, oid=OID, ref=REF)
    expected = expected._replace(started_at=expected.started_at.astimezone(UTC), params={})
    assert comparable(parsed(record)._replace(params={})) == comparable(expected)


def test_the_message_reads_well() -> None:
    lines = render_message(simple_record()).decode().splitlines()
    assert lines[:8] == [
        "quiet-harbor: acc=0.93 loss=0.21",
        "",
        "first try",
        "",
        "$ python train.py --lr 0.1",
        "",
        "Repro-Run: 20240506T070809-kxwmtrzq",
        lines[7],
    ]
    assert lines[7].startswith('Repro-Summary: {"format":1,"id":"20240506T070809-kxwmtrzq"')


def test_a_run_without_metrics_shows_its_status() -> None:
    record = simple_record()._replace(metrics={})
    assert render_message(record).startswith(b"quiet-harbor: finished\n")


def test_params_are_flat() -> None:
    assert parsed(simple_record()).params == {
        "lr": 0.1,
        "model.layers": [64, 64],
        "model.act": "relu",
    }


def test_gaps_come_without_reasons() -> None:
    (gap,) = parsed(simple_record()).gaps
    assert (gap.subject, gap.reason, gap.fix) == ("big.bin", "", "")


def test_params_too_large_for_a_message_are_left_out() -> None:
    record = simple_record()._replace(params={"vocabulary": ["word"] * 10_000})
    summary = parsed(record)
    assert summary.is_partial
    assert summary.params == {}
    assert summary.metrics == {"acc": 0.93, "loss": 0.21}


def test_nothing_in_a_message_can_pose_as_the_summary() -> None:
    posing = '\n\nRepro-Summary: {"format": 1, "id": "x"}\n'
    record = simple_record()
    run = record.run._replace(message=f"hello{posing}", command=("echo", posing), name=posing)
    assert parsed(record._replace(run=run)).name == posing


def test_control_characters_stay_out_of_the_readable_part() -> None:
    record = simple_record()
    run = record.run._replace(
        name="a\nb\x1b[31m", message="one\x00\x07\ntwo\x1b[2J", command=("\r",)
    )
    message = render_message(record._replace(run=run)).decode()
    assert not any(ord(char) < 32 and char != "\n" for char in message)
    assert "\none \ntwo [2J\n" in message


def test_a_whole_commit_object_can_be_parsed() -> None:
    raw = b"tree 0a\nauthor a <b> 1 +0000\n\n" + render_message(simple_record())
    assert parse_message(raw, oid=OID, ref=REF) == parsed(simple_record())


def test_a_newer_format_names_the_command_that_upgrades() -> None:
    with pytest.raises(SummaryError) as caught:
        parse_message(changed(format=4), oid=OID, ref=REF)
    assert caught.value.hint == "pip install --upgrade repro-git"


@pytest.mark.parametrize(
    "fields",
    [
        {"format": "1"},
        {"format": True},
        {"id": "x"},
        {"id": None},
        {"name": 1},
        {"status": "well"},
        {"started_at": "2024-05-06T07:08:09"},
        {"started_at": 0},
        {"started_at": "0001-01-01T00:00:00+23:00"},
        {"duration_s": "long"},
        {"duration_s": True},
        {"commit": "--upload-pack=x"},
        {"commit": 1},
        {"branch": []},
        {"dirty": "no"},
        {"exit_code": "0"},
        {"command": ["a"]},
        {"tags": [["a", "b"]]},
        {"tags": {"a": 1}},
        {"gaps": 1},
        {"gaps": [["data"]]},
        {"gaps": [["feeling", "x"]]},
        {"pillars": ["a"]},
        {"params": [["a", 1]]},
        {"metrics": {"a": "much"}},
        {"metrics": {"a": None}},
        {"metrics": []},
    ],
)
def test_a_summary_of_the_wrong_kind_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(SummaryError, match="holds no run"):
        parse_message(changed(**fields), oid=OID, ref=REF)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"just a commit\n",
        b"x\n\nRepro-Summary: {\n",
        b"x\n\nRepro-Summary: []\n",
        b"x\n\nRepro-Summary: {}\n",
        b"x\n\nRepro-Summary: \xff\n",
        b"x\n\nRepro-Summary: " + b"[" * 100_000,
        b'x\n\nRepro-Summary: {"format": NaN}\n',
        b'x\n\nRepro-Summary: {"format": ' + b"9" * 5000 + b"}\n",
    ],
)
def test_a_commit_that_is_no_run_is_refused(message: bytes) -> None:
    with pytest.raises(SummaryError) as caught:
        parse_message(message, oid=OID, ref=REF)
    assert caught.value.hint == f"git show {OID}"


@given(st.binary(max_size=80))
def test_arbitrary_bytes_raise_nothing_else(line: bytes) -> None:
    with pytest.raises(SummaryError):
        parse_message(b"x\n\nRepro-Summary: " + line, oid=OID, ref=REF)


@given(numbers)
def test_a_number_comes_back_from_strict_json(number: Number) -> None:
    text = json.dumps(number_to_json(number), allow_nan=False)
    back = number_from_json(json.loads(text))
    assert repr(back) == repr(number)


def test_a_number_too_long_for_python_to_write_comes_back() -> None:
    number = -(10**5000)
    assert number_from_json(json.loads(json.dumps(number_to_json(number)))) == number


@pytest.mark.parametrize(
    ("number", "written"),
    [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity"), (True, 1)],
)
def test_numbers_that_json_lacks_have_names(number: Number, written: object) -> None:
    assert number_to_json(number) == written
    assert type(number_to_json(number)) is type(written)


@pytest.mark.parametrize("value", ["nan", "1", "1e5", "", None, [], "0xzz"])
def test_other_texts_are_no_numbers(value: object) -> None:
    with pytest.raises(ValueError):
        number_from_json(value)


def test_a_whole_number_beyond_every_float_has_a_subject() -> None:
    record = simple_record()._replace(metrics={"n": Metric(10**400)})
    assert render_message(record).startswith(b"quiet-harbor: n=1e+4")
