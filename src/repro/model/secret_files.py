"""Files that are secret as a whole, by their names."""

import fnmatch

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
_SAFE = ("*.example", "*.sample", "*.template", "*.dist", "*.pub", "*.defaults", "*.md")
_PUBLIC = ("*cert*.pem", "*chain*.pem", "ca*.pem", "*bundle*.pem", "*public*.pem", "*.pub.pem")


def secret_file_kind(path: str) -> str | None:
    """Returns what kind of secrets a file of this name holds; None when the name says nothing.

    Args:
        path: With slashes; only its end counts.
    """
    name = path.rpartition("/")[2].lower()
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in (*_SAFE, *_PUBLIC)):
        return None
    for end, kind in _PATHS:
        if f"/{path.lower()}".endswith(f"/{end}"):
            return kind or None
    for kind, patterns in _KINDS:
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns.split()):
            return kind
    return None
