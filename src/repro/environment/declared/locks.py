"""Reads the locks of uv, Poetry, PDM and Pipenv, and PEP 751's ``pylock.toml``.

All of them but Pipenv's are TOML, and nine tenths of each are the addresses and hashes of archives,
which say nothing of what is installed. Those lines are dropped before the file is parsed: 1.3 MB
with 224 packages take 20 ms that way, and 150 ms otherwise.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from repro.environment.declared.pins import Declared, Pin

__all__ = [
    "read_pdm_lock",
    "read_pipfile_lock",
    "read_poetry_lock",
    "read_pylock",
    "read_uv_lock",
]

_ARCHIVES = re.compile(
    r"^(?:[ \t]+\{ ?(?:url|path|file) ?= .*\},?|sdist = \{.*\}|wheels = \[.+\])[ \t]*\r?$",
    re.MULTILINE,
)
_DEPENDENCIES = re.compile(r"^[ \t]+\{ name = .*\},?[ \t]*\r?$", re.MULTILINE)

Table = dict[str, Any]


def read_uv_lock(text: str) -> Declared:
    """Reads ``uv.lock``; extras and groups are not told apart, so nothing in it must be installed.

    Raises:
        ValueError: It is no lock of uv's.
    """
    document = _toml(_DEPENDENCIES.sub("", text))
    return Declared(
        tuple(map(_of_uv, _tables(document, "package"))),
        requires_python=_text(document, "requires-python"),
        is_complete=True,
    )


def _of_uv(table: Table) -> Pin:
    source = _table(table, "source")
    git = _text(source, "git")
    return Pin(
        _name(table),
        _text(table, "version"),
        markers=_texts(table, "resolution-markers"),
        commit=git.partition("#")[2],
        is_local=bool(source.keys() & {"editable", "virtual", "directory"}),
    )


def read_pylock(text: str) -> Declared:
    """Reads ``pylock.toml``, in which a marker names the extras and groups a package belongs to.

    Raises:
        ValueError: It is none.
    """
    document = _toml(text)
    return Declared(
        tuple(map(_of_pylock, _tables(document, "packages"))),
        requires_python=_text(document, "requires-python"),
        is_complete=True,
    )


def _of_pylock(table: Table) -> Pin:
    marker = _text(table, "marker")
    is_optional = "extras" in marker or "dependency_groups" in marker
    return Pin(
        _name(table),
        _text(table, "version"),
        markers=(marker,) if marker and not is_optional else (),
        commit=_text(_table(table, "vcs"), "commit-id"),
        is_required=not is_optional,
        is_local="directory" in table,
    )


def read_poetry_lock(text: str) -> Declared:
    """Reads ``poetry.lock``; any of it may belong to a group that was left out.

    Raises:
        ValueError: It is no lock of Poetry's.
    """
    document = _toml(text)
    return Declared(
        tuple(map(_of_poetry, _tables(document, "package"))),
        requires_python=_caret(_text(_table(document, "metadata"), "python-versions")),
        is_complete=True,
    )


def _of_poetry(table: Table) -> Pin:
    markers, source = table.get("markers"), _table(table, "source")
    by_group = markers.values() if isinstance(markers, Mapping) else [markers]
    return Pin(
        _name(table),
        _text(table, "version"),
        markers=tuple(text for text in by_group if isinstance(text, str) and text),
        commit=_text(source, "resolved_reference") if source.get("type") == "git" else "",
        is_local=source.get("type") == "directory",
    )


def _caret(versions: str) -> str:
    """Returns Poetry's spelling of Python versions as PEP 440 has it; "" where there is none."""
    if versions == "*" or "|" in versions:
        return ""
    exact = re.fullmatch(r"(\^|~)?(\d+)(?:\.(\d+))?(\.\d+)*", versions)
    if exact is None:
        return versions
    sign, major, minor = exact[1], int(exact[2]), exact[3]
    if sign is None:
        return f"=={versions}"
    end = f"{major}.{int(minor) + 1}" if sign == "~" and minor else f"{major + 1}"
    return f">={versions[1:]},<{end}"


def read_pdm_lock(text: str) -> Declared:
    """Reads ``pdm.lock``; any of it may belong to a group that was left out.

    Raises:
        ValueError: It is no lock of PDM's.
    """
    document = _toml(text)
    targets = _table(document, "metadata").get("targets")
    found = targets if isinstance(targets, list) and len(targets) == 1 else []
    return Declared(
        tuple(map(_of_pdm, _tables(document, "package"))),
        requires_python="".join(_text(x, "requires_python") for x in found if isinstance(x, dict)),
        is_complete=True,
    )


def _of_pdm(table: Table) -> Pin:
    marker = _text(table, "marker")
    return Pin(
        _name(table),
        _text(table, "version"),
        markers=(marker,) if marker else (),
        commit=_text(table, "revision"),
        is_local="path" in table,
    )


def read_pipfile_lock(text: str) -> Declared:
    """Reads ``Pipfile.lock``; what is under "default" must be installed.

    Raises:
        ValueError: It is no lock of Pipenv's.
    """
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")
    python = _text(_table(_table(document, "_meta"), "requires"), "python_version")
    return Declared(
        tuple(_of_pipfile(document)),
        requires_python=f"=={python}.*" if python else "",
        is_complete=True,
    )


def _of_pipfile(document: Table) -> Iterator[Pin]:
    for section in ("default", "develop"):
        for name, table in _table(document, section).items():
            if isinstance(table, dict):
                marker = _text(table, "markers")
                yield Pin(
                    name,
                    _text(table, "version").removeprefix("=="),
                    markers=(marker,) if marker else (),
                    commit=_text(table, "ref"),
                    is_required=section == "default",
                    is_local="path" in table,
                )


def _toml(text: str) -> Table:
    import tomllib

    return tomllib.loads(_ARCHIVES.sub("", text))


def _tables(document: Table, key: str) -> list[Table]:
    tables = document.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ValueError(f"{key} is no list of tables")
    return tables


def _table(document: Table, key: str) -> Table:
    table = document.get(key)
    return table if isinstance(table, dict) else {}


def _name(table: Table) -> str:
    name = table.get("name")
    if not isinstance(name, str) or not name:
        raise ValueError("a package without a name")
    return name


def _text(table: Table, key: str) -> str:
    value = table.get(key)
    return value if isinstance(value, str) else ""


def _texts(table: Table, key: str) -> tuple[str, ...]:
    values = table.get(key)
    return tuple(x for x in values if isinstance(x, str)) if isinstance(values, list) else ()
