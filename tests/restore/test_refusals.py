"""Every refusal says the way on, and changes not one byte."""

import os
from collections.abc import Callable

import pytest

from repro.errors import ReproError
from repro.git.index_lock import IndexLockedError, lock_index
from repro.git.working_tree import (
    ConflictedIndexError,
    FilesInUseError,
    OperationInProgressError,
)
from repro.model.data import Place
from repro.restore.bring import CheckoutIncompleteError
from repro.restore.checkout import UnfinishedCheckoutError
from repro.restore.move import FilesInTheWayError
from repro.restore.present import DirtyTreeError, ForeignRecordError
from repro.restore.state import Progress, begin
from repro.restore.target import DamagedRunError
from tests.repos import Scratch
from tests.restore.runs import Recorded, check_out, fingerprint, nowhere, opened, record_run


def _refuse(scratch: Scratch, run: Recorded, kind: type[ReproError], *, keep: bool) -> ReproError:
    before = fingerprint(scratch)
    with pytest.raises(kind) as caught:
        check_out(scratch, run, keep=keep)
    assert fingerprint(scratch) == before
    assert caught.value.hint
    return caught.value


def test_uncommitted_work_is_refused_with_the_two_ways_on(any_repo: Scratch) -> None:
    run = record_run(any_repo)
    any_repo.write("train.py", "precious\n")
    for number in range(11):
        any_repo.write(f"new-{number:02}.txt", "precious\n")
    error = _refuse(any_repo, run, DirtyTreeError, keep=False)
    assert "--keep" in (error.hint or "")
    assert "--worktree" in (error.hint or "")
    assert error.details[:2] == ("new-00.txt", "new-01.txt")
    assert error.details[-1] == "and 2 more"


def test_work_on_top_of_a_run_checked_out_is_refused(repo: Scratch) -> None:
    repo.write("train.py", "the run's\n")
    run = record_run(repo)
    repo.git("checkout", "--quiet", "--", ".")
    check_out(repo, run)
    repo.write("params.yaml", "mine\n")
    error = _refuse(repo, run, DirtyTreeError, keep=False)
    assert error.details == ("params.yaml",)


def test_a_large_untracked_file_is_uncommitted_work(repo: Scratch) -> None:
    run = record_run(repo)
    repo.write("big.bin", b"\0" * (10 * 2**20 + 1))
    error = _refuse(repo, run, DirtyTreeError, keep=False)
    assert error.details == ("big.bin",)


def _merge(scratch: Scratch) -> None:
    scratch.git("checkout", "--quiet", "-b", "other")
    scratch.write("params.yaml", "lr: 1\n")
    scratch.commit("theirs")
    scratch.git("checkout", "--quiet", "main")
    scratch.write("params.yaml", "lr: 2\n")
    scratch.commit("ours")
    scratch.git("merge", "other", check=False)


def _cherry_pick(scratch: Scratch) -> None:
    _merge(scratch)
    scratch.git("merge", "--abort")
    scratch.git("cherry-pick", "other", check=False)


def _rebase(scratch: Scratch) -> None:
    _merge(scratch)
    scratch.git("merge", "--abort")
    scratch.git("rebase", "other", check=False)


def _revert(scratch: Scratch) -> None:
    scratch.write("params.yaml", "lr: 1\n")
    first = scratch.commit("one")
    scratch.write("params.yaml", "lr: 2\n")
    scratch.commit("two")
    scratch.git("revert", "--no-edit", first, check=False)


def _bisect(scratch: Scratch) -> None:
    scratch.git("bisect", "start")


@pytest.mark.parametrize("start", [_merge, _cherry_pick, _rebase, _revert, _bisect])
def test_an_operation_in_progress_is_refused_with_its_end(
    repo: Scratch, start: Callable[[Scratch], None]
) -> None:
    run = record_run(repo)
    start(repo)
    error = _refuse(repo, run, OperationInProgressError, keep=True)
    assert "git " in (error.hint or "")


def test_conflicts_left_by_a_stash_are_refused(repo: Scratch) -> None:
    run = record_run(repo)
    repo.write("params.yaml", "lr: 1\n")
    repo.git("stash")
    repo.write("params.yaml", "lr: 2\n")
    repo.commit("other")
    repo.git("stash", "pop", check=False)
    error = _refuse(repo, run, ConflictedIndexError, keep=True)
    assert error.details == ("params.yaml",)


def _run_with_notes(repo: Scratch) -> Recorded:
    repo.write("notes/own.txt", "the run's\n")
    run = record_run(repo)
    (repo.path / "notes/own.txt").unlink()
    (repo.path / "notes").rmdir()
    repo.write(".gitignore", repo.read(".gitignore") + "/notes\n")
    repo.commit("ignore notes")
    return run


def test_an_ignored_file_in_the_way_is_refused_and_kept_when_asked(repo: Scratch) -> None:
    run = _run_with_notes(repo)
    repo.write("notes/own.txt", "mine, and ignored\n")
    error = _refuse(repo, run, FilesInTheWayError, keep=False)
    assert error.details == ("notes/own.txt",)
    check_out(repo, run, keep=True)
    assert repo.read("notes/own.txt") == "the run's\n"


def test_an_ignored_file_above_is_in_the_way(repo: Scratch) -> None:
    run = _run_with_notes(repo)
    repo.write("notes", "mine, and ignored\n")
    error = _refuse(repo, run, FilesInTheWayError, keep=False)
    assert error.details == ("notes",)


def test_an_ignored_link_above_is_in_the_way(repo: Scratch) -> None:
    run = _run_with_notes(repo)
    outside = repo.path.parent / "outside"
    outside.mkdir()
    (outside / "own.txt").write_text("not to be touched\n")
    os.symlink(outside, repo.path / "notes")
    _refuse(repo, run, FilesInTheWayError, keep=False)
    check_out(repo, run, keep=True)
    assert (outside / "own.txt").read_text() == "not to be touched\n"


def test_a_repository_in_the_way_is_refused_even_with_keep(repo: Scratch) -> None:
    repo.write("inner", "a file\n")
    run = record_run(repo)
    (repo.path / "inner").unlink()
    repo.clone(repo.path / "inner")
    error = _refuse(repo, run, FilesInTheWayError, keep=True)
    assert error.details == ("inner",)


def test_a_repository_where_data_go_is_refused(repo: Scratch) -> None:
    repo.write(".gitignore", "/data\n")
    repo.commit("ignore")
    repo.write("data/a.csv", "a\n")
    run = record_run(repo, data=["data"])
    repo.write("data/b.csv", "b\n")
    repo.clone(repo.path / "data/inner")
    error = _refuse(repo, run, FilesInTheWayError, keep=True)
    assert error.details == ("data/inner/.git",)


def test_a_pipe_in_the_way_is_refused(repo: Scratch) -> None:
    run = _run_with_notes(repo)
    os.mkfifo(repo.path / "notes")
    with pytest.raises(FilesInTheWayError):
        check_out(repo, run, keep=True)
    assert repo.refs("refs/repro/undo/") == {}


def test_missing_data_are_listed_with_where_was_looked(repo: Scratch) -> None:
    repo.write(".gitignore", "/data.csv\n")
    repo.commit("ignore")
    repo.write("data.csv", "a\n")
    run = record_run(repo, data=["data.csv"])
    (repo.path / "data.csv").unlink()
    for path in (repo.path / ".git/repro/store/files/md5").rglob("*"):
        if path.is_file():
            path.unlink()
    error = _refuse(repo, run, CheckoutIncompleteError, keep=False)
    assert error.details[0].startswith("data.csv (")
    assert error.details[-1].startswith("looked in: object store")


def test_a_record_directory_of_others_is_refused(repo: Scratch) -> None:
    run = record_run(repo)
    repo.write(".gitignore", ".repro/\n")
    repo.commit("ignore")
    repo.write(".repro/mine.txt", "mine\n")
    _refuse(repo, run, ForeignRecordError, keep=True)


def test_a_tracked_record_directory_is_refused(repo: Scratch) -> None:
    run = record_run(repo)
    repo.write(".repro/mine.txt", "mine\n")
    repo.commit("mine")
    _refuse(repo, run, ForeignRecordError, keep=True)


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_changes_that_git_was_told_to_overlook_are_not_lost(repo: Scratch, flag: str) -> None:
    repo.write("params.yaml", "lr: 3\n")
    run = record_run(repo)
    repo.git("checkout", "--quiet", "--", ".")
    repo.git("update-index", flag, "params.yaml")
    repo.write("params.yaml", "precious\n")
    error = _refuse(repo, run, FilesInUseError, keep=True)
    assert error.details == ("params.yaml",)


def test_a_locked_index_is_refused(repo: Scratch) -> None:
    run = record_run(repo)
    (repo.path / ".git/index.lock").touch()
    _refuse(repo, run, IndexLockedError, keep=False)


def test_a_checkout_at_the_same_time_is_refused(repo: Scratch) -> None:
    run = record_run(repo)
    with lock_index(opened(repo)):
        _refuse(repo, run, IndexLockedError, keep=False)


def test_a_lock_left_by_a_repro_that_died_is_taken_over(repo: Scratch) -> None:
    run = record_run(repo)
    died = repo.python("-c", "import os; print(os.getpid())").stdout.strip()
    repo.write(".git/index.lock", f"repro {died} {os.uname().nodename}\n")
    check_out(repo, run)
    assert not (repo.path / ".git/index.lock").exists()


def test_after_an_interruption_only_undo_goes_on(repo: Scratch) -> None:
    run = record_run(repo)
    begin(opened(repo), Progress(1, "somewhere"))
    error = _refuse(repo, run, UnfinishedCheckoutError, keep=True)
    assert error.hint == "repro undo"


def test_a_run_whose_files_are_not_its_record_s_is_refused(repo: Scratch) -> None:
    run = record_run(repo)
    repo.write("train.py", "other\n")
    other = record_run(repo, "l")
    repo.git("checkout", "--quiet", "--", ".")
    mixed = Recorded(other.summary, run.record, {}, "")
    _refuse(repo, mixed, DamagedRunError, keep=False)


@pytest.mark.parametrize(
    "path", [".git/hooks/post-checkout", "../x", "a/../../x", ".GIT/x", "a//b"]
)
def test_a_hostile_path_is_refused(repo: Scratch, path: str) -> None:
    honest = record_run(repo)
    entry = nowhere(path)._replace(place=Place.STORE)
    record = honest.record._replace(data=(entry,))
    error = _refuse(repo, Recorded(honest.summary, record, {}, ""), DamagedRunError, keep=True)
    assert path in error.message
