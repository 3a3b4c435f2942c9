"""Writes real commits that no branch knows of, and lets git judge them."""

import os
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.git.commits import NOBODY, write_commit
from repro.git.refs import RefExistsError, read_ref
from repro.git.repository import GitError, Repository, open_repository
from repro.model.ids import Oid, RefName
from repro.model.run import Identity
from tests.repos import Scratch

_REF = RefName("refs/repro/runs/one")
_LIVE = RefName("refs/repro/live/one")
_ADA = Identity("Test Author", "author@example.org")
_AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def _write(
    repo: Repository,
    *,
    tree: Oid | None,
    parents: tuple[Oid, ...] = (),
    author: Identity | None = _ADA,
    ref: RefName | None = _REF,
    files: dict[str, bytes] | None = None,
    replace: str | None = None,
    message: bytes = b"a run\n",
    at: datetime = _AT,
    drop_ref: RefName | None = None,
) -> Oid:
    return write_commit(
        repo,
        tree=tree,
        parents=parents,
        message=message,
        author=author,
        at=at,
        ref=ref,
        files=files,
        replace=replace,
        drop_ref=drop_ref,
    )


def _opened(scratch: Scratch) -> tuple[Repository, Oid, Oid]:
    repo = open_repository(str(scratch.path))
    assert repo.head is not None
    assert repo.head_tree is not None
    return repo, repo.head, repo.head_tree


def _is_sound(scratch: Scratch) -> bool:
    """Asks git whether every object is as it must be, and that nothing crashed on the way."""
    scratch.git("fsck", "--strict", "--no-dangling")
    git_dir = scratch.git("rev-parse", "--absolute-git-dir")
    return not [name for name in os.listdir(git_dir) if "crash" in name]


def test_a_commit_has_the_tree_parent_author_and_ref_given(any_repo: Scratch) -> None:
    repo, head, tree = _opened(any_repo)
    oid = _write(repo, tree=tree, parents=(head,))
    shown = any_repo.git("log", "-1", "--format=%T %P %an <%ae> %cn %ct %s", oid)
    at_s = int(_AT.timestamp())
    assert shown == f"{tree} {head} Test Author <author@example.org> Test Author {at_s} a run"
    assert any_repo.refs("refs/repro/") == {_REF: oid}
    assert _is_sound(any_repo)


def test_files_are_added_to_the_tree(any_repo: Scratch) -> None:
    repo, head, tree = _opened(any_repo)
    files = {".repro/run.yaml": b"id: 1\n", ".repro/history/a/b.tsv": b""}
    oid = _write(repo, tree=tree, parents=(head,), files=files)
    assert any_repo.git("show", f"{oid}:.repro/run.yaml", binary=True) == b"id: 1\n"
    changed = any_repo.git("diff", "--name-status", head, oid).splitlines()
    assert changed == ["A\t.repro/history/a/b.tsv", "A\t.repro/run.yaml"]
    assert _is_sound(any_repo)


def test_what_is_replaced_is_gone_before_the_files_are_added(repo: Scratch) -> None:
    repo.write(".repro/old/thing", "x")
    repo.write(".repro-not", "x")
    repo.commit()
    opened, _, tree = _opened(repo)
    oid = _write(opened, tree=tree, files={".repro/new": b"y"}, replace=".repro")
    names = repo.git("ls-tree", "-r", "--name-only", oid).splitlines()
    assert [name for name in names if name.startswith(".repro")] == [".repro-not", ".repro/new"]


def test_replacing_what_is_not_there_is_no_error(repo: Scratch) -> None:
    opened, _, tree = _opened(repo)
    oid = _write(opened, tree=tree, replace=".repro")
    assert repo.git("rev-parse", f"{oid}^{{tree}}") == tree


def test_a_file_in_the_records_place_gives_way(repo: Scratch) -> None:
    repo.write(".repro", "a file")
    repo.commit()
    opened, _, tree = _opened(repo)
    oid = _write(opened, tree=tree, files={".repro/run.yaml": b"y"}, replace=".repro")
    assert repo.git("show", f"{oid}:.repro/run.yaml") == "y"
    assert _is_sound(repo)


def test_without_a_tree_only_the_files_are_there(repo: Scratch) -> None:
    opened, head, _ = _opened(repo)
    oid = _write(opened, tree=None, parents=(head,), files={"a": b"1"})
    assert repo.git("ls-tree", "-r", "--name-only", oid) == "a"
    assert _is_sound(repo)


def test_a_commit_without_tree_and_files_is_empty(unborn_repo: Scratch) -> None:
    opened = open_repository(str(unborn_repo.path))
    oid = _write(opened, tree=None)
    assert unborn_repo.git("ls-tree", oid) == ""
    assert _is_sound(unborn_repo)


def test_several_parents_keep_their_order(repo: Scratch) -> None:
    first, second = Oid(repo.head()), Oid(repo.commit())
    opened, _, tree = _opened(repo)
    oid = _write(opened, tree=tree, parents=(second, first))
    assert repo.git("log", "-1", "--format=%P", oid) == f"{second} {first}"


def test_a_ref_that_exists_is_not_moved(any_repo: Scratch) -> None:
    repo, head, tree = _opened(any_repo)
    oid = _write(repo, tree=tree, parents=(head,))
    with pytest.raises(RefExistsError) as caught:
        _write(repo, tree=tree, parents=(head,), message=b"another\n")
    assert caught.value.ref == _REF
    assert read_ref(repo, _REF) == oid
    assert _is_sound(any_repo)


def test_without_a_ref_the_commit_is_written_and_no_ref_stays(any_repo: Scratch) -> None:
    repo, head, tree = _opened(any_repo)
    oid = _write(repo, tree=tree, parents=(head,), ref=None)
    assert any_repo.git("cat-file", "-t", oid) == "commit"
    assert any_repo.refs("refs/repro/") == {}


def test_the_dropped_ref_is_gone_in_the_same_stroke(any_repo: Scratch) -> None:
    repo, head, tree = _opened(any_repo)
    _write(repo, tree=tree, parents=(head,), ref=_LIVE)
    oid = _write(repo, tree=tree, parents=(head,), message=b"done\n", drop_ref=_LIVE)
    assert any_repo.refs("refs/repro/") == {_REF: oid}


def test_dropping_a_ref_that_is_not_there_is_no_error(repo: Scratch) -> None:
    opened, _, tree = _opened(repo)
    oid = _write(opened, tree=tree, drop_ref=_LIVE)
    assert repo.refs("refs/repro/") == {_REF: oid}


def test_branches_head_index_and_files_stay_as_they_were(any_repo: Scratch) -> None:
    any_repo.write("params.yaml", "lr: 1\n")
    before = any_repo.standing()
    repo, head, tree = _opened(any_repo)
    _write(repo, tree=tree, parents=(head,), files={"x": b"y"})
    assert any_repo.standing() == before


@pytest.mark.parametrize(
    "author",
    [
        NOBODY,
        None,
        Identity("", ""),
        Identity("", "only@example.org"),
        Identity("<script>\nA > B", "a b <c>\n@d"),
        Identity("  spaces  ", " e "),
        Identity("Zoë 漢字", "zoë@example.org"),
        Identity("caf\udce9", "x"),
        Identity("nul\0", "nul\0@x"),
        Identity("..,:;'\"", "x"),
    ],
)
def test_an_author_of_any_name_is_written_soundly(repo: Scratch, author: Identity | None) -> None:
    opened, _, tree = _opened(repo)
    oid = _write(opened, tree=tree, author=author)
    assert repo.git("cat-file", "-t", oid) == "commit"
    assert _is_sound(repo)


def test_the_zone_of_the_time_is_kept(repo: Scratch) -> None:
    opened, _, tree = _opened(repo)
    at = _AT.astimezone(timezone(timedelta(hours=-9, minutes=-30)))
    oid = _write(opened, tree=tree, at=at)
    assert repo.git("log", "-1", "--format=%ai", oid) == "2024-05-05 21:38:09 -0930"


@pytest.mark.parametrize("message", [b"", b"\n", b"no newline", b"# comment\n\xff\n", b"x\n" * 999])
def test_a_message_is_kept_byte_for_byte(repo: Scratch, message: bytes) -> None:
    opened, _, tree = _opened(repo)
    oid = _write(opened, tree=tree, message=message)
    raw = repo.git("cat-file", "commit", oid, binary=True)
    assert raw.split(b"\n\n", 1)[1] == message


@pytest.mark.parametrize(
    "name", [b"a b", b'q"uote', b"back\\slash", b"new\nline", b"t\tab", b"\xff\xfe", b"-x", b"M 1"]
)
def test_a_file_of_any_name_is_written(repo: Scratch, name: bytes) -> None:
    opened, _, tree = _opened(repo)
    oid = _write(opened, tree=tree, files={os.fsdecode(b"dir/" + name): b"content"})
    names = repo.git("ls-tree", "-rz", "--name-only", oid, "dir/", binary=True)
    assert names == b"dir/" + name + b"\0"
    assert _is_sound(repo)


def test_content_is_kept_byte_for_byte(repo: Scratch) -> None:
    content = bytes(range(256)) * 4096
    repo.git("config", "core.autocrlf", "true")
    opened, _, tree = _opened(repo)
    oid = _write(opened, tree=tree, files={"x.txt": content, "y.txt": b"a\r\n"})
    assert repo.git("cat-file", "blob", f"{oid}:x.txt", binary=True) == content
    assert repo.git("cat-file", "blob", f"{oid}:y.txt", binary=True) == b"a\r\n"


def test_hundreds_of_files_are_one_commit(repo: Scratch) -> None:
    opened, _, tree = _opened(repo)
    files = {f"d{n % 7}/{n}": b"%d" % n for n in range(500)}
    oid = _write(opened, tree=tree, files=files)
    assert len(repo.git("ls-tree", "-r", oid, *(f"d{n}" for n in range(7))).splitlines()) == 500
    assert _is_sound(repo)


def test_the_same_content_gives_the_same_commit(repo: Scratch) -> None:
    opened, head, tree = _opened(repo)
    assert _write(opened, tree=tree, parents=(head,)) == _write(
        opened, tree=tree, parents=(head,), ref=_LIVE
    )


def test_a_parent_that_is_missing_is_an_error(repo: Scratch) -> None:
    opened, _, tree = _opened(repo)
    with pytest.raises(GitError):
        _write(opened, tree=tree, parents=(Oid("1" * 40),))
    assert repo.refs("refs/repro/") == {}


_NAMES = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=6).filter(
    lambda name: name not in (".", "..") and not name.casefold().startswith((".git", "git~"))
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(st.dictionaries(_NAMES, st.binary(max_size=30), max_size=5))
def test_any_files_come_back(repo: Scratch, files: dict[str, bytes]) -> None:
    opened = open_repository(str(repo.path))
    oid = _write(opened, tree=None, ref=None, files={f"d/{n}": c for n, c in files.items()})
    rows = repo.git("ls-tree", "-rz", oid, binary=True).split(b"\0")[:-1]
    found = {row.split(b"\t", 1)[1]: row.split()[2].decode() for row in rows}
    assert {os.fsdecode(path)[2:] for path in found} == set(files)
    for path, blob in found.items():
        content = repo.git("cat-file", "blob", blob, binary=True)
        assert content == files[os.fsdecode(path)[2:]]
