"""Finds the package indexes that uv and pip are set up with.

uv is given pip's where it has none of its own, and a record names them all.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from repro.environment.origin import without_credentials
from repro.model.lazy_pattern import lazy_pattern

__all__ = ["PipIndexes", "has_uv_indexes", "observe_indexes", "pip_indexes"]

_UV_VARIABLES = (
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"),
    *("UV_FIND_LINKS", "UV_CONFIG_FILE", "UV_NO_INDEX"),
)
_UV_LISTS = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL")
_NAMED = lazy_pattern(r"[A-Za-z0-9._-]+=(?=\S)")


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


def observe_indexes(
    env: Mapping[str, str],
    *,
    prefix: str,
    top: str = "",
    clean: Callable[[str], str] = without_credentials,
) -> tuple[str, ...]:
    """Returns the indexes and places of ``--find-links`` in force, without credentials.

    uv's first, by variables and by its files (the project's, the user's, the system's), then pip's.
    PyPI, when nothing else is set up, is not named.

    Args:
        env: The variables of the command.
        prefix: ``sys.prefix`` of its interpreter.
        top: The project; "" without one.
        clean: Takes credentials out of a URL.
    """
    pip = pip_indexes(env, prefix=prefix)
    found = [*_of_uv_variables(env)]
    for path in _uv_files(env, top):
        found += _of_uv_file(path)
    found += [pip.main, *pip.extra, *pip.links]
    places = (clean(place.strip()) for place in found)
    return tuple(dict.fromkeys(place for place in places if place))


def _of_uv_variables(env: Mapping[str, str]) -> Iterator[str]:
    for name in _UV_LISTS:
        for word in env.get(name, "").split():
            yield _NAMED.sub("", word, count=1) if _NAMED.match(word) else word
    yield from env.get("UV_FIND_LINKS", "").split(",")


def _uv_files(env: Mapping[str, str], top: str) -> list[str]:
    only = env.get("UV_CONFIG_FILE")
    if only:
        return [only]
    if env.get("UV_NO_CONFIG"):
        return []
    # A uv.toml in a directory makes uv pass over the pyproject.toml there.
    own = f"{top}/uv.toml" if os.path.isfile(f"{top}/uv.toml") else f"{top}/pyproject.toml"
    user = env.get("XDG_CONFIG_HOME") or f"{env.get('HOME', '')}/.config"
    return [*([own] if top else []), f"{user}/uv/uv.toml", "/etc/uv/uv.toml"]


def _of_uv_file(path: str) -> Iterator[str]:
    try:
        with open(path, "rb") as stream:
            content = stream.read()
    except OSError:
        return
    if path.endswith("/pyproject.toml") and b"tool.uv" not in content:  # the reader takes its time
        return
    import tomllib

    try:
        document = tomllib.loads(content.decode())
    except ValueError:  # uv refuses it too, and says so
        return
    table: Mapping[str, Any] = document
    if path.endswith("/pyproject.toml"):
        table = _table(_table(document, "tool"), "uv")
    for part in (table, _table(table, "pip")):
        indexes = part.get("index", [])
        for index in indexes if isinstance(indexes, list) else ():
            yield str(index["url"]) if isinstance(index, dict) and "url" in index else ""
        for key in ("index-url", "extra-index-url", "find-links"):
            value = part.get(key, [])
            yield from map(str, value) if isinstance(value, list) else (str(value),)


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


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
