"""An environment as people have them, about a hundred packages, and the same one built again."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from repro.environment.ask_uv import find_uv
from tests.environment.pythons import make_project, make_venv
from tests.repos import Scratch, run_program

_STACK = ("numpy", "scipy", "pandas", "scikit-learn", "matplotlib", "jupyterlab")
_TRAIN = """\
import json

import numpy
import pandas
import scale
import shipped
import tool
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

x, y = load_digits(return_X_y=True)
frame = pandas.DataFrame(x).mul(scale.FACTOR)
model = RandomForestClassifier(n_estimators=20, random_state=7)
scores = cross_val_score(model, frame, y, cv=3)
norm = float(numpy.linalg.svd(frame.to_numpy(), compute_uv=False).sum())
print(repr(scores.mean()), repr(norm), shipped.__name__, tool.__name__)
with open("metrics.json", "w") as file:
    json.dump({"accuracy": float(scores.mean()), "norm": norm}, file)
"""


class Recorded(NamedTuple):
    """A run, and the environment that it ran in.

    Attributes:
        repo: The repository.
        python: The environment's interpreter.
        printed: What the run printed.
    """

    repo: Scratch
    python: str
    printed: str


def _uv(*argv: str) -> str:
    done = subprocess.run(
        [find_uv(), *argv], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _git_project(directory: Path) -> str:
    """Makes a project of one module in a git repository of its own, and returns its VCS URL."""
    make_project(directory, name="tool")
    repo = Scratch(directory)
    repo.git("init", "--quiet", "-b", "main")
    repo.commit()
    return f"git+{directory.as_uri()}@{repo.head()}"


def _wheel(directory: Path) -> Path:
    project = make_project(directory / "source", name="shipped")
    _uv("build", "-q", "--wheel", "--out-dir", str(directory / "wheels"), str(project))
    (wheel,) = (directory / "wheels").glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    base = tmp_path_factory.mktemp("same")
    repo = Scratch(base / "repo")
    repo.path.mkdir()
    repo.git("init", "--quiet", "-b", "main")
    make_project(repo.path / "lib", name="scale")
    repo.write("lib/scale/__init__.py", "FACTOR = 0.0625\n")
    repo.write("train.py", _TRAIN)
    repo.write(".gitignore", "__pycache__/\n*.egg-info/\n/metrics.json\n")
    repo.commit()
    python = make_venv(base / "venv")
    install = ("pip", "install", "-q", "--python", python)
    _uv(*install, *_STACK)
    _uv(*install, _git_project(base / "tool"), str(_wheel(base / "shipped")))
    _uv(*install, "--editable", str(repo.path / "lib"))
    repo.write("lib/scale/__init__.py", "FACTOR = 0.125\n")  # an uncommitted change counts
    done = repo.run_cli("run", "-n", "first", "--", python, "train.py")
    return Recorded(repo, python, done.stdout)


@pytest.fixture(scope="module")
def rebuilt(recorded: Recorded, tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    place = tmp_path_factory.mktemp("rebuilt") / "again"
    done = recorded.repo.run_cli("checkout", "first", "--env", "--worktree", str(place))
    assert "byte-identical" in done.stderr
    return Scratch(place)


def _freeze(python: str, top: Path) -> list[str]:
    lines = _uv("pip", "freeze", "--python", python).splitlines()
    return [line.replace(str(top), "<top>") for line in lines]


def _installed_files(python: str) -> dict[str, bytes]:
    """Returns every file of packages that does not depend on who installed it, when, or where."""
    (site,) = Path(python).parent.parent.glob("lib/python*/site-packages")
    found = {}
    for path in sorted(site.rglob("*")):
        name = path.relative_to(site).as_posix()
        own = ("/INSTALLER", "/RECORD", "/REQUESTED", "/direct_url.json", "/uv_cache.json")
        is_editable = "scale" in name or name.startswith(("__editable__", "_virtualenv"))
        if path.is_file() and not name.endswith((".pyc", *own)) and not is_editable:
            found[name] = path.read_bytes()
    return found


@pytest.mark.slow
def test_the_run_has_about_a_hundred_packages_and_no_gaps(recorded: Recorded) -> None:
    shown = json.loads(recorded.repo.run_cli("show", "first", "--json").stdout)
    packages = {package["name"]: package for package in shown["environment"]["packages"]}

    assert len(packages) > 90
    assert shown["gaps"] == []
    assert len(packages["tool"]["origin"]["commit"]) == 40
    assert packages["shipped"]["origin"]["url"].endswith(".whl")
    assert packages["scale"]["origin"]["url"] == "./lib"


@pytest.mark.slow
def test_the_same_packages_are_installed_file_by_file(recorded: Recorded, rebuilt: Scratch) -> None:
    python = str(rebuilt.path / ".repro/venv/bin/python")

    assert _freeze(python, rebuilt.path) == _freeze(recorded.python, recorded.repo.path)
    assert _installed_files(python) == _installed_files(recorded.python)


@pytest.mark.slow
def test_training_again_gives_the_same_to_the_last_digit(
    recorded: Recorded, rebuilt: Scratch
) -> None:
    python = str(rebuilt.path / ".repro/venv/bin/python")
    again = run_program(python, "train.py", cwd=rebuilt.path)

    assert again.stdout == recorded.printed
    assert rebuilt.read("metrics.json") == recorded.repo.read("metrics.json")


@pytest.mark.slow
def test_exec_runs_the_recorded_command_in_an_environment_of_its_own(recorded: Recorded) -> None:
    again = recorded.repo.run_cli("exec", "first", "--", "python", "train.py")

    assert again.stdout == recorded.printed


@pytest.mark.slow
def test_editing_a_file_of_the_rebuilt_environment_changes_no_other(
    recorded: Recorded, rebuilt: Scratch
) -> None:
    python = str(rebuilt.path / ".repro/venv/bin/python")
    (site,) = Path(python).parent.parent.glob("lib/python*/site-packages")
    edited = site / "pandas/__init__.py"
    (original,) = Path(recorded.python).parent.parent.glob("lib/python*/site-packages")
    before = edited.read_bytes()
    with edited.open("ab") as file:
        file.write(b"\n# to debug\n")
    fresh = make_venv(rebuilt.path.parent / "fresh", "pandas")
    try:
        assert (original / "pandas/__init__.py").read_bytes() == before
        assert (
            Path(fresh)
            .parent.parent.joinpath("lib", site.parent.name, "site-packages/pandas/__init__.py")
            .read_bytes()
            == before
        )
        done = recorded.repo.run_cli("exec", "first", "--", "true", check=False)
        assert os.path.realpath(python)
        assert done.returncode == 0
    finally:
        edited.write_bytes(before)
        shutil.rmtree(rebuilt.path.parent / "fresh")


@pytest.mark.slow
def test_the_environment_stood_in_is_the_runs(rebuilt: Scratch) -> None:
    prefix = str(Path(os.path.realpath(rebuilt.path / ".repro/venv")))
    env = {"VIRTUAL_ENV": prefix, "PATH": f"{prefix}/bin:{os.environ['PATH']}"}

    assert rebuilt.run_cli("env", "check", "first", env=env).returncode == 0
    other = {"VIRTUAL_ENV": sys.prefix, "PATH": os.environ["PATH"]}
    assert rebuilt.run_cli("env", "check", "first", env=other, check=False).returncode == 1
