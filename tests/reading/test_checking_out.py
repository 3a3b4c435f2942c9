"""`Run.checkout`: the same as `repro checkout`, from a program."""

from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.reading import get_run
from repro.restore.new_worktree import DirectoryTakenError
from tests.cli.recorded import Shelf
from tests.reading.journals import LARGE_BYTES, record_logged
from tests.repos import Scratch


def test_into_a_working_tree_of_its_own(
    repo: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_logged(repo, "logged", texts={"a.txt": "x"}, large={"weights.bin": "model"})
    monkeypatch.chdir(tmp_path)
    there = get_run("logged", repo=repo.path).checkout("there", outputs=True)
    assert there == str(tmp_path / "there")
    assert Path(there, "train.py").read_bytes() == (repo.path / "train.py").read_bytes()
    assert Path(there, ".repro/logged/weights.bin").stat().st_size == LARGE_BYTES
    with pytest.raises(DirectoryTakenError):
        get_run("logged", repo=repo.path).checkout(there)


def test_here(shelf: Shelf) -> None:
    repo = shelf.scratch
    repo.write("train.py", "changed\n")
    shelf.put("k")
    with pytest.raises(ReproError, match="uncommitted change"):
        get_run().checkout()
    repo.write("train.py", "later\n")
    assert get_run().checkout(keep=True) == str(repo.path)
    assert repo.read("train.py") == "changed\n"
    repo.run_cli("checkout", "-")
    assert repo.read("train.py") == "later\n"
