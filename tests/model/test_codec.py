"""Record to files and back."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.model.decode import RecordError, decode_record
from repro.model.encode import encode_record, inline_path
from repro.model.run import Record
from repro.model.values import Metric, Point
from tests.model.records import records


def sample(record: Record | None = None) -> Record:
    return record or records.example()


@given(records)
def test_what_is_decoded_equals_what_was_encoded(record: Record) -> None:
    # repr, because NaN is not equal to itself; times are written in UTC.
    files = encode_record(record)
    assert repr(normal(decode_record(files))) == repr(normal(record))


def normal(record: Record) -> object:
    from datetime import UTC

    run = record.run
    ended_at = None if run.ended_at is None else run.ended_at.astimezone(UTC)
    run = run._replace(started_at=run.started_at.astimezone(UTC), ended_at=ended_at)
    return ordered(record._replace(run=run))


def ordered(value: object) -> object:
    if isinstance(value, Mapping):
        return sorted((repr(k), ordered(v)) for k, v in value.items())
    if isinstance(value, (tuple, list)):
        return [ordered(item) for item in value]
    return value
