"""Holds what a file says that an environment should be against what was observed."""

import os
import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from repro.environment.declared.pins import Declared, Pin
from repro.environment.packages import normalised
from repro.model.environment import Environment, Interpreter, Package, Platform

__all__ = ["drift_of"]

_TOOLS = frozenset({"pip", "setuptools", "wheel"})
"""Installed with the environment itself, so no lock need name them."""
_IMPLEMENTATIONS = {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalVM"}

Target: TypeAlias = dict[str, str | AbstractSet[str]]
"""Values of the variables of markers."""


def drift_of(declared: Declared, environment: Environment) -> Iterator[str]:
    """Yields each thing that differs, the Python first, then packages by name.

    Nothing is told of an environment without an interpreter: its packages are not known.
    """
    interpreter = environment.interpreter
    if interpreter is None:
        return
    required = declared.requires_python
    if not _allows(required, interpreter.version):
        yield f"python: {required} there, {interpreter.version} installed"
    installed = {normalised(package.name): package for package in environment.packages}
    pins = _by_name(declared.pins)
    target = _target(interpreter, environment.platform)
    found = {name: _of_pins(name, pins[name], installed.get(name), target) for name in pins}
    if declared.is_complete:
        found |= {name: _surplus(name, installed[name]) for name in installed.keys() - pins.keys()}
    found |= _of_conda(declared.conda, interpreter)
    yield from (text for _, text in sorted(found.items()) if text)


def _by_name(pins: Iterable[Pin]) -> dict[str, list[Pin]]:
    found: dict[str, list[Pin]] = {}
    for pin in pins:
        found.setdefault(normalised(pin.name), []).append(pin)
    return found


def _of_pins(name: str, pins: list[Pin], package: Package | None, target: Target) -> str | None:
    """Returns how a package differs from all that a file says of it."""
    if package is None:
        missing = [pin for pin in pins if pin.is_required and _is_meant(pin, target)]
        return f"{name}: {_there(missing)}, not installed" if missing else None
    unmet = [pin for pin in pins if not _is_met(pin, package)]
    meant = [pin for pin in unmet if _is_meant(pin, target)]
    # A lock names each version for other platforms; lines of requirements add up.
    if meant and any(pin.version for pin in pins):
        met = [pin for pin in pins if pin not in unmet and _is_meant(pin, target)]
        meant = [] if met else meant
    if not meant:
        return None
    return f"{name}: {_there(meant)}, {_as_installed(package, meant)} installed"


def _there(pins: Iterable[Pin]) -> str:
    texts = dict.fromkeys(_plain(pin.wanted) for pin in pins if pin.wanted)
    return f"{' or '.join(texts)} there" if texts else "there"


def _plain(specifier: str) -> str:
    exact = re.fullmatch(r"==([^,*]+)", specifier)
    return exact[1] if exact else specifier


def _as_installed(package: Package, pins: Iterable[Pin]) -> str:
    commit = (package.origin or {}).get("commit")
    return f"commit {commit[:7]}" if commit and any(pin.commit for pin in pins) else package.version


def _is_met(pin: Pin, package: Package) -> bool:
    if pin.is_local:
        return True
    if pin.commit and pin.commit != (package.origin or {}).get("commit"):
        return False
    if pin.version:
        return _is_equal(pin.version, package.version)
    return _allows(pin.specifier, package.version)


def _is_equal(left: str, right: str) -> bool:
    if left == right:
        return True
    from packaging.version import InvalidVersion, Version

    try:
        return Version(left) == Version(right)
    except InvalidVersion:
        return False


def _allows(specifier: str, version: str) -> bool:
    """Tells whether a version is allowed; what is no specifier allows all."""
    if not specifier or specifier == f"=={version}":
        return True
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion

    try:
        return SpecifierSet(specifier).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True
    except InvalidVersion:  # conda's, such as 1.1.1w
        return not specifier.startswith("==") or "*" in specifier


def _surplus(name: str, package: Package) -> str | None:
    """Returns a text for a package that a complete lock does not name."""
    is_of_the_project = (package.origin or {}).get("url", "").startswith("./")
    if name in _TOOLS or is_of_the_project:
        return None
    return f"{name}: {package.version} installed, not there"


def _is_meant(pin: Pin, target: Target) -> bool:
    """Tells whether a pin is meant for the interpreter; with a marker that none reads, it is."""
    if not pin.markers:
        return True
    from packaging.markers import InvalidMarker, Marker, UndefinedEnvironmentName

    for text in pin.markers:
        try:
            if Marker(text).evaluate(target):
                return True
        except (InvalidMarker, UndefinedEnvironmentName):
            return True
    return False


def _target(interpreter: Interpreter, platform: Platform) -> Target:
    """Returns what markers are evaluated with: the observed interpreter, not repro's own."""
    implementation = interpreter.implementation
    return {
        "implementation_name": implementation,
        "implementation_version": interpreter.version,
        "os_name": "posix",
        "platform_machine": platform.machine,
        "platform_python_implementation": _IMPLEMENTATIONS.get(implementation, implementation),
        "platform_release": platform.release,
        "platform_system": platform.system,
        "platform_version": "",
        "python_full_version": interpreter.version,
        "python_version": ".".join(interpreter.version.split(".")[:2]),
        "sys_platform": platform.system.lower(),
    }


def _of_conda(pins: Iterable[Pin], interpreter: Interpreter) -> dict[str, str | None]:
    """Returns the same for what conda is to install, from its own list of what it has."""
    installed = _conda_packages(interpreter.prefix)
    if installed is None:  # not an environment of conda's
        return {}
    found: dict[str, str | None] = {}
    for pin in pins:
        version = installed.get(pin.name)
        if version is None:
            found[pin.name] = f"{pin.name}: {_there([pin])}, not installed"
        elif not _allows(pin.specifier, version):
            found[pin.name] = f"{pin.name}: {_there([pin])}, {version} installed"
    return found


def _conda_packages(prefix: str) -> dict[str, str] | None:
    """Returns what conda installed, by name: ``conda-meta/<name>-<version>-<build>.json``."""
    try:
        files = os.listdir(f"{prefix}/conda-meta")
    except OSError:
        return None
    parts = [file.removesuffix(".json").rsplit("-", 2) for file in files if file.endswith(".json")]
    return {part[0].lower(): part[1] for part in parts if len(part) == 3}
