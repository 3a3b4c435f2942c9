"""The scratch repositories are what the other tests take them for."""

import os

from tests.repos import Scratch


def test_a_copied_template_is_clean_by_its_index_alone(repo: Scratch) -> None:
    assert repo.status() == ""


def test_the_kinds_of_repository_are_told_apart_by_git(any_repo: Scratch, request: object) -> None:
    length = len(any_repo.head())
    assert length == (64 if "sha256" in str(request) else 40)


def test_an_unborn_repository_has_no_commit(unborn_repo: Scratch) -> None:
    assert unborn_repo.git("rev-parse", "--verify", "-q", "HEAD", check=False) == ""


def test_a_linked_worktree_shares_the_git_directory(worktree_repo: Scratch) -> None:
    shared = worktree_repo.git("rev-parse", "--git-common-dir")
    assert os.path.realpath(shared) != str(worktree_repo.path / ".git")
    assert os.path.isfile(worktree_repo.path / ".git")


def test_data_is_fetched_from_the_copied_remote(dvc_repo: Scratch) -> None:
    (dvc_repo.path / "data" / "one.csv").unlink()
    for directory in (dvc_repo.path / ".dvc" / "cache").iterdir():
        directory.rename(dvc_repo.path.parent / "gone")
    dvc_repo.dvc("pull", "--quiet")
    assert dvc_repo.read("data/one.csv") == "x,y\n1,2\n3,4\n"


def test_standing_notices_a_touched_file(repo: Scratch) -> None:
    before = repo.standing()
    os.utime(repo.path / "train.py", ns=(1, 1))
    assert repo.standing() != before


def test_git_reads_no_configuration_of_the_machine(repo: Scratch) -> None:
    origins = repo.git("config", "--list", "--show-origin")
    assert all(line.startswith("file:.git/config") for line in origins.splitlines())


def test_the_home_is_not_the_users() -> None:
    assert os.path.expanduser("~").startswith(os.environ["HOME"])
    assert "home" in os.path.basename(os.environ["HOME"])
