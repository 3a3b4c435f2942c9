"""Locks and the indexes they are made from: private ones, absent ones, and uv's cache."""

import subprocess
import time
import tomllib
from pathlib import Path

import pytest

from repro.environment import lock as lock_module
from repro.environment.ask_uv import _has_wheels, find_uv
from repro.environment.lock import lock
from repro.model.environment import Environment, Package
from tests.environment.private_index import PASSWORD, serve
from tests.environment.pythons import make_project


def _names(content: bytes | None) -> list[str]:
    assert content is not None
    return [package["name"] for package in tomllib.loads(content.decode())["packages"]]


def _wheels(tmp_path: Path, name: str) -> Path:
    """Builds a wheel of version 0.1 and returns its directory."""
    project = make_project(tmp_path / f"project-{name}", name=name)
    build = [find_uv(), "-q", "build", "--wheel", "-o", str(tmp_path / "wheels"), str(project)]
    subprocess.run(build, check=True, capture_output=True)
    return tmp_path / "wheels"


@pytest.mark.parametrize("how", ["variable", "file", "pip"])
def test_the_password_of_a_private_index_stays_out_of_the_lock(
    how: str, observed: Environment, env: dict[str, str], tmp_path: Path
) -> None:
    mine = observed._replace(packages=(Package("repro-private", "0.1"),))
    with serve(_wheels(tmp_path, "repro_private")) as index:
        private = {**env, "UV_CACHE_DIR": str(tmp_path / "uv")}
        if how == "variable":
            private["UV_DEFAULT_INDEX"] = index.url_with_password
        elif how == "pip":
            private["PIP_INDEX_URL"] = index.url_with_password
        else:
            table = f"emit-index-url = true\nindex-url = '{index.url_with_password}'\n"
            (tmp_path / "uv.toml").write_text(f"[pip]\n{table}emit-index-annotation = true\n")
            private["UV_CONFIG_FILE"] = str(tmp_path / "uv.toml")
        content, gaps = lock(mine, cache_dir=str(tmp_path / "cache"), env=private)
        assert gaps == ()
        assert _names(content) == ["repro-private"]
        assert index.asked
    kept = b"".join(p.read_bytes() for p in (tmp_path / "cache").iterdir())
    assert PASSWORD.encode() not in (content or b"") + kept
    assert b"me:" not in (content or b"")


def test_an_index_that_refuses_is_a_gap_without_the_password(
    observed: Environment, env: dict[str, str], tmp_path: Path
) -> None:
    mine = observed._replace(packages=(Package("repro-private", "0.1"),))
    with serve(_wheels(tmp_path, "repro_private")) as index:
        wrong = index.url_with_password.replace(PASSWORD, "wrongwrong")
        private = {**env, "UV_CACHE_DIR": str(tmp_path / "uv"), "UV_DEFAULT_INDEX": wrong}
        _, (gap,) = lock(mine, cache_dir=str(tmp_path / "cache"), env=private)
    assert "wrongwrong" not in repr(gap)


def test_what_uv_has_in_its_cache_is_not_asked_of_the_index(
    observed: Environment, env: dict[str, str], tmp_path: Path
) -> None:
    mine = observed._replace(packages=(Package("repro-private", "0.1"),))
    with serve(_wheels(tmp_path, "repro_private")) as index:
        private = {**env, "UV_CACHE_DIR": str(tmp_path / "uv")}
        private["UV_DEFAULT_INDEX"] = index.url_with_password
        first = lock(mine, cache_dir=str(tmp_path / "a"), env=private)
        n_asked = len(index.asked)
        assert n_asked > 0
        assert lock(mine, cache_dir=str(tmp_path / "b"), env=private) == first
        assert len(index.asked) == n_asked


def test_a_cached_index_without_a_wheel_is_not_believed() -> None:
    head = 'lock-version = "1.0"\n\n[[packages]]\nname = "a"\nversion = "1"\n'
    assert _has_wheels(f'{head}sdist = {{ url = "x" }}\nwheels = [{{ url = "x" }}]\n')
    assert not _has_wheels(f'{head}sdist = {{ url = "x" }}\n')
    assert _has_wheels('lock-version = "1.0"\npackages = []\n')


def test_a_partial_lock_is_completed_after_an_hour(
    observed: Environment, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("repro_private", "repro_late")
    mine = observed._replace(packages=tuple(Package(n.replace("_", "-"), "0.1") for n in names))
    cache = str(tmp_path / "cache")
    now_s = [time.time()]
    monkeypatch.setattr(time, "time", lambda: now_s[0])
    with serve(_wheels(tmp_path, "repro_private")) as index:
        private = {**env, "UV_CACHE_DIR": str(tmp_path / "uv")}
        private["UV_DEFAULT_INDEX"] = index.url_with_password
        partial = lock(mine, cache_dir=cache, env=private)
        assert [gap.subject for gap in partial[1]] == ["repro-late==0.1"]
        _wheels(tmp_path, "repro_late")
        now_s[0] += 3500
        assert lock(mine, cache_dir=cache, env=private) == partial
        now_s[0] += 200
        content, gaps = lock(mine, cache_dir=cache, env=private)
        assert (sorted(_names(content)), gaps) == (["repro-late", "repro-private"], ())
        n_asked = len(index.asked)
        now_s[0] += 10**6  # a whole one is for ever
        assert lock(mine, cache_dir=cache, env=private) == (content, ())
        assert len(index.asked) == n_asked


def test_a_partial_lock_is_kept_while_the_index_cannot_be_reached(
    observed: Environment, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = observed._replace(
        packages=(Package("repro-private", "0.1"), Package("repro-late", "0.1"))
    )
    cache = str(tmp_path / "cache")
    with serve(_wheels(tmp_path, "repro_private")) as index:
        private = {**env, "UV_CACHE_DIR": str(tmp_path / "uv"), "UV_HTTP_RETRIES": "0"}
        private["UV_DEFAULT_INDEX"] = index.url_with_password
        partial = lock(mine, cache_dir=cache, env=private)
    assert _names(partial[0]) == ["repro-private"]
    later_s = time.time() + 4000
    monkeypatch.setattr(time, "time", lambda: later_s)
    elsewhere = {**private, "UV_CACHE_DIR": str(tmp_path / "empty")}
    assert lock(mine, cache_dir=cache, env=elsewhere) == partial
    monkeypatch.setattr(lock_module, "ask_uv", None)
    assert lock(mine, cache_dir=cache, env=elsewhere) == partial


def test_another_index_is_asked_at_once(
    observed: Environment, env: dict[str, str], tmp_path: Path
) -> None:
    mine = observed._replace(packages=(Package("repro-private", "0.1"),))
    cached = {**env, "UV_CACHE_DIR": str(tmp_path / "uv")}
    _, gaps = lock(mine, cache_dir=str(tmp_path / "cache"), env=cached)
    assert len(gaps) == 1
    with serve(_wheels(tmp_path, "repro_private")) as index:
        more = {**cached, "UV_INDEX": index.url_with_password}
        again = mine._replace(indexes=(index.url,))
        content, gaps = lock(again, cache_dir=str(tmp_path / "cache"), env=more)
    assert (_names(content), gaps) == (["repro-private"], ())
