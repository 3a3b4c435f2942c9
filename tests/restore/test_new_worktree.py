"""Checkouts into a worktree of their own: whole, and nothing else is touched."""

import os
import shutil

import pytest

from repro.restore.bring import CheckoutIncompleteError
from repro.restore.checkout import Outcome
from repro.restore.new_worktree import DirectoryTakenError, checkout_worktree
from tests.repos import Scratch
from tests.restore.runs import (
    Recorded,
    contents_of,
    fingerprint,
    opened,
    own_files,
    record_run,
    visible_status,
)


def _into(scratch: Scratch, run: Recorded, name: str = "beside") -> tuple[Scratch, Outcome]:
    directory = scratch.path.parent / name
    outcome = checkout_worktree(opened(scratch), run.summary, run.record, str(directory))
    return Scratch(directory), outcome


def _mine(scratch: Scratch) -> dict[str, tuple[int, bytes]]:
    return {p: c for p, c in own_files(contents_of(scratch)).items() if p != ".git"}


def test_a_run_comes_back_beside_work_that_is_not_touched(any_repo: Scratch) -> None:
    any_repo.write("train.py", "the run's\n")
    any_repo.write("new.py", "untracked\n")
    run = record_run(any_repo)
    any_repo.write("train.py", "mine\n")
    any_repo.git("add", "--all")
    any_repo.write("mine.txt", "mine\n")
    before = fingerprint(any_repo)
    worktree, _ = _into(any_repo, run)
    assert fingerprint(any_repo) == before
    expected = {p: c for p, c in own_files(run.contents).items() if p != ".git"}
    assert _mine(worktree) == expected
    assert visible_status(worktree) == run.status
    assert worktree.head() == any_repo.head()


def test_data_are_there_and_dvc_shares_its_cache(dvc_repo: Scratch) -> None:
    run = record_run(dvc_repo, data=["data/one.csv", "data/many"])
    dvc_repo.write(".dvc/config.local", "['remote \"mine\"']\n    url = /nowhere\n")
    worktree, _ = _into(dvc_repo, run)
    assert worktree.read("data/many/deep/last.txt") == "deep\n"
    assert "up to date" in worktree.dvc("status")
    assert worktree.dvc("cache", "dir").strip() == str(dvc_repo.path / ".dvc/cache")
    assert "/nowhere" in worktree.read(".dvc/config.local")
    assert visible_status(worktree) == ""


def test_data_take_no_space(repo: Scratch) -> None:
    repo.write(".gitignore", "/data.csv\n")
    repo.commit("ignore")
    repo.write("data.csv", "a,b\n")
    run = record_run(repo, data=["data.csv"])
    worktree, _ = _into(repo, run)
    assert (worktree.path / "data.csv").stat().st_nlink > 1
    assert not (repo.path / "data.csv").samefile(worktree.path / "data.csv")


def test_a_run_before_the_first_commit_gets_a_branch_without_one(unborn_repo: Scratch) -> None:
    run = record_run(unborn_repo)
    worktree, _ = _into(unborn_repo, run)
    assert worktree.git("rev-parse", "-q", "--verify", "HEAD", check=False) == ""
    assert visible_status(worktree) == run.status


def test_a_directory_with_something_in_it_is_refused(repo: Scratch) -> None:
    run = record_run(repo)
    beside = repo.path.parent / "beside"
    beside.mkdir()
    (beside / "mine").touch()
    with pytest.raises(DirectoryTakenError):
        _into(repo, run)
    assert os.listdir(beside) == ["mine"]


def test_an_empty_directory_will_do(repo: Scratch) -> None:
    run = record_run(repo)
    (repo.path.parent / "beside").mkdir()
    worktree, _ = _into(repo, run)
    assert (worktree.path / "train.py").exists()


def test_missing_data_are_refused_before_anything_is_made(repo: Scratch) -> None:
    repo.write(".gitignore", "/data.csv\n")
    repo.commit("ignore")
    repo.write("data.csv", "a,b\n")
    run = record_run(repo, data=["data.csv"])
    (repo.path / "data.csv").unlink()
    shutil.rmtree(repo.path / ".git/repro/store")
    with pytest.raises(CheckoutIncompleteError):
        _into(repo, run)
    assert not (repo.path.parent / "beside").exists()


def test_a_worktree_that_cannot_be_filled_is_removed(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = record_run(repo)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("repro.restore.new_worktree.write_record_dir", full_disk)
    with pytest.raises(OSError, match="No space left"):
        _into(repo, run)
    assert not (repo.path.parent / "beside").exists()
    assert len(repo.git("worktree", "list").splitlines()) == 1


def test_a_worktree_is_clean_for_the_next_checkout_in_it(repo: Scratch) -> None:
    from tests.restore.runs import check_out

    repo.write("train.py", "one\n")
    first = record_run(repo, "k")
    repo.write("train.py", "two\n")
    second = record_run(repo, "l")
    worktree, _ = _into(repo, first)
    check_out(worktree, second)
    assert worktree.read("train.py") == "two\n"
