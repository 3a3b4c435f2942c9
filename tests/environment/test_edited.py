"""Installed files that were edited are found among those that were loaded."""

import os
from pathlib import Path

import pytest

from repro.environment.edited import edited_gaps
from repro.environment.packages import scan_packages
from repro.model.gap import Gap
from tests.environment.pythons import make_venv


@pytest.fixture
def site(tmp_path: Path) -> Path:
    make_venv(tmp_path / "venv", "six==1.17.0", "click==8.1.7")
    (site,) = tmp_path.glob("venv/lib/python*/site-packages")
    return site


def _gaps(site: Path, loaded: list[str]) -> tuple[Gap, ...]:
    return edited_gaps(loaded, scan_packages([str(site)]))


def _loaded(site: Path) -> list[str]:
    return [str(path) for path in site.rglob("*.py")]


def test_what_is_as_it_was_installed_is_no_gap(site: Path) -> None:
    assert _gaps(site, _loaded(site)) == ()


def test_a_longer_file_is_found(site: Path) -> None:
    with (site / "click/core.py").open("a") as file:
        file.write("# edited\n")
    (gap,) = _gaps(site, _loaded(site))

    assert gap.subject == "click==8.1.7"
    assert "click/core.py" in gap.reason
    assert "--reinstall-package click" in gap.fix


def test_a_file_of_the_same_length_is_found_by_its_time(site: Path) -> None:
    core = site / "click/core.py"
    content = core.read_bytes()
    core.write_bytes(content.replace(b"import", b"impxrt", 1))
    newer_ns = (site / "click-8.1.7.dist-info/RECORD").stat().st_mtime_ns + 1
    os.utime(core, ns=(newer_ns, newer_ns))

    assert [gap.subject for gap in _gaps(site, _loaded(site))] == ["click==8.1.7"]


def test_a_file_that_was_only_touched_is_no_gap(site: Path) -> None:
    (site / "six.py").touch()
    assert _gaps(site, _loaded(site)) == ()


def test_files_that_were_not_loaded_are_not_looked_at(site: Path) -> None:
    (site / "six.py").write_text("")
    assert _gaps(site, [str(site / "click/core.py")]) == ()


def test_what_is_gone_or_was_never_recorded_is_no_gap(site: Path) -> None:
    gone = [str(site / "gone.py"), "/nowhere/site-packages/x.py", "/else/y.py"]
    assert _gaps(site, gone) == ()


def test_what_conda_writes_its_prefix_into_is_not_edited(site: Path) -> None:
    (site / "six.py").write_text("# /opt/conda/bin\n")
    packages = [package._replace(installer="conda") for package in scan_packages([str(site)])]
    assert edited_gaps(_loaded(site), packages) == ()


def test_a_package_is_named_as_its_metadata_spells_it(tmp_path: Path) -> None:
    make_venv(tmp_path / "venv", "typing-extensions==4.12.2")
    (site,) = tmp_path.glob("venv/lib/python*/site-packages")
    (site / "typing_extensions.py").write_text("")
    (gap,) = _gaps(site, _loaded(site))

    assert gap.subject == "typing_extensions==4.12.2"
    assert gap.reason == "1 file was edited after it was installed: typing_extensions.py"
