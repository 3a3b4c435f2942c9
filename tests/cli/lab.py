"""A run in an environment of two small packages from a directory of wheels, without a network."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from repro.environment.ask_uv import find_uv
from tests.environment.pythons import install, make_venv
from tests.rebuild.wheels import make_wheel, write_project
from tests.repos import Completed, Scratch, run_program

__all__ = ["RUN", "Lab", "make_lab"]

RUN = "first"
_TRAIN = """\
import json
import os

import alpha
import beta

print(alpha.version, beta.version, os.path.basename(os.getcwd()))
with open("metrics.json", "w") as file:
    json.dump({"accuracy": 0.9}, file)
"""


class Lab(NamedTuple):
    """A repository with one run.

    Attributes:
        repo: The repository.
        python: Interpreter of the environment that the run had.
        wheels: The directory that its packages came from.
    """

    repo: Scratch
    python: str
    wheels: Path

    @property
    def variables(self) -> dict[str, str]:
        """For uv: the wheels are all that there is."""
        return {"UV_NO_INDEX": "1", "UV_FIND_LINKS": str(self.wheels)}

    @property
    def state(self) -> Path:
        """Where repro keeps what it can make again."""
        return self.repo.path / ".git/repro"

    def environments(self) -> list[Path]:
        """Returns the environments that are kept."""
        return sorted(path for path in self.state.glob("envs/*") if path.is_dir())

    def worktrees(self) -> list[Path]:
        """Returns the working trees that are kept."""
        return sorted(path for path in self.state.glob("worktrees/*") if path.is_dir())

    @contextmanager
    def without(self, name: str) -> Iterator[dict[str, str]]:
        """Has a package be nowhere for a while; gives the variables of a uv that never saw it."""
        aside = self.wheels.with_name("aside")
        aside.mkdir()
        for path in self.wheels.glob(f"{name}-*"):
            path.rename(aside / path.name)
        try:
            yield {"UV_CACHE_DIR": str(self.repo.path.parent / "another-cache")}
        finally:
            for path in aside.iterdir():
                path.rename(self.wheels / path.name)
            aside.rmdir()

    @contextmanager
    def with_project(self, name: str) -> Iterator[Path]:
        """Has the run's environment hold a package of the working tree for a while, editable."""
        project = write_project(self.repo.path / "lib", name, code="FACTOR = 2\n")
        install(self.python, "--no-index", "--editable", str(project))
        try:
            yield project
        finally:
            remove = ("pip", "uninstall", "--quiet", "--python", self.python, name)
            run_program(find_uv(), *remove, cwd=self.wheels)

    def exec(
        self, *command: str, check: bool = True, env: Mapping[str, str] | None = None
    ) -> Completed:
        """Runs ``repro exec RUN -- COMMAND``."""
        return self.repo.run_cli("exec", RUN, "--", *command, check=check, env=env)


def make_lab(base: Path) -> Lab:
    """Makes the environment and the repository, and records the run."""
    wheels = base / "wheels"
    make_wheel(wheels, "alpha")
    make_wheel(wheels, "beta", "2.0")
    repo = Scratch(base / "repo")
    repo.path.mkdir()
    repo.git("init", "--quiet", "--template=", "-b", "main")
    repo.write("train.py", _TRAIN)
    repo.write("jobs/where.py", "import os\nprint(os.path.basename(os.getcwd()))\n")
    repo.write(".gitignore", "__pycache__/\n*.egg-info/\nmetrics.json\n/out/\n")
    repo.commit("first")
    lab = Lab(repo, f"{base}/venv/bin/python", wheels)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in lab.variables.items():
            patch.setenv(name, value)
        python = make_venv(base / "venv")
        install(python, "alpha", "beta")
        done = repo.run_cli("run", "-n", RUN, "--", python, "train.py")
    assert "gaps         none" in done.stderr, done.stderr
    assert os.path.samefile(python, lab.python)
    return lab
