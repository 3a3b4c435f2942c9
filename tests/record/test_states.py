"""Remembers what is recorded already."""

from pathlib import Path

import pytest

from repro.git.refs import create_ref, delete_ref
from repro.git.repository import Repository, open_repository
from repro.model.ids import Oid, RunId, run_ref
from repro.record.states import recorded_as, remember_state
from tests.repos import Scratch

_ID = RunId("20240506T070809-klmnopqr")


def _recorded(scratch: Scratch) -> Repository:
    repo = open_repository(str(scratch.path))
    create_ref(repo, run_ref(_ID), Oid(scratch.head()))
    return repo


def test_a_state_finds_its_run(repo: Scratch) -> None:
    opened = _recorded(repo)
    remember_state(opened, "abc", _ID)
    assert recorded_as(opened, "abc") == _ID
    assert recorded_as(opened, "other") is None


def test_a_run_that_was_removed_is_not_found(repo: Scratch) -> None:
    opened = _recorded(repo)
    remember_state(opened, "abc", _ID)
    delete_ref(opened, run_ref(_ID))
    assert recorded_as(opened, "abc") is None


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\0"])
def test_a_damaged_note_is_no_note(repo: Scratch, content: bytes) -> None:
    opened = _recorded(repo)
    remember_state(opened, "abc", _ID)
    Path(opened.state_dir, "states", "abc").write_bytes(content)
    assert recorded_as(opened, "abc") is None
