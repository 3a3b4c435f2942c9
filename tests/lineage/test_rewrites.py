"""Runs are found from the commits that theirs were rewritten into, though nobody said a word."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from repro.lineage.belonging import attach
from repro.lineage.origins import Why
from repro.model.ids import Oid
from tests.lineage.history import History, text_with
from tests.repos import run_program


def test_a_run_belongs_to_the_commit_that_it_began_from(any_history: History) -> None:
    commit, run = any_history.work("k", a="1")
    assert any_history.found("HEAD") == {run: ({commit}, Why.BEGAN)}


def test_a_new_message_keeps_the_runs(any_history: History) -> None:
    _, run = any_history.work("k", a="1")
    any_history.git("commit", "--amend", "-m", "better said")
    assert any_history.found("HEAD") == {run: ({any_history.head()}, Why.SAME_TREE)}


def test_an_amend_that_changes_what_is_committed_is_another_change(history: History) -> None:
    _, run = history.work("k", a="1")
    history.scratch.write("a.txt", "2")
    history.git("commit", "--all", "--amend", "-m", "other")
    assert history.found("HEAD") == {}
    assert run not in history.found("HEAD")


def test_a_rebase_keeps_the_runs_of_each_commit(any_history: History) -> None:
    start = any_history.head()
    runs = [any_history.work(letter, **{letter: "1"})[1] for letter in "klm"]
    tip = any_history.head()
    any_history.git("checkout", "-q", "-b", "other", start)
    any_history.commit("upstream", u="1")
    any_history.git("checkout", "-q", "--detach", tip)
    any_history.rebase("other")
    assert any_history.found("other..") == {
        run: ({any_history.head(2 - at)}, Why.SAME_CHANGE) for at, run in enumerate(runs)
    }


def test_a_rebase_onto_changes_in_the_same_file_keeps_the_runs(history: History) -> None:
    history.commit(a=text_with())
    start = history.head()
    _, run = history.work("k", a=text_with(l25="mine"))
    history.git("checkout", "-q", "-b", "other", start)
    history.commit("upstream", a=text_with(l2="theirs"))
    history.git("checkout", "-q", "main")
    history.rebase("other")
    assert history.found("other..") == {run: ({history.head()}, Why.SAME_CHANGE)}
    # And again, from what was remembered.
    assert (history.scratch.path / ".git/repro/cache/patches-1").exists()
    assert history.found("other..") == {run: ({history.head()}, Why.SAME_CHANGE)}


def test_a_conflict_resolved_to_something_else_is_another_change(history: History) -> None:
    history.commit(a="x\n")
    start = history.head()
    history.work("k", a="mine\n")
    history.git("checkout", "-q", "-b", "other", start)
    history.commit("upstream", a="theirs\n")
    history.git("checkout", "-q", "main")
    env = {"GIT_EDITOR": "true"}
    run_program("git", "rebase", "other", cwd=history.scratch.path, check=False, env=env)
    history.scratch.write("a.txt", "both\n")
    history.git("add", "-A")
    run_program("git", "rebase", "--continue", cwd=history.scratch.path, env=env)
    assert history.found("other..") == {}


def test_a_cherry_pick_has_the_runs_and_the_picked_commit_too(history: History) -> None:
    start = history.head()
    commit, run = history.work("k", a="1")
    history.git("checkout", "-q", "-b", "other", start)
    history.commit("other work", b="1")
    history.git("cherry-pick", commit)
    assert history.found("other") == {run: ({history.head()}, Why.SAME_CHANGE)}
    assert history.found("main") == {run: ({commit}, Why.BEGAN)}


@pytest.mark.parametrize("word", ["squash", "fixup"])
def test_squashed_in_an_interactive_rebase(history: History, word: str) -> None:
    runs = [history.work(letter, **{letter: "1"})[1] for letter in "klmn"]
    history.rebase("HEAD~4", todo={"work l": word, "work n": word})
    assert history.found("HEAD~2..") == {
        runs[0]: ({history.head(1)}, Why.SQUASH),
        runs[1]: ({history.head(1)}, Why.SAME_TREE),
        runs[2]: ({history.head()}, Why.SQUASH),
        runs[3]: ({history.head()}, Why.SAME_TREE),
    }


def test_squashed_and_moved_in_one_rebase(history: History) -> None:
    start = history.head()
    runs = [history.work(letter, **{letter: "1"})[1] for letter in "klmn"]
    history.git("checkout", "-q", "-b", "other", start)
    history.commit("upstream", u="1")
    history.git("checkout", "-q", "main")
    history.rebase("--onto", "other", "HEAD~4", todo={"work l": "fixup", "work n": "fixup"})
    assert history.found("other..") == {
        run: ({history.head(1 - at // 2)}, Why.SQUASH) for at, run in enumerate(runs)
    }


def test_changed_in_their_order(history: History) -> None:
    _, first = history.work("k", a="1")
    _, second = history.work("l", b="1")
    history.rebase("HEAD~2", edit="1{h;d};2G")
    assert history.git("log", "-1", "--format=%s") == "work k"
    # The run of the second ran on both, which is what the last commit holds now.
    assert history.found("HEAD~2..") == {
        first: ({history.head()}, Why.SAME_CHANGE),
        second: ({history.head()}, Why.SAME_TREE),
    }


def test_edited_in_a_rebase(history: History) -> None:
    _, first = history.work("k", a="1")
    _, second = history.work("l", b="1")
    history.rebase("HEAD~2", todo={"work k": "edit"})
    history.scratch.write("a.txt", "edited")
    history.git("commit", "--all", "--amend", "--no-edit")
    run_program("git", "rebase", "--continue", cwd=history.scratch.path)
    assert history.found("HEAD~2..") == {second: ({history.head()}, Why.SAME_CHANGE)}
    assert first not in history.found("HEAD")


def test_reworded_in_a_rebase(history: History) -> None:
    runs = [history.work(letter, **{letter: "1"})[1] for letter in "klm"]
    history.rebase("HEAD~3", edit="1a exec git commit --amend -qm other")
    assert history.found("HEAD~3..") == {
        run: ({history.head(2 - at)}, Why.SAME_TREE) for at, run in enumerate(runs)
    }
    # Asked of the last alone, the others are no part of it.
    assert history.found("HEAD^!") == {runs[2]: ({history.head()}, Why.SAME_TREE)}


def test_dropped_in_a_rebase(history: History) -> None:
    runs = [history.work(letter, **{letter: "1"})[1] for letter in "klm"]
    history.rebase("HEAD~3", todo={"work l": "drop"})
    assert history.found("HEAD~2..") == {
        runs[0]: ({history.head(1)}, Why.BEGAN),
        runs[2]: ({history.head()}, Why.SAME_CHANGE),
    }


def test_a_root_commit_amended(history: History) -> None:
    run = history.run("k")
    history.git("commit", "--amend", "-m", "other")
    assert history.found("HEAD") == {run: ({history.head()}, Why.SAME_TREE)}


def test_paths_that_are_not_utf_8(history: History) -> None:
    history.scratch.write("b\udcff\n.txt", text_with())
    history.commit("odd")
    start = history.head()
    history.scratch.write("b\udcff\n.txt", text_with(l20="mine"))
    history.commit("mine")
    run = history.run("k")
    history.git("checkout", "-q", "-b", "other", start)
    history.scratch.write("b\udcff\n.txt", text_with(l2="theirs"))
    history.commit("theirs")
    history.git("cherry-pick", "main")
    assert history.found("HEAD") == {run: ({history.head()}, Why.SAME_CHANGE)}


def test_reverted_and_applied_again_is_no_rewriting(history: History) -> None:
    commit, run = history.work("k", a="1")
    history.git("revert", "--no-edit", "HEAD")
    history.git("revert", "--no-edit", "HEAD")
    assert history.found("HEAD") == {run: ({commit}, Why.BEGAN)}
    assert history.found("HEAD^!") == {}


def test_amended_then_reverted_and_applied_again_is_the_amended(history: History) -> None:
    _, run = history.work("k", a="1")
    history.git("commit", "--amend", "-m", "other", "--date=2024-05-06T07:08:09Z")
    amended = history.head()
    env = {"GIT_AUTHOR_DATE": "2024-05-07T07:08:09Z", "GIT_COMMITTER_DATE": "2024-05-07T07:08:09Z"}
    for _ in range(2):
        run_program("git", "revert", "--no-edit", "HEAD", cwd=history.scratch.path, env=env)
    assert history.found("HEAD") == {run: ({amended}, Why.SAME_TREE)}


def test_the_original_is_no_rewriting_of_what_was_made_of_it(history: History) -> None:
    original, _ = history.work("k", a="1")
    days = {f"GIT_{who}_DATE": "2024-05-09T07:08:09Z" for who in ("AUTHOR", "COMMITTER")}
    argv = ("git", "commit", "--amend", "--reset-author", "-m", "other")
    run_program(*argv, cwd=history.scratch.path, env=days)
    run = history.run("l")
    assert run in history.found("HEAD")
    assert run not in history.found(original)


def test_empty_commits_are_not_all_the_same(history: History) -> None:
    start = history.head()
    history.commit("empty")
    run = history.run("k")
    history.git("reset", "--quiet", "--hard", start)
    for number in range(3):
        history.commit(f"another {number}", a=str(number))
        history.commit("empty again")
    assert history.found("HEAD") == {}
    history.git("reset", "--quiet", "--hard", start)
    assert run not in history.found("HEAD")


def test_an_empty_commit_reworded_keeps_its_runs(history: History) -> None:
    history.commit("empty")
    run = history.run("k")
    history.git("commit", "--amend", "--allow-empty", "-m", "other")
    assert history.found("HEAD") == {run: ({history.head()}, Why.SAME_TREE)}


def test_binary_files_of_the_same_name_are_told_apart(history: History) -> None:
    history.scratch.write("model.bin", b"\0one")
    history.commit("model")
    start = history.head()
    history.scratch.write("model.bin", b"\0two")
    history.commit("mine")
    history.run("k")
    history.git("checkout", "-q", "-b", "other", start)
    history.scratch.write("model.bin", b"\0three")
    history.commit("theirs")
    assert history.found("other") == {}


def test_indentation_is_a_change(history: History) -> None:
    history.scratch.write("t.py", "if a:\n    b()\nc()\n")
    history.commit("code")
    start = history.head()
    history.scratch.write("t.py", "if a:\n    b()\n    c()\n")
    history.commit("mine")
    history.run("k")
    history.git("checkout", "-q", "-b", "other", start)
    history.scratch.write("t.py", "if a:\n    b()\n        c()\n")
    history.commit("theirs")
    assert history.found("other") == {}


def test_a_commit_that_a_shallow_clone_ends_in_changes_nothing_known(
    history: History, tmp_path: Path
) -> None:
    history.commit("base", a="1")
    _, run = history.work("k", b="1")
    history.git("commit", "--amend", "-m", "other")
    url = f"file://{history.scratch.path}"
    run_program("git", "clone", "-q", "--depth=1", url, "shallow", cwd=tmp_path)
    shallow = History(type(history.scratch)(tmp_path / "shallow"))
    shallow.git("fetch", "-q", "--depth=2", "origin", "refs/repro/runs/*:refs/repro/runs/*")
    assert run not in shallow.found("HEAD")
    shallow.git(
        "fetch", "-q", "--unshallow", "origin", "refs/repro/runs/*:refs/repro/runs/*", "main"
    )
    assert shallow.found("HEAD") == {run: ({shallow.head()}, Why.SAME_TREE)}


def test_commits_of_runs_that_are_missing_here_are_passed_over(history: History) -> None:
    commit, run = history.work("k", a="1")
    other = history.run("l")
    now = datetime(2024, 6, 1, tzinfo=UTC)
    attach(history.repo, [(Oid("1" * len(commit)), other)], now=now, author=None)
    history.git("commit", "--amend", "-m", "other")
    amended = history.head()
    assert history.found("HEAD") == {
        run: ({amended}, Why.SAME_TREE),
        other: ({amended}, Why.SAME_TREE),
    }
