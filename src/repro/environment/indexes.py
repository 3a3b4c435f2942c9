"""Gives uv the package indexes that pip is set up with, where uv has none of its own."""

import os
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["PipIndexes", "has_uv_indexes", "pip_indexes"]

_UV_VARIABLES = (
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"),
    *("UV_FIND_LINKS", "UV_CONFIG_FILE", "UV_NO_INDEX"),
)


class PipIndexes(NamedTuple):
    """Where pip looks for packages; URLs may hold credentials and go to uv only.

    Attributes:
        main: In place of PyPI, "" for PyPI.
        extra: Further indexes.
        links: Directories and pages of ``--find-links``.
    """

    main: str = ""
    extra: tuple[str, ...] = ()
    links: tuple[str, ...] = ()

    def main_variables(self) -> dict[str, str]:
        """Returns uv's variables for the index."""
        return {"UV_DEFAULT_INDEX": self.main} if self.main else {}

    def further_variables(self) -> dict[str, str]:
        """Returns uv's variables for the rest, searched as pip does: the best of all of them."""
        variables: dict[str, str] = {}
        if self.extra:
            variables["UV_INDEX"] = " ".join(self.extra)
        if self.links:
            variables["UV_FIND_LINKS"] = ",".join(self.links)
        return {**variables, "UV_INDEX_STRATEGY": "unsafe-best-match"} if variables else {}


def has_uv_indexes(env: Mapping[str, str]) -> bool:
    """Tells whether the user has set up uv, by variables or by a file of user or system."""
    if any(env.get(name) for name in _UV_VARIABLES):
        return True
    config = env.get("XDG_CONFIG_HOME") or f"{env.get('HOME', '')}/.config"
    return any(os.path.isfile(path) for path in (f"{config}/uv/uv.toml", "/etc/uv/uv.toml"))


def pip_indexes(env: Mapping[str, str], *, prefix: str) -> PipIndexes:
    """Returns the indexes that pip is set up with: by variables, else by its files.

    Args:
        env: The variables of the command.
        prefix: ``sys.prefix`` of its interpreter, which may hold a ``pip.conf``.
    """
    settings: dict[str, str] = {}
    for path in _config_files(env, prefix):
        settings |= _read(path)
    for name in ("index-url", "extra-index-url", "find-links"):
        value = env.get(f"PIP_{name.upper().replace('-', '_')}")
        if value:
            settings[name] = value
    return PipIndexes(
        main=settings.get("index-url", "").strip(),
        extra=tuple(settings.get("extra-index-url", "").split()),
        links=tuple(settings.get("find-links", "").split()),
    )


def _config_files(env: Mapping[str, str], prefix: str) -> list[str]:
    only = env.get("PIP_CONFIG_FILE")
    if only == os.devnull:  # pip's word for "none"
        return []
    home = env.get("HOME", "")
    system = (env.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    user = env.get("XDG_CONFIG_HOME") or f"{home}/.config"
    return [
        *(f"{directory}/pip/pip.conf" for directory in reversed(system)),
        *("/etc/pip.conf", f"{home}/.pip/pip.conf", f"{user}/pip/pip.conf", f"{prefix}/pip.conf"),
        *([only] if only else []),
    ]


def _read(path: str) -> dict[str, str]:
    if not os.path.isfile(path):
        return {}
    from configparser import Error, RawConfigParser

    parser = RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (Error, UnicodeDecodeError, OSError):  # pip refuses it too, and says so
        return {}
    settings: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            settings |= {name.replace("_", "-"): value for name, value in parser.items(section)}
    return settings
