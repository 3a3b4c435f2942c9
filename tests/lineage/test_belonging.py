"""What is said and noted of runs and commits, and that none of it is lost."""

import multiprocessing
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from repro.git.notes import add_lines, read_notes
from repro.git.refs import list_refs
from repro.git.repository import open_repository
from repro.lineage.belonging import attach, noted_runs, runs_of
from repro.lineage.origins import Why
from repro.model.ids import LOG_REFS, NOTES_REF, RUN_REFS, Oid, RefName, RunId
from repro.store.archive import fold_runs
from repro.store.listing import known_runs
from repro.store.removal import remove_runs
from repro.store.writer import current_writer
from tests.lineage.history import History
from tests.repos import run_program

NOW = datetime(2024, 6, 1, tzinfo=UTC)
NOTES = RefName(NOTES_REF)
NOBODY = RunId("20240101T000000-zzzzzzzz")


def say(history: History, commit: Oid, run: RunId) -> int:
    return attach(history.repo, [(commit, run)], now=NOW, author=None)


def carried_by_git(history: History) -> None:
    """Has git carry notes, as `repro hooks install` does, and nothing else."""
    history.git("config", "notes.rewriteRef", NOTES)


def without_events(history: History) -> None:
    for ref, _ in list_refs(history.repo, LOG_REFS):
        history.git("update-ref", "-d", ref)


def test_what_is_said_belongs(any_history: History) -> None:
    _, run = any_history.work("k", a="1")
    other = any_history.commit("other", b="1")
    assert say(any_history, other, run) == 1
    assert say(any_history, other, run) == 0
    assert runs_of(any_history.repo, [other]) == {run: {other}}
    assert any_history.found("HEAD^!") == {run: ({other}, Why.SAID)}
    assert any_history.git("notes", f"--ref={NOTES}", "show", other) == run


def test_what_is_only_noted_belongs(any_history: History) -> None:
    _, run = any_history.work("k", a="1")
    other = any_history.commit("other", b="1")
    say(any_history, other, run)
    without_events(any_history)
    assert any_history.found("HEAD^!") == {run: ({other}, Why.NOTED)}


def test_what_a_trailer_names_belongs(history: History) -> None:
    _, run = history.work("k", a="1")
    history.commit(f"other\n\nRepro-Run: {run}\nRepro-Run: {NOBODY}\nRepro-Run: \x1b[31m", b="1")
    assert history.found("HEAD^!") == {run: ({history.head()}, Why.TRAILER)}


def test_what_began_there_began_there_whatever_else_is_said(history: History) -> None:
    commit, run = history.work("k", a="1")
    other = history.commit("other", b="1")
    say(history, commit, run)
    say(history, other, run)
    assert history.found("HEAD~2..") == {run: ({commit, other}, Why.BEGAN)}


def test_no_runs_at_all(any_history: History) -> None:
    assert any_history.found("HEAD") == {}
    assert runs_of(any_history.repo, [any_history.head()]) == {}
    assert runs_of(any_history.repo, []) == {}


def test_a_removed_run_belongs_nowhere(history: History) -> None:
    commit, run = history.work("k", a="1")
    say(history, commit, run)
    history.git("commit", "--amend", "-m", "other")
    assert set(history.found("HEAD")) == {run}
    remove_runs(history.repo, known_runs(history.repo), now=NOW, author=None)
    assert history.found("HEAD") == {}
    assert history.found(commit) == {}


def test_folded_runs_belong_as_before(history: History) -> None:
    _, run = history.work("k", a="1")
    history.git("commit", "--amend", "-m", "other")
    before = history.found("HEAD")
    repo = history.repo
    assert fold_runs(repo, list_refs(repo, RUN_REFS), writer=current_writer(repo), at=NOW) == 1
    assert history.found("HEAD") == before
    assert set(before) == {run}


def test_git_carries_notes_through_an_amend(history: History) -> None:
    carried_by_git(history)
    commit, run = history.work("k", a="1")
    say(history, commit, run)
    history.scratch.write("a.txt", "another change")
    history.git("commit", "--all", "--amend", "-m", "other")
    assert history.found("HEAD^!") == {run: ({history.head()}, Why.NOTED)}


def test_git_carries_notes_through_a_rebase_and_joins_them_in_a_squash(history: History) -> None:
    carried_by_git(history)
    runs = []
    for letter in "klm":
        commit, run = history.work(letter, **{letter: "1"})
        say(history, commit, run)
        runs.append(run)
    say(history, history.head(), runs[0])
    history.rebase("HEAD~3", todo={"work l": "squash", "work m": "fixup"})
    assert history.found("HEAD^!") == {run: ({history.head()}, Why.NOTED) for run in runs}
    # And is known for more than git's: lines that stand twice, and empty ones between.
    assert sorted(read_notes(history.repo, NOTES, [history.head()])[history.head()]) == sorted(runs)


@pytest.mark.parametrize(
    "note",
    [
        b"\x1b[2J\x07" * 50,
        b"\xff\xfe\0\0" * 50,
        b"20240101T000000-zzzzzzzz\n" * 10_000,
        b"../../../etc/passwd\n--upload-pack=x\n",
    ],
)
def test_a_hostile_note_names_nothing(history: History, note: bytes) -> None:
    commit, run = history.work("k", a="1")
    path = history.scratch.write("note", note)
    blob = history.git("hash-object", "-w", str(path))
    history.git("notes", f"--ref={NOTES}", "add", "-C", blob, commit)
    assert history.found("HEAD^!") == {run: ({commit}, Why.BEGAN)}
    # What else it says stays when ours is added.
    say(history, commit, run)
    content = history.scratch.git("notes", f"--ref={NOTES}", "show", commit, binary=True)
    assert content.startswith(note)
    assert content.rstrip().endswith(run.encode())


def test_what_is_on_the_ref_and_no_notes_says_nothing(history: History) -> None:
    commit, run = history.work("k", a="1")
    path = history.scratch.write("note", "hi")
    history.git("update-ref", NOTES, history.git("hash-object", "-w", str(path)))
    assert history.found("HEAD^!") == {run: ({commit}, Why.BEGAN)}


def test_a_commit_that_is_not_here_gets_words_but_no_note(history: History) -> None:
    commit, run = history.work("k", a="1")
    missing = Oid("1" * len(commit))
    pairs = [(missing, run), (commit, run)]
    assert attach(history.repo, pairs, now=NOW, author=None) == 1
    assert runs_of(history.repo, [missing]) == {run: {missing}}
    assert noted_runs(history.repo, [missing, commit]) == [(commit, run)]


def test_a_thousand_pairs_at_once(history: History) -> None:
    stream = [
        f"commit refs/heads/many\nmark :{n}\ncommitter A <a@b.c> {1_700_000_000 + n} +0000\n"
        f"data 1\nx\n{f'from :{n - 1}' if n > 1 else ''}\n"
        for n in range(1, 1001)
    ]
    history.scratch.git("fast-import", "--quiet", input="".join(stream))
    commits = [Oid(oid) for oid in history.git("rev-list", "many").split()]
    run = history.run("k")
    pairs = [(commit, run) for commit in commits]
    assert attach(history.repo, pairs, now=NOW, author=None) == 1000
    assert attach(history.repo, pairs, now=NOW, author=None) == 0
    assert runs_of(history.repo, commits) == {run: set(commits)}
    assert len(noted_runs(history.repo, commits)) == 1000


def test_a_directory_that_cannot_be_written_is_an_error_of_the_system(history: History) -> None:
    commit, run = history.work("k", a="1")
    other = history.commit("other", b="1")
    (history.scratch.path / ".git/repro/notes.lock").mkdir(parents=True)
    with pytest.raises(OSError, match=r"notes\.lock"):
        say(history, other, run)
    # The word was said before: it is found all the same.
    assert runs_of(history.repo, [other]) == {run: {other}}
    assert runs_of(history.repo, [commit]) == {run: {commit}}


def _attach_one(path: Path, commit: Oid, run: RunId) -> None:
    attach(open_repository(str(path)), [(commit, run)], now=NOW, author=None)


def test_sixteen_processes_at_once_lose_nothing(history: History) -> None:
    run = history.run("k")
    commits = [history.commit(f"number {number}", a=str(number)) for number in range(16)]
    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(target=_attach_one, args=(history.scratch.path, commit, run))
        for commit in [*commits[:8], *[commits[15]] * 8]
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 16
    said = {*commits[:8], commits[15]}
    assert runs_of(history.repo, commits) == {run: said}
    assert {commit for commit, _ in noted_runs(history.repo, commits)} == said
    assert history.git("notes", f"--ref={NOTES}", "show", commits[15]) == run


def test_what_git_notes_at_the_same_time_stays(history: History) -> None:
    commits = [history.commit(f"number {number}", a=str(number)) for number in range(20)]
    argv = ("git", "notes", f"--ref={NOTES}", "add", "-m", "by git")
    with subprocess.Popen(
        [
            "sh",
            "-c",
            f"for c in {' '.join(commits[:10])}; do {' '.join(argv[:-1])} by-git $c; done",
        ],
        cwd=history.scratch.path,
        env=dict(os.environ),
        stderr=subprocess.DEVNULL,
    ) as git:
        for commit in commits[10:]:
            add_lines(history.repo, NOTES, {commit: ["ours"]}, author=None, at=NOW)
        git.wait()
    noted = read_notes(history.repo, NOTES, commits)
    # git moves the ref without looking, and may take ours away; ours never takes away git's.
    assert [noted.get(commit) for commit in commits[:10]] == [["by-git"]] * 10


def test_the_words_of_one_clone_are_found_in_another(history: History, tmp_path: Path) -> None:
    _, run = history.work("k", a="1")
    other = history.commit("other", b="1")
    say(history, other, run)
    clone = history.clone(tmp_path / "clone")
    assert clone.found("HEAD^!") == {run: ({other}, Why.SAID)}


def test_git_itself_can_read_the_notes(history: History) -> None:
    commit, run = history.work("k", a="1")
    say(history, commit, run)
    shown = run_program("git", "log", "-1", f"--notes={NOTES}", cwd=history.scratch.path).stdout
    assert shown.rstrip().endswith(run)
