"""Packages of real virtual environments, and of directories that installers leave."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from repro.environment.packages import (
    Scan,
    cached_scan,
    directory_of,
    normalised,
    scan,
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
    assert tiny.record is None
    assert scan(_site(python)).gaps == ()


def test_an_editable_install_is_the_same_in_two_worktrees(tmp_path: Path) -> None:
    found = []
    for side in "ab":
        python = make_venv(tmp_path / side / "venv")
        install(python, "--editable", str(make_project(tmp_path / side / "project")))
        found += [(p.name, p.version, p.record) for p in scan_packages(_site(python))]
    assert found[0] == found[1]


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
    assert cached_scan([str(site)], cache_dir=cache) == first == scan([str(site)])
    _dist(site, "two", "2")
    assert len(cached_scan([str(site)], cache_dir=cache).packages) == 2
    one.rename(site / "one-1.1.dist-info")
    (site / "one-1.1.dist-info/METADATA").write_text("Name: one\nVersion: 1.1\n")
    assert cached_scan([str(site)], cache_dir=cache).packages[0].version == "1.1"


def test_a_kept_scan_reads_no_package_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _dist(tmp_path / "site", "one", "1", **{"direct_url.json": '{"url": "https://h/x"}'})
    args = ([str(tmp_path / "site")], str(tmp_path / "cache"))
    first = cached_scan(args[0], cache_dir=args[1])
    monkeypatch.setattr("repro.environment.packages._read_all", None)
    again = cached_scan(args[0], cache_dir=args[1])
    assert again == first
    assert again.packages[0].origin == {"url": "https://h/x"}


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    _dist(tmp_path / "site", "one", "1")
    (tmp_path / "file").write_text("")
    found = cached_scan([str(tmp_path / "site")], cache_dir=str(tmp_path / "file"))
    assert len(found.packages) == 1


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


@pytest.mark.parametrize(
    ("metadata", "damage"),
    [
        (b"\x00\xff\xfe\x80" * 2000, "its METADATA is damaged"),
        (b"", "its METADATA is empty"),
        (b"Metadata-Version: 2.1\nName: my-pkg\n\nVersion: 9\n", "its METADATA is damaged"),
        (b"Metadata-Version: 2.1\nVersion: 2\n", "its METADATA is damaged"),
        (b"Name: \xff\xfe\nVersion: 2\n", "its METADATA is damaged"),
        (b"Name: my-pkg\nVersion: \x00\x01\n", "its METADATA is damaged"),
        (None, "its METADATA cannot be read"),
    ],
)
def test_damaged_metadata_is_a_gap_and_the_directory_has_the_name(
    metadata: bytes | None, damage: str, tmp_path: Path
) -> None:
    info = _dist(tmp_path, "my_pkg", "1.5", RECORD="a,b,1\n")
    (info / "METADATA").unlink()
    if metadata is not None:
        (info / "METADATA").write_bytes(metadata)
    (package,), (gap,) = scan([str(tmp_path)])
    assert (package.name, package.version) == ("my_pkg", "1.5")
    assert package.record is not None
    assert gap.subject == "my_pkg==1.5"
    assert gap.reason == f"{damage}: name and version are its directory's"
    assert gap.fix == "pip install --force-reinstall --no-deps my_pkg==1.5"


def test_the_name_is_found_behind_a_long_header(tmp_path: Path) -> None:
    info = _dist(tmp_path, "x", "1", RECORD="a,b,1\n")
    (info / "METADATA").write_text(f"Summary: {'s' * 5000}\nName: X.Y\nVersion: 2\n")
    found = scan([str(tmp_path)])
    assert [(p.name, p.version) for p in found.packages] == [("X.Y", "2")]
    assert found.gaps == ()


def test_metadata_that_is_a_directory_is_damaged_too(tmp_path: Path) -> None:
    info = _dist(tmp_path, "x", "1", RECORD="a,b,1\n")
    (info / "METADATA").unlink()
    (info / "METADATA").mkdir()
    (package,), (gap,) = scan([str(tmp_path)])
    assert (package.version, gap.subject) == ("1", "x==1")


@pytest.mark.parametrize("record", [None, "", "\x00\n"])
def test_a_package_without_a_record_is_a_gap(record: str | None, tmp_path: Path) -> None:
    _dist(tmp_path, "x", "1", INSTALLER="pip", **({} if record is None else {"RECORD": record}))
    (package,), (gap,) = scan([str(tmp_path)])
    assert package.record is None
    assert gap.reason == "it has no RECORD that can be read: which files it has is not known"


@pytest.mark.parametrize("installer", ["conda", "debian", "rpm"])
def test_conda_and_systems_keep_lists_of_their_own(installer: str, tmp_path: Path) -> None:
    _dist(tmp_path, "x", "1", INSTALLER=f"{installer}\n")
    assert scan([str(tmp_path)]) == Scan((Package("x", "1", installer=installer),))


def test_a_damaged_origin_is_a_gap(tmp_path: Path) -> None:
    _dist(tmp_path, "x", "1", RECORD="a,b,1\n", **{"direct_url.json": "{"})
    (package,), (gap,) = scan([str(tmp_path)])
    assert package.origin is None
    assert gap.reason == "its direct_url.json is damaged: where it came from is not known"


def test_two_versions_on_the_path_are_a_gap(tmp_path: Path) -> None:
    _dist(tmp_path / "a", "numpy", "1.26", RECORD="a,b,1\n")
    _dist(tmp_path / "b", "NumPy", "2.1", RECORD="a,b,1\n")
    path = [str(tmp_path / side) for side in "ab"]
    (package,), (gap,) = scan(path)
    assert package.version == "1.26"
    assert gap.subject == "numpy"
    assert gap.reason == (
        f"two versions are installed: 1.26 in {path[0]} and 2.1 in {path[1]}; the first is taken"
    )
    assert gap.fix.startswith("pip uninstall numpy")


def test_two_versions_in_one_directory_are_a_gap(tmp_path: Path) -> None:
    for version in ("1.26", "2.1"):
        _dist(tmp_path, "numpy", version, RECORD="a,b,1\n")
    (package,), (gap,) = scan([str(tmp_path)])
    assert package.version == "1.26"
    assert f"1.26 and 2.1, both in {tmp_path}" in gap.reason


def test_one_version_twice_is_no_gap(tmp_path: Path) -> None:
    for side in "ab":
        _dist(tmp_path / side, "x", "1", RECORD="a,b,1\n")
    assert scan([str(tmp_path / side) for side in "ab"]).gaps == ()


def test_gaps_are_kept_with_the_scan(tmp_path: Path) -> None:
    for version in ("1", "2"):
        _dist(tmp_path / "site", "x", version, RECORD="a,b,1\n")
    path, cache = [str(tmp_path / "site")], str(tmp_path / "cache")
    first = cached_scan(path, cache_dir=cache)
    assert len(first.gaps) == 1
    assert cached_scan(path, cache_dir=cache) == first


def test_an_egg_on_the_path_is_a_package(tmp_path: Path) -> None:
    egg = tmp_path / "old_egg-1.2-py3.11.egg"
    (egg / "EGG-INFO").mkdir(parents=True)
    (egg / "EGG-INFO/PKG-INFO").write_text("Name: old-egg\nVersion: 1.2\n")
    assert scan([str(egg)]) == Scan((Package("old-egg", "1.2"),))
    (egg / "EGG-INFO/PKG-INFO").write_bytes(b"\xff")
    (package,), (gap,) = scan([str(egg)])
    assert (package.name, package.version) == ("old_egg", "1.2")
    assert "PKG-INFO is damaged" in gap.reason


def test_what_pip_could_not_remove_is_no_package(tmp_path: Path) -> None:
    _dist(tmp_path, "~ip", "23.0", RECORD="a,b,1\n")
    assert scan([str(tmp_path)]) == Scan(())
