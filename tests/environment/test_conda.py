"""Conda's explicit list, from files as conda leaves them."""

import json
from pathlib import Path

import pytest

from repro.environment.conda import explicit_list, is_conda, marked_as_conda
from repro.model.environment import Package

_CHANNEL = "https://conda.anaconda.org/conda-forge"


def _installed(prefix: Path, name: str, version: str, build: str, **fields: object) -> str:
    """Leaves what conda does of a package; returns its URL."""
    subdir = str(fields.pop("subdir", "linux-64"))
    stem = f"{name}-{version}-{build}"
    document = {
        "arch": "x86_64",
        "build": build,
        "build_number": 0,
        "channel": f"{_CHANNEL}/{subdir}",
        "constrains": [],
        "depends": [],
        "extracted_package_dir": f"/opt/conda/pkgs/{stem}",
        "files": [f"lib/lib{name}.so"],
        "fn": f"{stem}.conda",
        "license": "BSD-3-Clause",
        "link": {"source": f"/opt/conda/pkgs/{stem}", "type": 1},
        "md5": f"{sum(name.encode()):032x}",
        "name": name,
        "package_tarball_full_path": f"/opt/conda/pkgs/{stem}.conda",
        "paths_data": {"paths": [], "paths_version": 1},
        "requested_spec": name,
        "sha256": f"{sum(name.encode()):064x}",
        "size": 1024,
        "subdir": subdir,
        "timestamp": 1700000000000,
        "url": f"{_CHANNEL}/{subdir}/{stem}.conda",
        "version": version,
        **fields,
    }
    (prefix / "conda-meta").mkdir(parents=True, exist_ok=True)
    kept = {key: value for key, value in document.items() if value is not None}
    (prefix / f"conda-meta/{stem}.json").write_text(json.dumps(kept, indent=2))
    return str(document["url"])


def _lines(prefix: Path) -> list[str]:
    content, gaps = explicit_list(str(prefix))
    assert content is not None
    assert gaps == ()
    return content.decode().splitlines()


def _files(name: str, version: str, python: str = "3.11") -> list[str]:
    site = f"lib/python{python}/site-packages"
    return [f"{site}/{name}/__init__.py", f"{site}/{name}-{version}.dist-info/METADATA"]


def test_what_conda_did_not_make_has_no_list(tmp_path: Path) -> None:
    assert explicit_list(str(tmp_path)) == (None, ())
    assert not is_conda(str(tmp_path))


def test_the_list_is_what_conda_writes(tmp_path: Path) -> None:
    url = _installed(tmp_path, "openssl", "3.2.0", "hd590300_1")
    (tmp_path / "conda-meta/history").write_text("==> 2024-01-01 <==\n")
    assert _lines(tmp_path) == [
        "# This file may be used to create an environment using:",
        "# $ conda create --name <env> --file <this file>",
        "# platform: linux-64",
        "@EXPLICIT",
        f"{url}#{sum(b'openssl'):032x}",
    ]


def test_what_a_package_needs_goes_before_it(tmp_path: Path) -> None:
    numpy = {"depends": ["python >=3.11,<3.12.0a0", "libblas >=3.9.0,<4.0a0"]}
    _installed(tmp_path, "numpy", "1.26.4", "py311h64a7726_0", **numpy)
    _installed(tmp_path, "python", "3.11.7", "hab00c5b_1", depends=["openssl >=3.2", "pip"])
    _installed(tmp_path, "pip", "23.3", "pyhd8ed1ab_0", subdir="noarch", depends=["python >=3.7"])
    _installed(tmp_path, "openssl", "3.2.0", "hd590300_1", depends=["__glibc >=2.17"])
    names = [line.rpartition("/")[2].rsplit("-", 2)[0] for line in _lines(tmp_path)[4:]]
    assert sorted(names) == ["numpy", "openssl", "pip", "python"]
    assert names.index("openssl") < names.index("python") < names.index("numpy")


def test_sha256_stands_in_for_a_missing_md5(tmp_path: Path) -> None:
    url = _installed(tmp_path, "zlib", "1.3", "h_0", md5=None)
    assert _lines(tmp_path)[-1] == f"{url}#{sum(b'zlib'):064x}"


def test_a_package_without_a_hash_is_a_gap(tmp_path: Path) -> None:
    url = _installed(tmp_path, "zlib", "1.3", "h_0", md5=None, sha256=None)
    content, (gap,) = explicit_list(str(tmp_path))
    assert (content or b"").decode().splitlines()[-1] == url
    assert gap.reason == "conda-meta has no hash of it: what is installed again may be another"


@pytest.mark.parametrize("url", [None, "", "<unknown>"])
def test_a_package_from_nowhere_is_a_gap(url: str | None, tmp_path: Path) -> None:
    _installed(tmp_path, "zlib", "1.3", "h_0", url=url)
    content, (gap,) = explicit_list(str(tmp_path))
    assert (content or b"").endswith(b"@EXPLICIT\n")
    assert (gap.subject, gap.fix) == ("conda: zlib", "conda install --force-reinstall zlib")


@pytest.mark.parametrize("text", [b"{", b"", b"[]", b"\xff\xfe"])
def test_a_damaged_file_is_a_gap(text: bytes, tmp_path: Path) -> None:
    _installed(tmp_path, "zlib", "1.3", "h_0")
    (tmp_path / "conda-meta/libgcc-ng-13.2.0-h_5.json").write_bytes(text)
    content, (gap,) = explicit_list(str(tmp_path))
    assert b"zlib-1.3" in (content or b"")
    assert gap.subject == "conda: libgcc-ng"
    assert gap.reason.startswith("conda-meta/libgcc-ng-13.2.0-h_5.json cannot be read")


@pytest.mark.parametrize(
    "url",
    [
        "https://conda.anaconda.org/t/se-hunter2/corp/linux-64/x-1-0.conda",
        "https://me:hunter2@conda.anaconda.org/corp/linux-64/x-1-0.conda",
    ],
)
def test_tokens_and_passwords_of_channels_are_left_out(url: str, tmp_path: Path) -> None:
    _installed(tmp_path, "x", "1", "0", url=url)
    content, (gap,) = explicit_list(str(tmp_path), cache_dir=str(tmp_path / "cache"))
    assert b"\nhttps://conda.anaconda.org/corp/linux-64/x-1-0.conda#" in (content or b"")
    kept = b"".join(path.read_bytes() for path in (tmp_path / "cache").iterdir())
    assert b"hunter2" not in kept
    assert gap.reason == "its channel needs a token or password, which is not recorded"


def test_a_local_archive_that_is_gone_is_a_gap(tmp_path: Path) -> None:
    archive = tmp_path / "x-1-0.conda"
    archive.write_bytes(b"")
    _installed(tmp_path, "x", "1", "0", url=archive.as_uri())
    assert _lines(tmp_path)[-1].startswith(archive.as_uri())
    archive.unlink()
    _, (gap,) = explicit_list(str(tmp_path))
    assert gap.reason == f"the archive it was installed from is gone: {archive}"


def test_a_kept_list_is_read_again_when_a_package_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix, cache = tmp_path / "env", str(tmp_path / "cache")
    _installed(prefix, "numpy", "1.26.4", "py_0", depends=["zlib"], files=_files("numpy", "1.26.4"))
    first = explicit_list(str(prefix), cache_dir=cache)
    with monkeypatch.context() as patch:
        patch.setattr("repro.environment.conda._read", None)
        assert explicit_list(str(prefix), cache_dir=cache) == first
        numpy = (Package("numpy", "1.26.4"),)
        assert marked_as_conda(numpy, str(prefix), cache_dir=cache)[0].installer == "conda"
    _installed(prefix, "zlib", "1.3", "h_0")
    content, _ = explicit_list(str(prefix), cache_dir=cache)
    assert b"zlib-1.3" in (content or b"")


def test_python_packages_of_conda_are_told_from_those_of_pip(tmp_path: Path) -> None:
    _installed(tmp_path, "numpy", "1.26.4", "py_0", files=_files("numpy", "1.26.4"))
    _installed(tmp_path, "pytorch", "2.2.0", "py_0", files=_files("torch", "2.2.0"))
    _installed(tmp_path, "six", "1.16.0", "py_0", files=_files("six", "1.16.0"))
    build = {"url": "file:///tmp/build/x/work"}
    packages = (
        Package("numpy", "1.26.4", installer="pip", origin=build),
        Package("torch", "2.2.0", installer="conda"),
        Package("six", "1.17.0", installer="pip"),  # upgraded by pip
        Package("tiny", "0.1", installer="pip"),
    )
    found = marked_as_conda(packages, str(tmp_path))
    assert [p.installer for p in found] == ["conda", "conda", "pip", "pip"]
    assert found[0].origin is None


def test_an_editable_package_is_none_of_condas(tmp_path: Path) -> None:
    _installed(tmp_path, "tiny", "0.1", "py_0", files=_files("tiny", "0.1"))
    mine = Package("tiny", "0.1", origin={"url": "file:///w/tiny", "editable": "true"})
    assert marked_as_conda((mine,), str(tmp_path)) == (mine,)


def test_outside_of_conda_packages_stay_as_they_are(tmp_path: Path) -> None:
    packages = (Package("six", "1.17.0", installer="uv"),)
    assert marked_as_conda(packages, str(tmp_path)) == packages
