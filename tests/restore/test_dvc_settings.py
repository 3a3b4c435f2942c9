"""DVC's settings in a new worktree: the shared cache, and all else as it was."""

from repro.restore.dvc_settings import with_cache_dir


def test_settings_are_made_where_there_are_none() -> None:
    assert with_cache_dir("", "/c") == b"[cache]\n    dir = /c\n"


def test_other_settings_stay() -> None:
    config = "['remote \"r\"']\n    url = s3://x\n[core]\n    remote = r\n"
    assert with_cache_dir(config, "/c").decode() == f"{config}[cache]\n    dir = /c\n"


def test_a_cache_that_is_set_is_set_anew_in_its_section() -> None:
    config = "[cache]\n    type = symlink\n    dir = ../old\n[core]\n    dir = kept\n"
    assert with_cache_dir(config, "/c").decode() == (
        "[cache]\n    dir = /c\n    type = symlink\n[core]\n    dir = kept\n"
    )


def test_a_path_with_special_characters_is_quoted() -> None:
    assert b'dir = "/a #1, b"' in with_cache_dir("", "/a #1, b")
