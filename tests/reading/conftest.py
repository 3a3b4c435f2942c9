"""A repository to put runs into, the current directory of the test."""

import pytest

from tests.cli.recorded import Shelf
from tests.cli.recorded import shelf as make_shelf
from tests.repos import Scratch


@pytest.fixture
def shelf(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    return make_shelf(repo, monkeypatch)
