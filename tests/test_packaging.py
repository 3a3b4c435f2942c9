"""What is published: names, versions, and the files inside the wheel."""

import importlib.util
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

import repro

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "repro"


def is_left_behind(path: Path) -> bool:
    """Tells whether a tool made it: compiled files, caches."""
    return path.suffix == ".pyc" or any(part.endswith("_cache") for part in path.parts)


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    target = tmp_path_factory.mktemp("wheel")
    argv = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", str(target))
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_version_is_the_packages(project: dict[str, Any]) -> None:
    assert project["version"] == repro.__version__


def test_the_changelog_begins_with_the_version(project: dict[str, Any]) -> None:
    headings = [x for x in (ROOT / "CHANGELOG.md").read_text().splitlines() if x.startswith("## ")]
    assert headings[0].startswith(f"## {project['version']}")


def test_repro_and_git_repro_start_the_same_function(project: dict[str, Any]) -> None:
    assert project["scripts"] == {
        "repro": "repro.cli.main:entry",
        "git-repro": "repro.cli.main:entry",
    }
    assert importlib.util.find_spec("repro.cli.main") is not None


def test_the_wheel_holds_every_file_of_the_package(wheel_names: set[str]) -> None:
    wanted = {
        f"repro/{path.relative_to(SOURCE).as_posix()}"
        for path in SOURCE.rglob("*")
        if path.is_file() and not is_left_behind(path)
    }
    assert wanted - wheel_names == set()


@pytest.mark.parametrize(
    "name",
    [
        "repro/record/bootstrap/sitecustomize.py",
        "repro/record/bootstrap/repro_exit.py",
        "repro/demo/digits/train.py",
        "repro/demo/digits/make_data.py",
        "repro/demo/digits/params.yaml",
        "repro/py.typed",
    ],
)
def test_the_wheel_holds_what_is_found_by_path(wheel_names: set[str], name: str) -> None:
    assert name in wheel_names


def test_the_wheel_holds_nothing_beside_the_package(wheel_names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in wheel_names}
    assert tops == {"repro", f"repro_git-{repro.__version__}.dist-info"}


def test_the_hooks_for_pre_commit_call_a_script_that_is_installed(project: dict[str, Any]) -> None:
    import yaml

    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [hook["id"] for hook in hooks] == [
        *("repro-record", "repro-relink", "repro-push", "repro-check")
    ]
    for hook in hooks:
        program, *words = hook["entry"].split()
        assert program in project["scripts"]
        # It runs at the stage of the hook of git's that it is.
        assert words == ["hooks", "run", *hook["stages"]]
