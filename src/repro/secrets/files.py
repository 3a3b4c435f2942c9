"""Files that are secret as a whole, by their names.

Asked of every uncommitted file that is new, so nothing is imported or compiled for it.
"""

__all__ = ["secret_file_kind"]

_NAMES = {
    **dict.fromkeys((".env", ".envrc"), "environment file"),
    **dict.fromkeys(("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"), "private key"),
    **dict.fromkeys((".netrc", "_netrc", ".pgpass", ".my.cnf", ".htpasswd"), "password file"),
    ".git-credentials": "password file",
    **dict.fromkeys((".npmrc", ".pypirc", ".dockercfg"), "registry token"),
    **dict.fromkeys(("credentials.json", "kaggle.json", "kubeconfig"), "cloud credentials"),
    **dict.fromkeys(("application_default_credentials.json", "rclone.conf"), "cloud credentials"),
    **dict.fromkeys((".boto", ".s3cfg", ".databrickscfg", ".vault-token"), "cloud credentials"),
    "terraform.tfstate.backup": "cloud credentials",
    **dict.fromkeys(("secrets.yaml", "secrets.yml", "secrets.toml", "secrets.json"), "secrets"),
}
_SUFFIXES = {
    "env": "environment file",
    **dict.fromkeys("pem key ppk p12 pfx jks keystore kdbx".split(), "private key"),
    "tfstate": "cloud credentials",
}
_JSON_PREFIXES = ("client_secret", "service-account", "service_account")
_PATHS = {
    "/.aws/credentials": "cloud credentials",
    "/.docker/config.json": "registry token",
    "/.kube/config": "cloud credentials",
    "/.cargo/credentials.toml": "registry token",
    "/gh/hosts.yml": "registry token",
    "/huggingface/token": "registry token",
}
_PATH_NAMES = frozenset(path.rpartition("/")[2] for path in _PATHS)
_SAFE_SUFFIXES = frozenset("example sample template dist pub defaults md".split())
_PUBLIC_WORDS = ("cert", "chain", "bundle", "public")
"""In the name of a PEM file: what everybody may have."""


def secret_file_kind(path: str) -> str | None:
    """Returns what kind of secrets a file of this name holds; None when the name says nothing.

    Args:
        path: With slashes; only its end counts.
    """
    low = path.lower()
    name = low.rpartition("/")[2]
    suffix = name.rpartition(".")[2]
    if suffix in _SAFE_SUFFIXES:
        return None
    kind = _NAMES.get(name)
    if kind is None and name != suffix:
        kind = _SUFFIXES.get(suffix)
        if suffix == "pem" and _is_public(name):
            return None
    if kind is None and name.startswith(".env."):
        kind = "environment file"
    if kind is None and suffix == "json" and name.startswith(_JSON_PREFIXES):
        kind = "cloud credentials"
    if kind is None and name in _PATH_NAMES:
        parent = f"/{low}".rpartition("/")[0].rpartition("/")[2]
        kind = _PATHS.get(f"/{parent}/{name}")
    return kind


def _is_public(name: str) -> bool:
    is_named = any(word in name for word in _PUBLIC_WORDS)
    return is_named or name.startswith("ca") or name.endswith(".pub.pem")
