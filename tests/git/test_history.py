"""Compares real commits through GitPython."""

import os
from pathlib import Path

import pytest

from repro.git.history import FileChange, HistoryError, diffstat, patch
from repro.git.repository import open_repository
from tests.repos import Scratch


def _changed(scratch: Scratch) -> tuple[str, str]:
    before = scratch.head()
    return before, scratch.commit()


def test_a_changed_file_has_its_lines_counted(any_repo: Scratch) -> None:
    any_repo.write("params.yaml", "lr: 0.2\nlayers: 2\nnew: 1\n")
    a, b = _changed(any_repo)
    changes = diffstat(open_repository(str(any_repo.path)), a, b)
    assert changes == [FileChange("params.yaml", "M", 2, 1)]


def test_an_added_and_a_deleted_file_have_their_letters(repo: Scratch) -> None:
    repo.write("new", "1\n2\n")
    (repo.path / "params.yaml").unlink()
    changes = diffstat(open_repository(str(repo.path)), *_changed(repo))
    assert [(c.path, c.status) for c in changes] == [("new", "A"), ("params.yaml", "D")]


def test_a_renamed_file_keeps_its_old_name(repo: Scratch) -> None:
    (repo.path / "train.py").rename(repo.path / "fit.py")
    changes = diffstat(open_repository(str(repo.path)), *_changed(repo))
    assert changes == [FileChange("fit.py", "R", 0, 0, old_path="train.py")]


def test_a_binary_file_has_no_lines(repo: Scratch) -> None:
    repo.write("model", bytes(range(256)))
    changes = diffstat(open_repository(str(repo.path)), *_changed(repo))
    assert changes == [FileChange("model", "A", None, None)]


def test_a_change_of_type_is_one(repo: Scratch) -> None:
    (repo.path / "params.yaml").unlink()
    (repo.path / "params.yaml").symlink_to("train.py")
    changes = diffstat(open_repository(str(repo.path)), *_changed(repo))
    assert [(c.path, c.status) for c in changes] == [("params.yaml", "T")]


@pytest.mark.parametrize("name", [b"a b", b"-x", b":x", b"t\ta\tb", b"new\nline", b"\xff", b"*"])
def test_a_file_with_an_odd_name_is_counted(repo: Scratch, name: bytes) -> None:
    repo.write(os.fsdecode(name), "1\n")
    changes = diffstat(open_repository(str(repo.path)), *_changed(repo))
    assert changes == [FileChange(os.fsdecode(name), "A", 1, 0)]


@pytest.mark.parametrize("name", ["a b", "*", ":x", "[a]"])
def test_excluded_paths_are_literal(repo: Scratch, name: str) -> None:
    repo.write(name, "1\n")
    repo.write("other", "1\n")
    changes = diffstat(open_repository(str(repo.path)), *_changed(repo), exclude=[name])
    assert [c.path for c in changes] == ["other"]


def test_the_record_itself_is_left_out(repo: Scratch) -> None:
    repo.write(".repro/run.yaml", "x")
    repo.write("sub/.repro/run.yaml", "x")
    changes = diffstat(open_repository(str(repo.path)), *_changed(repo))
    assert [c.path for c in changes] == ["sub/.repro/run.yaml"]


def test_equal_trees_differ_in_nothing(repo: Scratch) -> None:
    opened = open_repository(str(repo.path))
    assert diffstat(opened, "HEAD", "HEAD") == []
    assert patch(opened, "HEAD", "HEAD") == ""


def test_a_patch_applies(repo: Scratch) -> None:
    repo.write("params.yaml", "lr: 0.2\n\n")
    a, b = _changed(repo)
    text = patch(open_repository(str(repo.path)), a, b)
    repo.git("checkout", "--quiet", a)
    repo.git("apply", input=text)
    assert repo.read("params.yaml") == "lr: 0.2\n\n"


def test_a_patch_is_coloured_when_asked(repo: Scratch) -> None:
    repo.write("params.yaml", "lr: 0.2\n")
    a, b = _changed(repo)
    opened = open_repository(str(repo.path))
    assert "\x1b[" in patch(opened, a, b, colour=True)
    repo.git("config", "color.ui", "always")
    assert "\x1b[" not in patch(opened, a, b)


def test_the_users_own_diff_program_is_not_called(repo: Scratch) -> None:
    repo.git("config", "diff.external", "false")
    repo.write("params.yaml", "lr: 0.2\n")
    assert "+lr: 0.2" in patch(open_repository(str(repo.path)), *_changed(repo))


def test_variables_of_another_repository_are_ignored(
    repo: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Scratch(tmp_path / "other")
    other.path.mkdir()
    other.git("init", "--quiet")
    repo.write("params.yaml", "lr: 0.2\n")
    a, b = _changed(repo)
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    assert [c.path for c in diffstat(open_repository(str(repo.path)), a, b)] == ["params.yaml"]


def test_what_is_no_commit_is_an_error_of_its_own(repo: Scratch) -> None:
    with pytest.raises(HistoryError):
        diffstat(open_repository(str(repo.path)), "HEAD", "nonsense")
