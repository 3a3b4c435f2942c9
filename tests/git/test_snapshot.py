"""Takes snapshots of real working trees, and asks git what it would have committed."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro import process
from repro.git.repository import GitError, Repository, open_repository
from repro.git.snapshot import (
    LargeFile,
    Snapshot,
    StatusRow,
    parse_status,
    take_snapshot,
    temporary_index,
)
from repro.model.run import DirtyPath
from tests.repos import Scratch, make_template


def _take(scratch: Scratch, *, large_bytes: int = 10 * 2**20) -> Snapshot:
    return take_snapshot(open_repository(str(scratch.path)), large_bytes=large_bytes)


def _expected(scratch: Scratch) -> str:
    """Returns the tree that ``git add -A`` and a commit would make, worked out in a copy."""
    copy = scratch.copy(scratch.path.with_name("expected"))
    try:
        # A copy has other inodes; what is unchanged must be hashed again, not believed.
        copy.git("add", "-A")
        return copy.git("write-tree")
    finally:
        shutil.rmtree(copy.path)


def _names(scratch: Scratch, tree: str) -> set[bytes]:
    out = scratch.git("ls-tree", "-rz", "--name-only", "--full-tree", tree, binary=True)
    return set(out.split(b"\0")[:-1])


def _blob(scratch: Scratch, tree: str, path: str) -> bytes:
    return scratch.git("cat-file", "blob", f"{tree}:{path}", binary=True)


def _all_git_files(scratch: Scratch) -> set[str]:
    """Returns what lies in the git directory, objects left out."""
    found = set()
    for directory, names, files in os.walk(scratch.git("rev-parse", "--absolute-git-dir")):
        if "objects" in names:
            names.remove("objects")
        found |= {os.path.join(directory, name) for name in files}
    return found


def test_a_clean_tree_is_heads(any_repo: Scratch) -> None:
    snapshot = _take(any_repo)
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
    snapshot = _take(any_repo)
    assert snapshot.dirty == (expected,)
    any_repo.commit()
    assert snapshot.tree == any_repo.git("rev-parse", "HEAD^{tree}")


def test_what_the_file_holds_counts_not_what_was_staged(repo: Scratch) -> None:
    repo.write("params.yaml", "staged: 1\n")
    repo.git("add", "params.yaml")
    repo.write("params.yaml", "then: changed\n")
    snapshot = _take(repo)
    assert _blob(repo, snapshot.tree, "params.yaml") == b"then: changed\n"
    assert snapshot.dirty == (DirtyPath("params.yaml", "modified"),)


def test_a_file_staged_and_then_deleted_is_not_there(repo: Scratch) -> None:
    repo.write("gone", "x")
    repo.git("add", "gone")
    (repo.path / "gone").unlink()
    assert _take(repo).tree == repo.git("rev-parse", "HEAD^{tree}")


def test_a_file_removed_from_the_index_alone_is_still_there(repo: Scratch) -> None:
    repo.git("rm", "--quiet", "--cached", "params.yaml")
    assert b"params.yaml" in _names(repo, _take(repo).tree)


def test_a_file_to_be_added_later_is_there(repo: Scratch) -> None:
    repo.write("later", "x")
    repo.git("add", "--intent-to-add", "later")
    snapshot = _take(repo)
    assert _blob(repo, snapshot.tree, "later") == b"x"
    assert snapshot.dirty == (DirtyPath("later", "added"),)


def test_a_file_may_become_a_directory_and_a_directory_a_file(repo: Scratch) -> None:
    repo.write("dir/a", "x")
    repo.commit()
    shutil.rmtree(repo.path / "dir")
    repo.write("dir", "now a file")
    (repo.path / "params.yaml").unlink()
    repo.write("params.yaml/inner", "now below a directory")
    snapshot = _take(repo)
    assert snapshot.tree == _expected(repo)
    assert {b"dir", b"params.yaml/inner"} <= _names(repo, snapshot.tree)


def test_a_file_replaced_by_a_link_is_a_link(repo: Scratch) -> None:
    (repo.path / "params.yaml").unlink()
    (repo.path / "params.yaml").symlink_to("train.py")
    snapshot = _take(repo)
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
    snapshot = _take(repo)
    assert snapshot.dirty == (DirtyPath("params.yaml", "conflicted"),)
    assert b"<<<<<<<" in _blob(repo, snapshot.tree, "params.yaml")
    assert repo.standing() == before


def test_ignored_files_are_not_code(repo: Scratch) -> None:
    repo.write("out/model", "x")
    repo.write("metrics.json", "{}")
    repo.write(".git/info/exclude", "/mine\n")
    repo.write("mine", "x")
    assert _take(repo).tree == repo.git("rev-parse", "HEAD^{tree}")


def test_a_tracked_file_that_is_ignored_is_code(repo: Scratch) -> None:
    repo.write("metrics.json", "{}")
    repo.git("add", "--force", "metrics.json")
    repo.commit()
    repo.write("metrics.json", '{"a": 1}')
    assert _blob(repo, _take(repo).tree, "metrics.json") == b'{"a": 1}'


def test_gits_filters_hold(repo: Scratch) -> None:
    repo.write(".gitattributes", "*.txt text eol=crlf\n")
    repo.write("a.txt", b"one\r\ntwo\r\n")
    assert _blob(repo, _take(repo).tree, "a.txt") == b"one\ntwo\n"


def test_line_endings_that_git_would_refuse_are_no_reason_to_refuse(repo: Scratch) -> None:
    repo.git("config", "core.autocrlf", "input")
    repo.git("config", "core.safecrlf", "true")
    repo.write("windows", b"a\r\nb\r\n")
    assert b"windows" in _names(repo, _take(repo).tree)


_ODD = [
    *(b" lead", b"trail ", b"two  spaces", b"new\nline", b"tab\there", b'"quoted"', b"back\\slash"),
    *(b":(top)a", b":a", b":!a", b":^a", b":", b"-rf", b"--", b"*", b"?", b"[ab]", b"a*b", b"#x"),
    *(b"!bang", b"\xff\xfe", b"caf\xc3\xa9", b"cafe\xcc\x81", b"$HOME", b"`x`", b"~", b"a" * 255),
]


def test_names_of_every_kind_are_in_the_tree(any_repo: Scratch) -> None:
    for name in _ODD:
        any_repo.write(os.fsdecode(name), name)
        any_repo.write(os.fsdecode(b"sub" + name[:200] + b"/" + name), name)
    snapshot = _take(any_repo)
    assert set(_ODD) <= _names(any_repo, snapshot.tree)
    assert len(snapshot.dirty) == 2 * len(_ODD)
    assert {path.path for path in snapshot.dirty} >= {os.fsdecode(name) for name in _ODD}
    assert snapshot.gaps == ()


@pytest.mark.parametrize("name", _ODD)
def test_a_large_file_of_any_name_is_left_out_alone(repo: Scratch, name: bytes) -> None:
    for odd in _ODD:
        repo.write(os.fsdecode(odd), b"small")
    repo.write(os.fsdecode(name), b"x" * 2000)
    snapshot = _take(repo, large_bytes=1000)
    assert snapshot.large == (LargeFile(os.fsdecode(name), 2000),)
    left = {found for found in _names(repo, snapshot.tree) if found in _ODD}
    assert left == set(_ODD) - {name}


def test_a_large_file_is_dirty_all_the_same(repo: Scratch) -> None:
    repo.write("sub/big", b"x" * 2000)
    snapshot = _take(repo, large_bytes=1000)
    assert snapshot.dirty == (DirtyPath("sub/big", "untracked"),)
    assert snapshot.tree == repo.git("rev-parse", "HEAD^{tree}")


def test_a_large_file_in_a_repository_without_commits_is_left_out(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path / "empty")
    scratch.path.mkdir()
    scratch.git("init", "--quiet")
    scratch.write("big", b"x" * 2000)
    snapshot = _take(scratch, large_bytes=1000)
    assert snapshot.large == (LargeFile("big", 2000),)
    assert _names(scratch, snapshot.tree) == set()


def test_a_large_file_that_git_tracks_is_code(repo: Scratch) -> None:
    repo.write("big", b"x" * 2000)
    repo.commit()
    repo.write("big", b"y" * 2000)
    snapshot = _take(repo, large_bytes=1000)
    assert snapshot.large == ()
    assert _blob(repo, snapshot.tree, "big") == b"y" * 2000


def test_a_tracked_directory_replaced_by_a_large_file_is_gone(repo: Scratch) -> None:
    repo.write("data/a", "x")
    repo.commit()
    shutil.rmtree(repo.path / "data")
    repo.write("data", b"x" * 2000)
    snapshot = _take(repo, large_bytes=1000)
    assert not [name for name in _names(repo, snapshot.tree) if name.startswith(b"data")]


@pytest.mark.parametrize("has_commits", [True, False])
def test_a_repository_inside_is_a_gap(repo: Scratch, has_commits: bool) -> None:
    make_template(repo.path / "vendor" / "lib", unborn=not has_commits)
    repo.write("vendor/other", "x")
    snapshot = _take(repo)
    assert [gap.subject for gap in snapshot.gaps] == ["vendor/lib/"]
    assert b"vendor/other" in _names(repo, snapshot.tree)
    assert not [n for n in _names(repo, snapshot.tree) if n.startswith(b"vendor/lib")]


@pytest.mark.parametrize("is_staged", [True, False])
def test_a_tracked_file_replaced_by_a_repository_is_a_gap(repo: Scratch, is_staged: bool) -> None:
    (repo.path / "params.yaml").unlink()
    make_template(repo.path / "params.yaml")
    if is_staged:
        repo.git("add", "params.yaml")
    assert [gap.subject for gap in _take(repo).gaps] == ["params.yaml"]


def _with_submodule(scratch: Scratch, other: Scratch) -> None:
    scratch.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.path), "sub"
    )
    scratch.commit("sub")


def test_a_clean_submodule_is_its_commit(repo: Scratch, tmp_path: Path) -> None:
    _with_submodule(repo, repo.copy(tmp_path / "other"))
    snapshot = _take(repo)
    assert snapshot == Snapshot(open_repository(str(repo.path)).head_tree, (), (), ())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["params.yaml", "untracked"])
def test_a_dirty_submodule_is_a_gap(repo: Scratch, tmp_path: Path, name: str) -> None:
    _with_submodule(repo, repo.copy(tmp_path / "other"))
    repo.write(f"sub/{name}", "changed\n")
    snapshot = _take(repo)
    assert [gap.subject for gap in snapshot.gaps] == ["sub"]
    assert snapshot.tree == repo.git("rev-parse", "HEAD^{tree}")


def test_a_submodule_at_another_commit_is_that_commit(repo: Scratch, tmp_path: Path) -> None:
    _with_submodule(repo, repo.copy(tmp_path / "other"))
    commit = Scratch(repo.path / "sub").commit("moved")
    snapshot = _take(repo)
    assert repo.git("rev-parse", f"{snapshot.tree}:sub") == commit
    assert snapshot.gaps == ()


def _as_nobody(scratch: Scratch, check: Callable[[Repository], None]) -> int:
    """Runs a check as a user who may not read everything, in a copy that this user owns."""
    with tempfile.TemporaryDirectory() as place:  # pytest's own directory is closed to others
        os.chmod(place, 0o755)  # noqa: S103
        return _in_child(scratch.copy(Path(place) / "repo"), check)


def _in_child(scratch: Scratch, check: Callable[[Repository], None]) -> int:
    for directory, names, files in os.walk(scratch.path):
        for name in (".", *names, *files):
            os.lchown(os.path.join(directory, name), 65534, 65534)
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            check(open_repository(str(scratch.path)))
            code = 0
        except AssertionError as error:
            os.write(2, f"{error}\n".encode())
            code = 1
        finally:
            os._exit(code)
    return process.exit_code_of(os.waitpid(pid, 0)[1])


root_only = pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")


@root_only
def test_an_unreadable_file_is_one_gap_and_the_rest_is_there(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    repo.write("new", "x")
    repo.write("secret", "x", mode=0)
    repo.write("params.yaml", "x", mode=0)

    def check(opened: Repository) -> None:
        snapshot = take_snapshot(opened)
        subjects = [(gap.subject, gap.reason) for gap in snapshot.gaps]
        reason = "git could not read it: Permission denied"
        assert subjects == [("params.yaml", reason), ("secret", reason)]
        out = opened.git("ls-tree", "--name-only", snapshot.tree).split()
        assert out == [b".gitignore", b"new", b"params.yaml", b"train.py"]

    assert _as_nobody(repo, check) == 0


@root_only
@pytest.mark.parametrize("is_clean", [True, False])
def test_an_unreadable_directory_is_a_gap(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch, is_clean: bool
) -> None:
    monkeypatch.chdir("/")
    repo.write("closed/x", "x")
    (repo.path / "closed").chmod(0)
    if not is_clean:
        repo.write("new", "x")

    def check(opened: Repository) -> None:
        gaps = take_snapshot(opened).gaps
        assert [gap.subject for gap in gaps] == ["closed/"], gaps

    assert _as_nobody(repo, check) == 0


def test_a_tracked_file_replaced_by_a_pipe_is_a_gap(repo: Scratch) -> None:
    (repo.path / "params.yaml").unlink()
    os.mkfifo(repo.path / "params.yaml")
    repo.write("new", "x")
    snapshot = _take(repo)
    assert [gap.subject for gap in snapshot.gaps] == ["params.yaml"]
    assert b"new" in _names(repo, snapshot.tree)


def test_a_locked_index_does_not_matter(any_repo: Scratch) -> None:
    any_repo.write("new", "x")
    lock = Path(any_repo.git("rev-parse", "--absolute-git-dir")) / "index.lock"
    lock.write_text("held by somebody")
    assert b"new" in _names(any_repo, _take(any_repo).tree)
    assert lock.read_text() == "held by somebody"


def test_an_edit_that_stat_cannot_see_is_seen(repo: Scratch) -> None:
    for number in range(20):
        repo.write("racy", f"before {number:02}\n")
        repo.git("add", "racy")
        repo.write("racy", f"after! {number:02}\n")  # of the same size, in the same moment
        expected = f"after! {number:02}\n".encode()
        assert _blob(repo, _take(repo).tree, "racy") == expected


def test_the_users_index_head_files_and_status_stay_as_they_were(any_repo: Scratch) -> None:
    any_repo.write("params.yaml", "staged\n")
    any_repo.git("add", "params.yaml")
    any_repo.write("params.yaml", "changed\n")
    any_repo.write("new", "x")
    (any_repo.path / "train.py").touch()
    before = any_repo.standing()
    _take(any_repo)
    assert any_repo.standing() == before


@pytest.mark.parametrize("is_split", [True, False])
def test_nothing_but_objects_is_left_behind(any_repo: Scratch, is_split: bool) -> None:
    if is_split:
        any_repo.git("config", "core.splitIndex", "true")
        any_repo.git("config", "splitIndex.maxPercentChange", "0")
        any_repo.git("update-index", "--split-index")
    any_repo.write("new", "x")
    before = _all_git_files(any_repo)
    snapshot = _take(any_repo)
    assert _all_git_files(any_repo) == before
    assert b"new" in _names(any_repo, snapshot.tree)


def test_nothing_is_left_behind_when_git_fails(repo: Scratch) -> None:
    repo.write("new", "x")
    before = _all_git_files(repo)
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
    assert _all_git_files(repo) == before


def test_files_outside_a_sparse_checkout_stay_in_the_tree(repo: Scratch) -> None:
    repo.write("in/a", "x")
    repo.write("away/b", "x")
    repo.commit()
    repo.git("sparse-checkout", "set", "in")
    assert not (repo.path / "away").exists()
    repo.write("in/new", "x")
    repo.write("away/new", "written where git had none")
    snapshot = _take(repo)
    assert {b"in/new", b"away/b", b"away/new"} <= _names(repo, snapshot.tree)


def test_a_branch_without_commits_has_a_tree(unborn_repo: Scratch) -> None:
    snapshot = _take(unborn_repo)
    assert _names(unborn_repo, snapshot.tree) == {b".gitignore", b"params.yaml", b"train.py"}
    assert {path.change for path in snapshot.dirty} == {"untracked"}
    assert unborn_repo.index_bytes() == b""


def test_an_empty_repository_has_the_empty_tree(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path / "empty")
    scratch.path.mkdir()
    scratch.git("init", "--quiet")
    assert _names(scratch, _take(scratch).tree) == set()


def test_a_snapshot_from_a_subdirectory_is_of_the_whole_tree(repo: Scratch) -> None:
    repo.write("sub/a", "x")
    repo.write("beside", "x")
    snapshot = take_snapshot(open_repository(str(repo.path / "sub")))
    assert {b"sub/a", b"beside"} <= _names(repo, snapshot.tree)


def test_hidden_untracked_files_are_shown_to_us(repo: Scratch) -> None:
    repo.git("config", "status.showUntrackedFiles", "no")
    repo.write("new", "x")
    assert b"new" in _names(repo, _take(repo).tree)


def test_variables_of_a_hook_do_not_lead_elsewhere(
    repo: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = repo.copy(tmp_path / "other")
    repo.write("new", "x")
    before = other.standing()
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git" / "index"))
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    snapshot = _take(repo)
    monkeypatch.undo()
    assert other.standing() == before
    assert b"new" in _names(repo, snapshot.tree)


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
    snapshot = _take(scratch)
    assert snapshot.gaps == ()
    assert snapshot.tree == _expected(scratch)
    assert scratch.standing() == before
