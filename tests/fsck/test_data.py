"""The object store, DVC's cache and remote, and repro's own files."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from repro.data.hashing import hash_bytes
from repro.data.store import ObjectStore
from repro.fsck.problem import Kind
from repro.git.repository import open_repository
from repro.model.data import Artifact, DataEntry, Source
from repro.store.shared import Shared, note_shared
from tests.cli.recorded import shelf
from tests.fsck.broken import Ward, cut, delete, empty, flip
from tests.repos import Scratch

WEIGHTS = b"weights " * 500


@pytest.fixture
def stored(ward: Ward) -> Ward:
    """Run n has an output in the object store."""
    value = store_of(ward).add_bytes(WEIGHTS)
    run = ward.shelf.put("n", minute=9, artifacts=(Artifact("out/w.bin", value, len(WEIGHTS)),))
    return ward._replace(ids=ward.ids | {"n": run.run.id})


@pytest.fixture
def dvc_ward(dvc_repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Ward:
    """One recorded run with a file and a directory of DVC data."""
    dvc_repo.run_cli("run", "-q", "--", "true")
    return Ward(shelf(dvc_repo, monkeypatch), {})


def store_of(ward: Ward) -> ObjectStore:
    return ObjectStore(str(ward.git_dir / "repro/store"))


def object_of(ward: Ward, content: bytes, suffix: str = "") -> Path:
    return Path(store_of(ward).path_of(hash_bytes(content) + suffix))


def apart_from_cache(path: Path) -> None:
    """Makes a hard link a file of its own, with the same times and mode."""
    state, content = path.stat(), path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    path.chmod(state.st_mode)


def test_a_sound_store_is_clean(stored: Ward) -> None:
    report = stored.check()
    assert report.problems == ()
    assert report.n_data_objects == 1


@pytest.mark.parametrize("damage", [flip, cut, empty, delete])
def test_a_damaged_object_is_found_with_the_run_that_needs_it(
    stored: Ward, damage: Callable[[Path], None]
) -> None:
    damage(object_of(stored, WEIGHTS))
    (problem,) = stored.problems()
    assert problem.kind is Kind.DATA
    assert problem.runs == (stored.ids["n"],)
    assert problem.subject.startswith("out/w.bin (")


def test_a_flipped_byte_under_the_same_stat_is_found_and_no_longer_believed(
    stored: Ward,
) -> None:
    path = object_of(stored, WEIGHTS)
    with (store := store_of(stored)).cache:
        assert store.missing(path.parent.name + path.name) == ()
    flip(path)
    assert stored.check(is_fast=True).is_clean, "nothing that stat tells has changed"
    assert not stored.check().is_clean
    assert not stored.check(is_fast=True).is_clean


def test_without_any_other_copy_the_object_is_set_aside_and_named(stored: Ward) -> None:
    path = object_of(stored, WEIGHTS)
    flip(path)
    done = stored.repair()
    assert any("was not found in: object store" in line for line in done)
    (problem,) = stored.problems()
    assert problem.reason == "missing from the object store"
    assert path.name in stored.quarantined()
    assert stored.listed() == {"k", "l", "m", "n"}


def test_the_working_tree_gives_an_object_back(stored: Ward) -> None:
    stored.scratch.write("out/w.bin", WEIGHTS)
    flip(object_of(stored, WEIGHTS))
    stored.repair()
    assert stored.check().problems == ()
    assert object_of(stored, WEIGHTS).read_bytes() == WEIGHTS


def test_damage_that_no_run_needs_is_set_aside(stored: Ward) -> None:
    store_of(stored).add_bytes(b"nobody's")
    flip(object_of(stored, b"nobody's"))
    (problem,) = stored.problems()
    assert problem.runs == ()
    stored.repair()
    assert stored.check().problems == ()


def test_data_that_was_never_brought_here_is_a_note(stored: Ward) -> None:
    value = hash_bytes(WEIGHTS)
    note_shared(stored.repo, Shared("origin", data={"s3": frozenset({value})}))
    delete(object_of(stored, WEIGHTS))
    report = stored.check()
    assert report.is_clean
    (note,) = report.problems
    assert note.reason == "not brought here, the DVC remote s3 has it"
    assert note.hint == "repro pull"


def test_a_manifest_that_lists_what_no_directory_holds_is_found(ward: Ward) -> None:
    value = store_of(ward).add_bytes(b'[{"md5": "x", "relpath": "../a"}]', suffix=".dir")
    ward.shelf.put("n", minute=9, data=(DataEntry("data", value, 1, 1, Source.DECLARED),))
    (problem,) = ward.problems()
    assert "damaged directory manifest" in problem.reason
    assert problem.subject == f"data ({value})"


def test_each_missing_file_of_a_directory_is_named_by_its_path(dvc_ward: Ward) -> None:
    path = object_of(dvc_ward, b"item 1\n")
    delete(path)
    (problem,) = dvc_ward.problems()
    assert problem.subject == f"data/many/1.txt ({path.parent.name + path.name})"
    assert len(problem.runs) == 1


@pytest.mark.parametrize("source", ["cache", "remote"])
def test_dvc_gives_files_and_directories_back(dvc_ward: Ward, source: str) -> None:
    report = dvc_ward.check()
    assert report.problems == ()
    assert report.n_data_objects == 6
    objects = sorted((dvc_ward.git_dir / "repro/store/files/md5").glob("??/*"))
    contents = {path: path.read_bytes() for path in objects}
    for path in objects:
        apart_from_cache(path)
        flip(path)
    if source == "remote":
        for path in (dvc_ward.scratch.path / ".dvc/cache/files/md5").glob("??/*"):
            path.unlink()
        for path in dvc_ward.scratch.path.glob("data/**/*.*"):
            if path.suffix in (".csv", ".txt"):
                path.unlink()
    assert len(dvc_ward.problems()) >= 2
    dvc_ward.repair()
    assert dvc_ward.check().problems == ()
    assert {path: path.read_bytes() for path in objects} == contents
    assert len(dvc_ward.quarantined()) == 7


@pytest.mark.parametrize("name", ["runs.sqlite", "cache/files.sqlite", "store/checked.sqlite"])
@pytest.mark.parametrize("damage", [cut, flip])
def test_a_damaged_index_is_deleted(ward: Ward, name: str, damage: Callable[[Path], None]) -> None:
    path = ward.git_dir / "repro" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE runs (a TEXT)")
    database.executemany("INSERT INTO runs VALUES (?)", [("x" * 900,)] * 50)
    database.execute("CREATE INDEX by_a ON runs (a)")
    database.commit()
    database.close()
    assert ward.check().problems == ()
    if damage is flip:
        content = bytearray(path.read_bytes())
        content[:16] = b"not a database.."
        path.write_bytes(content)
    else:
        cut(path)
    (problem,) = ward.problems()
    assert (problem.kind, problem.subject) == (Kind.INDEX, name)
    ward.repair()
    assert not path.exists()
    assert ward.check().problems == ()


def test_files_that_say_nothing_are_set_aside(ward: Ward) -> None:
    state = ward.git_dir / "repro"
    (state / "remotes").mkdir(parents=True)
    (state / "remotes/origin.json").write_text("{")
    (state / "writer").write_text("")
    (state / "secret-key").write_bytes(b"short")
    assert ward.kinds() == {Kind.STATE}
    assert len(ward.problems()) == 3
    ward.repair()
    assert ward.check().problems == ()
    assert {"origin.json", "writer", "secret-key"} <= set(ward.quarantined())
    assert open_repository(str(ward.scratch.path)).top == str(ward.scratch.path)
