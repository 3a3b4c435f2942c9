"""What a snapshot leaves out, and says so: too large, unreadable, not of this repository."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from repro import process
from repro.git.repository import Repository, open_repository
from repro.git.snapshot import (
    LargeFile,
    Snapshot,
    take_snapshot,
)
from repro.model.run import DirtyPath
from tests.git.trees import ODD_NAMES, blob, names_in, take
from tests.repos import Scratch, make_template


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_large_file_of_any_name_is_left_out_alone(repo: Scratch, name: bytes) -> None:
    for odd in ODD_NAMES:
        repo.write(os.fsdecode(odd), b"small")
    repo.write(os.fsdecode(name), b"x" * 2000)
    snapshot = take(repo, large_bytes=1000)
    assert snapshot.large == (LargeFile(os.fsdecode(name), 2000),)
    left = {found for found in names_in(repo, snapshot.tree) if found in ODD_NAMES}
    assert left == set(ODD_NAMES) - {name}


def test_a_large_file_is_dirty_all_the_same(repo: Scratch) -> None:
    repo.write("sub/big", b"x" * 2000)
    snapshot = take(repo, large_bytes=1000)
    assert snapshot.dirty == (DirtyPath("sub/big", "untracked"),)
    assert snapshot.tree == repo.git("rev-parse", "HEAD^{tree}")


def test_a_large_file_in_a_repository_without_commits_is_left_out(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path / "empty")
    scratch.path.mkdir()
    scratch.git("init", "--quiet")
    scratch.write("big", b"x" * 2000)
    snapshot = take(scratch, large_bytes=1000)
    assert snapshot.large == (LargeFile("big", 2000),)
    assert names_in(scratch, snapshot.tree) == set()


def test_a_large_file_that_git_tracks_is_code(repo: Scratch) -> None:
    repo.write("big", b"x" * 2000)
    repo.commit()
    repo.write("big", b"y" * 2000)
    snapshot = take(repo, large_bytes=1000)
    assert snapshot.large == ()
    assert blob(repo, snapshot.tree, "big") == b"y" * 2000


def test_a_tracked_directory_replaced_by_a_large_file_is_gone(repo: Scratch) -> None:
    repo.write("data/a", "x")
    repo.commit()
    shutil.rmtree(repo.path / "data")
    repo.write("data", b"x" * 2000)
    snapshot = take(repo, large_bytes=1000)
    assert not [name for name in names_in(repo, snapshot.tree) if name.startswith(b"data")]


@pytest.mark.parametrize("has_commits", [True, False])
def test_a_repository_inside_is_a_gap(repo: Scratch, has_commits: bool) -> None:
    make_template(repo.path / "vendor" / "lib", unborn=not has_commits)
    repo.write("vendor/other", "x")
    snapshot = take(repo)
    assert [gap.subject for gap in snapshot.gaps] == ["vendor/lib/"]
    assert b"vendor/other" in names_in(repo, snapshot.tree)
    assert not [n for n in names_in(repo, snapshot.tree) if n.startswith(b"vendor/lib")]


@pytest.mark.parametrize("is_staged", [True, False])
def test_a_tracked_file_replaced_by_a_repository_is_a_gap(repo: Scratch, is_staged: bool) -> None:
    (repo.path / "params.yaml").unlink()
    make_template(repo.path / "params.yaml")
    if is_staged:
        repo.git("add", "params.yaml")
    assert [gap.subject for gap in take(repo).gaps] == ["params.yaml"]


def _with_submodule(scratch: Scratch, other: Scratch) -> None:
    scratch.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.path), "sub"
    )
    scratch.commit("sub")


def test_a_clean_submodule_is_its_commit(repo: Scratch, tmp_path: Path) -> None:
    _with_submodule(repo, repo.copy(tmp_path / "other"))
    snapshot = take(repo)
    assert snapshot == Snapshot(open_repository(str(repo.path)).head_tree, (), (), ())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["params.yaml", "untracked"])
def test_a_dirty_submodule_is_a_gap(repo: Scratch, tmp_path: Path, name: str) -> None:
    _with_submodule(repo, repo.copy(tmp_path / "other"))
    repo.write(f"sub/{name}", "changed\n")
    snapshot = take(repo)
    assert [gap.subject for gap in snapshot.gaps] == ["sub"]
    assert snapshot.tree == repo.git("rev-parse", "HEAD^{tree}")


def test_a_submodule_at_another_commit_is_that_commit(repo: Scratch, tmp_path: Path) -> None:
    _with_submodule(repo, repo.copy(tmp_path / "other"))
    commit = Scratch(repo.path / "sub").commit("moved")
    snapshot = take(repo)
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
    snapshot = take(repo)
    assert [gap.subject for gap in snapshot.gaps] == ["params.yaml"]
    assert b"new" in names_in(repo, snapshot.tree)
