"""An environment that was observed, and variables without this machine's settings."""

import os

import pytest

from repro.environment.observe import observe
from repro.environment.probe import probe
from repro.model.environment import Environment
from repro.secrets.redactor import Redactor
from tests.environment.pythons import make_venv


@pytest.fixture(scope="session")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A virtual environment with two packages."""
    directory = tmp_path_factory.mktemp("observed")
    python = make_venv(directory / "venv", "six==1.17.0", "click==8.1.7")
    environment, _ = observe(
        probe(python, env={}),
        variables={},
        cache_dir=str(directory / "cache"),
        redactor=Redactor(b"k"),
    )
    return environment


@pytest.fixture
def env() -> dict[str, str]:
    """The test's variables, without this machine's settings of pip."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return {**kept, "PIP_CONFIG_FILE": os.devnull}
