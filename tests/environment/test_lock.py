"""Locks made by the real uv."""

import socket
import subprocess
import tomllib
from pathlib import Path

import pytest

from repro.environment import ask_uv as ask_uv_module
from repro.environment import lock as lock_module
from repro.environment.ask_uv import find_uv
from repro.environment.lock import lock
from repro.environment.observe import observe
from repro.environment.probe import probe
from repro.model.environment import Environment, Package
from repro.secrets.redactor import Redactor
from tests.environment.pythons import make_project, make_venv


def _with(environment: Environment, *packages: Package) -> Environment:
    return environment._replace(packages=(*environment.packages, *packages))


def _names(content: bytes | None) -> list[str]:
    assert content is not None
    return [package["name"] for package in tomllib.loads(content.decode())["packages"]]


def _nowhere() -> str:
    """Returns the URL of an index where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}/simple"


def test_the_lock_holds_what_was_observed_with_hashes(
    observed: Environment, env: dict[str, str], tmp_path: Path
) -> None:
    content, gaps = lock(observed, cache_dir=str(tmp_path), env=env)
    assert content is not None
    document = tomllib.loads(content.decode())
    versions = {package["name"]: package["version"] for package in document["packages"]}
    assert versions == {"click": "8.1.7", "six": "1.17.0"}
    assert all(wheel["hashes"] for p in document["packages"] for wheel in p["wheels"])
    assert gaps == ()


def test_two_locks_of_one_environment_are_the_same_bytes(
    observed: Environment, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = lock(observed, cache_dir=str(tmp_path / "a"), env=env)
    monkeypatch.chdir(tmp_path)
    assert lock(observed, cache_dir=str(tmp_path / "b"), env=env) == first
    assert str(tmp_path).encode() not in (first[0] or b"")


def test_the_environment_is_not_looked_at_again(
    observed: Environment, env: dict[str, str], tmp_path: Path
) -> None:
    other = observed._replace(packages=(Package("click", "8.1.6"),))
    content, _ = lock(other, cache_dir=str(tmp_path), env=env)
    assert b'version = "8.1.6"' in (content or b"")


def test_uv_rebuilds_the_environment_from_the_lock(
    observed: Environment, env: dict[str, str], tmp_path: Path
) -> None:
    content, _ = lock(observed, cache_dir=str(tmp_path / "cache"), env=env)
    (tmp_path / "pylock.toml").write_bytes(content or b"")
    python = make_venv(tmp_path / "again")
    sync = [find_uv(), "-q", "pip", "sync", "--python", python, str(tmp_path / "pylock.toml")]
    subprocess.run(sync, check=True, capture_output=True)
    again, _ = observe(
        probe(python, env={}),
        variables={},
        cache_dir=str(tmp_path / "cache"),
        redactor=Redactor(b"k"),
    )
    assert again.packages == observed.packages


def test_a_second_lock_asks_nobody(
    observed: Environment, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ill = _with(observed, Package("six-local", "1.0+mine"))
    first = lock(ill, cache_dir=str(tmp_path), env=env)
    monkeypatch.setattr(lock_module, "ask_uv", None)
    assert lock(ill, cache_dir=str(tmp_path), env=env) == first


def test_what_the_index_does_not_have_is_left_out_by_name(
    observed: Environment, env: dict[str, str], tmp_path: Path
) -> None:
    ill = _with(
        observed,
        Package("six", "1.17.0+cpu"),
        Package("repro-no-such-package", "1.0"),
        Package("idna", "99.0"),
    )
    content, gaps = lock(
        ill._replace(packages=ill.packages[:1] + ill.packages[2:]), cache_dir=str(tmp_path), env=env
    )
    assert _names(content) == ["click"]
    assert [gap.subject for gap in gaps] == [
        "idna==99.0",
        "repro-no-such-package==1.0",
        "six==1.17.0+cpu",
    ]
    assert "there is no version of idna==99.0" in gaps[0].reason
    assert gaps[2].fix == "export UV_INDEX=https://download.pytorch.org/whl/cpu"


def test_pips_further_indexes_are_asked_for_what_uv_does_not_find(
    observed: Environment, env: dict[str, str], tmp_path: Path
) -> None:
    project = make_project(tmp_path / "project", name="repro_tiny_wheel")
    build = [find_uv(), "-q", "build", "--wheel", "-o", str(tmp_path / "wheels"), str(project)]
    subprocess.run(build, check=True, capture_output=True)
    mine = _with(observed, Package("repro-tiny-wheel", "0.1"))
    links = {**env, "PIP_FIND_LINKS": str(tmp_path / "wheels")}
    content, gaps = lock(mine, cache_dir=str(tmp_path / "cache"), env=links)
    assert _names(content) == ["click", "repro-tiny-wheel", "six"]
    assert gaps == ()


def test_commits_and_hashed_archives_need_no_look_up(
    observed: Environment, env: dict[str, str], tmp_path: Path
) -> None:
    wheel = tmp_path / "local-1.0-py3-none-any.whl"
    commit = "0123456789" * 4
    mine = _with(
        observed,
        Package("from-git", "1", origin={"url": "https://h.invalid/r", "commit": commit}),
        Package("from-web", "2", origin={"url": "https://h.invalid/x-2.zip", "sha256": "ab"}),
        Package("local", "1.0", origin={"url": wheel.as_uri(), "sha256": "cd"}),
    )
    content, gaps = lock(mine, cache_dir=str(tmp_path / "cache"), env=env)
    assert gaps == ()
    tables = {p["name"]: p for p in tomllib.loads((content or b"").decode())["packages"]}
    git = {"type": "git", "url": "https://h.invalid/r", "commit-id": commit}
    assert tables["from-git"]["vcs"] == git
    assert tables["from-web"]["archive"]["hashes"] == {"sha256": "ab"}
    assert tables["local"]["archive"] == {"path": str(wheel), "hashes": {"sha256": "cd"}}


def test_uv_rebuilds_commits_and_local_archives_from_the_lock(
    env: dict[str, str], tmp_path: Path
) -> None:
    project = make_project(tmp_path / "a project")
    git = ["git", "-C", str(project)]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *command], check=True, capture_output=True)
    other = make_project(tmp_path / "other", name="small")
    build = [find_uv(), "-q", "build", "--wheel", "-o", str(tmp_path / "wheels"), str(other)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = (tmp_path / "wheels").glob("*.whl")
    python = make_venv(tmp_path / "venv", f"tiny @ git+{project.as_uri()}", str(wheel))
    first, gaps = observe(
        probe(python, env={}),
        variables={},
        cache_dir=str(tmp_path / "cache"),
        redactor=Redactor(b"k"),
    )
    content, lock_gaps = lock(first, cache_dir=str(tmp_path / "cache"), env=env)
    assert (gaps, lock_gaps) == ((), ())
    (tmp_path / "pylock.toml").write_bytes(content or b"")
    rebuilt = make_venv(tmp_path / "again")
    sync = [find_uv(), "-q", "pip", "sync", "--python", rebuilt, str(tmp_path / "pylock.toml")]
    subprocess.run(sync, check=True)
    again, _ = observe(
        probe(rebuilt, env={}),
        variables={},
        cache_dir=str(tmp_path / "cache"),
        redactor=Redactor(b"k"),
    )
    assert [p.record for p in again.packages] == [p.record for p in first.packages]


def test_what_lies_on_this_machine_is_left_to_the_code_and_to_observe(
    observed: Environment, env: dict[str, str], tmp_path: Path
) -> None:
    mine = _with(
        observed,
        Package("inside", "1", origin={"url": "./", "editable": "true"}),
        Package("outside", "1", origin={"url": "file:///elsewhere", "editable": "true"}),
        Package("gone", "1", origin={"url": "file:///gone/gone-1-py3-none-any.whl"}),
    )
    content, gaps = lock(mine, cache_dir=str(tmp_path), env=env)
    assert _names(content) == ["click", "six"]
    assert gaps == ()


def test_an_environment_without_packages_has_an_empty_lock(
    observed: Environment, env: dict[str, str], tmp_path: Path
) -> None:
    content, gaps = lock(observed._replace(packages=()), cache_dir=str(tmp_path), env=env)
    assert content is not None
    assert tomllib.loads(content.decode()).get("packages", []) == []
    assert gaps == ()


def test_an_index_out_of_reach_is_served_by_uvs_cache(
    observed: Environment, env: dict[str, str], tmp_path: Path
) -> None:
    cached = {**env, "UV_CACHE_DIR": str(tmp_path / "uv")}
    online, _ = lock(observed, cache_dir=str(tmp_path / "a"), env=cached)
    # The same index for uv's cache, and no way there.
    offline = {**cached, "UV_OFFLINE": "1"}
    assert lock(observed, cache_dir=str(tmp_path / "b"), env=offline) == (online, ())


def test_an_index_out_of_reach_is_a_gap_and_not_asked_again(
    observed: Environment, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = _nowhere().replace("//", "//me:hunter2@")
    away = {**env, "UV_CACHE_DIR": str(tmp_path / "uv"), "UV_DEFAULT_INDEX": index}
    away |= {"UV_HTTP_RETRIES": "0"}
    content, (gap,) = lock(observed, cache_dir=str(tmp_path / "cache"), env=away)
    assert content is None
    assert gap.reason.startswith("the package index could not be reached (http://127.0.0.1:")
    monkeypatch.setattr(lock_module, "ask_uv", None)
    content, (again,) = lock(observed, cache_dir=str(tmp_path / "cache"), env=away)
    assert content is None
    assert again.reason.endswith("; tried 0 min ago, and not again for 10 min")
    kept = b"".join(p.read_bytes() for p in (tmp_path / "cache").iterdir())
    assert b"hunter2" not in kept + gap.reason.encode()


def test_in_a_hurry_an_index_that_is_silent_is_given_up_and_left_alone(
    observed: Environment, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask_uv_module, "_HURRIED_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        index = f"http://127.0.0.1:{silent.getsockname()[1]}/simple"
        away = {**env, "UV_CACHE_DIR": str(tmp_path / "uv"), "UV_DEFAULT_INDEX": index}
        content, (gap,) = lock(observed, cache_dir=str(tmp_path), env=away, is_hurried=True)
    assert content is None
    assert gap.reason.startswith("the package index takes more than")
    with monkeypatch.context() as patch:
        patch.setattr(lock_module, "ask_uv", None)
        assert lock(observed, cache_dir=str(tmp_path), env=away, is_hurried=True) == (None, (gap,))
    # Who has more time asks all the same, and whoever hurries then has the answer at once.
    content, gaps = lock(observed, cache_dir=str(tmp_path), env=env)
    assert (lock(observed, cache_dir=str(tmp_path), env=env, is_hurried=True)) == (content, gaps)
    assert _names(content) == ["click", "six"]


def test_a_machine_without_uv_is_a_gap_with_the_command(
    observed: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repro.environment.ask_uv.find_uv", lambda: "uv")
    content, (gap,) = lock(observed, cache_dir=str(tmp_path), env={"PATH": str(tmp_path)})
    assert (content, gap.reason, gap.fix) == (None, "uv is not installed", "pip install uv")


def test_a_vanished_interpreter_is_a_gap(
    observed: Environment, env: dict[str, str], tmp_path: Path
) -> None:
    assert observed.interpreter is not None
    gone = observed._replace(interpreter=observed.interpreter._replace(executable="/gone/python"))
    content, (gap,) = lock(gone, cache_dir=str(tmp_path), env=env)
    assert content is None
    assert "/gone/python" in gap.reason


def test_overrides_of_the_project_do_not_change_the_lock_unseen(
    observed: Environment, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname = 'p'\nversion = '1'\n[tool.uv]\noverride-dependencies = ['six==1.16.0']\n"
    )
    monkeypatch.chdir(tmp_path)
    content, gaps = lock(observed, cache_dir=str(tmp_path / "cache"), env=env)
    held = {p["name"]: p["version"] for p in tomllib.loads((content or b"").decode())["packages"]}
    is_told = any("uv's settings put 1.16.0 there instead" in gap.reason for gap in gaps)
    assert held["six"] == "1.17.0" or is_told


def test_what_conda_installed_is_left_to_its_list(
    observed: Environment, env: dict[str, str], tmp_path: Path
) -> None:
    assert observed.interpreter is not None
    (tmp_path / "conda/conda-meta").mkdir(parents=True)
    inside = observed.interpreter._replace(prefix=str(tmp_path / "conda"))
    torch = Package("repro-no-such-package", "2.2.0", installer="conda")
    mine = _with(observed, torch)
    content, gaps = lock(mine._replace(interpreter=inside), cache_dir=str(tmp_path), env=env)
    assert (_names(content), gaps) == (["click", "six"], ())
    _, (gap,) = lock(mine, cache_dir=str(tmp_path), env=env)  # no list of conda's there
    assert gap.subject == "repro-no-such-package==2.2.0"


def test_without_an_interpreter_there_is_no_lock(observed: Environment, tmp_path: Path) -> None:
    assert lock(observed._replace(interpreter=None), cache_dir=str(tmp_path), env={}) == (None, ())
