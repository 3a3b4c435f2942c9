"""Takes snapshots of real working trees, and asks git what it would have committed."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.git.repository import GitError, Repository, open_repository
from repro.git.snapshot import (
    Snapshot,
    StatusRow,
    parse_status,
    take_snapshot,
    temporary_index,
)
from repro.model.run import DirtyPath
from tests.git.trees import ODD_NAMES, blob, expected_tree, git_files, names_in, take
from tests.repos import Scratch


def test_a_clean_tree_is_heads(any_repo: Scratch) -> None:
    snapshot = take(any_repo)
    assert snapshot == Snapshot(open_repository(str(any_repo.path)).head_tree or "", (), (), ())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda r: r.write("params.yaml", "lr: 9\n"), DirtyPath("params.yaml", "modified")),
        (lambda r: (r.path / "params.yaml").unlink(), DirtyPath("params.yaml", "deleted")),
        (lambda r: r.write("new/file", "x"), DirtyPath("new/file", "untracked")),
        (
            lambda r: r.write("train.py", r.read("train.py"), mode=0o755),
            DirtyPath("train.py", "modified"),
        ),
        (lambda r: (r.path / "link").symlink_to("nowhere"), DirtyPath("link", "untracked")),
    ],
    ids=["modified", "deleted", "untracked", "mode", "symlink"],
)
def test_a_change_is_in_the_tree_and_listed(
    any_repo: Scratch, change: Callable[[Scratch], object], expected: DirtyPath
) -> None:
    change(any_repo)
    snapshot = take(any_repo)
    assert snapshot.dirty == (expected,)
    any_repo.commit()
    assert snapshot.tree == any_repo.git("rev-parse", "HEAD^{tree}")


def test_what_the_file_holds_counts_not_what_was_staged(repo: Scratch) -> None:
    repo.write("params.yaml", "staged: 1\n")
    repo.git("add", "params.yaml")
    repo.write("params.yaml", "then: changed\n")
    snapshot = take(repo)
    assert blob(repo, snapshot.tree, "params.yaml") == b"then: changed\n"
    assert snapshot.dirty == (DirtyPath("params.yaml", "modified"),)


def test_a_file_staged_and_then_deleted_is_not_there(repo: Scratch) -> None:
    repo.write("gone", "x")
    repo.git("add", "gone")
    (repo.path / "gone").unlink()
    assert take(repo).tree == repo.git("rev-parse", "HEAD^{tree}")


def test_a_file_removed_from_the_index_alone_is_still_there(repo: Scratch) -> None:
    repo.git("rm", "--quiet", "--cached", "params.yaml")
    assert b"params.yaml" in names_in(repo, take(repo).tree)


def test_a_file_to_be_added_later_is_there(repo: Scratch) -> None:
    repo.write("later", "x")
    repo.git("add", "--intent-to-add", "later")
    snapshot = take(repo)
    assert blob(repo, snapshot.tree, "later") == b"x"
    assert snapshot.dirty == (DirtyPath("later", "added"),)


def test_a_file_may_become_a_directory_and_a_directory_a_file(repo: Scratch) -> None:
    repo.write("dir/a", "x")
    repo.commit()
    shutil.rmtree(repo.path / "dir")
    repo.write("dir", "now a file")
    (repo.path / "params.yaml").unlink()
    repo.write("params.yaml/inner", "now below a directory")
    snapshot = take(repo)
    assert snapshot.tree == expected_tree(repo)
    assert {b"dir", b"params.yaml/inner"} <= names_in(repo, snapshot.tree)


def test_a_file_replaced_by_a_link_is_a_link(repo: Scratch) -> None:
    (repo.path / "params.yaml").unlink()
    (repo.path / "params.yaml").symlink_to("train.py")
    snapshot = take(repo)
    assert snapshot.dirty == (DirtyPath("params.yaml", "type changed"),)
    assert repo.git("ls-tree", snapshot.tree, "params.yaml").startswith("120000")


def test_a_conflict_is_taken_as_it_lies_in_the_file(repo: Scratch) -> None:
    repo.git("checkout", "--quiet", "-b", "other")
    repo.write("params.yaml", "theirs\n")
    repo.commit()
    repo.git("checkout", "--quiet", "main")
    repo.write("params.yaml", "ours\n")
    repo.commit()
    repo.git("merge", "other", check=False)
    before = repo.standing()
    snapshot = take(repo)
    assert snapshot.dirty == (DirtyPath("params.yaml", "conflicted"),)
    assert b"<<<<<<<" in blob(repo, snapshot.tree, "params.yaml")
    assert repo.standing() == before


def test_ignored_files_are_not_code(repo: Scratch) -> None:
    repo.write("out/model", "x")
    repo.write("metrics.json", "{}")
    repo.write(".git/info/exclude", "/mine\n")
    repo.write("mine", "x")
    assert take(repo).tree == repo.git("rev-parse", "HEAD^{tree}")


def test_a_tracked_file_that_is_ignored_is_code(repo: Scratch) -> None:
    repo.write("metrics.json", "{}")
    repo.git("add", "--force", "metrics.json")
    repo.commit()
    repo.write("metrics.json", '{"a": 1}')
    assert blob(repo, take(repo).tree, "metrics.json") == b'{"a": 1}'


def test_gits_filters_hold(repo: Scratch) -> None:
    repo.write(".gitattributes", "*.txt text eol=crlf\n")
    repo.write("a.txt", b"one\r\ntwo\r\n")
    assert blob(repo, take(repo).tree, "a.txt") == b"one\ntwo\n"


def test_line_endings_that_git_would_refuse_are_no_reason_to_refuse(repo: Scratch) -> None:
    repo.git("config", "core.autocrlf", "input")
    repo.git("config", "core.safecrlf", "true")
    repo.write("windows", b"a\r\nb\r\n")
    assert b"windows" in names_in(repo, take(repo).tree)


def test_names_of_every_kind_are_in_the_tree(any_repo: Scratch) -> None:
    for name in ODD_NAMES:
        any_repo.write(os.fsdecode(name), name)
        any_repo.write(os.fsdecode(b"sub" + name[:200] + b"/" + name), name)
    snapshot = take(any_repo)
    assert set(ODD_NAMES) <= names_in(any_repo, snapshot.tree)
    assert len(snapshot.dirty) == 2 * len(ODD_NAMES)
    assert {path.path for path in snapshot.dirty} >= {os.fsdecode(name) for name in ODD_NAMES}
    assert snapshot.gaps == ()


def test_a_locked_index_does_not_matter(any_repo: Scratch) -> None:
    any_repo.write("new", "x")
    lock = Path(any_repo.git("rev-parse", "--absolute-git-dir")) / "index.lock"
    lock.write_text("held by somebody")
    assert b"new" in names_in(any_repo, take(any_repo).tree)
    assert lock.read_text() == "held by somebody"


def test_an_edit_that_stat_cannot_see_is_seen(repo: Scratch) -> None:
    for number in range(20):
        repo.write("racy", f"before {number:02}\n")
        repo.git("add", "racy")
        repo.write("racy", f"after! {number:02}\n")  # of the same size, in the same moment
        expected = f"after! {number:02}\n".encode()
        assert blob(repo, take(repo).tree, "racy") == expected


def test_the_users_index_head_files_and_status_stay_as_they_were(any_repo: Scratch) -> None:
    any_repo.write("params.yaml", "staged\n")
    any_repo.git("add", "params.yaml")
    any_repo.write("params.yaml", "changed\n")
    any_repo.write("new", "x")
    (any_repo.path / "train.py").touch()
    before = any_repo.standing()
    take(any_repo)
    assert any_repo.standing() == before


@pytest.mark.parametrize("is_split", [True, False])
def test_nothing_but_objects_is_left_behind(any_repo: Scratch, is_split: bool) -> None:
    if is_split:
        any_repo.git("config", "core.splitIndex", "true")
        any_repo.git("config", "splitIndex.maxPercentChange", "0")
        any_repo.git("update-index", "--split-index")
    any_repo.write("new", "x")
    before = git_files(any_repo)
    snapshot = take(any_repo)
    assert git_files(any_repo) == before
    assert b"new" in names_in(any_repo, snapshot.tree)


def test_nothing_is_left_behind_when_git_fails(repo: Scratch) -> None:
    repo.write("new", "x")
    before = git_files(repo)
    objects = repo.path / ".git" / "objects"
    objects.rename(repo.path / ".git" / "hidden")
    opened = Repository(
        top=str(repo.path),
        git_dir=str(repo.path / ".git"),
        common_dir=str(repo.path / ".git"),
        head=None,
        head_tree=None,
        branch=None,
        prefix=".",
        hash_name="sha1",
    )
    with pytest.raises(GitError):
        take_snapshot(opened)
    (repo.path / ".git" / "hidden").rename(objects)
    assert git_files(repo) == before


def test_files_outside_a_sparse_checkout_stay_in_the_tree(repo: Scratch) -> None:
    repo.write("in/a", "x")
    repo.write("away/b", "x")
    repo.commit()
    repo.git("sparse-checkout", "set", "in")
    assert not (repo.path / "away").exists()
    repo.write("in/new", "x")
    repo.write("away/new", "written where git had none")
    snapshot = take(repo)
    assert {b"in/new", b"away/b", b"away/new"} <= names_in(repo, snapshot.tree)


def test_a_branch_without_commits_has_a_tree(unborn_repo: Scratch) -> None:
    snapshot = take(unborn_repo)
    assert names_in(unborn_repo, snapshot.tree) == {b".gitignore", b"params.yaml", b"train.py"}
    assert {path.change for path in snapshot.dirty} == {"untracked"}
    assert unborn_repo.index_bytes() == b""


def test_an_empty_repository_has_the_empty_tree(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path / "empty")
    scratch.path.mkdir()
    scratch.git("init", "--quiet")
    assert names_in(scratch, take(scratch).tree) == set()


def test_a_snapshot_from_a_subdirectory_is_of_the_whole_tree(repo: Scratch) -> None:
    repo.write("sub/a", "x")
    repo.write("beside", "x")
    snapshot = take_snapshot(open_repository(str(repo.path / "sub")))
    assert {b"sub/a", b"beside"} <= names_in(repo, snapshot.tree)


def test_hidden_untracked_files_are_shown_to_us(repo: Scratch) -> None:
    repo.git("config", "status.showUntrackedFiles", "no")
    repo.write("new", "x")
    assert b"new" in names_in(repo, take(repo).tree)


def test_variables_of_a_hook_do_not_lead_elsewhere(
    repo: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = repo.copy(tmp_path / "other")
    repo.write("new", "x")
    before = other.standing()
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git" / "index"))
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    snapshot = take(repo)
    monkeypatch.undo()
    assert other.standing() == before
    assert b"new" in names_in(repo, snapshot.tree)


def test_a_temporary_index_is_gone_after_an_error(repo: Scratch) -> None:
    opened = open_repository(str(repo.path))
    seen = []

    def fail() -> None:
        with temporary_index(opened) as index:
            seen.append(index)
            assert Path(index).read_bytes() == repo.index_bytes()
            assert os.stat(index).st_mtime_ns == os.stat(opened.index_path).st_mtime_ns
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert os.listdir(os.path.dirname(seen[0])) == []


def test_rows_of_a_status_are_read_by_path() -> None:
    z = "0" * 40
    out = (
        f"? b\0001 .M S.M. 160000 160000 160000 {z} {z} a b\0"
        f"u UU N... 1 2 3 4 {z} {z} {z} c d\0# branch.oid x\0"
    ).encode()
    assert parse_status(out) == [
        StatusRow("a b", "modified", "S.M."),
        StatusRow("b", "untracked", "N..."),
        StatusRow("c d", "conflicted", "N..."),
    ]


_NAME = st.sampled_from(["a", "b", "c d", "-e", ":f", "*", "\udcff", "sub", "out", "x.json"])
_PATH = st.lists(_NAME, min_size=1, max_size=3).map("/".join)
_STEP = st.one_of(
    st.tuples(st.just("write"), _PATH, st.binary(max_size=8)),
    st.tuples(st.just("link"), _PATH, st.just(b"")),
    st.tuples(st.just("mode"), _PATH, st.just(b"")),
    st.tuples(st.just("remove"), _PATH, st.just(b"")),
    st.tuples(st.just("add"), _PATH, st.just(b"")),
    st.tuples(st.just("commit"), st.just(""), st.just(b"")),
    st.tuples(st.just("ignore"), _NAME, st.just(b"")),
)


def _do(scratch: Scratch, step: tuple[str, str, bytes]) -> None:
    kind, path, content = step
    full = os.path.join(scratch.path, path)
    try:
        if kind == "write":
            scratch.write(path, content)
        elif kind == "link":
            os.symlink("target", full)
        elif kind == "mode":
            os.chmod(full, 0o755)  # noqa: S103
        elif kind == "remove" and os.path.isdir(full):
            shutil.rmtree(full)
        elif kind == "remove":
            os.unlink(full)
    except OSError:  # a step that does not fit what is there
        return
    if kind == "add":
        scratch.git("--literal-pathspecs", "add", "--", path, check=False)
    elif kind == "commit":
        scratch.commit()
    elif kind == "ignore":
        scratch.write(".gitignore", f"/{path}\n".encode("utf-8", "surrogateescape"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(_STEP, max_size=12), st.integers(0, 10**9))
def test_any_tree_is_taken_as_git_would_commit_it(
    repo: Scratch, tmp_path: Path, steps: list[tuple[str, str, bytes]], number: int
) -> None:
    scratch = repo.copy(tmp_path / f"random-{number}-{len(os.listdir(tmp_path))}")
    for step in steps:
        _do(scratch, step)
    before = scratch.standing()
    snapshot = take(scratch)
    assert snapshot.gaps == ()
    assert snapshot.tree == expected_tree(scratch)
    assert scratch.standing() == before
