"""A shell of IPython in this process: what a kernel has, without its sockets."""

import atexit
import sys
from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """A shell that keeps nothing on disk."""
    # It puts its own there.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    config = Config({"HistoryManager": {"enabled": False, "hist_file": ":memory:"}})
    InteractiveShell.clear_instance()
    found = InteractiveShell.instance(config=config)
    yield found
    atexit.unregister(found.atexit_operations)
    found.atexit_operations()  # type: ignore[no-untyped-call]
    InteractiveShell.clear_instance()
