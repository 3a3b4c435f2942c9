"""Artifacts that a program logged: their bytes are those of the call, wherever they lie."""

import os
from pathlib import Path

import pytest

from repro.git.repository import open_repository
from repro.model.data import Artifact, Place
from repro.record.logged_artifacts import add_logged_artifacts
from repro.record.outputs import MANY, Outputs, Written, add_file
from repro.record.project import find_project
from repro.record.said import LoggedArtifact
from repro.record.warehouse import Warehouse, warehouse_of
from tests.repos import Scratch

LARGE = b"\0" * 200_000


@pytest.fixture
def warehouse(repo: Scratch) -> Warehouse:
    opened = open_repository(str(repo.path))
    return warehouse_of(opened, find_project(opened))


@pytest.fixture
def live(tmp_path: Path) -> Path:
    directory = tmp_path / "live"
    (directory / "artifacts").mkdir(parents=True)
    return directory


def _add(live: Path, warehouse: Warehouse, *logged: LoggedArtifact) -> Outputs:
    outputs = Outputs()
    add_logged_artifacts(outputs, logged, directory=str(live), warehouse=warehouse)
    return outputs


def test_a_small_text_lies_in_the_commit_and_the_rest_in_the_store(
    live: Path, warehouse: Warehouse
) -> None:
    (live / "artifacts/0").write_bytes(b"hello\n")
    (live / "artifacts/1").write_bytes(LARGE)
    outputs = _add(
        live,
        warehouse,
        LoggedArtifact("notes/x.txt", "0"),
        LoggedArtifact("models/m.bin", "1", is_in_place=True, kind="model"),
    )

    places = {path: artifact.place for path, artifact in outputs.artifacts.items()}
    assert places == {".repro/logged/notes/x.txt": Place.GIT, "models/m.bin": Place.STORE}
    assert outputs.inline == {".repro/logged/notes/x.txt": b"hello\n"}
    assert outputs.artifacts["models/m.bin"].kind == "model"
    assert outputs.artifacts["models/m.bin"].size_bytes == len(LARGE)
    assert outputs.gaps == []


def test_few_files_of_a_directory_are_one_each_and_many_are_one(
    live: Path, warehouse: Warehouse
) -> None:
    for name, n_files in (("few", 3), ("many", MANY + 1)):
        (live / "artifacts" / name / "deep").mkdir(parents=True)
        for number in range(n_files):
            (live / "artifacts" / name / "deep" / f"{number}.txt").write_text(str(number))
    outputs = _add(live, warehouse, LoggedArtifact("a", "few"), LoggedArtifact("b", "many"))

    few = {f".repro/logged/a/deep/{number}.txt" for number in range(3)}
    assert set(outputs.artifacts) == few | {".repro/logged/b"}
    assert outputs.artifacts[".repro/logged/b"].n_files == MANY + 1
    assert outputs.artifacts[".repro/logged/b"].hash.endswith(".dir")
    assert outputs.gaps == []


def test_bytes_that_are_not_there_are_a_gap(live: Path, warehouse: Warehouse) -> None:
    outputs = _add(live, warehouse, LoggedArtifact("x", "0"))

    assert outputs.artifacts == {}
    assert [(gap.subject, gap.fix) for gap in outputs.gaps] == [("x", "log it again")]


@pytest.mark.parametrize(
    ("name", "is_in_place"),
    [
        (name, is_in_place)
        for name in ("../x", "/etc/passwd", "a/../../x", ".git/x", "", ".", "a//b", "a/", "a\0b")
        for is_in_place in (True, False)
    ],
)
def test_a_name_that_leads_elsewhere_is_a_gap(
    live: Path, warehouse: Warehouse, name: str, is_in_place: bool
) -> None:
    (live / "artifacts/0").write_bytes(b"hello\n")
    outputs = _add(live, warehouse, LoggedArtifact(name, "0", is_in_place))

    assert outputs.artifacts == {}
    assert outputs.inline == {}
    (gap,) = outputs.gaps
    assert gap.fix == "choose another name"


def test_a_file_in_place_takes_that_of_the_walk(
    repo: Scratch, live: Path, warehouse: Warehouse
) -> None:
    full = repo.write("out/x.txt", "later\n")
    (live / "artifacts/0").write_bytes(b"logged\n")
    outputs = Outputs()
    add_file(outputs, Written("out/x.txt", os.path.getsize(full)), str(full), warehouse)
    logged = LoggedArtifact("out/x.txt", "0", is_in_place=True, kind="table")
    add_logged_artifacts(outputs, [logged], directory=str(live), warehouse=warehouse)

    assert outputs.inline == {"out/x.txt": b"logged\n"}
    assert outputs.artifacts["out/x.txt"].kind == "table"
    (gap,) = outputs.gaps
    assert gap.reason.startswith("it was written again after it was logged")


def test_the_same_bytes_in_place_are_no_gap(
    repo: Scratch, live: Path, warehouse: Warehouse
) -> None:
    full = repo.write("out/x.txt", "same\n")
    (live / "artifacts/0").write_bytes(b"same\n")
    outputs = Outputs()
    add_file(outputs, Written("out/x.txt", os.path.getsize(full)), str(full), warehouse)
    logged = LoggedArtifact("out/x.txt", "0", is_in_place=True)
    add_logged_artifacts(outputs, [logged], directory=str(live), warehouse=warehouse)

    assert outputs.gaps == []
    assert isinstance(outputs.artifacts["out/x.txt"], Artifact)


def test_a_file_of_secrets_is_not_kept(live: Path, warehouse: Warehouse) -> None:
    (live / "artifacts/0").write_bytes(b"x=1\n")
    outputs = _add(live, warehouse, LoggedArtifact("conf/.env", "0"))

    assert outputs.artifacts == {}
    (gap,) = outputs.gaps
    assert gap.reason.startswith("looks like a file of secrets")
