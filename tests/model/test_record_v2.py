"""Format 2 is read for ever: tables, and inputs that the command logged; see test_record_v1.

A change that makes these tests fail needs a new format, not new files.
"""

from pathlib import Path

import pytest

from repro.model.data import DataEntry, Place, Source
from repro.model.decode import RecordError, decode_data, decode_record
from repro.model.encode import encode_record
from repro.model.run import FIRST_FORMAT, format_of
from tests.model.records import simple_record

FILES = Path(__file__).parent.parent / "fixtures" / "record-v2"

DELTA = DataEntry(
    "warehouse/events",
    "3,7@1f2e3d4c-0000-4000-8000-000000000001",
    968,
    2,
    Source.LOGGED,
    place=Place.TABLE,
    hash_name="delta-version",
)
ICEBERG = DataEntry(
    "iceberg://prod/ns.events",
    "8744736658442914487@945918c0-a9e2-4d28-a008-33b27c5b870f",
    1788,
    3,
    Source.DECLARED,
    place=Place.TABLE,
    hash_name="iceberg-snapshot",
)
LOGGED = DataEntry("data/in.csv", "ab" * 16, 12, 1, Source.LOGGED)
_SIMPLE = simple_record()
EXPECTED = _SIMPLE._replace(
    run=_SIMPLE.run._replace(format=2), data=(LOGGED, ICEBERG, DELTA), artifacts=(), inline={}
)


def test_a_record_of_format_2_is_read() -> None:
    files = {
        path.relative_to(FILES).as_posix(): path.read_bytes()
        for path in FILES.rglob("*")
        if path.is_file()
    }
    assert decode_record(files) == EXPECTED
    assert encode_record(EXPECTED) == files


def test_only_a_record_that_needs_it_has_the_new_format() -> None:
    assert format_of(_SIMPLE.data) == FIRST_FORMAT == 1
    assert [format_of([entry]) for entry in (DELTA, ICEBERG, LOGGED)] == [2] * 3


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("[0].hash", "3,7@1f2e", "3,7@../"),
        ("[0].hash", "3,7@", "ab,"),
        ("[0].hash_name", "hash_name: delta-version", "hash_name: md5"),
        ("[0].hash_name", "place: table", "place: store"),
        ("[0].path", "path: warehouse/events", "path: ../events"),
        ("[0].path", "path: warehouse/events", "path: .git/hooks"),
        ("[0].path", "path: warehouse/events", 'path: "delta+s3://b/\\e[31m"'),
    ],
)
def test_a_table_that_is_none_is_refused(field: str, old: str, new: str) -> None:
    content = encode_record(EXPECTED._replace(data=(DELTA,)))["data.yaml"].decode()
    assert old in content
    with pytest.raises(RecordError) as caught:
        decode_data(content.replace(old, new).encode())
    assert caught.value.field == field


def test_no_output_is_a_table() -> None:
    record = simple_record()
    content = encode_record(record)["artifacts.yaml"].replace(b"place: git", b"place: table")
    files = encode_record(record) | {"artifacts.yaml": content}
    with pytest.raises(RecordError, match="no output is a table"):
        decode_record(files)
