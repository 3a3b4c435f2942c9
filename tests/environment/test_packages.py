"""Packages of real virtual environments, and of directories that installers leave."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from repro.environment.packages import (
    cached_scan,
    directory_of,
    normalised,
    scan_packages,
    without_credentials,
)
from repro.environment.probe import probe
from repro.model.environment import Package
from tests.environment.pythons import install, make_project, make_venv


def _site(python: str) -> list[str]:
    return list(probe(python, env={}).path)


def _dist(site: Path, name: str, version: str, **files: str) -> Path:
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    for file, content in files.items():
        (info / file).write_text(content)
    return info


def test_packages_are_those_that_the_interpreter_itself_lists() -> None:
    code = (
        "import importlib.metadata as m, json\n"
        "print(json.dumps([[d.metadata['Name'], d.version] for d in m.distributions()]))"
    )
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    expected = {normalised(name): version for name, version in reversed(json.loads(listed))}
    path = probe(sys.executable, env={}).path
    assert {normalised(p.name): p.version for p in scan_packages(path)} == expected


def test_pip_and_uv_install_the_same_wheel_to_the_same_digest(tmp_path: Path) -> None:
    wanted = ("six==1.17.0", "click==8.1.7")
    by_uv = make_venv(tmp_path / "uv", *wanted)
    by_pip = make_venv(tmp_path / "pip", "pip")
    pip = [by_pip, "-m", "pip", "-q", "install", "--no-deps", *wanted]
    subprocess.run(pip, check=True, capture_output=True)
    left = {p.name: p for p in scan_packages(_site(by_uv))}
    right = {p.name: p for p in scan_packages(_site(by_pip))}
    assert [left[n].record for n in ("six", "click")] == [right[n].record for n in ("six", "click")]
    assert (left["six"].installer, right["six"].installer) == ("uv", "pip")


def test_another_build_of_a_version_has_another_digest(tmp_path: Path) -> None:
    _dist(tmp_path / "a", "x", "1", RECORD="x.py,sha256=aaa,1\n")
    _dist(tmp_path / "b", "x", "1", RECORD="x.py,sha256=bbb,1\n")
    a, b = (scan_packages([str(tmp_path / side)])[0].record for side in "ab")
    assert a != b


def test_the_digest_leaves_out_what_the_installer_adds(tmp_path: Path) -> None:
    rows = 'x/__init__.py,sha256=a,1\n"x/a,b.py",sha256=b,2\nx-1.dist-info/METADATA,sha256=m,3\n'
    more = (
        "../../../bin/x,sha256=s,9\r\nx/__pycache__/__init__.cpython-311.pyc,,\r\n"
        "x-1.dist-info/INSTALLER,sha256=i,4\r\nx-1.dist-info/RECORD,,\r\n"
        "x-1.dist-info/REQUESTED,sha256=e,0\r\nx-1.dist-info/direct_url.json,sha256=d,7\r\n"
    )
    _dist(tmp_path / "a", "x", "1", RECORD=rows)
    _dist(tmp_path / "b", "x", "1", RECORD=more + rows.replace("\n", "\r\n"))
    a, b = (scan_packages([str(tmp_path / side)])[0].record for side in "ab")
    assert a == b


def test_an_editable_install_names_its_directory(tmp_path: Path) -> None:
    project = make_project(tmp_path / "a project")
    python = make_venv(tmp_path / "venv")
    install(python, "--editable", str(project))
    (tiny,) = scan_packages(_site(python))
    assert tiny.origin == {"url": project.as_uri(), "editable": "true"}
    assert directory_of(tiny.origin["url"]) == str(project)


@pytest.mark.parametrize(
    ("direct", "origin"),
    [
        (
            {"url": "https://u:p@h/r.git", "vcs_info": {"vcs": "git", "commit_id": "c1"}},
            {"url": "https://h/r.git", "commit": "c1"},
        ),
        (
            {
                "url": "https://h/r",
                "vcs_info": {"vcs": "hg", "commit_id": "c"},
                "subdirectory": "s",
            },
            {"url": "https://h/r", "commit": "c", "vcs": "hg", "subdirectory": "s"},
        ),
        (
            {"url": "https://h/x.whl", "archive_info": {"hashes": {"sha256": "5"}}},
            {"url": "https://h/x.whl", "sha256": "5"},
        ),
        (
            {"url": "https://h/x.whl", "archive_info": {"hash": "sha256=5"}},
            {"url": "https://h/x.whl", "sha256": "5"},
        ),
        ({"url": "file:///croot/six_1/work", "dir_info": {}}, None),
        ({"nothing": 1}, None),
    ],
)
def test_direct_origins(
    direct: dict[str, object], origin: dict[str, str] | None, tmp_path: Path
) -> None:
    _dist(tmp_path, "x", "1", **{"direct_url.json": json.dumps(direct)})
    assert scan_packages([str(tmp_path)])[0].origin == origin


def test_credentials_leave_urls() -> None:
    text = "https://u:p@h/x?token=abc&b=1 ssh://git@h/r https://tok@h"
    assert without_credentials(text) == ("https://h/x?token=<redacted>&b=1 ssh://git@h/r https://h")


def test_the_first_on_the_path_counts(tmp_path: Path) -> None:
    _dist(tmp_path / "a", "My.Pkg", "2")
    _dist(tmp_path / "b", "my_pkg", "1")
    found = scan_packages([str(tmp_path / "a"), str(tmp_path / "b")])
    assert found == (Package("My.Pkg", "2"),)


def test_egg_info_of_distutils_and_of_setuptools_is_read(tmp_path: Path) -> None:
    (tmp_path / "old-1.0-py3.11.egg-info").write_text("Name: old\nVersion: 1.0\n\nName: no\n")
    (tmp_path / "dev.egg-info").mkdir()
    (tmp_path / "dev.egg-info/PKG-INFO").write_text("Name: dev\nVersion: 2.0\n")
    (tmp_path / "dev.egg-info/SOURCES.txt").write_text("")
    dev, old = scan_packages([str(tmp_path)])
    assert old == Package("old", "1.0")
    assert (dev.version, dev.origin) == ("2.0", {"url": f"file://{tmp_path}", "editable": "true"})


def test_remains_of_an_interrupted_removal_are_no_package(tmp_path: Path) -> None:
    (tmp_path / "~ip.dist-info").mkdir()
    (tmp_path / "x-1.dist-info").mkdir()
    (tmp_path / "gone-1.dist-info").symlink_to("nowhere")
    _dist(tmp_path, "whole", "1")
    assert [p.name for p in scan_packages([str(tmp_path)])] == ["whole"]


def test_entries_of_the_path_that_hold_nothing_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"")
    assert scan_packages([str(tmp_path / "none"), str(tmp_path / "a.zip")]) == ()


def test_the_scan_is_kept_until_something_is_installed_or_removed(tmp_path: Path) -> None:
    site, cache = tmp_path / "site", str(tmp_path / "cache")
    one = _dist(site, "one", "1", RECORD="a,b,1\n", **{"direct_url.json": '{"url": "https://h/x"}'})
    first = cached_scan([str(site)], cache_dir=cache)
    assert cached_scan([str(site)], cache_dir=cache) == first == scan_packages([str(site)])
    _dist(site, "two", "2")
    assert len(cached_scan([str(site)], cache_dir=cache)) == 2
    one.rename(site / "one-1.1.dist-info")
    (site / "one-1.1.dist-info/METADATA").write_text("Name: one\nVersion: 1.1\n")
    assert cached_scan([str(site)], cache_dir=cache)[0].version == "1.1"


def test_a_kept_scan_reads_no_package_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _dist(tmp_path / "site", "one", "1", **{"direct_url.json": '{"url": "https://h/x"}'})
    args = ([str(tmp_path / "site")], str(tmp_path / "cache"))
    first = cached_scan(args[0], cache_dir=args[1])
    monkeypatch.setattr("repro.environment.packages._read_all", None)
    again = cached_scan(args[0], cache_dir=args[1])
    assert [(p, p.origin) for p in again] == [(p, p.origin) for p in first]


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    _dist(tmp_path / "site", "one", "1")
    (tmp_path / "file").write_text("")
    assert len(cached_scan([str(tmp_path / "site")], cache_dir=str(tmp_path / "file"))) == 1


def test_a_package_takes_less_than_a_millisecond(tmp_path: Path) -> None:
    rows = "".join(f"pkg/module_{n}.py,sha256={n:043},{n}\n" for n in range(160))
    for number in range(126):
        _dist(tmp_path, f"p{number}", "1", RECORD=rows, INSTALLER="uv")
    scan_packages([str(tmp_path)])
    times = []
    for _ in range(5):
        start = time.perf_counter()
        scan_packages([str(tmp_path)])
        times.append(time.perf_counter() - start)
    assert min(times) < 0.126
