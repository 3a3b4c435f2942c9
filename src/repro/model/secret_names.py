"""What a name says of its value: whether ``--api-key`` or ``max_tokens`` holds a secret."""

import functools
import re

__all__ = ["is_placeholder", "is_secret_name", "looks_random", "may_be_secret_name"]

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
    ).split()
)
"""Words that turn "token" and "key" into something else: ``--max-tokens``, ``--key-dim``."""
_MAYBE_WORDS = frozenset("key pass session sid".split())
_PLACEHOLDERS = frozenset(
    (
        "null none nil true false yes no on off undefined default basic bearer digest oauth oauth2"
        " token kerberos ldap iam ntlm str string int bytes bool any optional required env prompt"
        " ask changeme change-me password passwd secret example dummy test todo fixme redacted"
        " placeholder your-token-here"
    ).split()
)
_EXPRESSION = re.compile(
    r"\$[\w{(].*|%\(?\w+.*%?|\{\{.*|\{\w*\}|<[^<>]*>|\[.*|\*+|\.{3,}|[xX]+|-+|_+|#+"
    r"|(?:os\.|process\.|env\.|getenv|environ|ENV\[|config\.|args\.|self\.|settings\.|cfg\.).*"
    r"|#[0-9a-fA-F]{3,8}"
    r"|(?:your|my|some|the|insert|enter|replace|fake|dummy|example)[-_ ].*"
)
_SPLIT = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[A-Za-z]+")
_SHORTEST_RANDOM = 12


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(_SPLIT.sub("_", name))]


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
    return any(word in _MAYBE_WORDS for word in words) and not any(w in _NOT_SECRET for w in words)


def is_placeholder(value: str) -> bool:
    """Tells whether a value stands for a secret, or for none: "", ``${TOKEN}``, ``null``."""
    text = value.strip().strip("'\"`")
    return not text or text.lower() in _PLACEHOLDERS or bool(_EXPRESSION.fullmatch(text))


def looks_random(value: str) -> bool:
    """Tells whether a value looks like a generated one, not like a word, a path, or a hash."""
    if len(value) < _SHORTEST_RANDOM or is_placeholder(value) or re.search(r"[\s()<>{}]", value):
        return False
    if value.startswith(("/", "./", "../", "~", "http:", "https:", "s3:", "gs:", "file:")):
        return False
    if re.fullmatch(r"[0-9a-f]{32,128}|[0-9a-f-]{36}|[\d.,:eE+\-]+", value):
        return False
    kinds = (re.search(kind, value) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    n_kinds = sum(kind is not None for kind in kinds)
    # Words with a number at their end ("resnet50-imagenet1k") are names; letters and digits that
    # change places often are not.
    changes = len(re.findall(r"[A-Za-z](?=[0-9])|[0-9](?=[A-Za-z])", value))
    is_word = re.search("[a-z]{6}", value) is not None  # "SSHPKCS11Session"
    return not is_word and ((n_kinds == 3 and changes >= 3) or (n_kinds == 2 and changes >= 4))
