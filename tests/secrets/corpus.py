"""Secrets of many kinds where people leave them, and what only looks like one.

Made up, and put together from pieces so that scanners of code hosts leave this file alone.
"""

from typing import NamedTuple

__all__ = ["DECOYS", "PLACES", "SECRETS", "Sample"]

PLACES = (
    *("argv", "variable", "index-url", "remote-url", "direct-url", "env-file", "key-file"),
    *("notebook", "source", "params", "log", "message"),
)
"""Where a sample is planted; what `text` means there:

- argv: one or more words of the command line, a space between.
- variable: NAME=VALUE of an environment variable whose value is recorded.
- index-url, remote-url, direct-url: the URL.
- env-file: a line of ``.env``; key-file: the whole of a file that is a key.
- notebook: a line that a cell printed; source: a line of a program; params: a line of params.yaml.
- log: a line that the command prints; message: the words of ``-m``.
"""


class Sample(NamedTuple):
    """A text to plant.

    Attributes:
        id: Unique.
        kind: What it is, in words; for a decoy, why it is none.
        place: One of `PLACES`.
        text: What is planted.
        secret: The part that must not be found afterwards; for a decoy, what must be.
    """

    id: str
    kind: str
    place: str
    text: str
    secret: str


_MIX = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2"
_HEX = "0f1e2d3c4b5a69788796a5b4c3d2e1f0deadbeefcafe0123"


def _mix(n: int, shift: int) -> str:
    text = _MIX * 3
    return text[shift : shift + n]


def _hex(n: int, shift: int) -> str:
    text = _HEX * 3
    return text[shift : shift + n]


_JWT = "eyJ" + _mix(20, 1) + "." + "eyJ" + _mix(30, 2) + "." + _mix(27, 3)
_PEM_BODY = "\n".join(_mix(64, shift) for shift in range(4))
_DASHES = "-" * 5


def _pem(kind: str, newline: str = "\n") -> str:
    begin, end = (f"{_DASHES}{word} {kind}PRIVATE KEY{_DASHES}" for word in ("BEGIN", "END"))
    return newline.join((begin, *_PEM_BODY.split("\n"), end))


def _plain(id_: str, kind: str, place: str, *parts: str) -> Sample:
    """Returns a sample: what stands before the secret, the secret, and what stands after."""
    return Sample(id_, kind, place, "".join(parts), parts[1])


SECRETS = (
    # Words of a command line.
    _plain("argv-password", "password flag", "argv", "--password ", "hunter2"),
    _plain("argv-password-equals", "password flag", "argv", "--db-password=", "Tr0ub4dor"),
    _plain("argv-api-key", "key flag", "argv", "--api-key=", _mix(32, 0)),
    _plain("argv-camel", "key flag", "argv", "--apiKey ", _mix(24, 5)),
    _plain("argv-hydra", "key override", "argv", "+tracker.api_key=", _mix(30, 4)),
    _plain("argv-variable", "assignment", "argv", "HF_TOKEN=", "hf" + "_" + _mix(34, 7)),
    _plain("argv-github", "GitHub token", "argv", "--clone-with ", "gh" + "p_" + _mix(36, 1)),
    _plain("argv-pat", "GitHub fine-grained", "argv", "", "github" + "_pat_" + _mix(40, 2)),
    _plain("argv-url", "URL password", "argv", "--db postgres://me:", "pa55w0rd", "@db/x"),
    _plain("argv-redis", "URL password", "argv", "redis://:", "r3d1sPass", "@cache:6379"),
    _plain(
        "argv-signed", "signed URL", "argv", "https://b.s3.aws.com/o?X-Amz-Signature=", _hex(64, 3)
    ),
    _plain("argv-sas", "Azure SAS", "argv", "https://a.blob.net/c?sv=2022&sig=", _mix(43, 3)),
    _plain("argv-openai", "OpenAI key", "argv", "--judge-with ", "sk" + "-proj-" + _mix(48, 6)),
    _plain("argv-anthropic", "Anthropic key", "argv", "", "sk" + "-ant-api03-" + _mix(40, 8)),
    _plain("argv-gitlab", "GitLab token", "argv", "--from ", "gl" + "pat-" + _mix(20, 9)),
    _plain("argv-stripe", "Stripe key", "argv", "--pay ", "sk" + "_live_" + _mix(24, 2)),
    _plain("argv-dsn", "DSN flag", "argv", "--sentry-dsn ", "https://" + _hex(32, 5) + "@o1.io/2"),
    _plain("argv-script", "password flag", "argv", "--note='x' --password ", "hunter2x9"),
    _plain("argv-netloc", "URL token", "argv", "https://", _mix(24, 3), "@git.io/team/repo"),
    _plain("argv-vault", "Vault token", "argv", "--at ", "hv" + "s." + _mix(40, 4)),
    _plain("argv-groq", "Groq key", "argv", "--by ", "gs" + "k_" + _mix(52, 2)),
    # Environment variables whose values are recorded.
    _plain("var-xla", "GitHub token", "variable", "XLA_FLAGS=--dump=", "gh" + "o_" + _mix(36, 3)),
    _plain("var-url", "URL password", "variable", "TORCH_EXTRA=https://u:", "s3cretPw", "@h/x"),
    _plain("var-jax", "AWS access key", "variable", "JAX_NOTE=", "AKIA" + "QWERTYUIOP234567"),
    _plain("var-torch", "Google key", "variable", "PYTORCH_NOTE=", "AIza" + _mix(35, 11)),
    # URLs of package indexes, of the repository's remote, of packages.
    _plain(
        "index-uv", "URL password", "index-url", "https://ci:", "1ndexPass", "@pypi.corp/simple"
    ),
    _plain("index-pip", "URL password", "index-url", "https://__token__:", _mix(28, 2), "@p.io/s"),
    _plain("index-query", "signed URL", "index-url", "https://pypi.io/simple?token=", _mix(22, 3)),
    _plain("remote-https", "URL password", "remote-url", "https://bot:", "R3m0teTok", "@git.io/a"),
    _plain(
        "remote-pat", "GitHub token", "remote-url", "https://", "gh" + "s_" + _mix(36, 5), "@g.io/a"
    ),
    _plain("direct-vcs", "URL password", "direct-url", "git+https://ci:", "D1rectPw", "@git.io/p"),
    _plain("direct-wheel", "signed URL", "direct-url", "https://w.io/p.whl?sig=", _mix(30, 12)),
    # A file of secrets.
    _plain("env-password", "password", "env-file", "DB_PASSWORD=", "c0rrecthorse"),
    _plain("env-aws", "AWS secret key", "env-file", "AWS_SECRET_ACCESS_KEY=", _mix(38, 1) + "/+"),
    _plain("env-wandb", "W&B key", "env-file", "WANDB_API_KEY=", _hex(40, 1)),
    _plain("env-plain", "any value", "env-file", "INTERNAL_HOST=", "db17.private.corp"),
    # Files that are keys.
    Sample("key-rsa", "RSA key", "key-file", _pem("RSA "), _mix(64, 1)),
    Sample("key-openssh", "OpenSSH key", "key-file", _pem("OPENSSH "), _mix(64, 2)),
    Sample("key-pkcs8", "PKCS #8 key", "key-file", _pem(""), _mix(64, 0)),
    # What a notebook shows.
    _plain("nb-hf", "Hugging Face", "notebook", "logged in with ", "hf" + "_" + _mix(37, 9)),
    _plain("nb-jwt", "JSON web token", "notebook", "token is ", _JWT),
    _plain("nb-slack", "Slack token", "notebook", "", "xox" + "b-1234567890-" + _mix(24, 4)),
    _plain("nb-bearer", "header", "notebook", "{'Authorization': 'Bearer ", _mix(33, 6), "'}"),
    _plain(
        "nb-openai", "OpenAI key", "notebook", "openai.api_key = '", "sk" + "-" + _mix(48, 3), "'"
    ),
    Sample("nb-pem", "private key", "notebook", _pem("EC ", "\\n"), _mix(64, 3)),
    _plain(
        "nb-neptune", "Neptune token", "notebook", "NEPTUNE_API_TOKEN=", "eyJ" + _mix(60, 5) + "="
    ),
    _plain(
        "nb-escape", "GitHub token", "notebook", "Error:\\n", "gh" + "p_" + _mix(36, 21), " denied"
    ),
    _plain("nb-colour", "Slack app token", "notebook", "\x1b[31m", "xap" + "p-1-A0-" + _hex(40, 8)),
    # Programs and configuration.
    _plain(
        "src-aws-id", "AWS access key", "source", 'AWS_ID = "', "ASIA" + "ZXCVBNMASD234567", '"'
    ),
    _plain("src-aws", "AWS secret key", "source", 'aws_secret_access_key = "', _mix(40, 10), '"'),
    _plain("src-password", "password", "source", 'password = "', "S3cr3t!pw", '"'),
    _plain("src-json", "password", "source", '{"client_secret": "', _mix(26, 6), '"}'),
    _plain(
        "src-webhook",
        "Slack webhook",
        "source",
        "URL = 'https://hooks.slack.com/services/",
        "T0AB12CD/B0EF34GH/" + _mix(24, 2),
        "'",
    ),
    _plain(
        "src-discord",
        "Discord webhook",
        "source",
        "'https://discord.com/api/webhooks/123456/",
        _mix(60, 1),
        "'",
    ),
    _plain(
        "src-azure", "Azure key", "source", "'AccountName=a;AccountKey=", _mix(86, 4) + "==", ";'"
    ),
    _plain("src-odbc", "connection", "source", "'Server=db;Uid=sa;Password=", "Sq1Pass!", ";'"),
    _plain("src-databricks", "Databricks", "source", "DB = '", "dapi" + _hex(32, 6), "'"),
    _plain("src-telegram", "Telegram bot", "source", "bot('", "123456789:AA" + _mix(33, 7), "')"),
    _plain("src-google", "Google secret", "source", "x = '", "GOCSPX-" + _mix(28, 8), "'"),
    _plain("src-ya29", "Google OAuth", "source", "x = '", "ya29." + _mix(50, 9), "'"),
    _plain("src-age", "age key", "source", "# ", "AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN" * 3),
    _plain("src-docker", "Docker token", "source", "login('", "dckr_pat_" + _mix(27, 1), "')"),
    _plain("src-twilio", "Twilio key", "source", "sid = '", "SK" + _hex(32, 9), "'"),
    _plain("src-typed", "password", "source", "password: str = '", "Typ3dPassw", "'"),
    _plain("src-get", "key", "source", "get('api_key', '", _mix(28, 13), "')"),
    _plain("src-argparse", "key", "source", "add('--api-key', default='", _mix(26, 14), "')"),
    _plain("src-bytes", "key", "source", "secret_key = b'", _mix(30, 15), "'"),
    _plain("src-xml", "key", "source", "# <add key='ApiKey' value='", _mix(27, 16), "'/>"),
    _plain("src-basic", "basic login", "source", "h = 'Basic ", "bWU6czNjcjN0UGFzcw==", "'"),
    _plain("src-dbname", "connection", "source", "'host=h user=me password=", "l1bpqPass", "'"),
    _plain("src-replicate", "Replicate", "source", "x = '", "r" + "8_" + _mix(37, 17), "'"),
    _plain("src-nvidia", "NVIDIA key", "source", "x = '", "nva" + "pi-" + _mix(64, 18), "'"),
    _plain("src-amp", "signed URL", "source", "'/x?v=1&amp;sig=", _mix(29, 19), "'"),
    _plain("src-shopify", "Shopify token", "source", "x = '", "shp" + "at_" + _hex(32, 10), "'"),
    # Params.
    _plain("params-key", "key", "params", "tracker_api_key: ", _mix(32, 3)),
    _plain("params-npm", "npm token", "params", "deploy: ", "npm" + "_" + _mix(36, 5)),
    _plain("params-url", "URL password", "params", "store: mongodb://root:", "m0ngoPw", "@h:27017"),
    _plain("params-password", "password", "params", "db_password: ", "hunter2y8"),
    # What the command prints, and what the user says.
    _plain(
        "log-sendgrid", "SendGrid key", "log", "using ", "SG." + _mix(22, 1) + "." + _mix(43, 2)
    ),
    _plain("log-pypi", "PyPI token", "log", "uploading with ", "pypi" + "-" + _mix(60, 3)),
    _plain("log-do", "DigitalOcean", "log", "", "dop_v1_" + _hex(64, 2)),
    _plain("log-header", "header", "log", "> X-Api-Key: ", _mix(28, 9)),
    _plain("log-netrc", "netrc", "log", "machine h.io login me password ", "n3trcPass"),
    _plain("log-kaggle", "Kaggle key", "log", '{"username":"me","key":"', _hex(32, 12), '"}'),
    _plain("log-npmrc", "registry token", "log", "//r.io/:_authToken=", _mix(30, 7)),
    _plain("log-openrouter", "OpenAI key", "log", "", "sk" + "-or-v1-" + _hex(64, 4)),
    _plain("log-docker", "password", "log", "ENV DB_PASSWORD ", "d0ckerPass"),
    _plain("log-line", "password", "log", "password: ", "l0gged1n"),
    _plain("log-authorization", "header", "log", "authorization: token ", _mix(20, 22)),
    _plain("message-token", "GitHub token", "message", "retry with ", "gh" + "p_" + _mix(36, 8)),
    _plain("message-url", "URL password", "message", "pull https://me:", "M3ssagePw", "@g.io/a"),
)


def _decoy(id_: str, place: str, text: str, kind: str = "") -> Sample:
    return Sample(f"decoy-{id_}", kind, place, text, text)


DECOYS = (
    _decoy("tokenizer", "argv", "--tokenizer bert-base-uncased"),
    _decoy("max-tokens", "argv", "--max-tokens 512"),
    _decoy("max-tokens-equals", "argv", "--max_tokens=4096"),
    _decoy("pad-token", "argv", "--pad-token [PAD]"),
    _decoy("token-dim", "argv", "--token-dim=64"),
    _decoy("key-dim", "argv", "--key-dim 128"),
    _decoy("keypoints", "argv", "--keypoints 17"),
    _decoy("pass-through", "argv", "--pass-through yes"),
    _decoy("n-keys", "argv", "--n-keys=8"),
    _decoy("model-id", "argv", "--model sentence-transformers/all-MiniLM-L6-v2"),
    _decoy("sklearn", "argv", "--kind sk-learn-compatible-estimators-with-long-names"),
    _decoy("commit", "argv", "--commit 0f1e2d3c4b5a69788796a5b4c3d2e1f0deadbeef"),
    _decoy("sha256", "argv", "--hash=sha256:" + _hex(64, 1)),
    _decoy("s3", "argv", "s3://bucket/models/v2/weights.safetensors"),
    _decoy("ssh", "argv", "git@github.com:team/repo.git"),
    _decoy("port", "argv", "--server https://host:8080/path@v2"),
    _decoy("author", "argv", "--author someone"),
    _decoy("sort-key", "argv", "--sort-key date"),
    _decoy("no-auth", "argv", "--no-auth 5"),
    _decoy("auth-token", "argv", "--use-auth-token True"),
    _decoy("token-file", "argv", "--token-file=keys/hub.txt"),
    _decoy("override", "argv", "data.key=image"),
    _decoy("omp", "variable", "OMP_PROC_BIND=close"),
    _decoy("xla", "variable", "XLA_FLAGS=--xla_gpu_deterministic_ops=true"),
    _decoy("alloc", "variable", "PYTORCH_CUDA_ALLOC_CONF=max_split_size_mb:128"),
    _decoy("index", "index-url", "https://pypi.example.org/simple"),
    _decoy("remote", "remote-url", "https://git.example.org/team/repo.git"),
    _decoy("direct", "direct-url", "git+https://git.example.org/team/pkg.git"),
    _decoy("nb-loss", "notebook", "epoch 1: token accuracy 0.9321, key loss 1.2e-05"),
    _decoy("nb-shape", "notebook", "KeyError: 'token_type_ids'"),
    _decoy("nb-base64", "notebook", "data:image/png;base64," + "iVBORw0KGgoAAAANSUhEUgAA" * 8),
    _decoy("nb-names", "notebook", "tokenizer.json: 100% 466k/466k, tokenizer_config.json"),
    _decoy("src-environ", "source", 'api_key = os.environ["API_KEY"]'),
    _decoy("src-getenv", "source", 'password = os.getenv("DB_PASSWORD", "")'),
    _decoy("src-lambda", "source", "rows = sorted(rows, key=lambda row: row.secret_level)"),
    _decoy(
        "src-annotation", "source", "def login(token: str, password: Optional[str] = None): ..."
    ),
    _decoy("src-primary", "source", 'primary_key = "customer_id_2024_v2"'),
    _decoy("src-special", "source", 'special_tokens = {"pad_token": "<pad>", "eos_token": "</s>"}'),
    _decoy("src-attention", "source", "scores = query_key_value_projection(tokens, key_states)"),
    _decoy("src-call", "source", "token = tokenizer.encode(text)[0]"),
    _decoy("src-uuid", "source", 'RUN = "123e4567-e89b-12d3-a456-426614174000"'),
    _decoy("src-cache", "source", f'cache_key = "{_hex(32, 4)}"'),
    _decoy("src-checkpoint", "source", 'NAME = "vit_large_patch16_224.augreg_in21k_ft_in1k"'),
    _decoy("src-url", "source", 'URL = "https://example.org/docs?page=2&key=intro"'),
    _decoy("src-format", "source", 'url = f"postgres://{user}:{password}@{host}/db"'),
    _decoy("src-backend", "source", 'AUTH_BACKEND = "contrib.auth.backends.Model2"'),
    _decoy("src-vocab", "source", '{"id": 5, "token": "world2", "special": True}'),
    _decoy("src-query", "source", '"?page=2&sort_key=date&n_tokens=4"'),
    _decoy("src-image", "source", '"docker://img:tag@sha256:' + _hex(64, 6) + '"'),
    _decoy("src-insert", "source", 'url = f"{base}?api_key={key}&sig={signature}"'),
    _decoy("src-encoding", "source", 'basic_auth_encoding: str = "latin-1"'),
    _decoy("src-type", "source", "key: x25519.X25519PublicKey"),
    _decoy("src-arn", "source", 'KEY_ARN = "arn:aws:kms:us-east-1:1234:key/abcd1234-12ab"'),
    _decoy("src-example", "source", '"AKIAIOSFODNN7EXAMPLE"'),
    _decoy("src-compared", "source", "assert key == 'a1b2c3d4e5f6g7h8'"),
    _decoy("src-pypi", "source", "'pypi-mirror-configuration-for-continuous-integration'"),
    _decoy("src-begin", "source", "is_key = line.startswith('-----BEGIN RSA PRIVATE KEY-----')"),
    _decoy("params-oc", "params", "password: ${oc.env:DB_PASSWORD}"),
    _decoy("params-null", "params", "hub_token: null"),
    _decoy("params-auth", "params", "auth: none"),
    _decoy("params-tokens", "params", "num_tokens: 32000"),
    _decoy("params-tokenizer", "params", "tokenizer_name: roberta-large"),
    _decoy("params-md5", "params", f"md5: {_hex(32, 7)}"),
    _decoy("log-progress", "log", "tokens/s 1523.2 | keys 12 | passed 14/14 | author: me"),
    _decoy("log-cache", "log", "cache key: v2-linux-py311-a1b2c3"),
    _decoy("log-wandb", "log", f"wandb: git commit {_hex(40, 6)}"),
    _decoy("log-basic", "log", "Basic authentication-middleware-1 enabled, bearer of news2024"),
    _decoy("log-netrc", "log", "machine learning: login and password are asked for"),
    _decoy("log-sha", "log", f"downloaded layer sha256:{_hex(64, 5)}"),
    _decoy("log-path", "log", "saved to runs/2024-05-06/secret_santa_model-v2.ckpt"),
    _decoy("message", "message", "try a new token budget, key insight: bypass the encoder"),
)
