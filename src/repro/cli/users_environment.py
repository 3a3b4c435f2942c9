"""The environment variables that the user has, told from those of whatever calls repro."""

import os
import sys
from collections.abc import Mapping

__all__ = ["users_environment"]


def users_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Returns the variables without the environment that pre-commit made for repro itself.

    A hook of pre-commit, or prek, runs in a virtual environment of its own, which is not the
    user's; whether they had one activated, only their PATH still tells.
    """
    own = env.get("VIRTUAL_ENV")
    if not env.get("PRE_COMMIT") or not own or not _is_same(own, sys.prefix):
        return dict(env)
    path = [entry for entry in env.get("PATH", "").split(":") if not entry.startswith(f"{own}/")]
    kept = {name: value for name, value in env.items() if name != "VIRTUAL_ENV"}
    kept["PATH"] = ":".join(path)
    # git puts the directory of its own programs before all else.
    first = next((entry for entry in path if entry != env.get("GIT_EXEC_PATH")), "")
    activated = first.removesuffix("/bin")
    if activated != first and os.path.exists(f"{activated}/pyvenv.cfg"):
        kept["VIRTUAL_ENV"] = activated
    return kept


def _is_same(left: str, right: str) -> bool:
    return os.path.realpath(left) == os.path.realpath(right)
