"""Fixtures of the data tests."""

from pathlib import Path

import pytest

from tests.data.shop import Shop, make_shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """An empty object store with its stat cache."""
    return make_shop(tmp_path / "shop")
