"""Files that are secret as a whole, by their names."""

import fnmatch
import functools
import re
from collections.abc import Sequence

__all__ = ["secret_file_kind"]

_KINDS = (
    ("environment file", ".env .env.* *.env .envrc"),
    ("private key", "id_rsa id_dsa id_ecdsa id_ed25519 *.pem *.key *.ppk *.p12 *.pfx *.jks"),
    ("private key", "*.keystore *.kdbx *.asc.key"),
    ("password file", ".netrc _netrc .pgpass .my.cnf .htpasswd .git-credentials"),
    ("registry token", ".npmrc .pypirc .dockercfg"),
    ("cloud credentials", "credentials.json client_secret*.json service-account*.json"),
    ("cloud credentials", "service_account*.json application_default_credentials.json"),
    ("cloud credentials", "kaggle.json kubeconfig terraform.tfstate *.tfstate"),
    ("secrets", "secrets.yaml secrets.yml secrets.toml secrets.json"),
)
_PATHS = (
    (".aws/credentials", "cloud credentials"),
    (".docker/config.json", "registry token"),
    (".kube/config", "cloud credentials"),
    (".streamlit/secrets.toml", "secrets"),
    (".ssh/config", ""),
)
_ENDS = tuple(end for end, _ in _PATHS)
_SAFE = ("*.example", "*.sample", "*.template", "*.dist", "*.pub", "*.defaults", "*.md")
_PUBLIC = ("*cert*.pem", "*chain*.pem", "ca*.pem", "*bundle*.pem", "*public*.pem", "*.pub.pem")


@functools.cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Returns what every secret name matches, and what every harmless one does; in one go each."""
    secret = [pattern for _, patterns in _KINDS for pattern in patterns.split()]
    return _any_of(secret), _any_of([*_SAFE, *_PUBLIC])


def _any_of(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(fnmatch.translate, patterns)))


def secret_file_kind(path: str) -> str | None:
    """Returns what kind of secrets a file of this name holds; None when the name says nothing.

    Args:
        path: With slashes; only its end counts.
    """
    low = path.lower()
    name = low.rpartition("/")[2]
    secret, safe = _patterns()
    is_named = secret.match(name) is not None
    if not (is_named or low.endswith(_ENDS)) or safe.match(name):
        return None
    for end, kind in _PATHS:
        if f"/{low}".endswith(f"/{end}"):
            return kind or None
    for kind, patterns in _KINDS if is_named else ():
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns.split()):
            return kind
    return None
