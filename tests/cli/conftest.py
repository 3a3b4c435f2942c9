"""A run in an environment of two small packages, for the commands that build it again."""

from pathlib import Path

import pytest

from tests.cli.lab import Lab, make_lab


@pytest.fixture(scope="session")
def _lab_template(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return make_lab(tmp_path_factory.mktemp("lab"))


@pytest.fixture
def lab(_lab_template: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """The repository with its run, the test's own; the environment and the wheels are shared."""
    found = _lab_template._replace(repo=_lab_template.repo.copy(tmp_path / "repo"))
    for name, value in found.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(found.repo.path)
    return found
