"""pip's index settings, for uv."""

from pathlib import Path

from repro.environment.indexes import PipIndexes, has_uv_indexes, observe_indexes, pip_indexes


def _home(tmp_path: Path, name: str = ".config/pip/pip.conf", text: str = "") -> dict[str, str]:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    return {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "none")}


def test_the_users_pip_conf_is_read(tmp_path: Path) -> None:
    text = "[global]\nindex-url = https://a/simple\n[install]\nfind_links =\n  /w\n  https://b\n"
    found = pip_indexes(_home(tmp_path, text=text), prefix="/none")
    assert (found.main, found.links) == ("https://a/simple", ("/w", "https://b"))


def test_variables_win_over_files(tmp_path: Path) -> None:
    env = _home(tmp_path, text="[global]\nindex-url = https://a\nextra-index-url = https://x%20y\n")
    found = pip_indexes({**env, "PIP_INDEX_URL": "https://b"}, prefix="/none")
    assert (found.main, found.extra) == ("https://b", ("https://x%20y",))


def test_the_environments_own_pip_conf_wins_over_the_users(tmp_path: Path) -> None:
    env = _home(tmp_path, text="[global]\nindex-url = https://a\n")
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://venv\n")
    assert pip_indexes(env, prefix=str(tmp_path)).main == "https://venv"


def test_a_file_that_pip_cannot_read_sets_nothing(tmp_path: Path) -> None:
    assert pip_indexes(_home(tmp_path, text="index-url = x"), prefix="/none").main == ""


def test_pip_told_to_read_no_file_has_no_settings(tmp_path: Path) -> None:
    env = _home(tmp_path, text="[global]\nindex-url = https://a\n")
    assert pip_indexes({**env, "PIP_CONFIG_FILE": "/dev/null"}, prefix="/none") == PipIndexes()


def test_uv_gets_them_in_its_own_words() -> None:
    found = PipIndexes("https://a", ("https://b", "https://c"), ("/d", "/e"))
    assert found.main_variables() == {"UV_DEFAULT_INDEX": "https://a"}
    assert found.further_variables() == {
        "UV_INDEX": "https://b https://c",
        "UV_FIND_LINKS": "/d,/e",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    assert PipIndexes().main_variables() == PipIndexes().further_variables() == {}


def test_uvs_own_settings_are_seen(tmp_path: Path) -> None:
    env = _home(tmp_path)
    assert not has_uv_indexes(env)
    assert has_uv_indexes({**env, "UV_INDEX_URL": "https://a"})
    assert has_uv_indexes(_home(tmp_path, ".config/uv/uv.toml"))


def test_what_variables_set_up_is_observed_without_credentials(tmp_path: Path) -> None:
    env = {
        "HOME": str(tmp_path),
        "XDG_CONFIG_DIRS": str(tmp_path),
        "UV_DEFAULT_INDEX": "https://me:hunter2@a/simple",
        "UV_INDEX": "corp=https://b/simple https://c/simple?token=hunter2",
        "UV_FIND_LINKS": "/wheels,https://d/links",
        "PIP_EXTRA_INDEX_URL": "https://tok@e/simple https://b/simple",
    }
    assert observe_indexes(env, prefix="/none") == (
        *("https://a/simple", "https://b/simple", "https://c/simple?token=<redacted>"),
        *("/wheels", "https://d/links", "https://e/simple"),
    )


def test_nothing_set_up_is_nothing_observed(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path)}
    assert observe_indexes(env, prefix="/none", top=str(tmp_path)) == ()


def test_the_projects_own_indexes_are_observed(tmp_path: Path) -> None:
    env = _home(tmp_path / "home", ".config/uv/uv.toml", "extra-index-url = ['https://user']\n")
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname = 'x'\n"
        "[[tool.uv.index]]\nname = 'torch'\nurl = 'https://download.pytorch.org/whl/cu121'\n"
        "explicit = true\n[tool.uv.pip]\nfind-links = ['/w']\n"
    )
    expected = ("https://download.pytorch.org/whl/cu121", "/w", "https://user")
    assert observe_indexes(env, prefix="/none", top=str(tmp_path)) == expected
    # As uv does, the one file or the other.
    (tmp_path / "uv.toml").write_text("[[index]]\nurl = 'https://me:pw@own'\n")
    assert observe_indexes(env, prefix="/none", top=str(tmp_path)) == (
        "https://own",
        "https://user",
    )
    alone = {**env, "UV_CONFIG_FILE": str(tmp_path / "uv.toml")}
    assert observe_indexes(alone, prefix="/none", top=str(tmp_path)) == ("https://own",)
    assert observe_indexes({**env, "UV_NO_CONFIG": "1"}, prefix="/none", top=str(tmp_path)) == ()


def test_a_file_that_uv_refuses_has_no_indexes(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path)}
    for text in (b"index = 3", b"[[", b"\xff", b"index = [1, {}]\npip = 'x'"):
        (tmp_path / "uv.toml").write_bytes(text)
        assert observe_indexes(env, prefix="/none", top=str(tmp_path)) == ()
