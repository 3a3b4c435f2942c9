from pathlib import Path

import pytest

from repro.environment.pyenv import behind_shim


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A pyenv with two versions."""
    for version in ("3.11.7", "3.12.1"):
        python = tmp_path / "pyenv" / "versions" / version / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.touch(mode=0o755)
    (tmp_path / "pyenv" / "shims").mkdir()
    (tmp_path / "pyenv" / "version").write_text("3.11.7\n")
    return tmp_path / "pyenv"


def chosen(root: Path, directory: Path, **env: str) -> str:
    found = behind_shim(str(root / "shims" / "python"), directory=str(directory), env=env)
    return str(Path(found).relative_to(root))


def test_the_global_version(root: Path, tmp_path: Path) -> None:
    assert chosen(root, tmp_path) == "versions/3.11.7/bin/python"


def test_the_nearest_file_goes_before_the_global_version(root: Path, tmp_path: Path) -> None:
    (tmp_path / ".python-version").write_text("# ours\n3.12.1\n")

    assert chosen(root, tmp_path / "deep" / "down") == "versions/3.12.1/bin/python"


def test_the_variable_goes_before_files(root: Path, tmp_path: Path) -> None:
    (tmp_path / ".python-version").write_text("3.11.7\n")

    assert chosen(root, tmp_path, PYENV_VERSION="3.12.1") == "versions/3.12.1/bin/python"


def test_a_version_that_is_not_installed_leaves_the_choice_to_the_shim(
    root: Path, tmp_path: Path
) -> None:
    assert chosen(root, tmp_path, PYENV_VERSION="3.13") == "shims/python"


def test_what_is_no_shim_stays(tmp_path: Path) -> None:
    assert behind_shim("/usr/bin/python3", directory=str(tmp_path), env={}) == "/usr/bin/python3"
