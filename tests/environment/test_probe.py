"""Asking real interpreters, and finding the one a project uses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from repro.environment.probe import (
    ProbeError,
    cached_probe,
    find_python,
    interpreter_from,
    is_python,
    probe,
)
from tests.environment.pythons import make_venv, pythons


def _script(path: Path, text: str = "exit 0") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("version", sorted(pythons()))
def test_every_python_answers(version: str) -> None:
    found = probe(pythons()[version], env={})
    assert (found.version, found.build.split()[0].rstrip("+")) == (version, version)


def test_the_answer_is_what_the_interpreter_says_of_itself(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv")
    found = probe(python, env={})
    assert found.executable == python
    assert found.prefix == str(tmp_path / "venv")
    assert found.base_prefix == os.path.realpath(sys.base_prefix)


def test_pythonpath_counts_unless_isolated(tmp_path: Path) -> None:
    env = {"PYTHONPATH": str(tmp_path)}
    assert str(tmp_path) in probe(sys.executable, env=env).path
    assert str(tmp_path) not in probe(sys.executable, env=env, isolated=True).path


def test_the_current_directory_is_not_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sys.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    assert {"", str(tmp_path)}.isdisjoint(probe(sys.executable, env={}).path)


def test_a_sitecustomize_that_raises_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('noise')\nraise RuntimeError('broken')\n")
    found = probe(sys.executable, env={"PYTHONPATH": str(tmp_path)})
    assert found.version == ".".join(map(str, sys.version_info[:3]))


def test_a_virtual_environment_that_lost_its_python_is_named(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv")
    (tmp_path / "venv/bin/python").unlink()
    (tmp_path / "venv/bin/python").symlink_to("/no/python3.11")
    with pytest.raises(ProbeError, match="venv/bin/python"):
        probe(python, env={})


def test_what_a_sitecustomize_prints_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('repro-probe {')")
    found = probe(sys.executable, env={"PYTHONPATH": str(tmp_path)})
    assert found.version == ".".join(map(str, sys.version_info[:3]))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("echo hello", "it does not answer as a Python does"),
        ("echo 'no such version' >&2; exit 3", "no such version"),
        ("exit 3", "exit code 3"),
        ("echo; echo 'repro-probe {1:'", "it does not answer as a Python does"),
    ],
)
def test_what_is_no_python_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ProbeError) as caught:
        probe(_script(tmp_path / "python", text), env={"PATH": os.defpath})
    assert caught.value.reason == reason


def test_a_missing_interpreter_is_named() -> None:
    with pytest.raises(ProbeError, match="/no/python"):
        probe("/no/python", env={})


def test_a_kept_answer_starts_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python, cache = make_venv(tmp_path / "venv"), str(tmp_path / "cache")
    first = cached_probe(python, cache_dir=cache, env={})
    monkeypatch.setattr("repro.process.run", None)
    assert cached_probe(python, cache_dir=cache, env={}) == first


def test_a_rebuilt_environment_is_asked_again(tmp_path: Path) -> None:
    python, cache = make_venv(tmp_path / "venv"), str(tmp_path / "cache")
    before = cached_probe(python, cache_dir=cache, env={})
    (site,) = (Path(entry) for entry in before.path if entry.endswith("site-packages"))
    (tmp_path / "extra").mkdir()
    (site / "extra.pth").write_text(str(tmp_path / "extra"))
    assert str(tmp_path / "extra") in cached_probe(python, cache_dir=cache, env={}).path


def test_other_variables_have_another_answer(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    cached_probe(sys.executable, cache_dir=cache, env={})
    env = {"PYTHONPATH": str(tmp_path)}
    assert str(tmp_path) in cached_probe(sys.executable, cache_dir=cache, env=env).path


def test_a_shim_is_always_asked(tmp_path: Path) -> None:
    cache, shim = str(tmp_path / "cache"), tmp_path / "python"
    _script(shim, f'exec "{sys.executable}" "$@"')
    assert cached_probe(str(shim), cache_dir=cache, env={}).executable == sys.executable
    _script(shim, "exit 4")
    with pytest.raises(ProbeError):
        cached_probe(str(shim), cache_dir=cache, env={})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((n, True) for n in ("python", "python3", "python3.13t", "/a/b/python2.7", "pypy3")),
        *((n, False) for n in ("ipython", "python-config", "bash", "pythonic", "train.py", "")),
    ],
)
def test_names_of_pythons(name: str, *, expected: bool) -> None:
    assert is_python(name) is expected


def test_the_activated_environment_goes_first(tmp_path: Path) -> None:
    for name in ("v", "c", ".venv", "path"):
        _script(tmp_path / name / "bin/python")
    env = {"PATH": f"{tmp_path}/path/bin"}
    everything = {**env, "VIRTUAL_ENV": f"{tmp_path}/v", "CONDA_PREFIX": f"{tmp_path}/c"}
    assert find_python(str(tmp_path), everything) == f"{tmp_path}/v/bin/python"
    conda = {**env, "CONDA_PREFIX": f"{tmp_path}/c"}
    assert find_python(str(tmp_path), conda) == f"{tmp_path}/c/bin/python"
    base = {**conda, "CONDA_DEFAULT_ENV": "base"}
    assert find_python(str(tmp_path), base) == f"{tmp_path}/.venv/bin/python"
    assert find_python(str(tmp_path / "none"), base) == f"{tmp_path}/c/bin/python"
    assert find_python(str(tmp_path / "none"), env) == f"{tmp_path}/path/bin/python"


def test_python3_alone_on_the_path_is_found(tmp_path: Path) -> None:
    only = _script(tmp_path / "bin/python3")
    assert find_python(str(tmp_path), {"PATH": f"/none:{tmp_path}/bin"}) == only


def test_a_machine_without_python_has_none(tmp_path: Path) -> None:
    assert find_python(str(tmp_path), {"PATH": str(tmp_path)}) is None


@pytest.mark.parametrize("facts", [None, [], {}, {"version": 3}, {"path": "x"}])
def test_what_no_interpreter_says_is_none(facts: object) -> None:
    assert interpreter_from(facts) is None


def test_the_probe_leaves_nothing_behind(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "sitecustomize.py").write_text("")
    probe(sys.executable, env={"PYTHONPATH": str(tmp_path)})
    assert sorted(os.listdir(tmp_path)) == [".git", "sitecustomize.py"]
