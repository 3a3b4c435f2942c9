"""Reads ``[tool.repro]``."""

import math

import pytest

from repro.model.config import Config, ConfigError, config_from_table
from repro.model.policy import Keep, Rule, StorePolicy


def test_an_empty_table_is_the_defaults() -> None:
    assert config_from_table({}, file="f") == Config()


def test_every_key_is_read_with_dashes_or_underscores() -> None:
    table = {"params": ["a"], "metrics": ["b"], "inputs": ["c"], "outputs": ["d"]}
    config = config_from_table({**table, "store-limit-mib": 2}, file="f")
    assert config == Config(("a",), ("b",), ("c",), ("d",), 2)
    assert config == config_from_table({**table, "store_limit_mib": 2}, file="f")
    assert config.store_limit_bytes == 2 * 2**20


def test_a_limit_of_nothing_is_a_limit() -> None:
    assert config_from_table({"store-limit-mib": 0}, file="f").store_limit_bytes == 0


@pytest.mark.parametrize(
    ("value", "seconds"), [(True, 10.0), (False, None), (2, 2.0), (0.5, 0.5), (86_400, 86_400.0)]
)
def test_hardware_is_watched_or_not_or_every_so_many_seconds(
    value: object, seconds: float | None
) -> None:
    assert config_from_table({"system-metrics": value}, file="f").system_metrics_s == seconds


def test_hardware_is_watched_every_10_s_unless_said_otherwise() -> None:
    assert Config().system_metrics_s == 10.0


@pytest.mark.parametrize("value", [0, 0.05, -1, 86_401, math.nan, math.inf, "10", None, [10]])
def test_other_intervals_are_refused(value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        config_from_table({"system_metrics": value}, file="f")
    assert caught.value.message == (
        f"f: system_metrics must be true, false, or seconds from 0.1 to 86400, not {value!r}"
    )
    assert caught.value.hint == f"system_metrics = {'false' if value == 0 else 10}"


def test_a_mistyped_key_names_the_nearest() -> None:
    with pytest.raises(ConfigError) as caught:
        config_from_table({"metric": []}, file="pyproject.toml")
    assert caught.value.message == "pyproject.toml: unknown key 'metric'"
    assert caught.value.hint == "did you mean metrics?"


def test_a_key_like_no_other_names_all() -> None:
    with pytest.raises(ConfigError) as caught:
        config_from_table({"zzz": []}, file="f")
    assert caught.value.hint is not None
    assert "store_limit_mib" in caught.value.hint


@pytest.mark.parametrize(
    "table",
    [
        None,
        [],
        "text",
        {"params": "a.yaml"},
        {"params": [1]},
        {"outputs": {}},
        {"store-limit-mib": -1},
        {"store-limit-mib": True},
        {"store-limit-mib": 1.5},
        {"store-limit-mib": "5"},
        {1: 2},
    ],
)
def test_a_value_of_another_type_is_an_error_with_the_file(table: object) -> None:
    with pytest.raises(ConfigError) as caught:
        config_from_table(table, file="somewhere.toml")
    assert caught.value.file == "somewhere.toml"
    assert caught.value.message.startswith("somewhere.toml: ")


def test_one_word_says_what_is_kept_of_all() -> None:
    assert config_from_table({"store": "never"}, file="f").store == StorePolicy(Keep.NEVER)


def test_a_table_says_it_by_pattern_in_its_order() -> None:
    table = {"default": "always", "data/raw/**": "never", "*.ckpt": "auto"}
    expected = StorePolicy(
        Keep.ALWAYS, (Rule("data/raw/**", Keep.NEVER), Rule("*.ckpt", Keep.AUTO))
    )
    assert config_from_table({"store": table}, file="f").store == expected
    assert config_from_table({"store": {}}, file="f").store == StorePolicy()


@pytest.mark.parametrize(
    ("store", "message"),
    [
        ("sometimes", 'store must be "auto", "always" or "never", not \'sometimes\''),
        (5, 'store must be "auto", "always" or "never", or a table of them by pattern, not 5'),
        ({"default": 1}, 'store.default must be "auto", "always" or "never", not 1'),
        ({"*.x": []}, 'store."*.x" must be "auto", "always" or "never", not []'),
        ({"!a": "auto"}, "store: the pattern '!a' cannot be negated"),
        ({"../a": "auto"}, "store: '../a' is no pattern of paths in the project"),
        ({"": "auto"}, "store: '' is no pattern of paths in the project"),
        ({"[z-a]": "auto"}, "store: '[z-a]' is no pattern of paths in the project"),
    ],
)
def test_a_policy_that_cannot_be_read_names_the_key_and_what_is_allowed(
    store: object, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        config_from_table({"store": store}, file="f")
    assert caught.value.message == f"f: {message}"
