"""Puts together what is recorded of an environment, and says what is missing from it."""

import os
from collections.abc import Mapping, Sequence

from repro.environment.binary import digest_of_interpreter
from repro.environment.container import observe_container
from repro.environment.indexes import observe_indexes
from repro.environment.machine import observe_hardware, observe_platform
from repro.environment.origin import without_credentials
from repro.environment.packages import cached_scan
from repro.environment.sources import follow_sources
from repro.environment.variables import choose_variables, other_names
from repro.model.environment import Environment, Interpreter, Package
from repro.model.gap import Gap, GapKind
from repro.secrets.redactor import Redactor

__all__ = ["observe"]


def observe(
    interpreter: Interpreter | None,
    *,
    variables: Mapping[str, str],
    cache_dir: str,
    redactor: Redactor,
    others: Sequence[str] = (),
    top: str = "",
    extra: Sequence[str] = (),
) -> tuple[Environment, tuple[Gap, ...]]:
    """Returns the environment of a command, and what could not be captured of it.

    What conda installed besides Python packages is in its explicit list, not here.

    Args:
        interpreter: The Python that ran it, None when none was seen.
        variables: All variables it was started with; a few are chosen.
        cache_dir: Where what was read is kept; created when needed.
        redactor: Takes secrets out of values.
        others: Executables of further Pythons that it started.
        top: Absolute path of the working tree. A package installed from a directory within it has
            the origin url "./" followed by the relative path.
        extra: Names of further variables to record with their values.
    """
    packages: tuple[Package, ...] = ()
    gaps: tuple[Gap, ...] = ()
    if interpreter is None:
        reason = "the command started no Python that could be seen"
        gaps = (Gap(GapKind.ENVIRONMENT, "interpreter", reason),)
    else:
        digest = digest_of_interpreter(interpreter, cache_dir=cache_dir)
        interpreter = interpreter._replace(digest=digest)
        packages, gaps = _packages(interpreter, variables, cache_dir, top)
    chosen = choose_variables(variables, redactor=redactor, top=top, extra=extra)
    prefix = interpreter.prefix if interpreter else ""
    environment = Environment(
        platform=observe_platform(container=redactor.text(observe_container(variables))),
        hardware=observe_hardware(library_path=variables.get("LD_LIBRARY_PATH", "")),
        interpreter=interpreter,
        packages=packages,
        variables=chosen,
        other_interpreters=_further(others, interpreter),
        variable_names=other_names(variables, chosen),
        indexes=observe_indexes(
            variables, prefix=prefix, top=top, clean=lambda url: _marked(url, redactor)
        ),
    )
    return environment, gaps


def _packages(
    interpreter: Interpreter, variables: Mapping[str, str], cache_dir: str, top: str
) -> tuple[tuple[Package, ...], tuple[Gap, ...]]:
    found = cached_scan(interpreter.path, cache_dir=cache_dir)
    packages = found.packages
    if os.path.isdir(f"{interpreter.prefix}/conda-meta"):
        from repro.environment.conda import marked_as_conda

        packages = marked_as_conda(packages, interpreter.prefix, cache_dir=cache_dir)
    packages, gaps = follow_sources(packages, top=top, env=variables, cache_dir=cache_dir)
    return packages, (*found.gaps, *gaps)


def _marked(url: str, redactor: Redactor) -> str:
    """Returns a URL with a mark for its password, without all else that may be a credential."""
    marked = redactor.text(url)
    return marked if marked != url else without_credentials(url)


def _further(others: Sequence[str], interpreter: Interpreter | None) -> tuple[str, ...]:
    main = interpreter.executable if interpreter else None
    return tuple(other for other in dict.fromkeys(others) if other != main)
