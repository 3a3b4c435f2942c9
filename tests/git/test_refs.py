"""Makes, lists and deletes refs in real repositories."""

import pytest

from repro.git.refs import RefExistsError, create_ref, delete_ref, list_refs, read_ref
from repro.git.repository import GitError, Repository, open_repository
from repro.model.ids import Oid, RefName
from tests.repos import Scratch

_A, _B = RefName("refs/repro/runs/a"), RefName("refs/repro/runs/b")


def _opened(scratch: Scratch) -> tuple[Repository, Oid]:
    return open_repository(str(scratch.path)), Oid(scratch.head())


def test_a_ref_is_made_and_read(any_repo: Scratch) -> None:
    repo, head = _opened(any_repo)
    create_ref(repo, _A, head)
    assert read_ref(repo, _A) == head
    assert any_repo.refs("refs/repro/") == {_A: head}


def test_a_ref_that_is_not_there_is_none(repo: Scratch) -> None:
    assert read_ref(_opened(repo)[0], _A) is None


def test_a_ref_is_made_only_once(repo: Scratch) -> None:
    opened, head = _opened(repo)
    create_ref(opened, _A, head)
    with pytest.raises(RefExistsError) as caught:
        create_ref(opened, _A, Oid(repo.commit()))
    assert caught.value.ref == _A
    assert read_ref(opened, _A) == head


def test_a_name_that_git_refuses_is_an_error(repo: Scratch) -> None:
    opened, head = _opened(repo)
    with pytest.raises(GitError):
        create_ref(opened, RefName("refs/repro/a..b"), head)


def test_refs_are_listed_by_name_below_the_prefixes(repo: Scratch) -> None:
    opened, head = _opened(repo)
    for name in (_B, _A, RefName("refs/repro/live/c"), RefName("refs/other/d")):
        create_ref(opened, name, head)
    assert list_refs(opened, "refs/repro/runs/") == [(_A, head), (_B, head)]
    names = [name for name, _ in list_refs(opened, "refs/repro/live/", "refs/repro/runs/")]
    assert names == ["refs/repro/live/c", _A, _B]


def test_the_newest_come_last_first(repo: Scratch) -> None:
    opened, head = _opened(repo)
    for letter in "abc":
        create_ref(opened, RefName(f"refs/repro/runs/{letter}"), head)
    names = [name for name, _ in list_refs(opened, "refs/repro/runs/", newest=2)]
    assert names == ["refs/repro/runs/c", "refs/repro/runs/b"]


def test_packed_refs_are_refs(repo: Scratch) -> None:
    opened, head = _opened(repo)
    create_ref(opened, _A, head)
    repo.git("pack-refs", "--all")
    assert read_ref(opened, _A) == head
    assert list_refs(opened, "refs/repro/") == [(_A, head)]
    with pytest.raises(RefExistsError):
        create_ref(opened, _A, head)


def test_a_ref_is_deleted(repo: Scratch) -> None:
    opened, head = _opened(repo)
    create_ref(opened, _A, head)
    delete_ref(opened, _A)
    assert list_refs(opened, "refs/repro/") == []


def test_deleting_a_ref_that_is_not_there_is_no_error(repo: Scratch) -> None:
    delete_ref(_opened(repo)[0], _A)


def test_a_ref_that_moved_is_not_deleted(repo: Scratch) -> None:
    opened, head = _opened(repo)
    create_ref(opened, _A, head)
    other = Oid(repo.commit())
    with pytest.raises(GitError):
        delete_ref(opened, _A, old=other)
    assert read_ref(opened, _A) == head


def test_a_branch_of_the_refs_name_is_not_the_ref(repo: Scratch) -> None:
    opened, _ = _opened(repo)
    repo.git("branch", _A)
    assert read_ref(opened, _A) is None
