"""Reads pip's requirements files, with those that they include.

What a line says beyond the name and version of a package (hashes, options, paths, addresses) cannot
be held against what is installed, and is passed over, as pip's own syntax has no end.
"""

import os
import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from repro.environment.declared.pins import Declared, Pin

__all__ = ["Reader", "pins_of", "read_requirements"]

_COMMENT = re.compile(r"(^|\s)#.*$")
_OPTIONS = re.compile(r"\s--?[a-z].*$")
_INCLUDED = re.compile(r"(-r|--requirement|-c|--constraint)(?:\s*=\s*|\s*)(\S.*)")
_EDITABLE = re.compile(r"(?:-e|--editable)(?:\s*=\s*|\s+)(\S.*)")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")
_COMMIT = re.compile(r"@([0-9a-f]{40})(?:#|$)")
_PINNED = re.compile(r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(?:==\s*([\w.!+]+))?")
_GROUPS = re.compile(
    r"(?:^|[-_.])(?:ci|dev|develop|development|docs?|examples?|extras?|lint|notebooks?"
    r"|optional|tests?|testing|typing)(?:[-_.]|$)"
)
_MOST_FILES = 50

Reader: TypeAlias = Callable[[str], str]
"""Returns the text of a file."""


def read_requirements(path: str, read: Reader) -> Declared:
    """Reads a requirements file.

    What it names must be installed, unless its own name is that of a group which may be left out:
    ``requirements-dev.txt``, ``requirements/test.txt``.

    Args:
        path: Of the file.
        read: Returns the text of a file.

    Raises:
        ValueError: It cannot be read; one that it includes is passed over.
        OSError: The same.
    """
    pins = pins_of(path, read(path), read)
    if _GROUPS.search(os.path.basename(path).lower()):
        pins = tuple(pin._replace(is_required=False) for pin in pins)
    return Declared(pins)


def pins_of(path: str, text: str, read: Reader) -> tuple[Pin, ...]:
    """Returns what the text of a requirements file names.

    Args:
        path: Where the text stands; what it includes lies beside it.
        text: The lines.
        read: Returns the text of a file that it includes.
    """
    return tuple(_read(path, text, read, seen={os.path.realpath(path)}))


def _read(path: str, text: str, read: Reader, *, seen: set[str]) -> Iterator[Pin]:
    for line in _lines(text):
        included = _INCLUDED.fullmatch(line)
        if included is None:
            pin = _pin(line)
            if pin is not None:
                yield pin
            continue
        other = os.path.join(os.path.dirname(path), included[2].strip("\"'"))
        if os.path.realpath(other) in seen or len(seen) > _MOST_FILES:
            continue
        seen.add(os.path.realpath(other))
        is_constraint = included[1] in ("-c", "--constraint")
        try:
            content = read(other)
        except (OSError, ValueError):  # or a URL
            continue
        for pin in _read(other, content, read, seen=seen):
            yield pin._replace(is_required=False) if is_constraint else pin


def _lines(text: str) -> Iterator[str]:
    joined = re.sub(r"\\\r?\n", " ", text)
    for line in joined.splitlines():
        bare = _COMMENT.sub("", line).strip()
        if bare:
            yield bare


def _pin(line: str) -> Pin | None:
    editable = _EDITABLE.fullmatch(line)
    if editable is not None:
        egg, commit = _EGG.search(editable[1]), _COMMIT.search(editable[1])
        if egg is None:
            return None
        sha = commit[1] if commit else ""
        return Pin(egg[1], commit=sha, is_required=True, is_local=not sha)
    if line.startswith("-"):
        return None
    line = _OPTIONS.sub("", line)
    simple = _PINNED.fullmatch(line)
    if simple is not None:
        return Pin(simple[1], specifier=f"=={simple[2]}" if simple[2] else "", is_required=True)
    return _parsed(line)


def _parsed(line: str) -> Pin | None:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(line)
    except InvalidRequirement:  # a path, a URL, or what only pip understands
        return None
    commit = _COMMIT.search(requirement.url or "")
    # packaging sorts them by their characters: "<3,>=2".
    versions = sorted(map(str, requirement.specifier), key=lambda text: text.startswith("<"))
    return Pin(
        requirement.name,
        specifier=",".join(versions),
        markers=(str(requirement.marker),) if requirement.marker else (),
        commit=commit[1] if commit else "",
        is_required=True,
    )
