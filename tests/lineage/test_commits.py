"""Revisions mean what they mean to ``git log``."""

import pytest

from repro.lineage.commits import UnknownRevisionError, read_commits
from repro.model.ids import Oid
from tests.lineage.history import History


@pytest.fixture
def forked(history: History) -> History:
    """``main`` and ``feature``, two commits each after where they part, and a tag there."""
    history.git("tag", "-a", "-m", "a tag", "v1")
    history.git("checkout", "-q", "-b", "feature")
    for number in range(2):
        history.commit(f"feature {number}", f=str(number))
    history.git("checkout", "-q", "main")
    for number in range(2):
        history.commit(f"main {number}", m=str(number))
    return history


@pytest.mark.parametrize(
    "revisions",
    [
        ["HEAD"],
        ["v1"],
        ["v1.."],
        ["main..feature"],
        ["main...feature"],
        ["feature", "^main"],
        ["feature", "main", "^v1"],
        ["HEAD^!"],
        ["HEAD~1^@"],
        [":/feature 0"],
        ["@{0}"],
        [],
    ],
)
def test_the_commits_are_those_of_git_log(forked: History, revisions: list[str]) -> None:
    expected = forked.git("log", "--format=%H", *revisions, "--").split()
    found = read_commits(forked.repo, revisions)
    assert [commit.oid for commit in found] == expected
    for commit in found:
        tree, *parents = forked.git("show", "-s", "--format=%T %P", commit.oid).split()
        assert (commit.tree, list(commit.parents)) == (tree, parents)


def test_a_branch_that_is_called_like_a_file(history: History) -> None:
    history.git("branch", "train.py")
    assert len(read_commits(history.repo, ["train.py"])) == 1


@pytest.mark.parametrize("word", ["nosuch", "nosuch..", "HEAD~9", "--all", "-n1", "", "train.py"])
def test_what_git_does_not_know_is_said(history: History, word: str) -> None:
    with pytest.raises(UnknownRevisionError, match="git knows no revision") as caught:
        read_commits(history.repo, [word])
    assert repr(word) in caught.value.message
    assert caught.value.hint == "git log --oneline --all"


def test_a_commit_that_is_missing_is_no_revision(history: History) -> None:
    with pytest.raises(UnknownRevisionError):
        read_commits(history.repo, ["1" * len(history.head())])


def test_what_is_no_commit_has_none(history: History) -> None:
    assert read_commits(history.repo, ["HEAD:train.py"]) == []


def test_in_a_repository_without_commits(unborn_repo: object) -> None:
    history = History(unborn_repo)  # type: ignore[arg-type]
    with pytest.raises(UnknownRevisionError):
        read_commits(history.repo, ["HEAD"])


def test_trailers_are_read_whatever_their_case_and_place(history: History) -> None:
    history.commit(
        "words\n\nRepro-Run: not in the last paragraph\n\n"
        "repro-run: 20240506T070809-kkkkkkkk\nSigned-off-by: A <a@b.c>\n"
        "Repro-Run: 20240506T070809-kkkkkkkk, 20240506T070809-llllllll\n"
        "Repro-Run: 20249906T070809-mmmmmmmm\nRepro-Run: é\x7f"
    )
    [commit] = read_commits(history.repo, ["HEAD^!"])
    assert commit.runs == ("20240506T070809-kkkkkkkk", "20240506T070809-llllllll")


def test_settings_of_the_user_change_nothing(history: History) -> None:
    before = read_commits(history.repo, ["HEAD"])
    for name, value in {
        "log.showSignature": "true",
        "log.decorate": "full",
        "log.showRoot": "false",
        "color.ui": "always",
        "format.pretty": "oneline",
        "log.date": "relative",
        "i18n.logOutputEncoding": "UTF-16",
    }.items():
        history.git("config", name, value)
    assert read_commits(history.repo, ["HEAD"]) == before


def test_a_hostile_name_cannot_pose_as_a_field(history: History) -> None:
    history.git("commit", "--allow-empty", "-m", "x\x1f y\n\nRepro-Run: a\x1fb\x1f c")
    [commit] = read_commits(history.repo, ["HEAD^!"])
    assert commit.runs == ()
    assert commit.oid == Oid(history.git("rev-parse", "HEAD"))
