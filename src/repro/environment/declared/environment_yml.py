"""Reads conda's ``environment.yml``."""

import re
from collections.abc import Iterable, Iterator

from repro.data.yaml_reader import Node, PointerError, read_yaml
from repro.environment.declared.pins import Declared, Pin
from repro.environment.declared.requirements_txt import Reader, pins_of

__all__ = ["read_environment_yml"]

_SPEC = re.compile(r"(?:[^\s:]+::)?(?P<name>[A-Za-z0-9_][\w.-]*)\s*(?P<rest>[^\[]*)(?:\[.*\])?")


def read_environment_yml(path: str, read: Reader) -> Declared:
    """Reads the packages that conda is to install, those of its pip section, and the Python.

    Args:
        path: Of the file.
        read: Returns the text of a file.

    Raises:
        ValueError: It is none.
        OSError: It cannot be read.
    """
    try:
        dependencies = read_yaml(path, read(path).encode()).get("dependencies", [])
    except PointerError as error:
        where = "" if error.line is None else f" (at line {error.line})"
        raise ValueError(f"not a mapping in YAML{where}") from error
    if not isinstance(dependencies, list):
        raise ValueError("dependencies is no list")
    conda = {pin.name: pin for pin in _conda_pins(dependencies)}
    python = conda.pop("python", None)
    conda.pop("pip", None)
    return Declared(
        tuple(_pip_pins(path, dependencies, read)),
        requires_python=python.specifier if python else "",
        conda=tuple(conda.values()),
    )


def _conda_pins(dependencies: Iterable[Node]) -> Iterator[Pin]:
    for spec in dependencies:
        found = _SPEC.fullmatch(spec.strip()) if isinstance(spec, str) else None
        if found is not None:
            specifier = _specifier(found["rest"].strip())
            yield Pin(found["name"].lower(), specifier=specifier, is_required=True)


def _specifier(rest: str) -> str:
    """Returns a version as conda writes it in PEP 440's words: "=1.26" is "==1.26.*"."""
    if not rest or "|" in rest:
        return ""
    if rest[0] in "<>!~":
        return rest.replace(" ", "")
    version, *_ = re.split(r"[\s=]", rest.lstrip("= "), maxsplit=1)  # a build may follow
    if rest[0] == "=" and rest[1:2] != "=" and not version.endswith("*"):
        version = f"{version}.*"
    return f"=={re.sub(r'(?<=[0-9])[*]$', '.*', version)}"


def _pip_pins(path: str, dependencies: Iterable[Node], read: Reader) -> Iterator[Pin]:
    for section in dependencies:
        lines = section.get("pip") if isinstance(section, dict) else None
        if isinstance(lines, list):
            texts = [line for line in lines if isinstance(line, str)]
            yield from pins_of(path, "\n".join(texts), read)
