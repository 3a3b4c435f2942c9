"""Which bytes are kept, by pattern."""

import pytest

from repro.model.policy import Keep, Rule, StorePolicy, is_pattern


def _covers(pattern: str, path: str, *, is_directory: bool = False) -> bool:
    policy = StorePolicy(rules=(Rule(pattern, Keep.NEVER),))
    found = policy.rule_of(path, is_directory=is_directory)
    # The same must hold for a project further down.
    moved = policy.below("a [b]*").rule_of(f"a [b]*/{path}", is_directory=is_directory)
    assert moved.keep is found.keep
    assert policy.below("a [b]*").rule_of(f"other/{path}").keep is Keep.AUTO
    return found.keep is Keep.NEVER


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.ckpt", "a.ckpt"),
        ("*.ckpt", "deep/er/a.ckpt"),
        ("raw", "data/raw/x"),
        ("data/raw/**", "data/raw/x"),
        ("data/raw/**", "data/raw"),
        ("data/*", "data/x/y"),
        ("/top.bin", "top.bin"),
        ("data/**/x", "data/x"),
        ("data/**/x", "data/a/b/x"),
        ("**/x", "a/x"),
        ("**", "anything/at/all"),
        ("**/**/**/x", "x"),
        ("fold?", "fold1"),
        ("fold[0-3]", "fold2/x"),
        ("fold[!0-3]", "fold4"),
        ("[]]", "]"),
        ("a\\*b", "a*b"),
        ("a+(b)", "a+(b)"),
        ("new\nline", "new\nline"),
        ("[", "["),
    ],
)
def test_a_pattern_covers_what_gitignore_would(pattern: str, path: str) -> None:
    assert is_pattern(pattern)
    assert _covers(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.ckpt", "a.ckpt2"),
        ("data/raw", "x/data/raw"),
        ("/top.bin", "x/top.bin"),
        ("data/*.bin", "data/x/y.bin"),
        ("fold?", "fold10"),
        ("fold[!0-3]", "fold2"),
        ("fold[!0-3]", "fold/"),
        ("a\\*b", "axb"),
        ("a.b", "axb"),
        ("cache/", "cache"),
    ],
)
def test_a_pattern_covers_nothing_else(pattern: str, path: str) -> None:
    assert not _covers(pattern, path)


def test_a_pattern_with_a_slash_at_its_end_is_for_directories() -> None:
    assert _covers("cache/", "cache", is_directory=True)
    assert _covers("cache/", "x/cache/file")


def test_a_directory_is_not_covered_by_a_pattern_for_files_in_it() -> None:
    assert not _covers("*.tif", "images", is_directory=True)
    assert not _covers("images/*.tif", "images", is_directory=True)


def test_the_last_rule_that_matches_counts() -> None:
    policy = StorePolicy(Keep.ALWAYS, (Rule("data/**", Keep.NEVER), Rule("data/small", Keep.AUTO)))
    assert policy.rule_of("data/large") == Rule("data/**", Keep.NEVER)
    assert policy.rule_of("data/small") == Rule("data/small", Keep.AUTO)
    assert policy.rule_of("other") == Rule("", Keep.ALWAYS)


@pytest.mark.parametrize("text", ["", "/", "//", "..", "../x", "a/../b", "[z-a]"])
def test_what_names_nothing_in_the_project_is_no_pattern(text: str) -> None:
    assert not is_pattern(text)
