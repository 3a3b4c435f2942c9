"""A repository to rewrite the history of."""

import pytest

from tests.lineage.history import History
from tests.repos import Scratch


@pytest.fixture
def history(repo: Scratch) -> History:
    """A repository with one commit, and no run."""
    return History(repo)


@pytest.fixture
def any_history(any_repo: Scratch) -> History:
    """Each kind of repository."""
    return History(any_repo)
