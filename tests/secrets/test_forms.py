"""The many forms in which a secret is written down, and what comes close to each."""

import json
import shlex
from itertools import pairwise

import pytest

from repro.secrets.redactor import REDACTED, Redactor, find_secrets
from tests.secrets.corpus import SECRETS

_REDACTOR = Redactor(b"key")
_RANDOM = "q7Zp2Kx9Lm4Vt8Rb"
_GITHUB = "gh" + "p_" + "a1B2c3D4" * 5
_LINES = [("a1B2c3D4e5F6g7H8" * 4)[shift:] + "a" * shift for shift in range(3)]
_DASHES = "-" * 5
_KEY = "\n".join((f"{_DASHES}BEGIN RSA PRIVATE KEY{_DASHES}", *_LINES))


def _safe(text: str) -> str:
    content, _ = _REDACTOR.content(text.encode())
    return content.decode()


@pytest.mark.parametrize(
    "before",
    [
        "",
        " ",
        "(",
        "'",
        "/",
        "=",
        "_",
        "\\n",
        "\\t",
        "\\x1b[32m",
        "\\u001b[1;31m",
        "%3D",
        "\\u003d",
    ],
)
def test_a_token_is_found_wherever_a_word_starts(before: str) -> None:
    assert _safe(f"a{before}{_GITHUB}") == (
        f"a{before}{_REDACTOR.mark(_GITHUB)}" if before else f"a{_GITHUB}"
    )


@pytest.mark.parametrize(
    "token",
    [
        *("gl" + "pat-OXBpKzkAXFCQDlQMBAYa", "GOC" + "SPX-q-GHhALVcaHpGnqRTNMeXDbjCGSY"),
        *("hf" + "_" + "aBcDeFgHiJ" * 4, "xox" + "p-123456789012-123456789012-0abc12def3"),
    ],
)
def test_a_token_is_found_though_it_has_no_digits_or_no_capitals(token: str) -> None:
    assert _safe(f"using {token} now") == f"using {_REDACTOR.mark(token)} now"


@pytest.mark.parametrize(
    "line",
    [
        "curl -u me:{} https://x",
        "curl -ume:{} https://x",
        "curl --user=me:{} https://x",
        "sudo /usr/bin/curl -s --user me:{} https://x",
        "http --auth me:{} https://x",
        "curl -H 'X-Api-Key: {}' x",
        "curl '--header=Authorization: token {}' x",
        "docker run -e TOKEN={} image",
        "env A_TOKEN={} train",
        "sh -c 'python train.py --password {}'",
        "bash -lc 'cd x && curl -u me:{} https://x'",
        "bash -c 'TOKEN={} python train.py; exit'",
        "sshpass -p {} ssh host",
        "sshpass -p{} ssh host",
        "openssl enc -passin pass:{}",
        "train ++tracker.api_key={}",
        "train --password={}",
        "train '--db=host=h user=me password={}'",
        "git clone https://{}@git.example.org/a/b",
    ],
)
def test_a_command_is_without_its_secret_and_stays_so(line: str) -> None:
    command, found = _REDACTOR.command(shlex.split(line.format(_RANDOM)))

    assert _RANDOM not in " ".join(command)
    assert len(found) == 1
    assert _REDACTOR.command(command) == (command, ())


def test_words_before_it_give_a_key_of_plain_digits_away() -> None:
    key = "0f1e2d3c4b5a69788796" * 2
    secret = "a1B2c3D4" * 5

    assert _REDACTOR.command(["wandb", "login", key])[0][2] == _REDACTOR.mark(key)
    command = ["aws", "configure", "set", "aws_secret_access_key", secret]
    assert _REDACTOR.command(command)[0][4] == _REDACTOR.mark(secret)
    assert _REDACTOR.command(["git", "show", key]) == (("git", "show", key), ())


@pytest.mark.parametrize(
    "line",
    [
        "curl -u me: https://x",
        "curl -u me:$PASSWORD https://x",
        "docker login -p 8080:80",
        "python -u a:b",
        "mkdir -p runs/2024",
        "train --token --password -x",
        "train --password <redacted:1a2b3c4d> --token=<redacted:1a2b3c4d>",
        "curl -u me:<redacted:1a2b3c4d> https://x",
        "sh -c 'python train.py --max-tokens 512 --tokenizer bert2'",
    ],
)
def test_a_word_like_it_is_left_alone(line: str) -> None:
    command = tuple(shlex.split(line))

    assert _REDACTOR.command(command) == (command, ())


@pytest.mark.parametrize(
    "text",
    [
        'api_key = "{}"',
        "api_key: str = '{}'",
        "token: Optional[str] = '{}'",
        'login(token="{}")',
        "os.environ['HF_TOKEN'] = '{}'",
        'os.environ.setdefault("API_TOKEN", "{}")',
        'add_argument("--api-key", default="{}")',
        "secret = b'{}'",
        'secret = """{}"""',
        "TOKEN = (\n    '{}'\n)",
        'const apiKey = "{}";',
        'apiKey := "{}"',
        'api_key => "{}"',
        '{{"name": "DB_PASSWORD", "value": "{}"}}',
        "- name: DB_PASSWORD\n  value: {}",
        '<add key="ApiKey" value="{}"/>',
        "hub: {{token: {}, a: 1}}",
        "%env HF_TOKEN={}",
        "ENV API_TOKEN {}",
        "your API key: {}",
        "psql 'host=h user=me password={}'",
        "Server=x;Uid=me;Pwd={}",
        'subprocess.run(["x", "--password", "{}"])',
        "machine h.io\n  login me\n  password {}\n",
        "[db]\nuser = me\npassword = {}\n",
        'headers = {{"X-API-KEY": "{}"}}',
        "Authorization: token {}",
        "x\n//registry.example.org/:_authToken={}",
    ],
)
def test_an_assignment_is_found_in_a_file_and_in_a_notebook(text: str) -> None:
    line = text.format(_RANDOM)
    cell = json.dumps({"cells": [{"source": [line], "outputs": [{"text": f"a\n{line}\nb"}]}]})

    assert _safe(line) == text.format(_REDACTOR.mark(_RANDOM))
    safe = _safe(cell)
    assert _RANDOM not in safe
    assert "source" in json.loads(safe)["cells"][0]


def test_a_long_secret_is_taken_out_to_its_end() -> None:
    secret = _RANDOM * 60

    assert _safe(f'session_token = "{secret}"') == f'session_token = "{_REDACTOR.mark(secret)}"'
    assert _safe(f"SESSION_TOKEN={secret}") == f"SESSION_TOKEN={_REDACTOR.mark(secret)}"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\\n", "\n    ", '\\n",\n    "'])
@pytest.mark.parametrize("end", ["", f"{_DASHES}END RSA PRIVATE KEY{_DASHES}"])
def test_a_private_key_is_found_however_its_lines_end(newline: str, end: str) -> None:
    safe = _safe(newline.join([*_KEY.split("\n"), end]))

    assert not any(line[:40] in safe for line in _LINES)
    assert end in safe


def test_of_a_key_that_is_cut_short_nothing_more_is_taken() -> None:
    rest = "\n\ndef main():\n    print('all of this stays')\n"

    assert _safe(_KEY + rest).endswith(rest)


def test_a_key_for_putty_is_found() -> None:
    lines = "\n".join(_LINES)
    safe = _safe(f"PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 3\n{lines}\nPrivate-MAC: 1")

    assert not any(line[:40] in safe for line in _LINES)
    assert safe.endswith("Private-MAC: 1")


@pytest.mark.parametrize(
    "text",
    [
        f"{_DASHES}BEGIN CERTIFICATE{_DASHES}\n{_LINES[0]}\n{_DASHES}END CERTIFICATE{_DASHES}",
        f"{_DASHES}BEGIN PUBLIC KEY{_DASHES}\n{_LINES[0]}\n{_DASHES}END PUBLIC KEY{_DASHES}",
        f"a line {_DASHES}BEGIN PRIVATE KEY{_DASHES} begins a key, and words follow\n" * 3,
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 me@host",
        "password: !vault |",
        "password: ${oc.env:DB_PASSWORD}",
        "token: ${{ secrets.GITHUB_TOKEN }}",
        "password = getpass.getpass('Password: ')",
        "api_key = cfg.tracker2.api_key",
        "PASSWORD=$(cat /run/secrets/db2)",
        "--token TOKEN  the token of the hub, see --token-type",
        "pwd: /home/user/project1",
        "key = jax.random.PRNGKey(42)",
        "struct sk_buff *skb; sk-learn==1.2; mask-rcnn_R_50_FPN_3x_model_final_2d9806",
        "hf_hub_download_with_progress_bar_2(x)",
        '{"id": 50256, "token": "<|endoftext|>"}',
        '"bert.encoder.layer.0.attention.self.key.weight": "model-00001-of-00002.safetensors"',
        "https://example.com:443?email=a@b.c http://h:80/a:b@c ssh://git@host:22/x",
    ],
)
def test_what_comes_close_is_left_alone(text: str) -> None:
    assert _REDACTOR.content(text.encode()) == (text.encode(), ())
    assert _REDACTOR.text(text) == text


def test_content_without_secrets_is_the_same_object() -> None:
    content = b"x = 1\n" * 100
    safe, found = _REDACTOR.content(content)

    assert safe is content
    assert found == ()


def test_the_spans_of_secrets_are_right_in_a_text_whose_case_changes_its_length() -> None:
    text = f"\u0130\u0130 PASSWORD = '{_RANDOM}' \udc80 {_GITHUB}"
    found = find_secrets(text)

    assert [text[secret.start : secret.end] for secret in found] == [_RANDOM, _GITHUB]


def test_secrets_of_a_whole_corpus_are_in_order_and_apart() -> None:
    text = "\n".join(sample.text for sample in SECRETS)
    found = find_secrets(text)

    assert len({secret.kind for secret in found}) >= 25
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert find_secrets(REDACTED.sub("", "<redacted:1a2b3c4d>")) == ()
