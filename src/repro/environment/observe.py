"""Puts together what is recorded of an environment, and says what is missing from it."""

import os
from collections.abc import Mapping, Sequence

from repro.environment.machine import observe_hardware, observe_platform
from repro.environment.packages import cached_scan, directory_of
from repro.environment.requirements import is_archive
from repro.environment.variables import choose_variables
from repro.model.environment import Environment, Interpreter, Package
from repro.model.gap import Gap, GapKind
from repro.model.secrets import Redactor

__all__ = ["observe"]


def observe(
    interpreter: Interpreter | None,
    *,
    variables: Mapping[str, str],
    cache_dir: str,
    redactor: Redactor,
    others: Sequence[str] = (),
    top: str = "",
) -> tuple[Environment, tuple[Gap, ...]]:
    """Returns the environment of a command, and what could not be captured of it.

    Args:
        interpreter: The Python that ran it, None when none was seen.
        variables: All variables it was started with; a few are chosen.
        cache_dir: Where the list of packages is kept; created when needed.
        redactor: Takes secrets out of values.
        others: Executables of further Pythons that it started.
        top: Absolute path of the working tree. A package installed from a directory within it has
            the origin url "./" followed by the relative path.
    """
    packages: tuple[Package, ...] = ()
    gaps: list[Gap] = []
    if interpreter is None:
        reason = "the command started no Python that could be seen"
        gaps.append(Gap(GapKind.ENVIRONMENT, "interpreter", reason))
    else:
        packages = cached_scan(interpreter.path, cache_dir=cache_dir)
        packages = tuple(_relative(package, top) for package in packages)
        gaps += [gap for gap in map(_gap_of, packages) if gap]
        gaps += _conda_gap(interpreter)
    environment = Environment(
        platform=observe_platform(),
        hardware=observe_hardware(),
        interpreter=interpreter,
        packages=packages,
        variables=choose_variables(variables, redactor=redactor, top=top),
        other_interpreters=_further(others, interpreter),
    )
    return environment, tuple(gaps)


def _further(others: Sequence[str], interpreter: Interpreter | None) -> tuple[str, ...]:
    main = interpreter.executable if interpreter else None
    return tuple(other for other in dict.fromkeys(others) if other != main)


def _directory_of(package: Package) -> str | None:
    """Returns the directory a package was installed from; nothing names what it held.

    An archive has a hash, and a repository a commit: those are no directories here.
    """
    origin = package.origin or {}
    url = origin.get("url", "")
    return None if "commit" in origin or is_archive(url) else directory_of(url)


def _relative(package: Package, top: str) -> Package:
    origin = package.origin
    directory = _directory_of(package)
    if not origin or not directory or not top:
        return package
    for path in (directory, os.path.realpath(directory)):
        if f"{path}/".startswith(f"{top}/"):
            return package._replace(origin={**origin, "url": f"./{path[len(top) + 1 :]}"})
    return package


def _gap_of(package: Package) -> Gap | None:
    """Returns a gap for a package installed from a directory that is not part of the run."""
    directory = _directory_of(package)
    if not directory:
        return None
    how = "editable from" if "editable" in (package.origin or {}) else "from"
    return Gap(
        GapKind.ENVIRONMENT,
        f"{package.name}=={package.version}",
        f"installed {how} a directory outside of the working tree: {directory}",
        "install it from an index or a git URL, or keep it in this repository",
    )


def _conda_gap(interpreter: Interpreter) -> list[Gap]:
    if not os.path.isdir(f"{interpreter.prefix}/conda-meta"):
        return []
    return [
        Gap(
            GapKind.ENVIRONMENT,
            "conda",
            "what conda installed besides Python packages is not listed",
            "conda list --explicit > conda-explicit.txt",
        )
    ]
