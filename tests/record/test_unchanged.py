"""Knows a workspace that is still what it was."""

import os
from pathlib import Path

import pytest

from repro.git.repository import open_repository
from repro.git.snapshot import STATUS
from repro.model.ids import RunId
from repro.record.unchanged import note_recorded, recorded_unchanged
from tests.repos import Scratch

_ID = RunId("20240506T070809-klmnopqr")
_LATER_NS = 1 << 62


def note(
    repo: Scratch, *witnesses: Path, env: dict[str, str] | None = None, now_ns: int = _LATER_NS
) -> None:
    opened = open_repository(str(repo.path))
    note_recorded(
        opened,
        _ID,
        status=opened.git(*STATUS),
        witnesses=[str(path) for path in witnesses],
        env=env or {},
        now_ns=now_ns,
    )


def known(repo: Scratch, *, env: dict[str, str] | None = None, below: str = ".") -> RunId | None:
    opened = open_repository(str(repo.path / below))
    return recorded_unchanged(opened, status=lambda: opened.git(*STATUS), env=env or {})


def test_an_unchanged_workspace_is_known(repo: Scratch, tmp_path: Path) -> None:
    witness = tmp_path / "caf\udce9"
    witness.write_text("x")
    repo.write("untracked.txt", "x")
    note(repo, witness, Path("/none"), env={"A": "1"})

    assert known(repo, env={"A": "1", "PWD": "/elsewhere"}) == _ID


@pytest.mark.parametrize("path", ["train.py", "untracked.txt", "new.txt"])
def test_a_change_to_any_file_is_a_change(repo: Scratch, path: str) -> None:
    repo.write("untracked.txt", "x")
    repo.write("train.py", "x")
    note(repo)

    repo.write(path, "y")

    assert known(repo) is None


def test_the_same_bytes_written_again_are_looked_at(repo: Scratch) -> None:
    repo.write("train.py", "x")
    note(repo)

    os.utime(repo.path / "train.py", ns=(1, 1))

    assert known(repo) is None


def test_another_commit_of_the_same_tree_is_a_change(repo: Scratch) -> None:
    note(repo)

    repo.commit("empty")

    assert known(repo) is None


def test_another_environment_or_directory_is_a_change(repo: Scratch) -> None:
    (repo.path / "sub").mkdir()
    note(repo, env={"A": "1"})

    assert known(repo, env={"A": "2"}) is None
    assert known(repo, env={"A": "1"}, below="sub") is None


def test_a_witness_that_was_touched_made_or_removed_is_a_change(
    repo: Scratch, tmp_path: Path
) -> None:
    here, absent = tmp_path / "here", tmp_path / "absent"
    for change in (here.unlink, lambda: here.write_text("yy"), absent.touch):
        here.write_text("x")
        absent.unlink(missing_ok=True)
        note(repo, here, absent)
        assert known(repo) == _ID
        change()
        assert known(repo) is None


def test_a_file_changed_just_before_is_not_trusted(repo: Scratch) -> None:
    repo.write("train.py", "x")
    changed_ns = os.stat(repo.path / "train.py").st_mtime_ns

    note(repo, now_ns=changed_ns + 1_000_000)

    assert known(repo) is None


@pytest.mark.parametrize("content", [b"", b"\0", b"a\0b\0c", b"\xff" * 30])
def test_a_damaged_note_is_no_note(repo: Scratch, content: bytes) -> None:
    note(repo)
    (kept,) = Path(open_repository(str(repo.path)).state_dir, "unchanged").iterdir()

    kept.write_bytes(content)

    assert known(repo) is None


def test_a_note_that_cannot_be_written_is_no_loss(repo: Scratch) -> None:
    state = Path(open_repository(str(repo.path)).state_dir)
    state.mkdir(exist_ok=True)
    (state / "unchanged").write_text("a file in its place")

    note(repo)

    assert known(repo) is None
