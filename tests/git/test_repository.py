"""Opens real repositories of every kind."""

import os
from pathlib import Path

import pytest

from repro.git.repository import (
    BareRepositoryError,
    GitError,
    GitNotInstalledError,
    NotARepositoryError,
    git_environment,
    open_repository,
)
from tests.repos import Scratch, make_template


def test_a_repository_is_known_by_its_top_head_tree_and_branch(any_repo: Scratch) -> None:
    repo = open_repository(str(any_repo.path))
    assert repo.top == str(any_repo.path)
    assert repo.head == any_repo.head()
    assert repo.head_tree == any_repo.git("rev-parse", "HEAD^{tree}")
    assert repo.branch == any_repo.git("branch", "--show-current")
    assert repo.prefix == "."
    assert repo.hash_name == any_repo.git("rev-parse", "--show-object-format")


def test_outside_a_repository_the_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotARepositoryError, match=str(tmp_path)) as caught:
        open_repository(str(tmp_path))
    assert caught.value.hint is not None
    assert "git init" in caught.value.hint


def test_a_bare_repository_has_nothing_to_record(repo: Scratch, tmp_path: Path) -> None:
    repo.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    with pytest.raises(BareRepositoryError):
        open_repository(str(tmp_path / "bare"))


def test_inside_the_git_directory_there_is_nothing_to_record(repo: Scratch) -> None:
    with pytest.raises(BareRepositoryError):
        open_repository(str(repo.path / ".git"))


def test_without_git_on_path_the_error_says_so(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(GitNotInstalledError):
        open_repository(str(repo.path))


def test_the_current_directory_is_the_default(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repo.path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(repo.path / "a" / "b")
    opened = open_repository()
    assert (opened.top, opened.prefix) == (str(repo.path), "a/b")


def test_a_directory_with_an_odd_name_is_the_prefix(repo: Scratch) -> None:
    odd = os.fsdecode(b" -a\n\xff\tb ")
    os.mkdir(os.path.join(repo.path, odd))
    assert open_repository(os.path.join(repo.path, odd)).prefix == odd


@pytest.mark.parametrize("name", [b"a b", b"new\nline", b"\xff", b"'q\"", b"-dash"])
def test_a_top_with_an_odd_name_is_found(tmp_path: Path, name: bytes) -> None:
    scratch = make_template(tmp_path / os.fsdecode(name))
    repo = open_repository(str(scratch.path))
    assert (repo.top, repo.git_dir) == (str(scratch.path), f"{scratch.path}/.git")
    assert repo.common_dir == repo.git_dir


def test_a_linked_worktree_has_its_own_index_and_the_shared_state(
    repo: Scratch, worktree_repo: Scratch
) -> None:
    main, side = open_repository(str(repo.path)), open_repository(str(worktree_repo.path))
    assert side.common_dir == main.common_dir == main.git_dir
    assert side.state_dir == main.state_dir
    assert side.index_path != main.index_path
    assert os.path.exists(side.index_path)
    assert side.branch == "side"


def test_a_subdirectory_of_a_worktree_shares_the_state_too(
    repo: Scratch, worktree_repo: Scratch
) -> None:
    (worktree_repo.path / "sub").mkdir()
    side = open_repository(str(worktree_repo.path / "sub"))
    assert side.common_dir == str(repo.path / ".git")


def test_a_branch_without_commits_has_no_head(unborn_repo: Scratch) -> None:
    repo = open_repository(str(unborn_repo.path))
    assert (repo.head, repo.head_tree, repo.branch) == (None, None, "main")


def test_a_branch_without_commits_has_no_head_beside_a_file_of_that_name(
    unborn_repo: Scratch,
) -> None:
    unborn_repo.write("HEAD", "a file")
    assert open_repository(str(unborn_repo.path)).head is None


def test_a_file_called_head_changes_nothing(repo: Scratch) -> None:
    repo.write("HEAD", "a file")
    assert open_repository(str(repo.path)).head == repo.head()


def test_a_detached_head_has_no_branch(repo: Scratch) -> None:
    repo.git("checkout", "--quiet", "--detach")
    opened = open_repository(str(repo.path))
    assert (opened.branch, opened.head) == (None, repo.head())


def test_a_tag_of_the_same_name_does_not_change_the_branchs(repo: Scratch) -> None:
    repo.git("tag", "main")
    assert open_repository(str(repo.path)).branch == "main"


def test_a_branch_name_may_hold_slashes(repo: Scratch) -> None:
    repo.git("checkout", "--quiet", "-b", "feature/größe")
    assert open_repository(str(repo.path)).branch == "feature/größe"


def test_a_head_whose_commit_is_missing_is_no_empty_branch(repo: Scratch) -> None:
    head = repo.head()
    (repo.path / ".git" / "objects" / head[:2] / head[2:]).unlink()
    with pytest.raises(GitError):
        open_repository(str(repo.path))


def test_variables_that_tie_git_to_another_repository_are_ignored(
    repo: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = repo.copy(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "objects"))
    opened = open_repository(str(repo.path))
    assert opened.top == str(repo.path)
    assert opened.git("ls-files") == b".gitignore\nparams.yaml\ntrain.py\n"


def test_the_ceiling_of_the_search_is_the_users(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repo.path / "sub").mkdir()
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(repo.path))
    with pytest.raises(NotARepositoryError):
        open_repository(str(repo.path / "sub"))


def test_messages_are_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("LANGUAGE", "de")
    env = git_environment()
    assert (env["LC_ALL"], env.get("LANGUAGE")) == ("C", None)


def test_the_identity_and_configuration_of_the_user_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ada")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "0")
    env = git_environment()
    assert (env["GIT_AUTHOR_NAME"], env["GIT_CONFIG_COUNT"]) == ("Ada", "0")


def test_an_error_carries_what_git_said(repo: Scratch) -> None:
    opened = open_repository(str(repo.path))
    with pytest.raises(GitError) as caught:
        opened.git("cat-file", "-p", "0" * 40)
    assert caught.value.code == 128
    assert caught.value.args_ == ("cat-file", "-p", "0" * 40)
    assert "Not a valid object name" in caught.value.message


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_repository_of_somebody_else_is_refused_with_the_way_on(repo: Scratch) -> None:
    for directory, names, files in os.walk(repo.path):
        for name in (".", *names, *files):
            os.lchown(os.path.join(directory, name), 65534, 65534)
    with pytest.raises(GitError) as caught:
        open_repository(str(repo.path))
    assert caught.value.hint is not None
    assert "safe.directory" in caught.value.hint
