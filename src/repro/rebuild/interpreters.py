"""Finds on this machine the interpreter that a run had.

uv looks on PATH and among the Pythons that it manages; pyenv, conda, asdf and mise keep theirs
elsewhere. Directory names only decide what is asked first: an interpreter is what it says it is.
"""

import os
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from repro.environment.binary import digest_of_interpreter
from repro.environment.probe import ProbeError, probe
from repro.model.environment import Interpreter
from repro.rebuild.differences import Difference, NotExactError

__all__ = ["PLACES", "Search", "choose_interpreter", "find_interpreter"]

PLACES = "PATH, pyenv, uv, conda, asdf, mise"
"""Where is looked, in words."""

_MAX_ASKED = 40
_CONDA = ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba")
_ASK_ONLY = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "HOME")


class Search(NamedTuple):
    """What was found.

    Attributes:
        exact: The interpreter of the version asked for, with its digest; None without one.
        others: The others that answered, the nearest first.
    """

    exact: Interpreter | None
    others: tuple[Interpreter, ...]


def choose_interpreter(
    recorded: Interpreter, *, env: Mapping[str, str], cache_dir: str, named: str | None = None
) -> tuple[Interpreter, tuple[Difference, ...]]:
    """Returns the interpreter to build with, and how it differs from the recorded one.

    Another build of the same version is a difference, and no obstacle.

    Args:
        recorded: The run's.
        env: Variables of the user's process.
        cache_dir: Where digests of interpreters are kept.
        named: A path or version that the user accepts in its place.

    Raises:
        NotExactError: There is none of the recorded version, or none such as is named.
    """
    if named is not None:
        found = _named(recorded, named, env, cache_dir)
        return found, tuple(_difference(recorded, found))
    search = find_interpreter(recorded, recorded.version, env=env, cache_dir=cache_dir)
    if search.exact is None:
        raise _absent(recorded, search)
    return search.exact, tuple(_difference(recorded, search.exact))


def find_interpreter(
    like: Interpreter, version: str, *, env: Mapping[str, str], cache_dir: str
) -> Search:
    """Returns the interpreter of a version, "3.11.7" or "3.11", or the nearest others.

    Of several of that version, the one whose machine code is that of `like`, else the first.

    Args:
        like: Its implementation counts, and where it lay is looked at first.
        version: Its beginning up to a dot.
        env: Variables of the user's process.
        cache_dir: Where digests of interpreters are kept.
    """
    exact: Interpreter | None = None
    others: dict[str, Interpreter] = {}
    for found in _answers(like, version, env):
        if found.implementation != like.implementation:
            continue
        if not _is_version(found.version, version):
            others.setdefault(found.version, found)
            continue
        digest = digest_of_interpreter(found, cache_dir=cache_dir)
        exact = exact if exact is not None else found._replace(digest=digest)
        if digest == like.digest or like.digest is None:
            return Search(found._replace(digest=digest), ())
    wanted = _numbers(version)
    nearest = sorted(others.values(), key=lambda o: _distance(_numbers(o.version), wanted))
    return Search(exact, tuple(nearest))


def _answers(like: Interpreter, version: str, env: Mapping[str, str]) -> Iterator[Interpreter]:
    """Yields what the interpreters of this machine say they are, the likeliest first."""
    quiet = {name: env[name] for name in _ASK_ONLY if name in env}
    asked: set[str] = set()
    for executable in _candidates(like, version, env):
        real = os.path.realpath(executable)
        if real in asked or not os.access(real, os.X_OK) or len(asked) >= _MAX_ASKED:
            continue
        asked.add(real)
        try:
            yield probe(executable, env=quiet, isolated=True)
        except ProbeError:  # broken, or no Python: then it is not the one
            continue


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
    kept += _conda_prefixes(env.get("HOME", ""))
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
    return [*roots, *(f"{home}/{name}/envs" for name in _CONDA), f"{home}/.conda/envs", "/opt"]


def _conda_prefixes(home: str) -> list[str]:
    """Returns where conda itself lies, and the environments that it keeps a list of."""
    bases = [f"{home}/{name}" for name in _CONDA]
    try:
        with open(f"{home}/.conda/environments.txt", encoding="utf-8") as file:
            return bases + file.read().splitlines()
    except (OSError, UnicodeDecodeError):  # no conda here
        return bases


def _below(root: str) -> list[str]:
    try:
        return [f"{root}/{name}" for name in sorted(os.listdir(root), reverse=True)]
    except OSError:
        return []


def _rank(name: str, version: str, minor: str) -> int:
    if version in name:
        return 0
    return 1 if minor in name else 2


def _named(
    recorded: Interpreter, named: str, env: Mapping[str, str], cache_dir: str
) -> Interpreter:
    if re.fullmatch(r"\d+(\.\d+)*", named):
        search = find_interpreter(recorded, named, env=env, cache_dir=cache_dir)
        if search.exact is not None:
            return search.exact
        raise NotExactError(
            f"there is no Python {named} on this machine",
            _looked_for(named, search),
            hint="--python takes a version that is installed, or the path of an interpreter",
        )
    try:
        found = probe(named, env={name: env[name] for name in _ASK_ONLY if name in env})
    except ProbeError as error:
        raise NotExactError(
            error.message, [], hint="--python takes a version, or the path of an interpreter"
        ) from error
    return found._replace(digest=digest_of_interpreter(found, cache_dir=cache_dir))


def _difference(recorded: Interpreter, found: Interpreter) -> Iterator[Difference]:
    if (found.implementation, found.version) != (recorded.implementation, recorded.version):
        yield Difference("python", f"{_name(found)} in place of {_name(recorded)}")
    elif recorded.digest is not None and found.digest != recorded.digest:
        builds = f"{_compiler(found)} here, {_compiler(recorded)} in the run"
        yield Difference("python", f"another build of {recorded.version}: {builds}")


def _compiler(interpreter: Interpreter) -> str:
    """Returns date and compiler of a build: "main, Jan 5 2024, GCC 12.2.0"."""
    found = re.search(r"\(([^)]*)\)\s*\[([^\]]*)\]", interpreter.build)
    return " ".join(f"{found[1]}, {found[2]}".split()) if found else interpreter.build


def _absent(recorded: Interpreter, search: Search) -> NotExactError:
    wanted = _name(recorded)
    hint = "install it, and try again"
    if search.others:
        version = search.others[0].version
        hint = f"--python {version} goes on with that one, and the result is marked"
    return NotExactError(
        f"the run had {wanted}, which is not on this machine",
        _looked_for(recorded.version, search),
        hint=hint,
    )


def _looked_for(version: str, search: Search) -> list[Difference]:
    reason = f"{version} was looked for in: {PLACES}"
    if search.others:
        nearest = search.others[0]
        likeness = _likeness(_distance(_numbers(nearest.version), _numbers(version)))
        reason += f"; nearest: {nearest.version} ({nearest.executable}): {likeness}"
    else:
        reason += "; no other was found"
    fix = f"uv python install {version}   (or: pyenv install {version})"
    return [Difference("python", reason, fix)]


def _likeness(distance: tuple[int, ...]) -> str:
    if any(distance[:1]):
        return "another major version"
    return "another minor version" if any(distance[1:2]) else "same minor, other patch"


def _name(interpreter: Interpreter) -> str:
    names = {"cpython": "Python", "pypy": "PyPy"}
    name = names.get(interpreter.implementation, interpreter.implementation)
    return f"{name} {interpreter.version}"
