"""Has uv look up packages on the index, leaving out those that it cannot find."""

import math
import os
import re
import time
from collections.abc import Mapping
from typing import NamedTuple

from repro import process
from repro.environment.indexes import has_uv_indexes, pip_indexes
from repro.environment.packages import normalised, without_credentials
from repro.model.environment import Interpreter
from repro.model.lazy_pattern import lazy_pattern

__all__ = ["Answer", "ask_uv", "find_uv"]

_ONLINE_S = 30.0
_OFFLINE_S = 10.0
_HURRIED_S = 5.0
_MAX_OMITTED = 40
_KILLED = 137
_SETTINGS = {
    "NO_COLOR": "1",
    "UV_NO_PROGRESS": "1",
    "UV_PYTHON_DOWNLOADS": "never",
    # Nobody is there to answer.
    "GIT_TERMINAL_PROMPT": "0",
}
_DEFAULTS = {
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
    "UV_HTTP_RETRIES": "1",
    "UV_HTTP_TIMEOUT": "10",
}
# They would change what is locked, or have it written down where the packages came from.
_DROPPED = frozenset(
    "REPRO_TRACE UV_CONSTRAINT UV_OVERRIDE UV_EXCLUDE UV_EXCLUDE_NEWER UV_RESOLUTION UV_PRERELEASE"
    " UV_EMIT_INDEX_URL UV_EMIT_FIND_LINKS UV_PYTHON UV_SYSTEM_PYTHON UV_OUTPUT_FILE".split()
)
_COMMENT = lazy_pattern(r"\A(?:#[^\n]*\n)+")
_BLAMED = (
    lazy_pattern(r"`([A-Za-z0-9][A-Za-z0-9._-]*) @ "),
    lazy_pattern(r"Because ([A-Za-z0-9][A-Za-z0-9._-]*) was not found"),
    lazy_pattern(r"([A-Za-z0-9][A-Za-z0-9._-]*)=="),
)
_NO_NETWORK = "network was disabled"
_UNREACHABLE = lazy_pattern(
    r"Request failed after|error sending request|Could not connect|Failed to fetch:|dns error"
    rf"|{_NO_NETWORK}|timed out|tcp connect error"
)


class Answer(NamedTuple):
    """What uv made of the requirements.

    Attributes:
        lock: The text of ``pylock.toml`` without comments, None when there is none.
        omitted: Reason by name of each package that it could not find.
        error: Why there is no lock.
        fix: What to do about that.
        is_unreachable: There is no lock because the index did not answer.
    """

    lock: str | None
    omitted: dict[str, str]
    error: str = ""
    fix: str = ""
    is_unreachable: bool = False


def find_uv() -> str:
    """Returns the uv that was installed with repro, else the name to be found on PATH."""
    try:
        from uv import find_uv_bin

        return os.fsdecode(find_uv_bin())
    except (ImportError, FileNotFoundError):
        return "uv"


def ask_uv(
    requirements: Mapping[str, str],
    *,
    interpreter: Interpreter,
    env: Mapping[str, str],
    is_hurried: bool = False,
) -> Answer:
    """Returns a lock of exactly these requirements; nothing is resolved.

    uv's cache is asked first: what uv installed is there, a file on an index never changes, and it
    takes a tenth of the time. Its answer is not taken where a package would have to be built, since
    an index looked at before a wheel came has no wheel. Then the index is asked and, when it cannot
    be reached, the cache for as much as it has.

    Args:
        requirements: Line for uv by normalised name.
        interpreter: The Python to lock for.
        env: The command's variables: uv's and pip's settings count.
        is_hurried: Whether the index gets a few seconds only.
    """
    variables, further = _variables(env, interpreter.prefix)
    asked, omitted = dict(requirements), dict[str, str]()
    try:
        text = _offline(asked, interpreter, variables)
    except process.CommandNotFoundError:
        return Answer(None, {}, error="uv is not installed", fix="pip install uv")
    if text is not None and _has_wheels(text):
        return Answer(text, omitted)
    ends_at_s = time.monotonic() + (_HURRIED_S if is_hurried else math.inf)
    while True:
        left_s = ends_at_s - time.monotonic()
        result = _compile(asked, interpreter, variables, limit_s=min(_ONLINE_S, max(left_s, 0.0)))
        if result.code == _KILLED and is_hurried:
            return _too_slow()
        error = result.err.decode("utf-8", "replace")
        if result.code == 0:
            return Answer(_text(result), omitted)
        name = _blamed(error, requirements)
        if name is None and (result.code == _KILLED or _UNREACHABLE.search(error)):
            return _ask_cache(asked, interpreter, variables, Answer(None, omitted, error=error))
        if name not in asked or len(omitted) >= _MAX_OMITTED:
            return Answer(None, {}, error=_summary(error), fix="uv pip freeze > requirements.txt")
        if further:  # pip's other indexes may have it
            variables |= further
            further = {}
        else:
            omitted[name] = _reason(error)
            del asked[name]


def _too_slow() -> Answer:
    error = f"the package index takes more than {_HURRIED_S:.0f} s, and uv's cache lacks some"
    return Answer(None, {}, error=error, fix="repro record -n NAME", is_unreachable=True)


def _ask_cache(
    asked: Mapping[str, str], interpreter: Interpreter, variables: dict[str, str], before: Answer
) -> Answer:
    text = _offline(asked, interpreter, variables)
    if text is not None:
        return Answer(text, before.omitted)
    where = re.search(r"(?:Failed to fetch: `?|for url \()([^\s`)]+)", before.error)
    at = f" ({without_credentials(where[1])})" if where else ""
    return Answer(
        None,
        {},
        error=f"the package index could not be reached{at}, and uv's cache does not hold all",
        fix="repro record, once the index can be reached",
        is_unreachable=True,
    )


def _offline(
    asked: Mapping[str, str], interpreter: Interpreter, variables: Mapping[str, str]
) -> str | None:
    result = _compile(asked, interpreter, variables, limit_s=_OFFLINE_S, offline=True)
    return _text(result) if result.code == 0 else None


def _text(result: process.Result) -> str:
    return _COMMENT.sub("", without_credentials(result.out.decode()))


def _has_wheels(lock: str) -> bool:
    """Tells whether each package that comes from an index has a wheel."""
    tables = lock.split("[[packages]]\n")[1:]
    return all("\nwheels = " in table or "\narchive = " in table for table in tables)


def _compile(
    asked: Mapping[str, str],
    interpreter: Interpreter,
    variables: Mapping[str, str],
    *,
    limit_s: float,
    offline: bool = False,
) -> process.Result:
    # Never --emit-index-url: it writes the password of a private index into the lock.
    argv = [find_uv(), "pip", "compile", "-q", "--no-deps", "--format", "pylock.toml"]
    argv += ["--offline"] if offline else []
    argv += ["--python", interpreter.executable, "-"]
    # An empty file is a warning to uv, a comment is not.
    text = "# observed\n" + "".join(f"{line}\n" for line in asked.values())
    return process.run(
        argv, env=variables, stdin=text.encode("utf-8", "replace"), timeout_s=limit_s
    )


def _variables(env: Mapping[str, str], prefix: str) -> tuple[dict[str, str], dict[str, str]]:
    """Returns uv's variables, and further ones for when it does not find a package."""
    variables = {name: value for name, value in env.items() if name not in _DROPPED}
    variables = {**_DEFAULTS, **variables, **_SETTINGS}
    if has_uv_indexes(env):
        return variables, {}
    indexes = pip_indexes(env, prefix=prefix)
    return variables | indexes.main_variables(), indexes.further_variables()


def _blamed(error: str, requirements: Mapping[str, str]) -> str | None:
    """Returns the name of the package that uv's error is about."""
    if _NO_NETWORK in error:  # then every package is missing
        return None
    for pattern in _BLAMED:
        for name in map(normalised, pattern.findall(error)):
            if name in requirements:
                return name
    for name, line in requirements.items():
        if " @ " in line and line.partition(" @ ")[2] in error:
            return name
    return None


def _reason(error: str) -> str:
    because = re.search(r"Because (.*?)(?:,? and you require|, we can conclude)", error, re.DOTALL)
    return without_credentials(" ".join(because[1].split())) if because else _summary(error)


def _summary(error: str) -> str:
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    first = lines[0].removeprefix("error: ") if lines else "uv failed without a word"
    cause = next((line[7:] for line in lines if line.startswith("cause: ")), "")
    return without_credentials(f"{first}: {cause}" if cause else first)
