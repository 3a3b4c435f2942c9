"""What runs need of the store is read whole, or said not to be."""

import re
from pathlib import Path
from typing import Any

import pytest

from repro.data.manifest import encode_manifest
from repro.data.store import ObjectStore
from repro.model.data import Artifact, DataEntry, DirectoryExtras, Place, Source
from repro.model.encode import encode_record
from repro.model.ids import Oid, run_ref
from repro.store import reachable_data
from repro.store.reachable_data import Held, expand, read_holdings
from repro.store.runs import write_run
from tests.store.conftest import Shelf

A, B, C = (f"{number:032x}" for number in (0xA << 100, 0xB << 90, 12345678))


def _put(shelf: Shelf, letters: str, **fields: Any) -> Oid:
    record = shelf.record(letters, minute=ord(letters))._replace(data=(), artifacts=(), **fields)
    return write_run(shelf.repo, record, parents=[], ref=run_ref(record.run.id))


_ENTRIES = (
    DataEntry("data/x: y", A, 10, 1, Source.DVC, pointer="data.dvc"),
    DataEntry(
        "-  hash: odd\n  hash: name",
        f"{B}.dir",
        20,
        3,
        Source.TRACED,
        extras=DirectoryExtras(("run.sh",), {"to": "there"}, ("empty",)),
    ),
    DataEntry("/outside", C, 5, 1, Source.TRACED, place=Place.NOWHERE, executable=True),
)


@pytest.mark.parametrize("is_fast", [True, False])
def test_a_record_is_read_alike_by_the_fast_way_and_by_its_own_reader(
    shelf: Shelf, is_fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_fast:
        monkeypatch.setattr(reachable_data, "_ROW", re.compile(b"(?!)"))
    outputs = (Artifact("m.json", A, 2, place=Place.GIT), Artifact("model.bin", B, 9))
    oid = _put(shelf, "k")
    other = write_run(
        shelf.repo,
        shelf.record("l")._replace(data=_ENTRIES, artifacts=outputs),
        parents=[],
        ref=run_ref(shelf.record("l").run.id),
    )

    found = read_holdings(shelf.repo, [oid, other])

    assert found.unreadable == {}
    assert found.data[oid] == found.artifacts[oid] == ()
    assert found.data[other] == (
        Held(A, 10),
        Held(f"{B}.dir", 20),
        Held(C, 5, Place.NOWHERE),
    )
    assert found.artifacts[other] == (Held(A, 2, Place.GIT), Held(B, 9))
    assert found.named() == {A, f"{B}.dir", C, B}
    assert found.named(only=Place.STORE) == {A, f"{B}.dir", B}


def test_the_fast_way_reads_what_repro_writes(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = encode_record(shelf.record("k")._replace(data=_ENTRIES))
    monkeypatch.setattr("repro.model.decode_entries.decode_data", None)

    rows = reachable_data._read_rows(b"data.yaml", files["data.yaml"])

    assert len(rows) == len(_ENTRIES)


def test_records_that_are_alike_are_read_once(shelf: Shelf) -> None:
    records = [shelf.record(x, minute=ord(x))._replace(data=_ENTRIES) for x in "kl"]
    oids = [write_run(shelf.repo, x, parents=[], ref=run_ref(x.run.id)) for x in records]

    found = read_holdings(shelf.repo, oids)

    assert found.data[oids[0]] is found.data[oids[1]]


def test_a_commit_without_a_record_is_named(shelf: Shelf) -> None:
    oid = shelf.put_damaged("refs/repro/runs/20240101T000000-kkkkkkkk")

    found = read_holdings(shelf.repo, [oid, Oid("0" * 39 + "1")])

    assert set(found.unreadable) == {oid, Oid("0" * 39 + "1")}


def test_a_record_that_git_has_lost_a_file_of_is_named(shelf: Shelf) -> None:
    record = shelf.record("k")._replace(data=_ENTRIES)
    oid = write_run(shelf.repo, record, parents=[], ref=run_ref(record.run.id))
    blob = shelf.scratch.git("rev-parse", f"{oid}:.repro/data.yaml")
    (shelf.scratch.path / f".git/objects/{blob[:2]}/{blob[2:]}").unlink()

    assert set(read_holdings(shelf.repo, [oid]).unreadable) == {oid}


def test_a_damaged_record_is_named() -> None:
    assert "not" in str(reachable_data._read_rows(b"data.yaml", b"- path: x\n  hash: no\n"))
    assert isinstance(reachable_data._read_rows(b"data.yaml", b"{"), str)
    assert "lost" in str(reachable_data._read_rows(b"data.yaml", None))


def test_a_row_in_another_style_is_not_passed_over() -> None:
    content = f"- path: a\n  hash: {A}\n  size_bytes: 1\n  source: dvc\n".encode()
    content += b"- {path: b, hash: %s, size_bytes: 2, source: dvc}\n" % B.encode()

    assert reachable_data._read_rows(b"data.yaml", content) == (Held(A, 1), Held(B, 2))


def test_directories_bring_their_files(tmp_path: Path) -> None:
    store = ObjectStore(f"{tmp_path}/store")
    known = store.add_bytes(encode_manifest({"x": A, "y": B}), suffix=".dir")
    elsewhere = encode_manifest({"z": C})
    lost = "f" * 32 + ".dir"
    cached = "e" * 32 + ".dir"

    found = expand({known, lost, cached}, store, also=lambda x: elsewhere if x == cached else None)

    assert found.hashes == {known, lost, cached, A, B, C}
    assert found.files_of == {known: {A, B}, cached: {C}}
    assert found.unknown == (lost,)
