"""Environments of conda's.

No conda can be had for these tests. A script of its name stands in, which notes its arguments and
makes a virtual environment with the packages that conda would bring: what is tested is what it is
asked to do, and that uv leaves alone what it brought.
"""

import json
import os
import sys
from pathlib import Path

import pytest

from repro.environment.ask_uv import find_uv
from repro.model.run import Record
from repro.rebuild.differences import NotExactError
from repro.rebuild.environment import rebuild
from tests.rebuild.records import BASE, environment_of, request_for, with_environment
from tests.rebuild.wheels import make_wheel

_EXPLICIT = b"@EXPLICIT\nhttps://conda.example/linux-64/python-3.11.7-0.conda#0123\n"

_STAND_IN = """#!{python}
import json, pathlib, subprocess, sys
argv = sys.argv[1:]
listing = pathlib.Path(argv[argv.index("--file") + 1]).read_text()
pathlib.Path({note!r}).write_text(json.dumps([argv, listing]))
if {fails!r}:
    sys.exit("critical libmamba could not download python")
prefix = argv[argv.index("--prefix") + 1]
uv = [{uv!r}, "-q"]
subprocess.run([*uv, "venv", "--no-project", "--python", {base!r}, prefix], check=True)
install = [*uv, "pip", "install", "--no-deps", "--python", prefix + "/bin/python"]
subprocess.run([*install, {wheel!r}], check=True)
"""


def _micromamba(tmp_path: Path, *, fails: bool = False) -> Path:
    wheel = make_wheel(tmp_path / "conda-pkgs", "beta", code="from_conda = True\n")
    script = tmp_path / "bin" / "micromamba"
    script.parent.mkdir()
    script.write_text(
        _STAND_IN.format(
            python=sys.executable,
            note=str(tmp_path / "asked.json"),
            fails=fails,
            base=BASE,
            uv=find_uv(),
            wheel=str(wheel),
        )
    )
    script.chmod(0o755)
    return script.parent


@pytest.fixture
def conda_record(record: Record) -> Record:
    """A run whose beta came from conda; the lock, which uv made, has one too."""
    environment = environment_of(record)
    packages = tuple(
        p._replace(installer="conda", record=None) if p.name == "beta" else p
        for p in environment.packages
    )
    mine = with_environment(record, environment._replace(packages=packages))
    return mine._replace(conda=_EXPLICIT)


def test_conda_makes_it_and_uv_adds_the_rest(
    conda_record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    path = f"{_micromamba(tmp_path)}:{env['PATH']}"
    built = rebuild(request_for(conda_record, tmp_path, {**env, "PATH": path}), talk=lambda _: None)
    argv, listing = json.loads((tmp_path / "asked.json").read_text())
    options = ["create", "--yes", "--quiet", "--prefix", built.prefix]
    assert argv == [*options, "--file", f"{built.prefix}.conda-explicit.txt"]
    assert listing.encode() == _EXPLICIT
    assert (built.n_identical, built.n_packages, built.differences) == (2, 2, ())
    (module,) = Path(built.prefix).glob("lib/python*/site-packages/beta.py")
    assert module.read_text() == "from_conda = True\n"
    assert not os.path.exists(f"{built.prefix}.conda-explicit.txt")


def test_without_conda_the_commands_are_told(
    conda_record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(NotExactError) as caught:
        rebuild(
            request_for(conda_record, tmp_path, {**env, "PATH": str(tmp_path)}),
            talk=lambda _: None,
        )
    (difference,) = caught.value.differences
    assert difference.reason == "none of micromamba, mamba, conda is on PATH"
    assert "micromamba" in (caught.value.hint or "")


def test_what_conda_could_not_do_is_told(
    conda_record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    path = f"{_micromamba(tmp_path, fails=True)}:{env['PATH']}"
    with pytest.raises(NotExactError) as caught:
        rebuild(request_for(conda_record, tmp_path, {**env, "PATH": path}), talk=lambda _: None)
    assert caught.value.message == "micromamba could not create the environment"
    assert caught.value.differences[0].reason == "critical libmamba could not download python"
