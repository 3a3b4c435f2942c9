"""The outputs of runs: found by path or name, their bytes from wherever they are."""

import os
from pathlib import Path

import pytest

from repro.model.data import Artifact, Place
from repro.model.gap import Gap, GapKind
from repro.reading import get_run
from repro.reading.artifacts import (
    DestinationTakenError,
    NoBytesError,
    UnknownArtifactError,
    WrongKindError,
)
from tests.cli.recorded import Shelf
from tests.reading.journals import LARGE_BYTES, record_logged
from tests.repos import Scratch, run_program

LARGE = bytes(range(250)) * (LARGE_BYTES // 250)


@pytest.fixture
def logged(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """A repository with one run that logged a text and something large."""
    record_logged(
        repo, "logged", texts={"notes/a: b.txt": "hello\n"}, large={"model/weights.bin": "model"}
    )
    monkeypatch.chdir(repo.path)
    return repo


@pytest.mark.usefixtures("logged")
def test_outputs_are_found_by_path_and_by_name() -> None:
    artifacts = get_run().artifacts
    assert list(artifacts) == [".repro/logged/model/weights.bin", ".repro/logged/notes/a: b.txt"]
    assert len(artifacts) == 2
    weights = artifacts["model/weights.bin"]
    assert weights is artifacts[".repro/logged/model/weights.bin"]
    assert (weights.name, weights.kind, weights.size_bytes) == (
        "model/weights.bin",
        "model",
        LARGE_BYTES,
    )
    assert (weights.is_logged, weights.is_directory, weights.n_files) == (True, False, 1)
    assert weights.has_bytes
    assert "model/weights.bin" in artifacts
    assert "model" not in artifacts
    assert artifacts.get("model") is None
    assert repr(weights) == "<Artifact 'model/weights.bin': 200,000 bytes, model>"


@pytest.mark.usefixtures("logged")
def test_an_unknown_output_names_the_nearest() -> None:
    with pytest.raises(UnknownArtifactError, match=r"no artifact 'model/weight\.bin'") as caught:
        get_run().artifacts["model/weight.bin"]
    assert caught.value.hint == "did you mean 'model/weights.bin'?"


@pytest.mark.usefixtures("logged")
def test_bytes_come_from_the_commit_and_from_the_object_store() -> None:
    artifacts = get_run().artifacts
    assert artifacts["notes/a: b.txt"].read_text() == "hello\n"
    assert artifacts["model/weights.bin"].read_bytes() == LARGE
    with artifacts["notes/a: b.txt"].open() as file:
        assert file.read(2) == b"he"
    with artifacts["model/weights.bin"].open() as file:
        assert file.read(3) == b"\0\1\2"


def test_a_copy_is_put_under_its_name(logged: Scratch, tmp_path: Path) -> None:
    artifacts = get_run().artifacts
    path = artifacts["model/weights.bin"].download(tmp_path / "new")
    assert path == str(tmp_path / "new/model/weights.bin")
    assert Path(path).read_bytes() == LARGE
    assert os.access(path, os.W_OK)
    assert artifacts["model/weights.bin"].download(tmp_path / "new") == path
    small = artifacts["notes/a: b.txt"].download(tmp_path / "new")
    assert Path(small).read_bytes() == b"hello\n"
    assert Path(small).parent == tmp_path / "new/notes"
    assert logged.status() == ""


@pytest.mark.usefixtures("logged")
def test_what_lies_there_is_not_written_over(tmp_path: Path) -> None:
    weights = get_run().artifacts["model/weights.bin"]
    (tmp_path / "model").mkdir()
    taken = tmp_path / "model/weights.bin"
    taken.write_text("mine")
    with pytest.raises(DestinationTakenError):
        weights.download(tmp_path)
    assert taken.read_text() == "mine"
    taken.unlink()
    taken.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DestinationTakenError):
        weights.download(tmp_path)
    assert not (tmp_path / "elsewhere").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/model").write_text("a file")
    with pytest.raises(DestinationTakenError):
        weights.download(tmp_path / "other")


def test_an_object_that_is_lost_is_said_to_be_so(logged: Scratch) -> None:
    weights = get_run().artifacts["model/weights.bin"]
    (logged.path / f".git/repro/store/files/md5/{weights.hash[:2]}/{weights.hash[2:]}").unlink()
    for read in (weights.read_bytes, weights.download):
        with pytest.raises(NoBytesError, match="no DVC remote to ask") as caught:
            read()
        assert "repro pull" in (caught.value.hint or "")


def test_damaged_bytes_are_never_given(logged: Scratch) -> None:
    weights = get_run().artifacts["model/weights.bin"]
    path = logged.path / f".git/repro/store/files/md5/{weights.hash[:2]}/{weights.hash[2:]}"
    path.chmod(0o644)
    path.write_bytes(b"x" * LARGE_BYTES)
    with pytest.raises(NoBytesError):
        weights.read_bytes()


def test_what_was_not_kept_says_why(shelf: Shelf) -> None:
    gap = Gap(GapKind.ARTIFACTS, "big.bin", "larger than 1024 MiB", "dvc add big.bin")
    artifact = Artifact("big.bin", "0" * 32, 2**40, place=Place.NOWHERE)
    shelf.put("k", artifacts=(artifact,), run={"gaps": (gap,)})
    big = get_run().artifacts["big.bin"]
    assert not big.has_bytes
    with pytest.raises(NoBytesError, match="larger than 1024 MiB") as caught:
        big.read_bytes()
    assert caught.value.hint == "dvc add big.bin"


def test_a_commit_that_lacks_what_it_names_is_an_error(shelf: Shelf) -> None:
    shelf.put("k", artifacts=(Artifact("a.txt", "0" * 32, 3, place=Place.GIT),))
    with pytest.raises(NoBytesError) as caught:
        get_run().artifacts["a.txt"].read_text()
    assert caught.value.hint == "repro fsck"


def test_a_directory_comes_back_whole(repo: Scratch, tmp_path: Path) -> None:
    repo.write(
        "make.py",
        "import os\nos.makedirs('out/deep')\n"
        "for n in range(300): open(f'out/deep/{n}.bin', 'wb').write(b'\\0' * 9 + bytes([n % 9]))\n",
    )
    repo.commit("make")
    repo.run_cli("run", "--", "python", "make.py")
    out = get_run(repo=repo.path).artifacts["out"]
    assert out.is_directory
    assert (out.n_files, len(out.files())) == (300, 300)
    assert out.files()[0] == "deep/0.bin"
    for read in (out.read_bytes, out.read_text, out.open().__enter__):
        with pytest.raises(WrongKindError):
            read()
    top = Path(out.download(tmp_path / "new"))
    assert sorted(path.name for path in top.glob("deep/*")) == sorted(
        f"{n}.bin" for n in range(300)
    )
    assert get_run(repo=repo.path).load_artifact("out", os.listdir) == ["deep"]


def test_bytes_that_are_elsewhere_are_fetched(dvc_repo: Scratch, tmp_path: Path) -> None:
    hub = tmp_path / "hub.git"
    run_program("git", "init", "--quiet", "--bare", "-b", "main", str(hub), cwd=tmp_path)
    dvc_repo.git("remote", "add", "origin", str(hub))
    dvc_repo.git("push", "--quiet", "origin", "main")
    record_logged(dvc_repo, "logged", texts={"a.txt": "hello\n"}, large={"weights.bin": "model"})
    dvc_repo.run_cli("push")
    clone = tmp_path / "clone"
    run_program("git", "clone", "--quiet", str(hub), str(clone), cwd=tmp_path)
    Scratch(clone).run_cli("pull", "--no-data")
    artifacts = get_run("logged", repo=clone).artifacts
    store = clone / ".git/repro/store/files/md5"
    assert not list(store.glob("??/*"))
    assert artifacts["weights.bin"].read_bytes() == LARGE
    assert artifacts["a.txt"].read_text() == "hello\n"
