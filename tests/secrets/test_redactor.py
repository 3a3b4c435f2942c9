"""Keeps secrets out of records, and leaves everything else alone."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.secrets.redactor import REDACTED, Redactor, is_secret_name

_SECRET = "s3cr3tV4lue99"
_REDACTOR = Redactor(b"key")


@pytest.mark.parametrize(
    "name",
    [
        *("password", "--password", "db.password", "DB_PASSWORD", "api-key", "apiKey", "API_KEY"),
        *("token", "hf_token", "WANDB_API_KEY", "client_secret", "--auth", "AWSSecretKey"),
        *("AWS_SECRET_ACCESS_KEY", "passphrase", "credentials", "SENTRY_DSN", "secretkey"),
    ],
)
def test_a_name_that_holds_a_secret_is_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("max_tokens", "num_tokens", "tokenizer", "pad_token", "--key-dim", "keypoints", "monkey"),
        *("author", "lr", "n_key", "key_size", "eos_token", "passes", "compass", ""),
    ],
)
def test_a_hyperparameters_name_is_no_secret(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "line",
    [
        f"train --password {_SECRET}",
        f"train --password={_SECRET}",
        f"train db.password={_SECRET}",
        f"env DB_PASSWORD={_SECRET} train",
        f"train --url https://user:{_SECRET}@host/path",
        f"train --url postgres://user:p@{_SECRET}@host/path",
        f"train --url redis://:{_SECRET}@host",
        f"train --url 'https://host/?a=1&access_token={_SECRET}&b=2'",
        f"curl -H 'Authorization: Bearer {_SECRET}'",
        f"sh -c 'export HF_TOKEN={_SECRET}; train'",
        f"sh -c \"MY_API_KEY='{_SECRET} x' train\"",
        f"train hf_{_SECRET * 3}",
        f"train --x=ghp_{_SECRET * 3}",
        f"train --note 'uses sk-ant-{_SECRET * 2} here'",
    ],
)
def test_a_secret_is_taken_out_of_a_command_and_named(line: str) -> None:
    command, found = _REDACTOR.command(shlex.split(line))
    assert _SECRET not in " ".join(command)
    assert any(REDACTED.search(word) for word in command)
    assert len(found) == 1
    assert _SECRET not in found[0]


@pytest.mark.parametrize(
    "line",
    [
        "python train.py --lr 0.1 --max-tokens 512",
        "python -c 'key = 1; print(sorted([2, 1], key=abs))'",
        "train --url https://host:8080/path@v2",
        "train --token --lr 1",
        "git clone git@github.com:a/b",
        "train --password=",
        "train a=b=c",
        "train basic",
    ],
)
def test_a_command_without_secrets_stays_as_it_is(line: str) -> None:
    assert _REDACTOR.command(shlex.split(line)) == (tuple(shlex.split(line)), ())


def test_what_stands_around_a_secret_is_kept() -> None:
    assert _REDACTOR.text("at https://me:pw@host/x now") == (
        f"at https://me:{_REDACTOR.mark('pw')}@host/x now"
    )
    assert _REDACTOR.text("u?a=1&token=xyz&b=2") == f"u?a=1&token={_REDACTOR.mark('xyz')}&b=2"


def test_the_flag_is_named_and_the_position_where_there_is_none() -> None:
    command = ["x", "--password", "abc", "ghp_" + "a" * 36]
    assert _REDACTOR.command(command)[1] == ("--password", "argument 3")


@given(st.lists(st.text(max_size=20), max_size=6))
def test_redacting_keeps_the_number_of_words_and_is_stable(command: list[str]) -> None:
    once, _ = _REDACTOR.command(command)
    assert len(once) == len(command)
    assert _REDACTOR.command(once)[0] == once
