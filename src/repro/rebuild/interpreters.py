"""Finds on this machine the interpreter that a run had.

uv looks on PATH and among the Pythons that it manages; pyenv, conda, asdf and mise keep theirs
elsewhere. Directory names only decide what is asked first: an interpreter is what it says it is.
"""

import os
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from repro.environment.probe import ProbeError, probe
from repro.model.environment import Interpreter
from repro.rebuild.differences import Difference, NotExactError

__all__ = ["PLACES", "Search", "choose_interpreter", "find_interpreter"]

PLACES = "PATH, pyenv, uv, conda, asdf, mise"
"""Where is looked, in words."""

_MAX_ASKED = 40
_ASK_ONLY = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "HOME")


class Search(NamedTuple):
    """What was found.

    Attributes:
        exact: The interpreter of the version asked for, None without one.
        others: The others that answered, the nearest first.
    """

    exact: Interpreter | None
    others: tuple[Interpreter, ...]


def choose_interpreter(
    recorded: Interpreter, *, env: Mapping[str, str], named: str | None = None
) -> tuple[Interpreter, tuple[Difference, ...]]:
    """Returns the interpreter to build with, and how it differs from the recorded one.

    Args:
        recorded: The run's.
        env: Variables of the user's process.
        named: A path or version that the user accepts in its place.

    Raises:
        NotExactError: There is none of the recorded version, or none such as is named.
    """
    if named is not None:
        found = _named(recorded, named, env)
        return found, tuple(_difference(recorded, found))
    search = find_interpreter(recorded.implementation, recorded.version, recorded, env=env)
    if search.exact is None:
        raise _absent(recorded, search)
    return search.exact, tuple(_difference(recorded, search.exact))


def find_interpreter(
    implementation: str, version: str, like: Interpreter, *, env: Mapping[str, str]
) -> Search:
    """Returns the interpreter of a version, "3.11.7" or "3.11", or the nearest others.

    Args:
        implementation: "cpython".
        version: Its beginning up to a dot.
        like: Where the recorded one lay is looked at first.
        env: Variables of the user's process.
    """
    others: dict[str, Interpreter] = {}
    quiet = {name: env[name] for name in _ASK_ONLY if name in env}
    asked: set[str] = set()
    for executable in _candidates(like, version, env):
        real = os.path.realpath(executable)
        if real in asked or not os.access(real, os.X_OK) or len(asked) >= _MAX_ASKED:
            continue
        asked.add(real)
        try:
            found = probe(executable, env=quiet, isolated=True)
        except ProbeError:  # broken, or no Python: then it is not the one
            continue
        if found.implementation == implementation and _is_version(found.version, version):
            return Search(found, ())
        others.setdefault(f"{found.implementation} {found.version}", found)
    wanted = _numbers(version)
    nearest = sorted(
        (other for other in others.values() if other.implementation == implementation),
        key=lambda other: _distance(_numbers(other.version), wanted),
    )
    return Search(None, tuple(nearest))


def _is_version(found: str, wanted: str) -> bool:
    return found == wanted or found.startswith(f"{wanted}.")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _distance(found: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(abs(a - b) for a, b in zip(found, wanted, strict=False))


def _candidates(like: Interpreter, version: str, env: Mapping[str, str]) -> Iterator[str]:
    minor = ".".join(version.split(".")[:2])
    names = (f"python{minor}", "python3", "python")
    bases = dict.fromkeys((like.base_prefix, like.prefix))
    yield from (f"{base}/bin/{name}" for base in bases for name in names[:2])
    for directory in env.get("PATH", os.defpath).split(":"):
        # A shim of pyenv or asdf starts another Python in each directory; theirs come below.
        if directory and os.path.basename(directory) != "shims":
            yield from (f"{directory}/{name}" for name in names)
    kept = [path for root in _roots(env) for path in _below(root)]
    kept.sort(key=lambda path: _rank(os.path.basename(path), version, minor))
    yield from (f"{path}/bin/{name}" for path in kept for name in names[:2])


def _roots(env: Mapping[str, str]) -> list[str]:
    home = env.get("HOME", "")
    data = env.get("XDG_DATA_HOME") or f"{home}/.local/share"
    roots = [
        f"{env.get('PYENV_ROOT') or f'{home}/.pyenv'}/versions",
        env.get("UV_PYTHON_INSTALL_DIR") or f"{data}/uv/python",
        f"{env.get('ASDF_DATA_DIR') or f'{home}/.asdf'}/installs/python",
        f"{env.get('MISE_DATA_DIR') or f'{data}/mise'}/installs/python",
    ]
    conda = ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba")
    return [*roots, *(f"{home}/{name}/envs" for name in conda), f"{home}/.conda/envs", "/opt"]


def _below(root: str) -> list[str]:
    try:
        return [f"{root}/{name}" for name in sorted(os.listdir(root), reverse=True)]
    except OSError:
        return []


def _rank(name: str, version: str, minor: str) -> int:
    if version in name:
        return 0
    return 1 if minor in name else 2


def _named(recorded: Interpreter, named: str, env: Mapping[str, str]) -> Interpreter:
    if re.fullmatch(r"\d+(\.\d+)*", named):
        search = find_interpreter(recorded.implementation, named, recorded, env=env)
        if search.exact is not None:
            return search.exact
        raise NotExactError(
            f"there is no Python {named} on this machine",
            [Difference("python", f"looked in: {PLACES}", f"uv python install {named}")],
            hint="--python takes a version that is installed, or the path of an interpreter",
        )
    try:
        return probe(named, env={name: env[name] for name in _ASK_ONLY if name in env})
    except ProbeError as error:
        raise NotExactError(
            error.message, [], hint="--python takes a version, or the path of an interpreter"
        ) from error


def _difference(recorded: Interpreter, found: Interpreter) -> Iterator[Difference]:
    if (found.implementation, found.version) != (recorded.implementation, recorded.version):
        fix = f"uv python install {recorded.version}"
        yield Difference("python", f"{_name(found)} in place of {_name(recorded)}", fix)


def _absent(recorded: Interpreter, search: Search) -> NotExactError:
    wanted = _name(recorded)
    differences = [
        Difference(
            "python",
            f"{wanted} is not on this machine; looked in: {PLACES}",
            f"uv python install {recorded.version}   (or: pyenv install {recorded.version})",
        )
    ]
    hint = "install it, and try again"
    if search.others:
        nearest = search.others[0]
        where = nearest.executable
        differences.append(Difference("python", f"nearest: {_name(nearest)} at {where}"))
        hint = f"--python {nearest.version} goes on with that one, and the result is marked"
    return NotExactError(f"the run had {wanted}", differences, hint=hint)


def _name(interpreter: Interpreter) -> str:
    names = {"cpython": "Python", "pypy": "PyPy"}
    return (
        f"{names.get(interpreter.implementation, interpreter.implementation)} {interpreter.version}"
    )
