"""Lock files and requirements: found where people keep them, and held against what is installed."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from repro.environment.ask_uv import find_uv
from repro.environment.lock_files import check_lock_files
from repro.environment.packages import scan_packages
from repro.environment.probe import probe
from repro.model.environment import Environment, Hardware, Interpreter, Package, Platform
from tests.environment.pythons import make_venv

FLASK = Package("Flask", "3.1.3")
COMMIT = "1a2b3c4d" * 5


def observed(*packages: Package, python: str = "3.11.7", prefix: str = "/venv") -> Environment:
    interpreter = Interpreter("cpython", python, python, f"{prefix}/bin/python", prefix, "/usr")
    platform = Platform("Linux", "6.1", "x86_64", "glibc 2.36")
    return Environment(platform, Hardware("a CPU", 2, 2**30), interpreter, packages)


def drift(top: Path, *packages: Package, python: str = "3.11.7") -> dict[str, tuple[str, ...]]:
    found = check_lock_files(str(top), ["."], observed(*packages, python=python))
    return {file.path: file.drift for file in found}


def of_text(tmp_path: Path, name: str, text: str, *packages: Package) -> tuple[str, ...]:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    return drift(tmp_path, *packages)[name]


def uv_lock(*packages: str, head: str = 'version = 1\nrequires-python = ">=3.11"\n') -> str:
    return head + "".join(f"\n[[package]]\n{package}\n" for package in packages)


ONE_FLASK = 'name = "flask"\nversion = "3.1.0"\nsource = { registry = "https://pypi.org/simple" }'


def test_every_kind_of_file_is_found_and_nothing_else(tmp_path: Path) -> None:
    names = (
        *("uv.lock", "pylock.toml", "pylock.gpu.toml", "poetry.lock", "pdm.lock", "Pipfile.lock"),
        *("requirements.txt", "requirements-dev.txt", "requirements/base.txt", "conda-lock.yml"),
        *("environment.yml", "environment.yaml", "pixi.lock", "sub/uv.lock"),
    )
    others = ("notes.txt", "requirements.in", "deep/down/uv.lock", "environment.yml.bak")
    for name in (*names, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}" if name == "Pipfile.lock" else "")
    os.mkfifo(tmp_path / "pylock.pipe.toml")
    found = check_lock_files(str(tmp_path), [".", "sub", "nowhere"], observed())
    assert [file.path for file in found] == sorted(names)
    assert [file for file in found if file.drift] == []


def test_a_project_without_such_files_has_none(tmp_path: Path) -> None:
    assert check_lock_files(str(tmp_path), [".", "."], observed(FLASK)) == ()


def test_nothing_is_said_to_drift_when_no_interpreter_was_seen(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("flask==1.0\n")
    unseen = observed()._replace(interpreter=None)
    assert check_lock_files(str(tmp_path), ["."], unseen)[0].drift == ()


def test_another_version_and_a_package_too_many_are_drift_from_uv_lock(tmp_path: Path) -> None:
    extra, tool = Package("requests", "2.32"), Package("pip", "26.0")
    text = uv_lock(ONE_FLASK, 'name = "absent"\nversion = "1"')
    assert of_text(tmp_path, "uv.lock", text, FLASK, extra, tool) == (
        "flask: 3.1.0 there, 3.1.3 installed",
        "requests: 2.32 installed, not there",
    )


def test_one_version_spelled_in_two_ways_is_no_drift(tmp_path: Path) -> None:
    text = uv_lock('name = "typing-extensions"\nversion = "4.1"')
    assert of_text(tmp_path, "uv.lock", text, Package("typing_extensions", "4.1.0")) == ()


def test_the_project_itself_is_not_held_against_its_lock(tmp_path: Path) -> None:
    text = uv_lock('name = "mine"\nversion = "0.1"\nsource = { editable = "." }')
    mine = Package("mine", "0.2", origin={"url": "./", "editable": "true"})
    lib = Package("lib", "0.2", origin={"url": "./lib"})
    assert of_text(tmp_path, "uv.lock", text, mine, lib) == ()


def test_of_the_versions_in_a_forked_lock_the_one_for_this_python_counts(tmp_path: Path) -> None:
    old = 'name = "numpy"\nversion = "1.26.4"\nresolution-markers = ["python_version < \'3.12\'"]'
    new = 'name = "numpy"\nversion = "2.1.0"\nresolution-markers = ["python_version >= \'3.12\'"]'
    (tmp_path / "uv.lock").write_text(uv_lock(old, new))
    numpy = Package("numpy", "1.26.4")
    assert drift(tmp_path, numpy, python="3.11.7") == {"uv.lock": ()}
    assert drift(tmp_path, numpy, python="3.12.1") == {
        "uv.lock": ("numpy: 2.1.0 there, 1.26.4 installed",)
    }


def test_another_commit_is_drift(tmp_path: Path) -> None:
    url = f"https://example.org/tool.git?rev=main#{COMMIT}"
    text = uv_lock(f'name = "tool"\nversion = "1.0"\nsource = {{ git = "{url}" }}')
    other = Package("tool", "1.0", origin={"url": "https://example.org/tool", "commit": "f" * 40})
    same = Package("tool", "1.0", origin={"url": "https://example.org/tool", "commit": COMMIT})
    assert of_text(tmp_path, "uv.lock", text, same) == ()
    assert of_text(tmp_path, "uv.lock", text, other) == (
        "tool: commit 1a2b3c4 there, commit fffffff installed",
    )


def test_an_interpreter_that_a_lock_does_not_allow_is_named_first(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text(uv_lock(ONE_FLASK))
    assert drift(tmp_path, FLASK, python="3.10.2")["uv.lock"] == (
        "python: >=3.11 there, 3.10.2 installed",
        "flask: 3.1.0 there, 3.1.3 installed",
    )


def test_what_pylock_requires_must_be_installed(tmp_path: Path) -> None:
    text = (
        'lock-version = "1.0"\ncreated-by = "x"\nrequires-python = "==3.11.*"\n'
        '[[packages]]\nname = "flask"\nversion = "3.1.3"\n'
        '[[packages]]\nname = "missing"\nversion = "1.0"\n'
        '[[packages]]\nname = "colorama"\nversion = "1.0"\nmarker = "sys_platform == \'win32\'"\n'
        '[[packages]]\nname = "pytest"\nversion = "9"\nmarker = "\'dev\' in dependency_groups"\n'
    )
    assert of_text(tmp_path, "pylock.toml", text, FLASK, Package("x", "1")) == (
        "missing: 1.0 there, not installed",
        "x: 1 installed, not there",
    )


def test_pylock_with_its_packages_in_one_array_is_read_whole(tmp_path: Path) -> None:
    text = 'lock-version = "1.0"\npackages = [\n    { name = "flask", version = "3.1.0" },\n]\n'
    assert of_text(tmp_path, "pylock.toml", text, FLASK) == ("flask: 3.1.0 there, 3.1.3 installed",)


def test_poetry_lock_says_versions_and_the_python(tmp_path: Path) -> None:
    text = (
        '[[package]]\nname = "flask"\nversion = "3.1.0"\noptional = false\ngroups = ["main"]\n'
        'files = [\n    {file = "flask-3.1.0.whl", hash = "sha256:00"},\n]\n\n'
        '[package.dependencies]\nwerkzeug = ">=3.1"\n\n'
        '[[package]]\nname = "werkzeug"\nversion = "3.0"\n\n'
        '[metadata]\nlock-version = "2.1"\npython-versions = "^3.12"\n'
    )
    assert of_text(tmp_path, "poetry.lock", text, FLASK) == (
        "python: >=3.12,<4 there, 3.11.7 installed",
        "flask: 3.1.0 there, 3.1.3 installed",
    )


def test_pdm_lock_says_versions_and_the_python(tmp_path: Path) -> None:
    text = (
        '[metadata]\ngroups = ["default"]\nlock_version = "4.5.0"\n\n'
        '[[metadata.targets]]\nrequires_python = ">=3.12"\n\n'
        '[[package]]\nname = "flask"\nversion = "3.1.0"\nrequires_python = ">=3.9"\n'
        'files = [\n    {file = "flask-3.1.0.whl", hash = "sha256:00"},\n]\n'
    )
    assert of_text(tmp_path, "pdm.lock", text, FLASK) == (
        "python: >=3.12 there, 3.11.7 installed",
        "flask: 3.1.0 there, 3.1.3 installed",
    )


def test_pipfile_lock_says_what_must_be_installed(tmp_path: Path) -> None:
    document = {
        "_meta": {"requires": {"python_version": "3.11"}},
        "default": {"flask": {"version": "==3.1.0"}, "click": {"version": "==8.1"}},
        "develop": {"pytest": {"version": "==9.0"}},
    }
    assert of_text(tmp_path, "Pipfile.lock", json.dumps(document), FLASK) == (
        "click: 8.1 there, not installed",
        "flask: 3.1.0 there, 3.1.3 installed",
    )


def test_requirements_are_read_as_pip_reads_them(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("werkzeug==3.0\n-r requirements.txt\n")
    (tmp_path / "limits.txt").write_text("absent<1\njinja2<3\n")
    text = f"""\
# a comment
--index-url https://example.org/simple
-r more.txt
-c limits.txt
-r nowhere.txt
-e .
-e git+https://example.org/edited.git@{COMMIT}#egg=edited
./local/thing
https://example.org/some-1.0-py3-none-any.whl
Flask[async]==3.1.0 \\
    --hash=sha256:00 \\
    --hash=sha256:11
numpy>=2,<3  # why not
colorama==1.0 ; sys_platform == "win32"
tomli>=2; python_version < "3.12"
tool @ git+https://example.org/tool.git@{COMMIT}
not a requirement at all !!
"""
    assert of_text(
        tmp_path,
        "requirements.txt",
        text,
        FLASK,
        Package("numpy", "1.26.4"),
        Package("Jinja2", "3.1.2"),
        Package("tool", "1.0", origin={"url": "https://example.org/tool.git", "commit": COMMIT}),
        Package("unnamed", "1.0"),
    ) == (
        "edited: commit 1a2b3c4 there, not installed",
        "flask: 3.1.0 there, 3.1.3 installed",
        "jinja2: <3 there, 3.1.2 installed",
        "numpy: >=2,<3 there, 1.26.4 installed",
        "tomli: >=2 there, not installed",
        "werkzeug: 3.0 there, not installed",
    )


@pytest.mark.parametrize("name", ["requirements-dev.txt", "requirements/test.txt"])
def test_what_a_group_requires_may_be_left_out(tmp_path: Path, name: str) -> None:
    text = "pytest==9.0\nflask==3.1.0\n"
    assert of_text(tmp_path, name, text, FLASK) == ("flask: 3.1.0 there, 3.1.3 installed",)


def test_a_file_with_the_name_of_no_group_is_required_whole(tmp_path: Path) -> None:
    assert of_text(tmp_path, "requirements-gpu.txt", "torch==2.1.0\n") == (
        "torch: 2.1.0 there, not installed",
    )


def test_a_local_version_satisfies_a_requirement_as_it_does_for_pip(tmp_path: Path) -> None:
    assert of_text(tmp_path, "requirements.txt", "torch==2.1", Package("torch", "2.1.0+cpu")) == ()


ENVIRONMENT_YML = """\
name: lab
channels: [conda-forge]
dependencies:
  - python=3.12
  - conda-forge::numpy=1.26
  - openssl=3.0.13
  - cudatoolkit 11.8
  - scipy>=1.11,<2
  - absent
  - pip
  - pip:
      - flask==3.1.0
      - -r requirements.txt
"""


def test_environment_yml_outside_of_conda_says_python_and_pip_packages(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("click\n")
    assert of_text(tmp_path, "environment.yml", ENVIRONMENT_YML, FLASK) == (
        "python: ==3.12.* there, 3.11.7 installed",
        "click: there, not installed",
        "flask: 3.1.0 there, 3.1.3 installed",
    )


def test_environment_yml_within_conda_says_what_conda_installed(tmp_path: Path) -> None:
    meta = tmp_path / "conda" / "conda-meta"
    meta.mkdir(parents=True)
    for name in ("numpy-1.25.0-py311_0", "openssl-3.0.13-h0", "cudatoolkit-11.8.0-h1"):
        (meta / f"{name}.json").write_text("{}")
    (meta / "scipy-1.11.4-py311_0.json").write_text("{}")
    (meta / "history").write_text("")
    (tmp_path / "environment.yml").write_text(ENVIRONMENT_YML)
    environment = observed(FLASK, python="3.12.1", prefix=str(tmp_path / "conda"))
    (found,) = check_lock_files(str(tmp_path), ["."], environment)
    assert found.drift == (
        "absent: there, not installed",
        "flask: 3.1.0 there, 3.1.3 installed",
        "numpy: ==1.26.* there, 1.25.0 installed",
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("uv.lock", b"[[package\n"),
        ("uv.lock", b"package = 3\n"),
        ("uv.lock", b"[[package]]\nversion = '1'\n"),
        ("pylock.toml", b"packages = 'all'\n"),
        ("poetry.lock", b"\xff\xfe\xff"),
        ("poetry.lock", b"\xff\x00"),
        ("pdm.lock", b"<<<<<<< HEAD\n"),
        ("Pipfile.lock", b"[" * 100_000),
        ("Pipfile.lock", b"[]"),
        ("environment.yml", b"dependencies: {a: b}\n"),
        ("environment.yml", b"a: [\n"),
        ("environment.yml", b"a: !!python/object:os.system x\nb: [1\n"),
        ("requirements.txt", b"flask \xff\n"),
    ],
)
def test_a_damaged_file_says_that_it_cannot_be_read(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    (text,) = drift(tmp_path, FLASK)[name]
    assert text.startswith("cannot be read: ")
    assert not text.endswith(".")
    assert "\n" not in text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text("")
    (tmp_path / "uv.lock").chmod(0)
    assert drift(tmp_path)["uv.lock"] == ("cannot be read: Permission denied",)


def test_a_list_from_powershell_is_read(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes("flask==3.1.0\r\n".encode("utf-16"))
    assert drift(tmp_path, FLASK)["requirements.txt"] == ("flask: 3.1.0 there, 3.1.3 installed",)


def test_much_drift_is_cut(tmp_path: Path) -> None:
    lines = "".join(f"package-{n:03}==1.0\n" for n in range(80))
    found = of_text(tmp_path, "requirements.txt", lines)
    assert len(found) == 51
    assert found[-1] == "and 30 more"


def test_markers_and_addresses_never_show_their_secrets(tmp_path: Path) -> None:
    text = f"tool @ git+https://me:hunter2@example.org/tool.git@{COMMIT}\n"
    assert "hunter2" not in repr(of_text(tmp_path, "requirements.txt", text))


def _uv(*argv: str, cwd: Path) -> None:
    done = subprocess.run(
        [find_uv(), "-q", *argv], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_an_environment_that_uv_made_does_not_drift_from_what_uv_wrote(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname = 'mine'\nversion = '0.1'\nrequires-python = '>=3.11'\n"
        "dependencies = ['flask==3.1.0']\n[dependency-groups]\ndev = ['six']\n"
    )
    python = make_venv(tmp_path / ".venv")
    _uv("sync", "--no-dev", "--python", python, cwd=tmp_path)
    _uv("export", "--no-dev", "--format", "pylock.toml", "-o", "pylock.toml", cwd=tmp_path)
    _uv("pip", "compile", "pyproject.toml", "-o", "requirements.txt", cwd=tmp_path)

    def found() -> dict[str, tuple[str, ...]]:
        interpreter = probe(python, env={})
        environment = observed()._replace(
            interpreter=interpreter, packages=scan_packages(interpreter.path)
        )
        return {f.path: f.drift for f in check_lock_files(str(tmp_path), ["."], environment)}

    assert found() == {"pylock.toml": (), "requirements.txt": (), "uv.lock": ()}
    _uv("pip", "install", "--no-deps", "--python", python, "flask==3.0.3", cwd=tmp_path)
    text = "flask: 3.1.0 there, 3.0.3 installed"
    assert found() == dict.fromkeys(("pylock.toml", "requirements.txt", "uv.lock"), (text,))


def test_a_lock_of_150_packages_takes_few_milliseconds(tmp_path: Path) -> None:
    wheel = '    { url = "https://example.org/x.whl", hash = "sha256:0", size = 1 },\n' * 40
    packages = [Package(f"package-{n}", "1.0") for n in range(150)]
    text = uv_lock(*(f'name = "{p.name}"\nversion = "1.0"\nwheels = [\n{wheel}]' for p in packages))
    (tmp_path / "uv.lock").write_text(text)
    drift(tmp_path, *packages)  # imports
    times_s = []
    for _ in range(5):
        started_s = time.perf_counter()
        assert drift(tmp_path, *packages) == {"uv.lock": ()}
        times_s.append(time.perf_counter() - started_s)
    assert min(times_s) < 0.1, "30 ms are meant; this machine may be busy"


def test_nothing_heavy_is_imported_to_find_nothing() -> None:
    code = "import sys, repro.environment.lock_files; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"packaging", "tomllib", "yaml"} & set(done.stdout.split())
