"""Runs to break."""

import pytest

from tests.fsck.broken import Ward, make_ward
from tests.repos import Scratch


@pytest.fixture
def ward(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Ward:
    """A repository with three runs."""
    return make_ward(repo, monkeypatch)
