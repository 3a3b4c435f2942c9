"""Going back: to the newest entry, to a chosen one, and when the world has moved on."""

import pytest

from repro.restore.undo_entries import NothingToUndoError, list_undo
from tests.repos import Scratch
from tests.restore.runs import check_out, go_back, opened, record_run, whole_state


def test_without_a_checkout_there_is_nothing_to_go_back_to(repo: Scratch) -> None:
    with pytest.raises(NothingToUndoError, match="nothing to go back to"):
        go_back(repo)


def test_an_unknown_number_is_refused(repo: Scratch) -> None:
    check_out(repo, record_run(repo))
    with pytest.raises(NothingToUndoError) as caught:
        go_back(repo, 7)
    assert caught.value.hint == "repro undo --list"


def test_entries_are_listed_newest_first_with_their_reasons(repo: Scratch) -> None:
    first, second = record_run(repo, "k"), record_run(repo, "l")
    repo.write("params.yaml", "lr: 9\n")
    check_out(repo, first, keep=True)
    check_out(repo, second)
    entries = list_undo(opened(repo))
    assert [(entry.number, entry.reason) for entry in entries] == [
        (2, "before the checkout of run-l (llllllll)"),
        (1, "before the checkout of run-k (kkkkkkkk)"),
    ]
    assert entries[1].saved.n_files == 1


def test_a_number_goes_back_past_several_checkouts(repo: Scratch) -> None:
    repo.write("train.py", "one\n")
    first = record_run(repo, "k")
    repo.write("train.py", "two\n")
    second = record_run(repo, "l")
    repo.write("train.py", "mine\n")
    before = whole_state(repo)
    check_out(repo, first, keep=True)
    check_out(repo, second)
    go_back(repo, 1)
    assert whole_state(repo) == before


def test_data_that_did_not_change_at_first_still_come_back(repo: Scratch) -> None:
    repo.write(".gitignore", "/data.csv\n")
    repo.commit("ignore")
    repo.write("data.csv", "other\n")
    other = record_run(repo, "l", data=["data.csv"])
    repo.write("data.csv", "mine\n")
    same = record_run(repo, "k", data=["data.csv"])
    before = whole_state(repo)
    check_out(repo, same)
    check_out(repo, other)
    assert repo.read("data.csv") == "other\n"
    go_back(repo, 1)
    assert whole_state(repo) == before


def test_a_branch_that_moved_is_left_where_it_is(repo: Scratch) -> None:
    run = record_run(repo)
    was = repo.head()
    check_out(repo, run)
    repo.git("branch", "--force", "main", repo.git("commit-tree", "HEAD^{tree}", "-m", "x"))
    moved = repo.git("rev-parse", "main")
    outcome = go_back(repo)
    assert repo.git("rev-parse", "main") == moved
    assert repo.head() == was
    assert repo.git("symbolic-ref", "-q", "HEAD", check=False) == ""
    assert any("main has moved" in note for note in outcome.notes)


def test_a_branch_checked_out_elsewhere_is_not_taken(repo: Scratch) -> None:
    run = record_run(repo)
    check_out(repo, run)
    other = repo.path.parent / "other"
    repo.git("worktree", "add", "--quiet", str(other), "main")
    outcome = go_back(repo)
    assert repo.git("symbolic-ref", "-q", "HEAD", check=False) == ""
    assert any(str(other) in note for note in outcome.notes)


def test_a_branch_born_meanwhile_is_left_where_it_is(unborn_repo: Scratch) -> None:
    run = record_run(unborn_repo)
    unborn_repo.write("mine.txt", "mine\n")
    check_out(unborn_repo, run, keep=True)
    unborn_repo.git("add", "--all")
    unborn_repo.git("commit", "--quiet", "--message", "born")
    unborn_repo.git("branch", "main")
    outcome = go_back(unborn_repo)
    assert unborn_repo.git("symbolic-ref", "HEAD") == "refs/heads/repro-undo-1"
    assert unborn_repo.read("mine.txt") == "mine\n"
    assert outcome.notes


def test_another_worktree_s_entries_are_not_mine(repo: Scratch) -> None:
    run = record_run(repo)
    side = repo.worktree(repo.path.parent / "side")
    check_out(repo, run)
    with pytest.raises(NothingToUndoError):
        go_back(side)
    check_out(side, run)
    go_back(side)
    assert side.git("symbolic-ref", "HEAD") == "refs/heads/side"
    assert repo.git("symbolic-ref", "-q", "HEAD", check=False) == ""


def test_one_can_go_back_though_bytes_are_gone_from_the_store(repo: Scratch) -> None:
    repo.write(".gitignore", "/data.csv\n")
    repo.commit("ignore")
    repo.write("data.csv", "the run's\n")
    run = record_run(repo, data=["data.csv"])
    repo.write("data.csv", "mine\n")
    check_out(repo, run)
    for path in (repo.path / ".git/repro/store/files/md5").rglob("*"):
        if path.is_file():
            path.unlink()
    outcome = go_back(repo)
    assert repo.git("symbolic-ref", "HEAD") == "refs/heads/main"
    assert "no longer in the object store: data.csv" in outcome.notes


def test_an_undo_entry_survives_a_gc_that_prunes(repo: Scratch) -> None:
    run = record_run(repo)
    repo.write("params.yaml", "staged\n")
    repo.git("add", "--all")
    repo.write("params.yaml", "mine\n")
    before = whole_state(repo)
    check_out(repo, run, keep=True)
    repo.git("gc", "--quiet", "--prune=now")
    go_back(repo)
    assert whole_state(repo) == before


def test_the_run_survives_a_gc_that_prunes(repo: Scratch) -> None:
    repo.write("train.py", "changed\n")
    run = record_run(repo)
    repo.git("checkout", "--quiet", "--", ".")
    repo.git("gc", "--quiet", "--prune=now")
    check_out(repo, run)
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "--quiet", "--prune=now")
    assert repo.read("train.py") == "changed\n"
    go_back(repo)
    assert repo.status() == ""
