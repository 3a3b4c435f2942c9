"""Writes what conda installed as the list from which conda installs it again.

Read from ``<prefix>/conda-meta``, as mamba and pixi write it too; no conda is started.
"""

import json
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from repro.environment.kept import read_kept, write_kept
from repro.environment.origin import directory_of, without_credentials
from repro.environment.packages import normalised
from repro.model.environment import Package
from repro.model.gap import Gap, GapKind
from repro.model.lazy_pattern import lazy_pattern

__all__ = ["explicit_list", "is_conda", "marked_as_conda"]

_TOKEN = lazy_pattern(r"/t/[^/]+(?=/)")
_PYTHON = lazy_pattern(
    r"(?:.*/)?site-packages/([^/]+)\.(?:dist|egg)-info(?:/(?:METADATA|PKG-INFO))?"
)
_HEAD = (
    "# This file may be used to create an environment using:\n"
    "# $ conda create --name <env> --file <this file>\n"
)


class _Record(NamedTuple):
    """One file of ``conda-meta``.

    Attributes:
        name: The package's.
        line: Its line in the list, "" when it cannot have one.
        platform: "linux-64", "noarch".
        needs: Names of what it depends on.
        python: "name-version" of the Python distributions that it holds.
        problem: Why the list does not hold it, or not as it should; "" when all is well.
        fix: What to do about that.
    """

    name: str
    line: str = ""
    platform: str = ""
    needs: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    problem: str = ""
    fix: str = ""


def is_conda(prefix: str) -> bool:
    """Tells whether conda, mamba or pixi made the environment at a prefix."""
    return os.path.isdir(f"{prefix}/conda-meta")


def explicit_list(prefix: str, *, cache_dir: str = "") -> tuple[bytes | None, tuple[Gap, ...]]:
    """Returns what ``conda list --explicit --md5`` prints, and a gap for what is missing from it.

    Each line has the MD5, which every conda and mamba checks; from SHA-256 alone only those since
    2024 can install. What a package needs goes before it, for mamba installs in this order.
    Tokens and passwords are taken out of the URLs.

    Args:
        prefix: ``sys.prefix`` of the interpreter.
        cache_dir: Where what was read is kept; created when needed, "" for nowhere.

    Returns:
        None and no gap when it is not an environment of conda's.
    """
    if not is_conda(prefix):
        return None, ()
    records = _records(prefix, cache_dir)
    platforms = sorted({r.platform for r in records if r.platform not in ("", "noarch")})
    head = [f"# platform: {platform}\n" for platform in platforms[:1]]
    lines = [f"{record.line}\n" for record in _ordered(records) if record.line]
    gaps = [
        Gap(GapKind.ENVIRONMENT, f"conda: {record.name}", record.problem, record.fix)
        for record in records
        if record.problem
    ]
    return "".join([_HEAD, *head, "@EXPLICIT\n", *lines]).encode("utf-8", "replace"), tuple(gaps)


def marked_as_conda(
    packages: tuple[Package, ...], prefix: str, *, cache_dir: str = ""
) -> tuple[Package, ...]:
    """Returns the packages, with the installer "conda" where conda's own list has them.

    A file INSTALLER says "pip" where pip put the package together for conda.
    """
    if not is_conda(prefix):
        return packages
    owned = {
        _key(*python.split("-", 1)) for r in _records(prefix, cache_dir) for python in r.python
    }
    return tuple(
        package._replace(installer="conda", origin=None)
        if _key(package.name, package.version) in owned and _may_be_conda(package)
        else package
        for package in packages
    )


def _may_be_conda(package: Package) -> bool:
    """Tells whether a package could have been built by conda, on whatever machine that was."""
    origin = package.origin or {}
    return not origin or ("editable" not in origin and directory_of(origin["url"]) is not None)


def _key(name: str, version: str = "") -> tuple[str, str]:
    return normalised(name), version


def _records(prefix: str, cache_dir: str) -> list[_Record]:
    """Returns the records sorted by name; read again when one of the files has changed."""
    directory = f"{prefix}/conda-meta"
    try:
        with os.scandir(directory) as entries:
            files = {e.name: e.stat().st_mtime_ns for e in entries if e.name.endswith(".json")}
    except OSError:
        return []
    name, state = f"conda-1:{prefix}", sorted([file, stamp] for file, stamp in files.items())
    kept = read_kept(cache_dir, name) if cache_dir else None
    if isinstance(kept, dict) and kept.get("state") == state:
        rows = (dict(zip(_Record._fields, row, strict=True)) for row in kept["records"])
        return [
            _Record(**{**row, "needs": tuple(row["needs"]), "python": tuple(row["python"])})
            for row in rows
        ]
    records = [_read(directory, file) for file in sorted(files)]
    if cache_dir:
        write_kept(cache_dir, name, {"state": state, "records": records})
    return records


def _read(directory: str, file: str) -> _Record:
    stem = file.removesuffix(".json").rsplit("-", 2)[0]
    try:
        with open(f"{directory}/{file}", "rb") as stream:
            document = json.loads(stream.read())
    except (OSError, ValueError):
        document = None
    if not isinstance(document, dict):
        problem = f"conda-meta/{file} cannot be read: it is not in the explicit list"
        return _Record(stem, problem=problem, fix=f"conda install --force-reinstall {stem}")
    name = str(document.get("name") or stem)
    needs = tuple(str(text).split(" ", 1)[0] for text in _list(document, "depends"))
    matches = (_PYTHON.fullmatch(str(path)) for path in _list(document, "files"))
    # "six-1.17.0-py3.11" for an egg.
    stems = (re.sub(r"-py\d.*", "", match[1]) for match in matches if match)
    python = tuple(dict.fromkeys(found for found in stems if "-" in found))
    line, problem, fix = _line(document, name)
    return _Record(name, line, str(document.get("subdir", "")), needs, python, problem, fix)


def _list(document: Mapping[str, Any], key: str) -> list[Any]:
    value = document.get(key)
    return value if isinstance(value, list) else []


def _line(document: Mapping[str, Any], name: str) -> tuple[str, str, str]:
    """Returns the line of the list, what is wrong with it, and what to do about that."""
    url = document.get("url")
    if not isinstance(url, str) or "://" not in url:
        problem = "conda-meta does not say where it came from: it is not in the explicit list"
        return "", problem, f"conda install --force-reinstall {name}"
    clean = without_credentials(_TOKEN.sub("", url))
    path = directory_of(url)
    problem = fix = ""
    if clean != url:
        problem = "its channel needs a token or password, which is not recorded"
        fix = "keep the token at hand: conda token set TOKEN, or anaconda login"
    elif path is not None and not os.path.isfile(path):
        problem, fix = (
            f"the archive it was installed from is gone: {path}",
            f"put it back at {path}",
        )
    for key, length in (("md5", 32), ("sha256", 64)):
        digest = document.get(key)
        if isinstance(digest, str) and re.fullmatch(rf"[0-9a-f]{{{length}}}", digest):
            return f"{clean}#{digest}", problem, fix
    problem = problem or "conda-meta has no hash of it: what is installed again may be another"
    return clean, problem, fix or f"conda install --force-reinstall {name}"


def _ordered(records: list[_Record]) -> list[_Record]:
    """Returns the records with what each needs before it; in a circle, by name."""
    by_name = {record.name: record for record in records}
    ordered: dict[str, _Record] = {}
    begun: set[str] = set()
    for record in records:
        if record.name in begun:
            continue
        stack = [(record.name, iter(record.needs))]
        begun.add(record.name)
        while stack:
            name, needs = stack[-1]
            following = next((n for n in needs if n in by_name and n not in begun), None)
            if following is None:
                ordered[name] = by_name[name]
                stack.pop()
            else:
                begun.add(following)
                stack.append((following, iter(by_name[following].needs)))
    return list(ordered.values())
