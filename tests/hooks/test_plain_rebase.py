"""A rebase that only moves commits: the hook keeps what git says, and starts no Python."""

import os
from pathlib import Path

import pytest

from repro.lineage.settling import REWRITTEN
from repro.model.ids import LOG_REFS
from tests.cli.recorded import Shelf
from tests.hooks.by_hand import belongs, git
from tests.repos import Scratch


@pytest.fixture
def work(repo: Scratch) -> Scratch:
    """A branch of two commits with a run each, beside a main that has gone on; hooks installed."""
    repo.git("checkout", "-q", "-b", "topic")
    for number, name in enumerate(("a", "b")):
        repo.write(f"{name}.txt", name)
        repo.commit(name)
        Shelf(repo).put("km"[number], minute=number)
    advance(repo, "one")
    repo.run_cli("hooks", "install")
    return repo


def advance(repo: Scratch, name: str) -> None:
    """Adds a commit to main, and goes back to the branch."""
    repo.git("checkout", "-q", "main")
    repo.write(f"{name}.txt", name)
    repo.commit(name)
    repo.git("checkout", "-q", "topic")


def kept(repo: Scratch) -> list[Path]:
    directory = repo.path / ".git/repro" / REWRITTEN
    return sorted(directory.iterdir()) if directory.exists() else []


def without_python(repo: Scratch) -> None:
    """Has the guard say so where it would start Python."""
    guard = repo.path / ".git/repro/hooks/post-rewrite"
    text = guard.read_text()
    assert "\nsaid=" in text
    guard.write_text(text.replace("\nsaid=", '\necho "python: $*" >&2\nexit 0\nsaid=', 1))


def events(repo: Scratch) -> str:
    return "".join(repo.git("log", "--format=%B", ref) for ref in repo.refs(LOG_REFS))


def test_it_is_kept_and_written_down_by_who_asks_first(work: Scratch) -> None:
    without_python(work)
    done = git(work, "rebase", "main")
    assert "python" not in done.stderr
    assert "repro" not in done.stderr
    assert len(kept(work)) == 1
    assert events(work) == ""

    assert "run-k" in work.run_cli("ls", "--commit", "HEAD~1").stdout

    assert kept(work) == []
    assert [belongs(work, oid) for oid in ("HEAD~1", "HEAD")] == [{"k"}, {"m"}]
    assert events(work).count('"belong"') == 2
    assert "Test Author <author@example.org>" in events(work)


def test_two_in_a_row_are_taken_in_their_order(work: Scratch) -> None:
    git(work, "rebase", "main")
    advance(work, "two")
    git(work, "rebase", "main")
    assert len(kept(work)) == 2
    assert [belongs(work, oid) for oid in ("HEAD~1", "HEAD")] == [{"k"}, {"m"}]
    assert kept(work) == []


def test_it_goes_along_with_a_push(work: Scratch) -> None:
    work.git("init", "-q", "--bare", "../hub.git")
    work.git("remote", "add", "origin", "../hub.git")
    git(work, "rebase", "main")
    done = git(work, "push", "origin", "topic")
    assert "repro: pushed 2 runs to origin" in done.stderr
    assert kept(work) == []
    logs = Scratch(work.path.parent / "hub.git").refs(LOG_REFS)
    assert logs == work.refs(LOG_REFS) != {}


def test_the_command_push_takes_it_along_too(work: Scratch) -> None:
    work.git("init", "-q", "--bare", "../hub.git")
    work.git("remote", "add", "origin", "../hub.git")
    git(work, "rebase", "main")
    work.run_cli("push")
    assert kept(work) == []
    assert Scratch(work.path.parent / "hub.git").refs(LOG_REFS) == work.refs(LOG_REFS) != {}


@pytest.mark.parametrize("todo", ["2s/pick/fixup/", "2s/pick/drop/;1s/pick/edit/", "1s/pick/edit/"])
def test_where_more_than_moving_was_done_python_knows_how(work: Scratch, todo: str) -> None:
    without_python(work)
    env = {"GIT_SEQUENCE_EDITOR": f"sed -i -e '{todo}'"}
    done = git(work, "rebase", "-i", "main", env=env)
    if "edit" in todo:
        git(work, "commit", "-q", "--amend", "-m", "other words")
        # The amend tells Python, which keeps it for the end; here the guard stands in for that.
        (work.path / ".git/rebase-merge/repro-amended").write_text("")
        done = git(work, "rebase", "--continue")
    assert "python: rebase" in done.stderr
    assert kept(work) == []


def test_a_commit_that_became_empty_is_left_to_python(work: Scratch) -> None:
    work.git("checkout", "-q", "main")
    work.git("checkout", "topic", "--", "b.txt")
    work.commit("the same as b, and more")
    work.git("checkout", "-q", "topic")
    without_python(work)
    done = git(work, "rebase", "--reapply-cherry-picks", "--empty=drop", "main")
    assert "python: rebase" in done.stderr
    assert kept(work) == []


def test_what_is_not_whole_or_cannot_be_written_down_waits(work: Scratch) -> None:
    git(work, "rebase", "main")
    (file,) = kept(work)
    whole = file.read_bytes()
    file.write_bytes(whole.removesuffix(b"end\n"))
    assert "run-m" in work.run_cli("ls", "HEAD").stdout
    assert kept(work) == [file]
    file.write_bytes(whole)
    # git's notes tell meanwhile.
    lock = work.path / ".git/repro/rewritten.lock"
    lock.unlink()
    lock.mkdir()
    assert "run-k" in work.run_cli("ls", "--commit", "HEAD~1").stdout
    assert kept(work) == [file]
    lock.rmdir()
    assert belongs(work, "HEAD~1") == {"k"}
    assert kept(work) == []


def test_data_that_changed_is_told_of_at_once(work: Scratch) -> None:
    work.git("checkout", "-q", "main")
    work.write("d.bin.dvc", "outs:\n- md5: 0123456789abcdef0123456789abcdef\n  path: d.bin\n")
    work.commit("data")
    work.git("checkout", "-q", "topic")
    without_python(work)
    done = git(work, "rebase", "main")
    assert "python: rebase" in done.stderr
    assert kept(work) == []


def test_a_linked_working_tree_keeps_it_in_the_same_place(work: Scratch, tmp_path: Path) -> None:
    work.git("checkout", "-q", "main")
    work.git("worktree", "add", "-q", os.fspath(tmp_path / "tree"), "topic")
    tree = Scratch(tmp_path / "tree")
    git(tree, "rebase", "main")
    assert len(kept(work)) == 1
    assert belongs(work, "topic") == {"m"}
