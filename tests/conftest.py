"""What every test stands on: a sealed-off environment and ready-made repositories."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.repos import Scratch, make_dvc_template, make_template

# The same examples on every run: a red test is always the change's own. By hand, to look further:
# HYPOTHESIS_PROFILE=deep pytest tests/model
settings.register_profile("default", max_examples=50, derandomize=True, deadline=None)
settings.register_profile("deep", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# Asked before HOME moves: with a cache of its own each test would fetch its packages again.
_UV_CACHE = os.environ.get("UV_CACHE_DIR") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "uv"
)

_FIXED = {
    "DVC_NO_ANALYTICS": "1",
    "GIT_AUTHOR_DATE": "2024-05-06T07:08:09+00:00",
    "GIT_AUTHOR_EMAIL": "author@example.org",
    "GIT_AUTHOR_NAME": "Test Author",
    "GIT_COMMITTER_DATE": "2024-05-06T07:08:09+00:00",
    "GIT_COMMITTER_EMAIL": "author@example.org",
    "GIT_COMMITTER_NAME": "Test Author",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "UV_CACHE_DIR": _UV_CACHE,
    # uv's own default shares files with its cache: a test that edits one would spoil it for all.
    "UV_LINK_MODE": "copy",
}
_DROPPED_PREFIXES = ("CONDA", "DVC_", "GIT_", "LC_", "MLFLOW_", "REPRO_", "XDG_")
_DROPPED = (
    # What decides how output looks, and what names another environment or editor than the tests'.
    *("CI", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "EDITOR", "FORCE_COLOR", "LANG", "LANGUAGE"),
    *(
        "LINES",
        "NO_COLOR",
        "PAGER",
        "PYTHONPYCACHEPREFIX",
        "PYTHONSTARTUP",
        "VIRTUAL_ENV",
        "VISUAL",
    ),
)


def _seal(patch: pytest.MonkeyPatch, home: Path) -> None:
    for name in list(os.environ):
        if name.startswith(_DROPPED_PREFIXES) or name in _DROPPED:
            patch.delenv(name)
    for name, value in _FIXED.items():
        patch.setenv(name, value)
    patch.setenv("HOME", str(home))
    patch.setenv("DVC_SITE_CACHE_DIR", str(home / "dvc-site-cache"))
    for kind in ("CACHE", "CONFIG", "DATA", "STATE"):
        patch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))


@pytest.fixture(scope="session", autouse=True)
def _hermetic_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Seals the environment for the session's own fixtures."""
    with pytest.MonkeyPatch.context() as patch:
        _seal(patch, tmp_path_factory.mktemp("session-home"))
        yield


@pytest.fixture(autouse=True)
def _hermetic(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Gives each test a home of its own, and a current directory that is no repository."""
    home = tmp_path_factory.mktemp("home")
    _seal(monkeypatch, home)
    monkeypatch.chdir(home)
    yield
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def _templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("templates")


@pytest.fixture(scope="session")
def _template(_templates: Path) -> Scratch:
    return make_template(_templates / "plain")


@pytest.fixture(scope="session")
def _sha256_template(_templates: Path) -> Scratch:
    return make_template(_templates / "sha256", hash_name="sha256")


@pytest.fixture(scope="session")
def _dvc_template(_templates: Path) -> Scratch:
    return make_dvc_template(_templates / "dvc")


@pytest.fixture
def repo(_template: Scratch, tmp_path: Path) -> Scratch:
    """A repository with one commit and a clean tree."""
    return _template.copy(tmp_path / "repo")


@pytest.fixture
def sha256_repo(_sha256_template: Scratch, tmp_path: Path) -> Scratch:
    """The same with SHA-256 objects."""
    return _sha256_template.copy(tmp_path / "repo")


@pytest.fixture
def unborn_repo(tmp_path: Path) -> Scratch:
    """The same files, untracked, in a repository without a commit."""
    return make_template(tmp_path / "repo", unborn=True)


@pytest.fixture
def worktree_repo(repo: Scratch, tmp_path: Path) -> Scratch:
    """A linked working tree of `repo`, on the branch ``side``."""
    return repo.worktree(tmp_path / "side")


@pytest.fixture
def dvc_repo(_dvc_template: Scratch, tmp_path: Path) -> Scratch:
    """A repository with data in DVC; its remote lies beside it, in ``../remote``."""
    shutil.copytree(_dvc_template.path.parent / "remote", tmp_path / "remote")
    return _dvc_template.copy(tmp_path / "repo")


@pytest.fixture(params=["plain", "sha256", "worktree"])
def any_repo(request: pytest.FixtureRequest) -> Scratch:
    """Each kind of repository that must behave the same."""
    name = {"plain": "repo", "sha256": "sha256_repo", "worktree": "worktree_repo"}[request.param]
    found: Scratch = request.getfixturevalue(name)
    return found
