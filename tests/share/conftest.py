"""Two clones and the repository between them."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repos import Scratch
from tests.share.clones import Lab, make_hub


@pytest.fixture
def lab(repo: Scratch, tmp_path: Path) -> Lab:
    """A bare repository and two clones of it."""
    return make_hub(repo, tmp_path)


@pytest.fixture(params=["plain", "sha256"])
def any_lab(request: pytest.FixtureRequest, tmp_path: Path) -> Lab:
    """The same, with either kind of object ids."""
    name = {"plain": "repo", "sha256": "sha256_repo"}[request.param]
    found: Scratch = request.getfixturevalue(name)
    return make_hub(found, tmp_path)


@pytest.fixture
def read_only_hub(lab: Lab) -> Iterator[None]:
    """Has the hub be read-only for a while, to root too where the file system can."""
    objects = lab.hub.path / "objects"
    if os.geteuid() == 0:
        if not make_immutable(objects, on=True):
            pytest.skip("root can write everywhere, and this file system has no chattr +i")
        yield
        make_immutable(objects, on=False)
        return
    objects.chmod(0o555)
    yield
    objects.chmod(0o755)


def make_immutable(path: Path, *, on: bool) -> bool:
    """Sets or clears the flag that stops even root; returns whether that was possible."""
    chattr = shutil.which("chattr")
    if chattr is None:
        return False
    argv = (chattr, "+i" if on else "-i", str(path))
    done = subprocess.run(argv, capture_output=True, check=False)
    return done.returncode == 0
