"""What a name says of its value: whether ``--api-key`` or ``max_tokens`` holds a secret."""

import functools
import re

__all__ = [
    "is_password_name",
    "is_placeholder",
    "is_plain_token_name",
    "is_secret_name",
    "looks_random",
    "may_be_secret_name",
]

_SECRET_WORDS = frozenset(
    (
        "apikey token secret password passwd pwd passphrase passcode credential credentials auth"
        " cookie dsn accesskey authtoken privatekey secretkey apitoken accesstoken apisecret"
    ).split()
)
_KEY_OF = frozenset(
    (
        "api access secret private auth account encryption signing service license ssh rsa master"
        " subscription shared storage admin app application client deploy wandb comet neptune"
        " openai anthropic huggingface kaggle aws azure gcp"
    ).split()
)
"""Words that make a "key" one to a door rather than to a table."""
_NOT_SECRET = frozenset(
    (
        "num max min dim dims size len length n pad eos bos unk mask cls sep pass_k id ids idx"
        " index type types per count counts limit budget embedding embeddings embed level word"
        " special ratio rate drop dropout prob batch vocab usage norm weight weights class classes"
        " classification prefix suffix name names file path dir url uri endpoint expiry expires ttl"
        " lifetime timeout enabled required field column header method provider mode policy scheme"
        " public pub hash algorithm position positions mixing mixer merging pruning shift pooling"
        " image text audio visual query value memory start end stop loss accuracy"
        " no disable skip has is backend backends sock socket encoding regex pattern arn spec"
        " fingerprint next continuation page used version"
    ).split()
)
"""Words that turn "token" and "key" into something else: ``--max-tokens``, ``--key-dim``."""
_MAYBE_WORDS = frozenset("key pass session sid".split())
_KEY_OF_TABLE = frozenset("sort primary foreign cache kv partition row join rng prng gpg".split())
_PASSWORDS = frozenset("password passwd pwd passphrase passcode".split())
_TOKEN_OF = frozenset(
    (
        "api access auth hf hub huggingface bearer refresh secret github gitlab bot personal deploy"
        " wandb slack neptune private service admin client session csrf bot registry npm pypi"
    ).split()
)
"""Words that make a "token" one that opens a door rather than one of a text."""
_PLACEHOLDERS = frozenset(
    (
        "null none nil true false yes no on off undefined default basic bearer digest oauth oauth2"
        " token kerberos ldap iam ntlm str string int bytes bool any optional required env prompt"
        " ask changeme change-me password passwd secret example dummy test todo fixme redacted"
        " placeholder your-token-here pwd mypassword anonymous"
    ).split()
)
# Compiled when first wanted, as everything here is: recording a run must cost next to nothing.
_EXPRESSION = (
    r"\$[\w{(].*|%\(?\w+.*%?|\{\{.*|\{\w*\}|<[^<>]*>|\[.*|\*+|\.{3,}|[xX]+|-+|_+|#+"
    r"|(?:os\.|process\.|env\.|getenv|environ|ENV\[|config\.|args\.|self\.|settings\.|cfg\.).*"
    r"|#[0-9a-fA-F]{3,8}"
    r"|[A-Z0-9]+EXAMPLE(?:KEY)?|arn:.*"
    r"|(?:your|my|some|the|insert|enter|replace|fake|dummy|example)[-_ ].*"
)
_SPLIT = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"
_SHORTEST_RANDOM = 12


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall("[A-Za-z]+", re.sub(_SPLIT, "_", name))]


@functools.lru_cache(4096)  # a file repeats its keys
def is_secret_name(name: str) -> bool:
    """Tells whether a flag, param or variable of this name is likely to hold a secret."""
    words = _words(name)
    if any(word in _NOT_SECRET for word in words):
        return False
    if any(word in _SECRET_WORDS for word in words):
        return True
    return "key" in words and any(word in _KEY_OF for word in words)


@functools.lru_cache(4096)
def may_be_secret_name(name: str) -> bool:
    """Tells whether a name holds a secret if its value looks like one: ``key``, ``session``."""
    words = _words(name)
    if any(word in _NOT_SECRET or word in _KEY_OF_TABLE for word in words):
        return False
    return any(word in _MAYBE_WORDS for word in words)


@functools.lru_cache(4096)
def is_password_name(name: str) -> bool:
    """Tells whether a name is that of a password, which a person may have made up."""
    return any(word in _PASSWORDS for word in _words(name))


@functools.lru_cache(4096)
def is_plain_token_name(name: str) -> bool:
    """Tells whether a name may as well be that of a token of a text: ``token``, ``first_token``."""
    words = _words(name)
    secret = [word for word in words if word in _SECRET_WORDS]
    return secret == ["token"] and not any(word in _TOKEN_OF for word in words)


def is_placeholder(value: str) -> bool:
    """Tells whether a value stands for a secret, or for none: "", ``${TOKEN}``, ``null``."""
    text = value.strip().strip("'\"`")
    return not text or text.lower() in _PLACEHOLDERS or re.fullmatch(_EXPRESSION, text) is not None


def looks_random(value: str) -> bool:
    """Tells whether a value looks like a generated one, not like a word, a path, or a hash."""
    if len(value) < _SHORTEST_RANDOM or is_placeholder(value) or re.search(r"[\s()<>{}]", value):
        return False
    if value.startswith(("/", "./", "../", "~", "http:", "https:", "s3:", "gs:", "file:")):
        return False
    if re.fullmatch(r"[0-9a-f]{32,128}|[0-9A-F]{32,128}|[0-9a-f-]{36}|[\d.,:eE+\-]+", value):
        return False
    if value.startswith("0x") or not value.isascii():
        return False
    kinds = (re.search(kind, value) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    n_kinds = sum(kind is not None for kind in kinds)
    # Words with a number at their end ("resnet50-imagenet1k") are names; letters and digits that
    # change places often are not.
    changes = len(re.findall(r"[A-Za-z](?=[0-9])|[0-9](?=[A-Za-z])", value))
    is_word = re.search("[a-z]{6}", value) is not None  # "SSHPKCS11Session"
    return not is_word and ((n_kinds == 3 and changes >= 3) or (n_kinds == 2 and changes >= 4))
