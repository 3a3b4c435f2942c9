"""What tests of hooks share."""

import pytest

from repro.hooks import install, status


@pytest.fixture
def chaining(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has hooks installed as for a git that calls none by its configuration, whichever is here."""
    for module in (install, status):
        monkeypatch.setattr(module, "CONFIG_HOOKS_SINCE", (99, 0))
