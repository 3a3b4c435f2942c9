"""Packages that were installed from this machine's directories and archives."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from repro.environment.ask_uv import find_uv
from repro.environment.packages import scan_packages
from repro.environment.probe import probe
from repro.environment.sources import follow_sources
from repro.model.environment import Package
from repro.model.gap import Gap
from tests.environment.pythons import install, make_project, make_venv


def _git(directory: Path, *argv: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(directory), *argv], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def _repository(directory: Path) -> str:
    """Makes a repository of what is there; returns its commit."""
    _git(directory, "init", "-q")
    _git(directory, "add", ".")
    _git(directory, "commit", "-q", "-m", "x")
    return _git(directory, "rev-parse", "HEAD")


def _package(path: Path, **origin: str) -> Package:
    return Package("tiny", "0.1", origin={"url": path.as_uri(), **origin})


def _follow(
    package: Package, tmp_path: Path, *, env: dict[str, str] | None = None
) -> tuple[dict[str, str], tuple[Gap, ...]]:
    """Returns what was added to the origin, and the gaps."""
    (followed,), gaps = follow_sources(
        [package],
        top=str(tmp_path / "repo"),
        env=dict(os.environ) if env is None else env,
        cache_dir=str(tmp_path / "cache"),
    )
    added = {k: v for k, v in (followed.origin or {}).items() if k not in (package.origin or {})}
    return added, gaps


def test_a_directory_of_the_tree_is_relative_and_no_gap(tmp_path: Path) -> None:
    package = _package(make_project(tmp_path / "repo/libs/tiny"), editable="true")
    (followed,), gaps = follow_sources(
        [package], top=str(tmp_path / "repo"), env={}, cache_dir=str(tmp_path / "cache")
    )
    assert followed.origin == {"url": "./libs/tiny", "editable": "true"}
    assert gaps == ()


def test_a_directory_in_no_repository_is_a_gap(tmp_path: Path) -> None:
    project = make_project(tmp_path / "elsewhere")
    added, (gap,) = _follow(_package(project, editable="true"), tmp_path)
    assert added == {}
    assert gap.subject == "tiny==0.1"
    assert gap.reason == (
        f"installed editable from a directory outside of the working tree: {project}"
    )
    assert "git URL" in gap.fix


def test_a_clean_repository_elsewhere_is_named_by_commit_and_remote(tmp_path: Path) -> None:
    project = make_project(tmp_path / "elsewhere")
    head = _repository(project)
    _git(project, "remote", "add", "origin", "https://me:hunter2@h/tiny.git")
    added, (gap,) = _follow(_package(project, editable="true"), tmp_path)
    assert added == {"head": head, "remote": "https://h/tiny.git"}
    assert gap.fix == f'pip install "git+https://h/tiny.git@{head}"'


def test_what_is_not_committed_there_is_said(tmp_path: Path) -> None:
    project = make_project(tmp_path / "elsewhere")
    head = _repository(project)
    _git(project, "remote", "add", "origin", "git@h:team/tiny.git")
    (project / "tiny/new.py").write_text("")
    added, (gap,) = _follow(_package(project), tmp_path)
    assert added == {"head": head, "dirty": "true", "remote": "git@h:team/tiny.git"}
    assert gap.reason.startswith("installed from a directory outside of the working tree")
    assert gap.reason.endswith(", with uncommitted changes")
    assert gap.fix == (
        f"git -C {project} commit -a && git -C {project} push && "
        f'pip install "git+ssh://git@h/team/tiny.git@$(git -C {project} rev-parse HEAD)"'
    )


def test_a_commit_that_was_not_pushed_is_to_be_pushed(tmp_path: Path) -> None:
    project, bare = make_project(tmp_path / "elsewhere"), tmp_path / "bare.git"
    _repository(project)
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True)
    _git(project, "remote", "add", "origin", str(bare))
    _git(project, "push", "-q", "-u", "origin", "HEAD")
    _, (pushed,) = _follow(_package(project), tmp_path)
    assert pushed.fix.startswith('pip install "git+file:///')
    _git(project, "commit", "-q", "--allow-empty", "-m", "more")
    _, (ahead,) = _follow(_package(project), tmp_path)
    assert ahead.fix.startswith(f"git -C {project} push && pip install")


def test_a_repository_without_a_remote_needs_one(tmp_path: Path) -> None:
    project = make_project(tmp_path / "elsewhere")
    head = _repository(project)
    added, (gap,) = _follow(_package(project), tmp_path)
    assert added == {"head": head}
    assert gap.fix.startswith(f"git -C {project} remote add origin ")


def test_a_package_below_the_top_of_its_repository_is_named_so(tmp_path: Path) -> None:
    project = make_project(tmp_path / "mono/libs/tiny")
    _repository(tmp_path / "mono")
    _git(tmp_path / "mono", "remote", "add", "upstream", "https://h/mono")
    added, (gap,) = _follow(_package(project), tmp_path)
    assert added["remote"] == "https://h/mono"
    assert gap.fix.endswith('#subdirectory=libs/tiny"')


def test_git_is_asked_about_that_repository_whatever_a_hook_says(tmp_path: Path) -> None:
    project = make_project(tmp_path / "elsewhere")
    head = _repository(project)
    (tmp_path / "other").mkdir()
    _git(tmp_path / "other", "init", "-q")
    env = {**os.environ, "GIT_DIR": str(tmp_path / "other/.git"), "GIT_WORK_TREE": str(tmp_path)}
    assert _follow(_package(project), tmp_path, env=env)[0] == {"head": head}


def test_without_git_a_directory_is_a_gap_all_the_same(tmp_path: Path) -> None:
    project = make_project(tmp_path / "elsewhere")
    _repository(project)
    added, gaps = _follow(_package(project), tmp_path, env={"PATH": str(tmp_path)})
    assert (added, len(gaps)) == ({}, 1)


def test_git_that_does_not_answer_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repro.environment.sources._TIMEOUT_S", 0.1)
    project = make_project(tmp_path / "elsewhere")
    _repository(project)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text("#!/bin/sh\nexec sleep 5\n")
    (tmp_path / "bin/git").chmod(0o755)
    env = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    added, gaps = _follow(_package(project), tmp_path, env=env)
    assert (added, len(gaps)) == ({}, 1)


def test_a_repository_without_a_commit_has_no_head(tmp_path: Path) -> None:
    project = make_project(tmp_path / "elsewhere")
    _git(project, "init", "-q")
    assert _follow(_package(project), tmp_path)[0] == {}


def test_a_directory_that_is_gone_is_said(tmp_path: Path) -> None:
    _, (gap,) = _follow(_package(tmp_path / "gone", editable="true"), tmp_path)
    assert gap.reason.endswith("/gone, which is gone")


def test_a_commit_of_a_local_repository_needs_nothing(tmp_path: Path) -> None:
    assert _follow(_package(tmp_path / "gone", commit="c" * 40), tmp_path) == ({}, ())


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel on this machine."""
    project = make_project(tmp_path / "project")
    build = [find_uv(), "-q", "build", "--wheel", "-o", str(tmp_path / "wheels"), str(project)]
    subprocess.run(build, check=True, capture_output=True)
    (built,) = (tmp_path / "wheels").glob("*.whl")
    return built


def _installed(wheel: Path, tmp_path: Path) -> Package:
    python = make_venv(tmp_path / "venv")
    install(python, str(wheel))
    (package,) = scan_packages(probe(python, env={}).path)
    return package


def test_a_local_wheel_has_its_hash(tmp_path: Path, wheel: Path) -> None:
    package = _installed(wheel, tmp_path)
    expected = {"sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()}
    assert _follow(package, tmp_path) == (expected, ())


def test_a_kept_hash_reads_no_archive(
    tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = _installed(wheel, tmp_path)
    first = _follow(package, tmp_path)
    monkeypatch.setattr(hashlib, "file_digest", None)
    assert _follow(package, tmp_path) == first


def test_another_wheel_of_that_name_is_a_gap(tmp_path: Path, wheel: Path) -> None:
    package = _installed(wheel, tmp_path)
    project = tmp_path / "project"
    (project / "tiny/__init__.py").write_text("x = 1\n")
    build = [find_uv(), "-q", "build", "--wheel", "-o", str(wheel.parent), str(project)]
    subprocess.run(build, check=True, capture_output=True)
    added, (gap,) = _follow(package, tmp_path)
    assert added == {}
    assert gap.reason == f"the archive it was installed from is another by now: {wheel}"
    assert gap.fix == f"put it back at {wheel}"


def test_an_archive_with_another_hash_than_pip_noted_is_a_gap(tmp_path: Path) -> None:
    archive = tmp_path / "tiny-0.1.tar.gz"
    archive.write_bytes(b"x")
    _, (gap,) = _follow(_package(archive, sha256="0" * 64), tmp_path)
    assert "is another by now" in gap.reason
    right = hashlib.sha256(b"x").hexdigest()
    assert _follow(_package(archive, sha256=right), tmp_path) == ({}, ())


@pytest.mark.parametrize("content", [b"no zip", b""])
def test_a_wheel_that_is_damaged_is_not_what_was_installed(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "tiny-0.1-py3-none-any.whl"
    path.write_bytes(content)
    _, (gap,) = _follow(_package(path)._replace(record="ab"), tmp_path)
    assert "is another by now" in gap.reason


def test_an_archive_that_is_gone_is_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "gone-1.whl"
    _, (gap,) = _follow(_package(path), tmp_path)
    assert gap.reason == f"the archive it was installed from is gone: {path}"


def test_repro_itself_makes_no_run_irreproducible(tmp_path: Path) -> None:
    origin = {"url": tmp_path.as_uri(), "editable": "true"}
    packages = [Package(name, "0.1", origin=origin) for name in ("repro_git", "other")]
    followed, gaps = follow_sources(packages, top="/top", env={}, cache_dir=str(tmp_path / "cache"))

    assert [package.name for package in followed] == ["repro_git", "other"]
    assert [gap.subject for gap in gaps] == ["other==0.1"]
