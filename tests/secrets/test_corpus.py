"""Every planted secret is taken out, and nothing that only looks like one is touched."""

import base64
import hashlib
import itertools
import json
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.secrets.redactor import REDACTED, Redactor, find_secrets, secret_file_kind
from tests.secrets.corpus import DECOYS, PLACES, SECRETS, Sample

_REDACTOR = Redactor(b"key")


def _notebook(text: str) -> str:
    outputs = [{"output_type": "stream", "text": [f"{text}\n"]}]
    return json.dumps({"cells": [{"cell_type": "code", "outputs": outputs}]}, indent=1)


def _redacted(sample: Sample) -> tuple[str, str]:
    """Returns what is planted, and what the part of the record that it is in would hold."""
    text = sample.text
    if sample.place == "argv":
        return text, " ".join(_REDACTOR.command(text.split(" "))[0])
    if sample.place == "variable":
        name, _, value = text.partition("=")
        return text, f"{name}={_REDACTOR.value(name, value)}"
    if sample.place == "params":
        name, _, value = text.partition(": ")
        return text, f"{name}: {_REDACTOR.value(name, value)}"
    if sample.place in ("message", "index-url", "remote-url", "direct-url"):
        return text, _REDACTOR.text(text)
    text = _notebook(text) if sample.place == "notebook" else text
    return text, _REDACTOR.content(text.encode())[0].decode()


def test_the_corpus_is_as_large_as_it_says() -> None:
    samples = (*SECRETS, *DECOYS)

    assert len(SECRETS) >= 60
    assert len({sample.kind for sample in SECRETS}) >= 25
    assert len(DECOYS) >= 40
    assert {sample.place for sample in SECRETS} == set(PLACES)
    assert max(Counter(sample.id for sample in samples).values()) == 1
    assert all(sample.secret in sample.text for sample in samples)


# A file of that name is not recorded at all, whatever its lines look like.
@pytest.mark.parametrize(
    "sample", [s for s in SECRETS if s.place != "env-file"], ids=lambda sample: sample.id
)
def test_a_planted_secret_is_gone(sample: Sample) -> None:
    planted, safe = _redacted(sample)

    assert sample.secret in planted
    assert sample.secret not in safe
    assert REDACTED.search(safe)


@pytest.mark.parametrize("sample", DECOYS, ids=lambda sample: sample.id)
def test_a_decoy_is_left_alone(sample: Sample) -> None:
    planted, safe = _redacted(sample)

    assert safe == planted


@pytest.mark.parametrize("sample", SECRETS, ids=lambda sample: sample.id)
def test_what_is_marked_stays_as_it_is(sample: Sample) -> None:
    once = _REDACTOR.content(sample.text.encode())[0]

    assert _REDACTOR.content(once) == (once, ())


def test_equal_secrets_have_equal_marks_under_one_key_only() -> None:
    text = SECRETS[7].text

    assert _REDACTOR.text(text) == Redactor(b"key").text(text)
    assert _REDACTOR.text(text) != Redactor(b"another").text(text)


def test_the_line_of_each_secret_is_told() -> None:
    lines = ["", SECRETS[7].text, "x = 1", SECRETS[7].text, "password = 'S3cr3t!pw'"]
    _, found = _REDACTOR.content("\n".join(lines).encode())

    assert [item.line for item in found] == [2, 4, 5]


def test_bytes_that_are_no_text_are_left_alone() -> None:
    content = b"\0\1" + SECRETS[7].text.encode()

    assert _REDACTOR.content(content) == (content, ())


def test_text_in_another_encoding_keeps_its_bytes() -> None:
    content = "café ".encode("latin-1") + SECRETS[7].text.encode()
    safe, found = _REDACTOR.content(content)

    assert safe.startswith(b"caf\xe9 ")
    assert len(found) == 1


_PIECES = [sample.text for sample in (*SECRETS, *DECOYS)] + [" ", "\n", "\\n", '"', "=", ": ", "@"]


@given(st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=5)), max_size=6))
def test_what_is_marked_is_stable_whatever_stands_beside_it(pieces: list[str]) -> None:
    text = "".join(pieces)
    once = _REDACTOR.text(text)

    assert _REDACTOR.text(once) == once
    assert _REDACTOR.content(once.encode("utf-8", "surrogatepass"))[1] == ()


@given(st.text(max_size=200))
def test_secrets_never_overlap_and_marking_is_stable(text: str) -> None:
    secrets = find_secrets(text)

    assert all(a.end <= b.start for a, b in itertools.pairwise(secrets))
    once = _REDACTOR.text(text)
    assert _REDACTOR.text(once) == once


@pytest.mark.parametrize(
    "unit",
    [
        *("a", "=", "-", " ", "key=", "token: ", "password: ", "secret_key=", "aZ09+/", "://"),
        *("-----BEGIN PRIVATE KEY-----", '{"key":"v","n":1},', "a://b:", "?key=", "x-key-"),
        *("eyJ", "eyJaaaaaaaa.", "sk-", "wandb ", "machine a login b ", "basic ", "&a_a"),
    ],
)
def test_time_grows_with_the_length_and_no_faster(unit: str) -> None:
    def took_s(n_bytes: int) -> float:
        text = (unit * n_bytes)[:n_bytes].encode()
        started_s = time.process_time()
        _REDACTOR.content(text)
        return time.process_time() - started_s

    took_s(1000)
    once_s = min(took_s(60_000) for _ in range(2))
    # A quadratic expression takes sixteen times as long, which no noise of 50 ms hides.
    assert took_s(240_000) < 8 * once_s + 0.05


def test_a_mebibyte_in_one_line_takes_no_time_to_speak_of() -> None:
    image = base64.b64encode(hashlib.shake_256(b"image").digest(3 * 2**18))
    line = b'{"image/png": "' + image + b'", "text": "tokens"}'
    started_s = time.process_time()
    assert _REDACTOR.content(line) == (line, ())
    assert time.process_time() - started_s < 1


@pytest.mark.parametrize(
    "path",
    [
        *(".env", "app/.env.production", "deploy/prod.env", "keys/id_rsa", "tls/server.key"),
        *("a.pem", ".netrc", ".npmrc", "credentials.json", "client_secret_12.json", "kaggle.json"),
        *(".aws/credentials", ".streamlit/secrets.toml", "infra/terraform.tfstate", "ID_ED25519"),
        *("terraform.tfstate.backup", "rclone.conf", ".cache/huggingface/token", ".vault-token"),
    ],
)
def test_a_file_of_secrets_is_known_by_its_name(path: str) -> None:
    assert secret_file_kind(path)


@pytest.mark.parametrize(
    "path",
    [
        *(".env.example", "env.py", "environment.yml", "id_rsa.pub", "keys.py", "monkey.png"),
        *("tokenizer.json", "ca-bundle.pem", "credentials.py", "config.json", "secrets.py", ""),
        *("huggingface/tokenizer.json", "a/token", "src/hosts.yml", ".ssh/config"),
    ],
)
def test_other_files_are_not(path: str) -> None:
    assert secret_file_kind(path) is None
