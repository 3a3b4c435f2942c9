"""Environments that are broken, double, noisy: the run is recorded, and the trouble is a gap."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.environment.pythons import make_venv
from tests.repos import Scratch, run_program


def _gaps(repo: Scratch) -> dict[str, str]:
    """Returns the reasons of the newest run's gaps of its environment, by subject."""
    shown: dict[str, Any] = json.loads(repo.run_cli("show", "--json").stdout)
    return {g["subject"]: g["reason"] for g in shown["gaps"] if g["kind"] == "environment"}


def _site(python: str) -> Path:
    (site,) = Path(python).parent.parent.glob("lib/python*/site-packages")
    return site


@pytest.fixture
def python(repo: Scratch) -> str:
    """The interpreter of a virtual environment at the top, where `repro record` looks too."""
    repo.write(".gitignore", repo.read(".gitignore") + "/.venv/\n")
    return make_venv(repo.path / ".venv", "six==1.17.0")


def _record_both(repo: Scratch, python: str, *, code: int = 0) -> list[dict[str, str]]:
    """Runs and records; returns the gaps of each."""
    done = repo.run_cli("run", "--", python, "train.py", check=False)
    assert done.returncode == code, done.stderr
    found = [_gaps(repo)]
    repo.write("params.yaml", "lr: 0.3\nlayers: 2\n")  # so that there is something new
    repo.run_cli("record")
    found.append(_gaps(repo))
    assert len(repo.runs()) == 2
    return found


def test_a_virtual_environment_without_its_python(repo: Scratch, python: str) -> None:
    Path(python).unlink()
    Path(python).symlink_to("/nowhere/python3.11")
    done = repo.run_cli("run", "--", python, "train.py", check=False)

    assert done.returncode == 127
    shown = json.loads(repo.run_cli("show", "--json").stdout)
    assert shown["status"] == "not-started"
    assert any(python in gap["subject"] for gap in shown["gaps"])

    repo.write("params.yaml", "lr: 0.3\nlayers: 2\n")
    repo.run_cli("record")
    assert "which is gone" in _gaps(repo)[python]


def test_a_virtual_environment_whose_base_has_gone(repo: Scratch, python: str) -> None:
    settings = Path(python).parent.parent / "pyvenv.cfg"
    text = settings.read_text()
    home = next(line for line in text.splitlines() if line.startswith("home"))
    settings.write_text(text.replace(home, "home = /nowhere/bin"))
    alone = run_program(python, "train.py", cwd=repo.path, check=False)
    # Python finds its library by the link, or does not start: that differs between builds.
    for found in _record_both(repo, python, code=alone.returncode):
        assert bool(found) == (alone.returncode != 0), found


def test_an_interpreter_that_does_not_start(repo: Scratch, python: str) -> None:
    Path(python).unlink()
    Path(python).write_text("#!/bin/sh\necho no libpython >&2\nexit 3\n")
    Path(python).chmod(0o755)
    for found in _record_both(repo, python, code=3):
        assert any("no libpython" in reason for reason in found.values()), found


@pytest.mark.parametrize("content", [b"\x00\xff\xfe junk", b"", b"Summary: no name\n\nName: x\n"])
def test_metadata_that_cannot_be_read(repo: Scratch, python: str, content: bytes) -> None:
    (_site(python) / "six-1.17.0.dist-info/METADATA").write_bytes(content)
    for found in _record_both(repo, python):
        assert "six==1.17.0" in found
        assert "METADATA" in found["six==1.17.0"]


def test_two_versions_of_one_package_in_one_directory(repo: Scratch, python: str) -> None:
    site = _site(python)
    shutil.copytree(site / "six-1.17.0.dist-info", site / "six-1.16.0.dist-info")
    metadata = site / "six-1.16.0.dist-info/METADATA"
    metadata.write_text(metadata.read_text().replace("1.17.0", "1.16.0"))
    for found in _record_both(repo, python):
        reason = next(reason for subject, reason in found.items() if subject.startswith("six"))
        assert "1.16.0" in reason
        assert "1.17.0" in reason


def test_two_versions_of_one_package_in_two_directories(
    repo: Scratch, python: str, tmp_path: Path
) -> None:
    shutil.copytree(_site(python), tmp_path / "more")
    (tmp_path / "more/six-1.17.0.dist-info").rename(tmp_path / "more/six-1.16.0.dist-info")
    metadata = tmp_path / "more/six-1.16.0.dist-info/METADATA"
    metadata.write_text(metadata.read_text().replace("1.17.0", "1.16.0"))
    (_site(python) / "more.pth").write_text(f"{tmp_path / 'more'}\n")
    for found in _record_both(repo, python):
        assert str(tmp_path / "more") in found["six"]
        assert "1.17.0 in" in found["six"]


def test_an_interpreter_behind_a_script_that_prints(repo: Scratch, python: str) -> None:
    Path(python).rename(f"{python}-itself")
    Path(python).write_text(f'#!/bin/sh\necho hello\necho dear >&2\nexec "{python}-itself" "$@"\n')
    Path(python).chmod(0o755)
    for found in _record_both(repo, python):
        assert found == {}


def test_an_interpreter_that_prints_when_it_starts(repo: Scratch, python: str) -> None:
    (_site(python) / "noise.pth").write_text("import sys; sys.stdout.write('hello\\n')\n")
    for found in _record_both(repo, python):
        assert found == {}


def test_a_sitecustomize_that_raises(repo: Scratch, python: str) -> None:
    (_site(python) / "sitecustomize.py").write_text("raise RuntimeError('not today')\n")
    ran, recorded = _record_both(repo, python)

    assert "RuntimeError: not today" in ran["sitecustomize"]
    assert recorded == {}  # nothing was run that it could have spoiled


def test_an_installed_file_that_was_edited(repo: Scratch, python: str) -> None:
    with (_site(python) / "six.py").open("a") as file:
        file.write("# to debug\n")
    repo.run_cli("run", "--", python, "-c", "import six")
    assert "six.py" in _gaps(repo)["six==1.17.0"]

    repo.run_cli("run", "--", python, "-c", "pass")
    assert "six==1.17.0" not in _gaps(repo)  # it was not loaded


def test_a_process_that_ends_without_a_word(repo: Scratch, python: str) -> None:
    repo.run_cli("run", "--", python, "-c", "import os; os._exit(0)")

    assert "runtime" in _gaps(repo)
