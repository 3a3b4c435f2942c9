"""Finds the project and its configuration in real repositories."""

import os

import pytest

from repro.git.repository import open_repository
from repro.model.config import Config
from repro.model.gap import GapKind
from repro.record.project import Project, find_project
from tests.repos import Scratch


def _find(scratch: Scratch, directory: str = ".") -> Project:
    (scratch.path / directory).mkdir(parents=True, exist_ok=True)
    return find_project(open_repository(str(scratch.path / directory)))


@pytest.mark.parametrize(
    "marker", [".repro.yaml", "pyproject.toml", "dvc.yaml", "params.yaml", ".dvc/config"]
)
def test_the_nearest_directory_with_a_marker_is_the_project(repo: Scratch, marker: str) -> None:
    repo.write(f"sub/{marker}", "")
    project = _find(repo, "sub/deep/er")
    assert (project.directory, project.cwd) == ("sub", "sub/deep/er")


def test_without_a_marker_the_directory_itself_is_the_project(repo: Scratch) -> None:
    repo.git("rm", "--quiet", "params.yaml")
    assert _find(repo, "sub").directory == "sub"


def test_nothing_above_the_top_is_looked_at(repo: Scratch) -> None:
    repo.git("rm", "--quiet", "params.yaml")
    (repo.path.parent / "pyproject.toml").write_text("[tool.repro]\nparams = ['x']\n")
    assert _find(repo, "sub").config == Config()


def test_pyproject_configures(repo: Scratch) -> None:
    repo.write("pyproject.toml", '[tool.repro]\nparams = ["a.yaml"]\nstore-limit-mib = 5\n')
    project = _find(repo)
    assert project.config == Config(params=("a.yaml",), store_limit_mib=5)
    assert project.gaps == ()


def test_a_file_of_our_own_goes_first(repo: Scratch) -> None:
    repo.write("pyproject.toml", '[tool.repro]\nparams = ["a.yaml"]\n')
    repo.write(".repro.yaml", "metrics: [b.json]\n")
    assert _find(repo).config == Config(metrics=("b.json",))


@pytest.mark.parametrize("text", ["", "[tool.other]\nx = 1\n", "tool.reprobate = 1\n", "[tool]\n"])
def test_a_pyproject_that_does_not_speak_of_us_says_nothing(repo: Scratch, text: str) -> None:
    repo.write("pyproject.toml", text)
    project = _find(repo)
    assert (project.config, project.gaps) == (Config(), ())


@pytest.mark.parametrize(
    ("file", "text", "subject"),
    [
        ("pyproject.toml", "[tool.repro\n", "pyproject.toml:1"),
        ("pyproject.toml", "[tool.repro]\nparms = []\n", "pyproject.toml"),
        ("pyproject.toml", "[tool]\nrepro = 3 # tool.repro\n", "pyproject.toml"),
        (".repro.yaml", "a: [\n", ".repro.yaml"),
        (".repro.yaml", "- a\n", ".repro.yaml:1"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_a_gap(
    repo: Scratch, file: str, text: str, subject: str
) -> None:
    repo.write(file, text)
    project = _find(repo)
    assert project.config == Config()
    assert [gap.kind for gap in project.gaps] == [GapKind.CONFIG]
    assert project.gaps[0].subject.startswith(subject)
    assert project.gaps[0].fix


def test_a_configuration_that_leads_nowhere_is_a_gap(repo: Scratch) -> None:
    (repo.path / "pyproject.toml").symlink_to("pyproject.toml")
    repo.git("rm", "--quiet", "params.yaml")
    (repo.path / ".repro.yaml").symlink_to(".repro.yaml")
    repo.write("dvc.yaml", "")
    assert [gap.subject for gap in _find(repo).gaps] == [".repro.yaml"]


def test_a_directory_called_pyproject_is_no_configuration(repo: Scratch) -> None:
    (repo.path / "pyproject.toml").mkdir()
    assert _find(repo).gaps == ()


def test_paths_are_relative_to_the_top_without_dots() -> None:
    project = Project("sub", "sub/run", Config())
    assert project.paths("m.json") == ["sub/m.json", "sub/run/m.json"]
    assert project.configured("../other/./x") == os.path.join("other", "x")
    assert Project(".", ".", Config()).paths("m.json") == ["m.json"]
