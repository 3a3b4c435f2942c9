"""Lakehouse tables: their names, their versions, and what has become of one."""

import sys
from pathlib import Path

import pytest
from deltalake import DeltaTable

from repro.data.tables.location import Location, find_table
from repro.data.tables.read import find_trouble, read_version
from repro.data.tables.version import TablePackageMissingError, TableUnreadableError, TableVersion
from repro.model.data import DataEntry, Place, Source, check_path
from repro.model.table import TableHash, TableKind, table_hash_from, table_kind_of
from tests.data.lakes import Lake, delta_id, make_lake, vacuum, write_delta
from tests.repos import run_program

DELTA, ICEBERG = TableKind.DELTA, TableKind.ICEBERG


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """A Delta table with the versions 0, 1 and 2."""
    write_delta(tmp_path / "events", 10, 20, 30)
    return tmp_path / "events"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return make_lake(tmp_path / "lake")


def read(path: Path | str, version: str | None = None, kind: TableKind = DELTA) -> TableVersion:
    return read_version(kind, str(path), top="/", version=version)


def entry(path: Path | str, hash_: TableHash, kind: TableKind = DELTA) -> DataEntry:
    return DataEntry(
        str(path), hash_.text, 1, 1, Source.LOGGED, place=Place.TABLE, hash_name=kind.hash_name
    )


def trouble(path: Path | str, hash_: TableHash, kind: TableKind = DELTA) -> str | None:
    return find_trouble(entry(path, hash_, kind), top="/")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("delta://wh/events", Location(DELTA, "proj/wh/events")),
        ("delta:///lake/events/", Location(DELTA, "/lake/events")),
        ("delta://../wh/events", Location(DELTA, "wh/events")),
        ("delta://../../events", Location(DELTA, "/events")),
        ("delta://wh/events?version=3", Location(DELTA, "proj/wh/events", "3")),
        ("delta+file:///lake/events", Location(DELTA, "/lake/events")),
        ("delta+s3://b/events", Location(DELTA, "delta+s3://b/events")),
        ("DELTA+S3://b/Events", Location(DELTA, "delta+s3://b/Events")),
        ("delta://s3://b/events", Location(DELTA, "delta+s3://b/events")),
        ("iceberg://prod/ns.events", Location(ICEBERG, "iceberg://prod/ns.events")),
        (
            "iceberg+s3://b/e/metadata/v3.metadata.json?version=7",
            Location(ICEBERG, "iceberg+s3://b/e/metadata/v3.metadata.json", "7"),
        ),
        ("s3://b/events", None),
        ("nothing/there", None),
    ],
)
def test_a_table_has_one_name_however_it_is_written(text: str, expected: Location | None) -> None:
    assert find_table(text, base="/top/proj", top="/top") == expected


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("delta+s3://KEY:s3cr3t@b/events", "delta+s3://b/events"),
        ("delta+s3://b/events?X-Amz-Signature=s3cr3t&version=3#s3cr3t", "delta+s3://b/events"),
        ("delta+abfss://box:s3cr3t@acc.dfs.net/e", "delta+abfss://acc.dfs.net/e"),
        ("delta+abfss://box@acc.dfs.net/e?sig=s3cr3t", "delta+abfss://box@acc.dfs.net/e"),
    ],
)
def test_what_could_let_anybody_in_is_no_part_of_the_name(text: str, path: str) -> None:
    found = find_table(text, base="/")
    assert found is not None
    assert found.path == path
    assert check_path(path, Place.TABLE) is None


def test_a_directory_with_a_table_in_it_is_one(events: Path, lake: Lake) -> None:
    top = str(events.parent)
    assert find_table("events", base=top, top=top) == Location(DELTA, "events", is_explicit=False)
    found = find_table(str(lake.path), base="/")
    assert found == Location(ICEBERG, str(lake.path), is_explicit=False)


def test_a_directory_of_metadata_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata" / "notes.json").write_text("{}")
    assert find_table(str(tmp_path), base="/") is None


def test_a_hash_says_version_and_table() -> None:
    found = TableHash(("7",), "1f2e-3d")
    assert found.text == "7@1f2e-3d"
    assert found.joined(["12", "3"]).text == "3,7,12@1f2e-3d"
    assert table_hash_from("3,7,12@1f2e-3d") == found.joined(["12", "3"])


@pytest.mark.parametrize("text", ["", "7", "7@", "@a", "7,@a", "-1@a", "7@a/b", "7@a b", "x@a"])
def test_other_texts_are_no_hash_of_a_table(text: str) -> None:
    assert table_hash_from(text) is None


def test_the_kinds_are_told_by_their_hash_names() -> None:
    assert [table_kind_of(name) for name in ("delta-version", "iceberg-snapshot", "md5")] == [
        DELTA,
        ICEBERG,
        None,
    ]


def test_the_newest_version_of_a_delta_table_is_read(events: Path) -> None:
    found = read(events)
    assert (found.version, found.table_id) == ("2", delta_id(events))
    (file,) = DeltaTable(str(events)).file_uris()
    assert (found.n_files, found.size_bytes) == (1, Path(file).stat().st_size)


def test_a_pinned_version_of_a_delta_table_is_read(events: Path) -> None:
    assert read(events, "1").version == "1"


def test_a_delta_version_is_pinned_by_time(events: Path) -> None:
    assert read(events, "2100-01-01T00:00:00Z").version == "2"


@pytest.mark.parametrize("version", ["9", "yesterday", "99999999999999999999999"])
def test_a_version_that_is_not_there_is_told(events: Path, version: str) -> None:
    with pytest.raises(TableUnreadableError):
        read(events, version)


def test_what_is_no_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(TableUnreadableError) as caught:
        read(tmp_path)
    assert "\n" not in caught.value.message
    with pytest.raises(TableUnreadableError, match="it is not there"):
        read(tmp_path / "gone")


def test_a_version_in_use_is_no_trouble(events: Path) -> None:
    assert trouble(events, read(events).hash) is None


def test_an_old_version_is_no_trouble_while_its_files_are_there(events: Path) -> None:
    assert trouble(events, read(events, "0").hash.joined(["1"])) is None


def test_a_vacuumed_version_is_trouble(events: Path) -> None:
    old, new = read(events, "1").hash, read(events).hash
    vacuum(events)
    assert (trouble(events, old) or "").startswith("a file of version 1 was removed: part-")
    assert trouble(events, new) is None
    assert (trouble(events, new.joined(["1"])) or "").startswith("a file of version 1")


def test_a_table_made_anew_at_the_same_place_is_trouble(events: Path) -> None:
    found = read(events).hash
    events.rename(events.with_name("old"))
    write_delta(events, 10, 20, 30)
    assert trouble(events, found) == "another table is there now: it was made anew"


def test_a_table_that_is_gone_is_trouble(events: Path) -> None:
    found = read(events).hash
    events.rename(events.with_name("old"))
    assert trouble(events, found) == "version 2 is no longer readable: it is not there"


def test_looking_at_a_delta_table_writes_nothing(events: Path) -> None:
    before = sorted(path.name for path in events.rglob("*"))
    trouble(events, read(events, "0").hash)
    assert sorted(path.name for path in events.rglob("*")) == before


def test_an_iceberg_table_without_a_snapshot_has_a_version_too(lake: Lake) -> None:
    found = read(lake.path, kind=ICEBERG)
    assert found.hash == TableHash(("none",), str(lake.table.metadata.table_uuid))
    assert trouble(lake.path, found.hash, ICEBERG) is None


def test_the_current_snapshot_of_a_directory_is_read(lake: Lake) -> None:
    _, newest = lake.write(1, 2)
    found = read(lake.path, kind=ICEBERG)
    (file,) = [task.file for task in lake.table.scan().plan_files()]
    assert (found.version, found.table_id) == (newest, str(lake.table.metadata.table_uuid))
    assert (found.n_files, found.size_bytes) == (1, file.file_size_in_bytes)


def test_a_hint_names_the_metadata(lake: Lake) -> None:
    (first,) = lake.write(1)
    place = lake.path / "metadata"
    newest = max(place.glob("*.metadata.json"))
    newest.rename(place / "v1.metadata.json")
    (place / "v2.metadata.json").write_text("half written")
    (place / "version-hint.text").write_text("1\n")
    assert read(lake.path, kind=ICEBERG).version == first


def test_a_snapshot_is_pinned_by_id_and_by_name(lake: Lake) -> None:
    first, second = lake.write(1, 2)
    lake.table.manage_snapshots().create_tag(int(first), "v1").commit()
    assert read(lake.path, first, ICEBERG).version == first
    assert read(lake.path, "v1", ICEBERG).version == first
    assert read(lake.path, "main", ICEBERG).version == second


def test_a_metadata_file_names_its_table(lake: Lake) -> None:
    (first,) = lake.write(1)
    path = lake.table.metadata_location.removeprefix("file://")
    found = find_table(path, base="/")
    assert found == Location(ICEBERG, path, is_explicit=False)
    assert read(path, kind=ICEBERG).version == first


_ASK = """\
import sys
from repro.data.tables.read import read_version
from repro.errors import ReproError
from repro.model.table import TableKind

for path, version in zip(sys.argv[1::2], sys.argv[2::2]):
    try:
        found = read_version(TableKind.ICEBERG, path, top="/", version=version or None)
        print(found.version)
    except ReproError as error:
        print(type(error).__name__)
"""


def test_a_table_of_a_catalog_is_read(lake: Lake) -> None:
    first, second = lake.write(1, 2)
    known, other = "iceberg://local/ns.events", "iceberg://local/ns.other"
    asked = [known, "", known, first, other, "", "iceberg://unheard-of/ns.events", ""]
    # pyiceberg looks for its configuration when it is imported.
    done = run_program(
        sys.executable, "-c", _ASK, *asked, cwd=lake.path, env=dict(lake.variables())
    )
    unreadable = "TableUnreadableError"
    assert done.stdout.split() == [second, first, unreadable, unreadable]


def test_an_expired_snapshot_is_trouble(lake: Lake) -> None:
    first, second = lake.write(1, 2)
    old, new = (read(lake.path, version, ICEBERG).hash for version in (first, second))
    assert trouble(lake.path, old, ICEBERG) is None
    lake.table.maintenance.expire_snapshots().by_id(int(first)).commit()
    assert trouble(lake.path, old, ICEBERG) == (
        f"snapshot {first} is no longer readable: it has no snapshot {first}"
    )
    assert trouble(lake.path, new, ICEBERG) is None


def test_a_snapshot_whose_files_are_gone_is_trouble(lake: Lake) -> None:
    (first,) = lake.write(1)
    (file,) = [task.file.file_path for task in lake.table.scan().plan_files()]
    lake.write(2)
    Path(file.removeprefix("file://")).unlink()
    found = trouble(lake.path, read(lake.path, first, ICEBERG).hash, ICEBERG)
    assert found == f"a file of snapshot {first} was removed: {file.rpartition('/')[2]}"


@pytest.mark.parametrize(
    ("kind", "package"), [(DELTA, "deltalake"), (ICEBERG, "pyiceberg"), (ICEBERG, "pyarrow")]
)
def test_a_missing_library_is_told_with_the_command_that_installs_it(
    kind: TableKind, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(TablePackageMissingError) as caught:
        read(tmp_path, kind=kind)
    assert caught.value.message == f"{package} is not installed"
    assert caught.value.hint == f"pip install 'repro-git[{kind}]'"


@pytest.mark.parametrize("path", ["delta+http://10.0.0.1/x", "delta+uc://a/b", "delta+://x"])
def test_a_record_leads_to_object_stores_only(path: str) -> None:
    assert "no table is read over" in (trouble(path, TableHash(("1",), "a")) or "")


@pytest.mark.parametrize(
    "path",
    ["../up", "a/../b", ".git/x", ".repro/x", "://x", "De lta://x", "delta+s3://a\nb", "x://"],
)
def test_other_paths_are_refused(path: str) -> None:
    assert check_path(path, Place.TABLE) is not None


@pytest.mark.parametrize("place", [Place.STORE, Place.GIT])
def test_only_a_table_has_a_uri_that_is_not_written(place: Place) -> None:
    assert check_path("/lake/events", place) is not None
    assert check_path("/lake/events", Place.TABLE) is None
