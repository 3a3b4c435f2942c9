"""`repro relink`: what nobody wrote down of rewritten commits, written down."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from repro.cli.commands.relink import command
from repro.git.repository import open_repository
from repro.lineage.belonging import attach, runs_of
from repro.lineage.commits import UnknownRevisionError
from repro.model.ids import LOG_REFS, NOTES_REF, Oid, short_id
from tests.cli.recorded import Shelf, call, shelf
from tests.repos import Scratch


@pytest.fixture
def work(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """A repository with the commits a and b after the first, and a run of each; no hooks."""
    runs = shelf(repo, monkeypatch)
    for minute, (name, letter) in enumerate((("a", "k"), ("b", "m"))):
        repo.write(f"{name}.txt", f"{name}\n")
        repo.commit(name)
        runs.put(letter, minute=minute)
    return repo


def belongs(scratch: Scratch, revision: str = "HEAD") -> str:
    """Returns the letters of the runs that belong to a commit as it was written down."""
    oid = Oid(scratch.git("rev-parse", revision).strip())
    found = runs_of(open_repository(os.fspath(scratch.path)), [oid])
    return "".join(sorted(short_id(run)[0] for run in found))


def squash(scratch: Scratch) -> None:
    """Does what a server does with a branch of two commits."""
    scratch.git("branch", "branch")
    scratch.git("reset", "-q", "--hard", "HEAD~2")
    scratch.write("meanwhile.txt", "somebody else\n")
    scratch.commit("meanwhile")
    scratch.git("merge", "-q", "--squash", "branch")
    scratch.git("commit", "-q", "-m", "both (#1)")


def test_a_squash_merge_of_a_server_is_found(work: Scratch) -> None:
    squash(work)
    assert belongs(work) == ""
    done = call(command)
    assert belongs(work) == "km"
    assert done.stderr == "tied 2 runs to 1 commit; to share that: repro push\n"
    head, *rows = (line.split("\t") for line in done.stdout.splitlines())
    assert head == ["commit", "run", "name", "why"]
    assert {row[0] for row in rows} == {work.head()}
    assert sorted((row[2], row[3]) for row in rows) == [("run-k", "squash"), ("run-m", "squash")]


def test_a_run_that_began_from_a_commit_that_stays_is_found(work: Scratch) -> None:
    # As people work: a run of what is uncommitted, then the commit, which the run is said to be.
    before = work.head()
    work.write("params.yaml", "lr: 0.7\nlayers: 2\n")
    run = Shelf(work).put("p", minute=9).run.id
    work.git("add", "-A")
    work.git("commit", "-q", "-m", "tried")
    repo = open_repository(os.fspath(work.path))
    attach(repo, [(Oid(work.head()), run)], now=datetime.now(UTC), author=None)
    work.git("branch", "tried")
    work.git("reset", "-q", "--hard", before)
    work.write("meanwhile.txt", "somebody else\n")
    work.commit("meanwhile")
    work.git("merge", "-q", "--squash", "tried")
    work.git("commit", "-q", "-m", "tried (#2)")
    call(command)
    assert belongs(work) == "p"
    assert belongs(work, before) == "mp"


def test_a_rebase_without_hooks_is_found(work: Scratch) -> None:
    work.git("checkout", "-q", "-b", "other", "HEAD~2")
    work.write("other.txt", "other\n")
    work.commit("other")
    work.git("checkout", "-q", "main")
    work.git("rebase", "-q", "other")
    call(command)
    assert belongs(work) == "m"
    assert belongs(work, "HEAD~1") == "k"
    assert belongs(work, "HEAD~2") == ""


def test_a_filtered_branch_is_found(work: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTER_BRANCH_SQUELCH_WARNING", "1")  # it waits for ten seconds otherwise
    work.git("filter-branch", "-f", "--msg-filter", "sed s/^/x/", "HEAD~2..HEAD")
    call(command)
    assert belongs(work) == "m"
    assert belongs(work, "HEAD~1") == "k"


def test_a_range_of_cherry_picks_is_found(work: Scratch) -> None:
    work.git("checkout", "-q", "-b", "other", "HEAD~2")
    work.write("other.txt", "other\n")
    work.commit("other")
    work.git("cherry-pick", "main~2..main")
    call(command)
    assert belongs(work) == "m"
    assert belongs(work, "HEAD~1") == "k"
    assert belongs(work, "main") == "m"


def test_doing_it_again_does_nothing(work: Scratch) -> None:
    work.git("commit", "-q", "--amend", "-m", "b2")
    call(command)
    refs = work.refs()
    done = call(command)
    assert done.stderr == "nothing to tie in 3 commits\n"
    assert done.stdout.splitlines() == ["commit\trun\tname\twhy"]
    assert work.refs() == refs


def test_a_dry_run_only_tells(work: Scratch) -> None:
    work.git("commit", "-q", "--amend", "-m", "b2")
    refs = work.refs()
    done = call(command, "--dry-run")
    assert done.stderr == "would tie 1 run to 1 commit; to do it: repro relink\n"
    assert "run-m" in done.stdout
    assert work.refs() == refs


def test_json_lists_what_was_tied(work: Scratch) -> None:
    work.git("commit", "-q", "--amend", "-m", "b2")
    [tie] = json.loads(call(command, "--json").stdout)
    assert tie["commit"] == work.head()
    assert tie["run"].endswith("-mmmmmmmm")
    assert tie["name"] == "run-m"
    assert tie["why"] == "same tree"
    assert json.loads(call(command, "--json").stdout) == []


def test_a_terminal_gets_a_table_with_reasons(work: Scratch) -> None:
    work.git("commit", "-q", "--amend", "-m", "b2")
    lines = call(command, terminal=True).stdout.splitlines()
    assert lines[0].split() == ["commit", "run", "name", "why"]
    assert lines[1].split(maxsplit=3) == [work.head()[:8], "mmmmmmmm", "run-m", "the same files"]


def test_only_the_revisions_named_are_looked_at(work: Scratch) -> None:
    work.git("branch", "old")
    work.git("commit", "-q", "--amend", "-m", "b2")
    work.git("checkout", "-q", "old")
    assert "nothing to tie" in call(command).stderr
    call(command, "old..main")
    assert belongs(work, "main") == "m"


def test_an_unknown_revision_is_refused(work: Scratch) -> None:
    with pytest.raises(UnknownRevisionError):
        call(command, "nowhere..HEAD")
    assert belongs(work) == "m"


def test_the_log_gets_what_git_notes_say(work: Scratch) -> None:
    work.git("commit", "-q", "--amend", "-m", "b2")
    call(command)
    work.git("config", "notes.rewriteRef", NOTES_REF)
    work.write("b.txt", "changed\n")
    work.git("commit", "-q", "-a", "--amend", "-m", "b3")
    assert belongs(work) == "m", "git carries the note"
    [tie] = json.loads(call(command, "--json").stdout)
    assert tie["why"] == "noted"
    work.git("update-ref", "-d", NOTES_REF)
    assert belongs(work) == "m"


def test_a_removed_run_is_not_tied(work: Scratch) -> None:
    work.run_cli("rm", "run-m")
    work.git("commit", "-q", "--amend", "-m", "b2")
    assert "nothing to tie" in call(command).stderr


def test_more_commits_than_a_hundred_are_not_looked_at(work: Scratch) -> None:
    work.git("commit", "-q", "--amend", "-m", "b2")
    tree = work.git("rev-parse", "HEAD^{tree}").strip()
    head = work.head()
    for number in range(100):
        head = work.git("commit-tree", tree, "-p", head, "-m", str(number)).strip()
    work.git("update-ref", "refs/heads/main", head)
    assert "in 100 commits" in call(command).stderr
    work.git("update-ref", "refs/remotes/origin/main", "HEAD~101")
    work.git("config", "branch.main.remote", "origin")
    work.git("config", "branch.main.merge", "refs/heads/main")
    work.git("config", "remote.origin.url", str(Path(work.path)))
    work.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    call(command)
    assert belongs(work, "HEAD~100") == "m"


def test_a_repository_without_commits_has_nothing_to_tie(
    unborn_repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(unborn_repo.path)
    assert call(command).stderr == "nothing to tie in 0 commits\n"
    assert unborn_repo.refs(LOG_REFS) == {}


def test_what_was_tied_is_known_elsewhere_after_a_push(work: Scratch, tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    work.git("init", "-q", "--bare", "-b", "main", str(remote))
    work.git("remote", "add", "origin", str(remote))
    squash(work)
    work.git("push", "-q", "origin", "main")
    call(command)
    work.run_cli("push")
    work.git("clone", "-q", str(remote), str(tmp_path / "other"))
    other = Scratch(tmp_path / "other")
    other.run_cli("pull")
    assert belongs(other, "HEAD") == "km"
