"""post-rewrite: runs stay with their commits through amend and rebase, as git itself does these."""

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from repro.git.refs import list_refs
from repro.git.repository import open_repository
from repro.hooks.post_rewrite import parse_rows
from repro.hooks.rebasing import AMENDED_NAME
from repro.model.ids import LOG_REFS, NOTES_REF, RUN_REFS, WriterId
from repro.store.archive import fold_runs
from tests.cli.recorded import Shelf
from tests.hooks.by_hand import add_hook, belongs, git, hook_line, said
from tests.repos import Completed, Scratch, run_program

A, B, C = "abc"
LETTERS = {A: "k", B: "m", C: "n"}


@pytest.fixture
def work(repo: Scratch) -> Scratch:
    """A repository with the commits a, b, c after the first, a run of each, and our hook."""
    for number, name in enumerate((A, B, C)):
        repo.write(f"{name}.txt", f"{name}\n")
        repo.commit(name)
        Shelf(repo).put(LETTERS[name], minute=number)
    add_hook(repo, "post-rewrite")
    return repo


def log(scratch: Scratch, number: int = 10) -> dict[str, str]:
    """Returns subjects of HEAD's newest commits and the letters of their runs, oldest first."""
    rows = scratch.git("log", f"-{number}", "--reverse", "--format=%H %s").splitlines()
    return {
        subject: "".join(sorted(belongs(scratch, oid)))
        for oid, _, subject in (row.partition(" ") for row in rows)
        if subject != "first"
    }


def rebase(
    scratch: Scratch, *todo: str, check: bool = True, onto: str = "HEAD~3", **env: str
) -> Completed:
    """Runs ``git rebase -i`` with a list of things to do, in which {a} is the commit a."""
    rows = scratch.git("log", "--format=%s %H", "main").splitlines()
    oids = dict(row.rsplit(" ", 1) for row in rows)
    text = "".join(f"{line.format(**oids)}\n" for line in todo)
    write = f"printf %s {shlex.quote(text)} >"
    return git(
        scratch, "rebase", "-i", onto, check=check, env={"GIT_SEQUENCE_EDITOR": write, **env}
    )


def head(scratch: Scratch, revision: str = "HEAD") -> str:
    return scratch.git("rev-parse", revision).strip()


def test_an_amended_commit_keeps_its_runs(work: Scratch) -> None:
    done = git(work, "commit", "--amend", "-m", "c2")
    assert said(done) == [f"repro: run-n (nnnnnnnn) now belongs to {head(work)[:8]}"]
    assert log(work) == {"a": "k", "b": "m", "c2": "n"}


def test_amends_in_a_row_pass_runs_on(work: Scratch) -> None:
    for number in range(3):
        git(work, "commit", "--amend", "-m", f"c{number}")
    assert log(work) == {"a": "k", "b": "m", "c2": "n"}


def test_a_commit_without_runs_is_rewritten_in_silence(work: Scratch) -> None:
    work.write("d.txt", "d\n")
    work.commit("d")
    before = work.refs()
    done = git(work, "commit", "--amend", "-m", "d2")
    assert said(done) == []
    assert {name for name in work.refs() if work.refs()[name] != before.get(name)} == {
        "refs/heads/main"
    }


def test_a_rebase_takes_the_runs_of_every_commit_along(work: Scratch) -> None:
    git(work, "checkout", "-q", "-b", "other", "HEAD~3")
    work.write("other.txt", "other\n")
    work.commit("other")
    git(work, "checkout", "-q", "main")
    done = git(work, "rebase", "other")
    assert said(done) == ["repro: 3 runs now belong to 3 rewritten commits"]
    assert log(work) == {"other": "", "a": "k", "b": "m", "c": "n"}


@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_either_backend_of_a_rebase_tells(work: Scratch, backend: str) -> None:
    git(work, "rebase", backend, "--onto", "HEAD~3", "HEAD~2")
    assert log(work) == {"b": "m", "c": "n"}


def test_a_squash_has_the_runs_of_all_that_it_is_made_of(work: Scratch) -> None:
    done = rebase(work, "pick {a}", "squash {b}", "fixup {c}")
    assert said(done) == [f"repro: 3 runs now belong to {head(work)[:8]}"]
    assert list(log(work).values()) == ["kmn"]
    assert len(events(work)) == 3, "nothing is said of the commits on the way"


def test_each_commit_that_is_melted_into_one_costs_no_python(work: Scratch, tmp_path: Path) -> None:
    (work.path / ".git/hooks/post-rewrite").unlink()
    work.run_cli("hooks", "install")
    guard = work.path / ".git/repro/hooks/post-rewrite"
    started = tmp_path / "started"
    text = guard.read_text()
    assert "\nsaid=" in text
    guard.write_text(text.replace("\nsaid=", f"\necho \"$*\" >>'{started}'\nsaid=", 1))
    done = rebase(work, "pick {a}", "squash {b}", "fixup {c}")
    assert said(done) == [f"repro: 3 runs now belong to {head(work)[:8]}"]
    assert list(log(work).values()) == ["kmn"]
    assert started.read_text() == "rebase\n"


def test_autosquash_takes_runs_along(work: Scratch) -> None:
    work.write("a.txt", "mended\n")
    work.commit("fixup! a")
    Shelf(work).put("p", minute=5)
    git(work, "rebase", "-i", "--autosquash", "HEAD~4")
    assert log(work) == {"a": "kp", "b": "m", "c": "n"}


def test_a_reworded_commit_keeps_its_runs(work: Scratch) -> None:
    editor = "sed -i 1s/^b/better/"
    done = rebase(work, "pick {a}", "reword {b}", "pick {c}", GIT_EDITOR=editor)
    assert log(work) == {"a": "k", "better": "m", "c": "n"}
    assert len(said(done)) == 2, done.stderr


def test_dropped_commits_leave_their_runs_behind(work: Scratch) -> None:
    old = head(work, "HEAD~1")
    rebase(work, "pick {a}", "pick {c}")
    assert log(work) == {"a": "k", "c": "n"}
    assert belongs(work, old) == {"m"}


def test_a_commit_that_the_new_base_has_leaves_its_runs_behind(work: Scratch) -> None:
    git(work, "checkout", "-q", "-b", "other", "HEAD~3")
    work.write("a.txt", "a\n")
    work.write("other.txt", "other\n")
    work.commit("all of a, and more")
    git(work, "checkout", "-q", "main")
    git(work, "rebase", "other")
    assert log(work) == {"all of a, and more": "", "b": "m", "c": "n"}


def test_commits_in_another_order_keep_their_own_runs(work: Scratch) -> None:
    rebase(work, "pick {c}", "pick {a}", "pick {b}")
    assert log(work) == {"c": "n", "a": "k", "b": "m"}


def test_fifty_commits_are_rebased_with_their_runs(work: Scratch) -> None:
    stream = "".join(
        f"commit refs/heads/main\ncommitter A <a@example.org> {1_700_000_000 + number} +0000\n"
        f"data {len(str(number))}\n{number}\n"
        + ("from refs/heads/main^0\n" if number == 0 else "")
        + f"M 100644 inline {number}.txt\ndata 1\nx\n\n"
        for number in range(50)
    )
    work.git("fast-import", "--quiet", input=stream)
    with_runs = {"9": "p", "19": "q", "29": "r", "39": "s", "49": "t"}
    for subject, letter in with_runs.items():
        git(work, "checkout", "-q", "-f", "--detach", f"main~{49 - int(subject)}")
        Shelf(work).put(letter, minute=int(subject))
    git(work, "checkout", "-q", "main")
    done = git(work, "rebase", "-q", "--onto", "HEAD~53", "HEAD~50")
    assert said(done) == ["repro: 5 runs now belong to 5 rewritten commits"]
    found = {subject: letters for subject, letters in log(work, 50).items() if letters}
    assert found == with_runs


def test_what_exec_amends_keeps_its_runs(work: Scratch) -> None:
    rebase(
        work,
        *("pick {b}", "exec git commit -q --amend -m b2", "exec git commit -q --amend -m b3"),
        *("pick {a}", "exec git commit -q --amend -m a2", "pick {c}"),
    )
    assert log(work) == {"b3": "m", "a2": "k", "c": "n"}


def test_an_edited_commit_keeps_its_runs_with_a_commit_after_it(work: Scratch) -> None:
    rebase(work, "edit {a}", "pick {b}", "pick {c}")
    done = git(work, "commit", "--amend", "-m", "a2")
    assert said(done) == [f"repro: run-n (kkkkkkkk) now belongs to {head(work)[:8]}"]
    work.write("new.txt", "new\n")
    work.commit("new")
    git(work, "rebase", "--continue")
    # git itself tells that a became what HEAD was when the rebase went on.
    assert log(work) == {"a2": "k", "new": "k", "b": "m", "c": "n"}


def test_what_was_amended_and_thrown_away_at_a_stop_gets_nothing(work: Scratch) -> None:
    rebase(work, "pick {b}", "edit {a}", "pick {c}")
    git(work, "commit", "--amend", "-m", "a2")
    lost = head(work)
    git(work, "reset", "-q", "--hard", "HEAD@{1}")
    git(work, "commit", "--amend", "-m", "a3")
    git(work, "rebase", "--continue")
    assert log(work) == {"b": "m", "a3": "k", "c": "n"}
    assert belongs(work, lost) == set()


def test_a_run_of_a_commit_made_at_a_stop_follows_its_amend(work: Scratch) -> None:
    rebase(work, "edit {a}", "pick {b}")
    work.write("new.txt", "new\n")
    work.commit("new")
    Shelf(work).put("p", minute=7)
    git(work, "commit", "--amend", "-m", "new2")
    git(work, "rebase", "--continue")
    assert log(work)["new2"] == "kp"


@pytest.fixture
def conflicting(work: Scratch) -> Scratch:
    """The same with a branch ``other`` that changes a file of the commit b."""
    git(work, "checkout", "-q", "-b", "other", "HEAD~3")
    work.write("b.txt", "other\n")
    work.commit("other")
    git(work, "checkout", "-q", "main")
    return work


@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_a_conflict_on_the_way_changes_nothing(conflicting: Scratch, backend: str) -> None:
    assert git(conflicting, "rebase", backend, "other", check=False).returncode != 0
    conflicting.write("b.txt", "b and other\n")
    conflicting.git("add", "-A")
    git(conflicting, "rebase", "--continue")
    assert log(conflicting) == {"other": "", "a": "k", "b": "m", "c": "n"}


@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_a_skipped_commit_leaves_its_runs_behind(conflicting: Scratch, backend: str) -> None:
    assert git(conflicting, "rebase", backend, "other", check=False).returncode != 0
    git(conflicting, "rebase", "--skip")
    # git says that it became the commit before.
    assert log(conflicting) == {"other": "", "a": "k", "c": "n"}


@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_the_note_of_a_skipped_commit_is_not_the_bases(conflicting: Scratch, backend: str) -> None:
    """Its note is copied there by git: to the commit before, which may have notes of its own."""
    conflicting.git("config", "notes.rewriteRef", NOTES_REF)
    oids = dict(
        row.split(" ", 1)
        for row in conflicting.git("log", "--format=%s %H", "main", "other").splitlines()
    )
    runs = {ref[-1]: ref.rpartition("/")[2] for ref in list_runs_of(conflicting)}
    for name, letter in LETTERS.items():
        conflicting.git("notes", f"--ref={NOTES_REF}", "add", "-m", runs[letter], oids[name])
    git(conflicting, "rebase", backend, "other", check=False)
    git(conflicting, "rebase", "--skip")
    assert log(conflicting) == {"other": "", "a": "k", "c": "n"}
    assert note(conflicting, "HEAD~1") == [runs["k"]]
    assert note(conflicting, "HEAD") == [runs["n"]]


def test_the_base_keeps_its_own_note_when_a_commit_is_skipped(conflicting: Scratch) -> None:
    conflicting.git("config", "notes.rewriteRef", NOTES_REF)
    runs = {ref[-1]: ref.rpartition("/")[2] for ref in list_runs_of(conflicting)}
    for revision, lines in (("other", runs["n"]), ("main~1", f"{runs['m']}\n{runs['n']}")):
        conflicting.git("notes", f"--ref={NOTES_REF}", "add", "-m", lines, revision)
    git(conflicting, "rebase", "--onto", "other", "main~2", check=False)
    git(conflicting, "rebase", "--skip")
    assert note(conflicting, "other") == [runs["n"]]


def list_runs_of(scratch: Scratch) -> list[str]:
    """Returns the refs of the runs of a repository."""
    return scratch.git("for-each-ref", "--format=%(refname)", RUN_REFS).split()


def note(scratch: Scratch, revision: str) -> list[str]:
    """Returns the lines of the git note on a commit."""
    return scratch.git("notes", f"--ref={NOTES_REF}", "show", revision, check=False).split()


def test_a_conflict_within_a_squash_changes_nothing(conflicting: Scratch) -> None:
    todo = ("pick {a}", "fixup {b}", "fixup {c}")
    assert rebase(conflicting, *todo, check=False, onto="other").returncode != 0
    conflicting.write("b.txt", "b and other\n")
    conflicting.git("add", "-A")
    git(conflicting, "rebase", "--continue")
    assert log(conflicting) == {"other": "", "a": "kmn"}


def test_commits_melted_by_hand_at_a_stop_keep_their_runs(work: Scratch) -> None:
    work.write("other.txt", "other\n")
    work.commit("other")
    rebase(work, "pick {other}", "pick {a}", "edit {b}", "pick {c}", onto="HEAD~4")
    git(work, "reset", "-q", "--soft", "HEAD~1")
    git(work, "commit", "--amend", "-m", "ab")
    git(work, "rebase", "--continue")
    assert log(work) == {"other": "", "ab": "km", "c": "n"}


def test_an_aborted_rebase_leaves_everything_as_it_was(work: Scratch) -> None:
    before = log(work)
    refs = work.refs()
    rebase(work, "pick {b}", "edit {a}")
    git(work, "rebase", "--abort")
    assert log(work) == before
    assert work.refs() == refs
    assert not list(Path(work.path, ".git").glob(f"**/{AMENDED_NAME}"))


def test_a_rebase_given_up_midway_keeps_what_was_amended(work: Scratch) -> None:
    rebase(work, "edit {a}", "pick {b}")
    git(work, "commit", "--amend", "-m", "a2")
    git(work, "rebase", "--quit")
    assert log(work) == {"a2": "k"}


def test_pull_with_rebase_takes_runs_along(work: Scratch, tmp_path: Path) -> None:
    theirs = work.clone(tmp_path / "theirs")
    work.git("reset", "--quiet", "--hard", "HEAD~2")
    theirs.write("theirs.txt", "theirs\n")
    theirs.commit("theirs")
    work.git("remote", "add", "origin", str(theirs.path))
    work.write("d.txt", "d\n")
    work.commit("d")
    Shelf(work).put("p", minute=8)
    done = git(work, "pull", "--rebase", "--quiet", "origin", "main")
    assert len(said(done)) == 1, done.stderr
    assert log(work)["d"] == "p"


@pytest.mark.parametrize("command", ["amend", "rebase"])
def test_without_gits_words_the_same_is_found(work: Scratch, command: str) -> None:
    # As pre-commit and prek call hooks: no argument, no input, the command in a variable.
    line = "export PRE_COMMIT=1 PRE_COMMIT_REWRITE_COMMAND=$1; shift; cat > /dev/null; "
    add_hook(work, "post-rewrite", line=line + hook_line("post-rewrite") + " < /dev/null")
    if command == "amend":
        git(work, "commit", "--amend", "-m", "c2")
        assert log(work)["c2"] == "n"
    else:
        rebase(work, "pick {b}", "squash {a}", "exec git commit -q --amend -m ab", "pick {c}")
        assert log(work) == {"ab": "km", "c": "n"}


_LOCAL = """\
repos:
- repo: local
  hooks:
  - id: relink
    name: relink
    language: system
    entry: {python} -m repro hooks run post-rewrite
    always_run: true
    pass_filenames: false
    stages: [post-rewrite]
"""


@pytest.mark.parametrize("manager", ["pre-commit", "prek"])
def test_a_manager_of_hooks_that_keeps_gits_words_loses_no_run(work: Scratch, manager: str) -> None:
    git(work, "checkout", "-q", "--orphan", "configured", "HEAD~3")
    work.write(".pre-commit-config.yaml", _LOCAL.format(python=sys.executable))
    work.commit("configured")
    git(work, "rebase", "-q", "--onto", "configured", "main~3", "main", REPRO_HOOKS="0")
    for letter, revision in (("p", "main~2"), ("q", "main~1"), ("r", "main")):
        git(work, "checkout", "-q", "--detach", revision)
        Shelf(work).put(letter, minute=10)
    git(work, "checkout", "-q", "main")
    (work.path / ".git/hooks/post-rewrite").unlink()
    program = str(Path(sys.executable).parent / manager)
    run_program(program, "install", "-t", "post-rewrite", cwd=work.path)
    rebase(work, "pick {a}", "squash {b}", "pick {c}")
    git(work, "commit", "--amend", "-m", "c2")
    assert log(work) == {"configured": "", "a": "pq", "c2": "r"}


def test_without_gits_words_and_a_reflog_nothing_is_said(work: Scratch) -> None:
    line = f"export PRE_COMMIT_REWRITE_COMMAND=$1; shift; {hook_line('post-rewrite')} < /dev/null"
    add_hook(work, "post-rewrite", line=line)
    work.git("config", "core.logAllRefUpdates", "false")
    shutil.rmtree(work.path / ".git/logs")
    done = git(work, "commit", "--amend", "-m", "c2")
    assert said(done) == []
    assert log(work)["c2"] == ""


def test_another_command_between_is_taken_for_no_amend(work: Scratch) -> None:
    # HEAD@{1} is the commit before, not an older form of this one.
    done = work.run_cli("hooks", "run", "post-rewrite", "amend")
    assert done.stderr == ""
    assert log(work) == {"a": "k", "b": "m", "c": "n"}


def test_a_linked_worktree_has_its_own_rebase(work: Scratch, tmp_path: Path) -> None:
    side = work.worktree(tmp_path / "side")
    rebase(work, "edit {a}", "pick {b}", "pick {c}")
    rebase(side, "pick {c}", "pick {b}", "exec git commit -q --amend -m b2")
    assert log(side) == {"c": "n", "b2": "m"}
    git(work, "commit", "--amend", "-m", "a2")
    git(work, "rebase", "--continue")
    assert log(work) == {"a2": "k", "b": "m", "c": "n"}


def test_a_folded_run_stays_with_its_commit(work: Scratch) -> None:
    repo = open_repository(os.fspath(work.path))
    fold_runs(repo, list_refs(repo, RUN_REFS), writer=WriterId("kkkkkkkk"), at=datetime.now(UTC))
    assert not work.refs(RUN_REFS)
    git(work, "commit", "--amend", "-m", "c2")
    assert log(work)["c2"] == "n"


def test_a_removed_run_stays_removed(work: Scratch) -> None:
    work.run_cli("rm", "run-n")
    done = git(work, "commit", "--amend", "-m", "c2")
    assert said(done) == []


def test_git_and_the_hook_together_say_it_once(work: Scratch) -> None:
    work.git("config", "notes.rewriteRef", NOTES_REF)
    git(work, "commit", "--amend", "-m", "c2")
    git(work, "commit", "--amend", "-m", "c3")
    note = work.git("notes", f"--ref={NOTES_REF}", "show").split()
    assert len(note) == len(set(note)) == 1
    assert log(work)["c3"] == "n"


def test_switched_off_it_does_nothing(work: Scratch) -> None:
    done = git(work, "commit", "--amend", "-m", "c2", REPRO_HOOKS="0")
    assert said(done) == []
    assert log(work)["c2"] == ""


def test_a_failure_does_not_stop_a_rebase(work: Scratch) -> None:
    lock = Path(work.path, ".git/repro/log.lock")
    lock.mkdir(parents=True)
    done = git(work, "commit", "--amend", "-m", "c2")
    assert done.returncode == 0
    assert len(said(done)) == 1
    assert "post-rewrite" in said(done)[0]


def test_rows_are_read_as_git_writes_them() -> None:
    one, two, three = ("1" * 40, "2" * 40, "3" * 40)
    text = f"{one} {two}\n{two} {three} more\n\nno row\n{one} {one}\n{'4' * 64} {'5' * 64}\n"
    assert parse_rows(text.encode() + b"\xff \xfe\n") == [
        (one, two),
        (two, three),
        ("4" * 64, "5" * 64),
    ]


def events(scratch: Scratch) -> Sequence[str]:
    """Returns the lines of our log."""
    tips = scratch.refs(LOG_REFS)
    if not tips:
        return []
    text = scratch.git("log", "--format=%B", *tips)
    return [line for line in text.splitlines() if line.startswith("{")]
