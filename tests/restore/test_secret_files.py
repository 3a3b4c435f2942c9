"""Checkout, ``--keep`` and undo beside files with secrets: none is lost, none is written anew."""

import pytest

from repro.restore.move import FilesInTheWayError
from repro.restore.present import DirtyTreeError
from repro.secrets.redactor import REDACTED
from tests.repos import Scratch
from tests.restore.runs import check_out, fingerprint, go_back, record_run, whole_state

TOKEN = "ghp_" + "k3Jd82LmQx0ZvB7nYtR5wPcHs1FaGe9uXoTi"
ENV = f"TOKEN={TOKEN}\n"
CODE = f'api = connect("{TOKEN}")\n'


def objects(scratch: Scratch) -> bytes:
    return scratch.git("cat-file", "--batch-all-objects", "--batch", binary=True)


@pytest.mark.parametrize("keep", [False, True])
def test_a_file_of_secrets_stays_where_it_is(any_repo: Scratch, keep: bool) -> None:
    any_repo.write("train.py", "the run's\n")
    run = record_run(any_repo)
    any_repo.git("checkout", "--quiet", "--", ".")
    any_repo.write("conf/.env", ENV)
    before = whole_state(any_repo)
    outcome = check_out(any_repo, run, keep=keep)
    assert any_repo.read("conf/.env") == ENV
    assert any_repo.read("train.py") == "the run's\n"
    assert not [note for note in outcome.notes if ".env" in note]
    go_back(any_repo)
    assert whole_state(any_repo) == before
    assert TOKEN.encode() not in objects(any_repo)


def test_a_file_of_secrets_is_no_uncommitted_work(repo: Scratch) -> None:
    repo.write("train.py", "the run's\n")
    run = record_run(repo)
    repo.git("checkout", "--quiet", "--", ".")
    check_out(repo, run)
    repo.write(".env", ENV)
    check_out(repo, run)
    assert repo.read(".env") == ENV


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("wanted", [".env", ".env/inner"])
def test_a_run_that_wants_its_place_is_refused(repo: Scratch, wanted: str, keep: bool) -> None:
    repo.write(wanted, "PORT=1\n")
    repo.git("add", "-A")
    run = record_run(repo)
    repo.git("rm", "--quiet", "-rf", wanted)
    repo.write(".env", ENV)
    before = fingerprint(repo)
    with pytest.raises(FilesInTheWayError) as caught:
        check_out(repo, run, keep=keep)
    assert caught.value.paths == (".env",)
    assert "--worktree" in (caught.value.hint or "")
    assert fingerprint(repo) == before
    assert TOKEN.encode() not in objects(repo)


def test_data_that_want_the_directory_around_it_are_refused(repo: Scratch) -> None:
    repo.write("data", "a file\n")
    run = record_run(repo, data=["data"])
    (repo.path / "data").unlink()
    repo.git("clean", "-qfd")
    repo.write("data/.env", ENV)
    with pytest.raises(FilesInTheWayError):
        check_out(repo, run, keep=True)
    assert repo.read("data/.env") == ENV


def test_a_marked_file_comes_back_with_marks_and_the_tree_is_clean(any_repo: Scratch) -> None:
    any_repo.write("train.py", CODE)
    run = record_run(any_repo)
    any_repo.git("checkout", "--quiet", "--", ".")
    outcome = check_out(any_repo, run)
    text = any_repo.read("train.py")
    assert REDACTED.sub(TOKEN, text) == CODE != text
    assert [
        note
        for note in outcome.notes
        if "train.py" in note and "marks" in note.replace("a mark", "marks")
    ]
    check_out(any_repo, run)  # refuses a tree that is not clean
    assert TOKEN.encode() not in objects(any_repo)


def test_keep_brings_a_file_with_secrets_back_to_the_byte(any_repo: Scratch) -> None:
    run = record_run(any_repo)
    any_repo.write("train.py", CODE)
    any_repo.write("new.py", CODE)
    any_repo.write(".env", ENV)
    before = whole_state(any_repo)
    check_out(any_repo, run, keep=True)
    assert TOKEN not in any_repo.read("train.py")
    assert any_repo.read(".env") == ENV
    go_back(any_repo)
    assert whole_state(any_repo) == before


def test_a_refused_checkout_puts_no_secret_into_an_object(repo: Scratch) -> None:
    run = record_run(repo)
    repo.write("train.py", CODE)
    repo.write("new.py", CODE)
    with pytest.raises(DirtyTreeError) as caught:
        check_out(repo, run)
    assert caught.value.paths == ("new.py", "train.py")
    assert TOKEN.encode() not in objects(repo)


def test_a_secret_put_back_in_the_place_of_its_mark_is_uncommitted_work(repo: Scratch) -> None:
    repo.write("train.py", CODE)
    run = record_run(repo)
    repo.git("checkout", "--quiet", "--", ".")
    check_out(repo, run)
    repo.write("train.py", CODE)
    with pytest.raises(DirtyTreeError) as caught:
        check_out(repo, run)
    assert caught.value.paths == ("train.py",)
    assert repo.read("train.py") == CODE
