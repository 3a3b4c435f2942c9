"""What is known of remotes."""

from pathlib import Path

import pytest

from repro.model.ids import RunId
from repro.store.shared import Shared, forget_shared, note_shared, read_shared, shared_with
from tests.store.conftest import Shelf

RUN = RunId("20240506T070809-kkkkkkkk")


@pytest.mark.parametrize("name", ["origin", "../up", "git@host:a/b.git"])
def test_what_was_noted_is_known(shelf: Shelf, name: str) -> None:
    assert read_shared(shelf.repo, name) == Shared(name)
    shared = Shared(name, frozenset({RUN}), {"s3": frozenset({"0" * 32})})
    note_shared(shelf.repo, shared)
    assert read_shared(shelf.repo, name) == shared
    assert shared_with(shelf.repo) == [shared]
    assert [path.parent.name for path in Path(shelf.repo.state_dir).rglob("*.json")] == ["remotes"]
    forget_shared(shelf.repo, name)
    assert shared_with(shelf.repo) == []


@pytest.mark.parametrize("text", ["", "[]", '{"remote": 1}', '{"runs": {}, "data": []}'])
def test_a_damaged_note_is_as_good_as_none(shelf: Shelf, text: str) -> None:
    note_shared(shelf.repo, Shared("origin", frozenset({RUN})))
    [path] = Path(shelf.repo.state_dir).rglob("*.json")
    path.write_text(text)
    assert read_shared(shelf.repo, "origin") == Shared("origin")
    assert shared_with(shelf.repo) == []
