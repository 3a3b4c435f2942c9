"""How the environments of two runs differ."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from repro.compare.changes import Changes, changes
from repro.model.environment import Environment, Hardware, Package, Platform

__all__ = ["EnvironmentChange", "compare_environments"]


class EnvironmentChange(NamedTuple):
    """The environment pillar, and what is shown beside it but is none of it.

    The pillar is what its digest is taken of: `interpreter`, `packages`, `variables` and
    `platform`. What follows them may differ between two runs with the same environment.

    Attributes:
        interpreter: "python": implementation and version.
        packages: By normalised name: another version, or other files of the same version.
        variables: By name.
        platform: "system", "machine", "libc".
        machine: Hardware, driver, container, kernel and distribution.
        cpu_flags: What one CPU can do and the other cannot; empty where either is not known.
        build: "build" and "digest" of interpreters of one version.
        origins: Packages of equal version and files that came from elsewhere: another commit, an
            index instead of a directory, editable or not.
        runtime: What the process said of itself: threads, kernels, determinism.
        indexes: Package indexes; "" each.
        variable_names: Names of variables without a recorded value; "" each.
        modules: Files loaded from outside of the environment; "" each.
        n_observed: Of how many of the two runs the environment is known.
    """

    interpreter: Changes[str]
    packages: Changes[Package]
    variables: Changes[str]
    platform: Changes[str]
    machine: Changes[str]
    cpu_flags: Changes[str] = Changes()
    build: Changes[str] = Changes()
    origins: Changes[Package] = Changes()
    runtime: Changes[str] = Changes()
    indexes: Changes[str] = Changes()
    variable_names: Changes[str] = Changes()
    modules: Changes[str] = Changes()
    n_observed: int = 2

    @property
    def n_changes(self) -> int:
        """How many things differ that make the pillar differ."""
        return len(self.interpreter) + len(self.packages) + len(self.variables) + len(self.platform)

    @property
    def is_same(self) -> bool:
        """Whether the pillar is the same."""
        return self.n_changes == 0


def compare_environments(a: Environment | None, b: Environment | None) -> EnvironmentChange:
    """Returns how `b` differs from `a`; None is an environment that was not observed."""
    old, new = _packages(a), _packages(b)
    packages = changes(old, new, same=_is_same_package)
    return EnvironmentChange(
        interpreter=changes(_interpreter(a), _interpreter(b), same=_is_equal),
        packages=packages,
        variables=changes(a.variables if a else {}, b.variables if b else {}, same=_is_equal),
        platform=changes(_platform(a), _platform(b), same=_is_equal),
        machine=_compare_machines(a, b),
        cpu_flags=_compare_flags(a, b),
        build=_compare_builds(a, b),
        origins=_compare_origins(
            {name: old[name] for name in old.keys() & new.keys() - packages.changed.keys()}, new
        ),
        runtime=changes(a.runtime if a else {}, b.runtime if b else {}, same=_is_equal),
        indexes=_compare_names(a.indexes if a else (), b.indexes if b else ()),
        variable_names=_compare_names(a.variable_names if a else (), b.variable_names if b else ()),
        modules=_compare_names(a.modules if a else (), b.modules if b else ()),
        n_observed=(a is not None) + (b is not None),
    )


def _is_equal(old: object, new: object) -> bool:
    return old == new


def _is_same_package(old: Package, new: Package) -> bool:
    return (old.version, old.record) == (new.version, new.record)


def _interpreter(environment: Environment | None) -> dict[str, str]:
    if environment is None or environment.interpreter is None:
        return {}
    interpreter = environment.interpreter
    return {"python": f"{interpreter.implementation} {interpreter.version}"}


def _packages(environment: Environment | None) -> dict[str, Package]:
    packages = environment.packages if environment else ()
    return {re.sub(r"[-_.]+", "-", package.name).lower(): package for package in packages}


_SOFTWARE = ("system", "machine", "libc")


def _platform(environment: Environment | None) -> dict[str, str]:
    return _texts(environment.platform, only=_SOFTWARE) if environment else {}


def _machine(environment: Environment | None) -> dict[str, str]:
    if environment is None:
        return {}
    hardware = environment.hardware
    rest = _texts(environment.platform, only=("release", "distribution", "container"))
    # The flags are a hundred words: those that differ are told by themselves.
    return rest | _texts(hardware, only=[name for name in hardware._fields if name != "cpu_flags"])


def _compare_machines(a: Environment | None, b: Environment | None) -> Changes[str]:
    found = changes(_machine(a), _machine(b), same=_is_equal)
    old, new = map(int, found.changed.get("memory_bytes", ("0", "0")))
    if abs(old - new) > max(old, new) / 100:
        return found
    # Each kernel keeps another few megabytes to itself: the machine is the same.
    changed = {name: pair for name, pair in found.changed.items() if name != "memory_bytes"}
    return Changes(found.added, found.removed, changed)


def _texts(of: Platform | Hardware, *, only: Sequence[str]) -> dict[str, str]:
    """Returns the fields that say something, as texts."""
    texts = {}
    for name in only:
        value = getattr(of, name)
        if value:
            texts[name] = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return texts


def _compare_names(old: Iterable[str], new: Iterable[str]) -> Changes[str]:
    return changes(dict.fromkeys(old, ""), dict.fromkeys(new, ""), same=_is_equal)


def _compare_flags(a: Environment | None, b: Environment | None) -> Changes[str]:
    old, new = ((side.hardware.cpu_flags if side else "").split() for side in (a, b))
    return _compare_names(old, new) if old and new else Changes()


def _compare_builds(a: Environment | None, b: Environment | None) -> Changes[str]:
    old, new = (side.interpreter if side else None for side in (a, b))
    if old is None or new is None or _interpreter(a) != _interpreter(b):
        return Changes()
    pairs = {"build": (old.build, new.build), "digest": (old.digest, new.digest)}
    return Changes(changed={name: (x, y) for name, (x, y) in pairs.items() if x and y and x != y})


def _compare_origins(old: dict[str, Package], new: dict[str, Package]) -> Changes[Package]:
    return Changes(
        changed={
            name: (package, new[name])
            for name, package in sorted(old.items())
            if (package.origin or {}) != (new[name].origin or {})
        }
    )
