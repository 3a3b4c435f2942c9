"""How the environments of two runs differ."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from repro.compare.changes import Changes, changes
from repro.model.environment import Environment, Hardware, Package, Platform

__all__ = ["EnvironmentChange", "compare_environments"]


class EnvironmentChange(NamedTuple):
    """The environment pillar, and the hardware, which is none of it.

    Attributes:
        interpreter: "python": implementation and version.
        packages: By normalised name.
        variables: By name.
        platform: "system", "machine", "libc".
        machine: Hardware, kernel and distribution: shown, but no reason to call the pillar changed.
    """

    interpreter: Changes[str]
    packages: Changes[Package]
    variables: Changes[str]
    platform: Changes[str]
    machine: Changes[str]

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

    def same(old: object, new: object) -> bool:
        return old == new

    return EnvironmentChange(
        interpreter=changes(_interpreter(a), _interpreter(b), same=same),
        packages=changes(_packages(a), _packages(b), same=_is_same_package),
        variables=changes(a.variables if a else {}, b.variables if b else {}, same=same),
        platform=changes(_platform(a), _platform(b), same=same),
        machine=changes(_machine(a), _machine(b), same=same),
    )


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
    rest = _texts(environment.platform, only=("release", "distribution"))
    return rest | _texts(environment.hardware)


def _texts(of: Platform | Hardware, *, only: Sequence[str] | None = None) -> dict[str, str]:
    """Returns the fields that say something, as texts."""
    texts = {}
    for name in of._fields:
        value = getattr(of, name)
        if (only is None or name in only) and value:
            texts[name] = ", ".join(value) if isinstance(value, tuple) else str(value)
    return texts
