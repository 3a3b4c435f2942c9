"""Tables in a real S3 API."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from deltalake import DeltaTable

from repro.data.tables.read import read_version
from repro.data.tables.version import TableUnreadableError
from repro.model.table import TableKind
from tests.data.lakes import write_delta
from tests.repos import run_program
from tests.s3 import ACCESS_KEY, SECRET_KEY, Bucket, serve_s3

TABLE = "delta+s3://lake/ev ents"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serve_s3() as url:
        yield url


@pytest.fixture
def table(server: str, monkeypatch: pytest.MonkeyPatch) -> DeltaTable:
    """A table with the versions 0 and 1; deltalake is told of the server by the environment."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    bucket = Bucket("lake", server)
    bucket.make()
    for key in bucket.sizes():
        bucket.delete(key.replace(" ", "%20"))
    write_delta("s3://lake/ev ents", 1, 2)
    return DeltaTable("s3://lake/ev ents")


def version_hash(version: str) -> str:
    return read_version(TableKind.DELTA, TABLE, top="/", version=version).hash.text


def test_a_table_in_a_bucket_is_read(table: DeltaTable) -> None:
    found = read_version(TableKind.DELTA, TABLE, top="/", version=None)
    assert (found.version, found.table_id) == ("1", str(table.metadata().id))
    assert found.n_files == 1
    assert found.size_bytes > 0


_LOOK = """\
import sys
from repro.data.tables.read import find_trouble
from repro.model.data import DataEntry, Place, Source

for hash in sys.argv[2:]:
    entry = DataEntry(
        sys.argv[1], hash, 1, 1, Source.LOGGED, place=Place.TABLE, hash_name="delta-version"
    )
    print(find_trouble(entry, top="/"))
"""


def look(path: Path, *hashes: str) -> list[str]:
    """Returns what is found of versions of the table.

    Outside of this process: deltalake keeps others from running while it waits, and so the server.
    """
    done = run_program(sys.executable, "-c", _LOOK, TABLE, *hashes, cwd=path)
    return done.stdout.splitlines()


def test_vacuumed_files_in_a_bucket_are_missed(
    table: DeltaTable, server: str, tmp_path: Path
) -> None:
    old, new = (version_hash(version) for version in ("0", "1"))
    before = Bucket("lake", server).sizes()
    assert look(tmp_path, old, new) == ["None", "None"]
    assert Bucket("lake", server).sizes() == before
    table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    found, fine = look(tmp_path, old, new)
    assert found.startswith("a file of version 0 was removed: part-")
    assert fine == "None"


@pytest.mark.usefixtures("table")
def test_a_table_that_is_not_in_the_bucket_is_told() -> None:
    with pytest.raises(TableUnreadableError) as caught:
        read_version(TableKind.DELTA, "delta+s3://lake/other", top="/", version=None)
    assert "\n" not in caught.value.message
    assert SECRET_KEY not in caught.value.message


@pytest.mark.usefixtures("table")
def test_a_server_that_is_gone_is_told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    began_at_s = time.monotonic()
    with pytest.raises(TableUnreadableError):
        read_version(TableKind.DELTA, TABLE, top="/", version=None)
    assert time.monotonic() - began_at_s < 30
