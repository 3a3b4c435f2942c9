"""An index of the test's own, uv set up for it with a cache of its own, and a recorded run."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from repro.model.run import Record
from tests.environment.pythons import make_venv
from tests.rebuild.records import record_of
from tests.rebuild.wheels import Index, serve


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An index with three packages."""
    with serve(tmp_path / "index") as served:
        for name in ("alpha", "beta", "gamma-x"):
            served.add(name)
        yield served


@pytest.fixture
def env(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The user's variables: uv has that index, and an empty cache."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    return dict(os.environ)


@pytest.fixture
def original(env: dict[str, str], tmp_path: Path) -> Path:
    """The environment of the run: a virtual one with the three packages."""
    del env  # uv is set up by it
    make_venv(tmp_path / "original", "alpha", "beta", "gamma-x")
    return tmp_path / "original"


@pytest.fixture
def record(original: Path, env: dict[str, str], tmp_path: Path) -> Record:
    """The record of a run there."""
    return record_of(f"{original}/bin/python", env=env, cache=tmp_path / "cache")
