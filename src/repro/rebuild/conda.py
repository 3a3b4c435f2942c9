"""Has conda, mamba or micromamba put back its share of an environment from the explicit list."""

import os
from collections.abc import Mapping

from repro import process
from repro.rebuild.differences import Difference, NotExactError

__all__ = ["create_conda", "find_conda"]

_TOOLS = ("micromamba", "mamba", "conda")
_HINT = "install micromamba: https://mamba.readthedocs.io, or put conda on PATH"


def find_conda(env: Mapping[str, str]) -> str:
    """Returns the path of the first of micromamba, mamba and conda.

    Raises:
        NotExactError: There is none.
    """
    directories = env.get("PATH", os.defpath).split(":")
    for tool in (*([env["MAMBA_EXE"]] if env.get("MAMBA_EXE") else []), *_TOOLS):
        if "/" in tool and os.access(tool, os.X_OK):
            return tool
        for directory in directories:
            if directory and os.access(f"{directory}/{tool}", os.X_OK):
                return f"{directory}/{tool}"
    difference = Difference("conda", f"none of {', '.join(_TOOLS)} is on PATH")
    raise NotExactError("the run's environment was conda's", [difference], hint=_HINT)


def create_conda(explicit: bytes, prefix: str, *, env: Mapping[str, str]) -> None:
    """Creates an environment from an explicit list: exact archives, nothing resolved.

    Args:
        explicit: The list, ``@EXPLICIT`` and one URL a line.
        prefix: Where; does not exist.
        env: Variables of the user's process.

    Raises:
        NotExactError: There is no conda, or it cannot get them.
    """
    tool = find_conda(env)
    os.makedirs(os.path.dirname(prefix), exist_ok=True)
    listing = f"{prefix}.conda-explicit.txt"
    with open(listing, "wb") as file:
        file.write(explicit)
    try:
        argv = (tool, "create", "--yes", "--quiet", "--prefix", prefix, "--file", listing)
        result = process.run(argv, env=env)
    finally:
        os.unlink(listing)
    if result.code != 0:
        lines = result.err.decode("utf-8", "replace").strip().splitlines()
        reason = lines[-1].strip() if lines else f"exit code {result.code}"
        name = os.path.basename(tool)
        raise NotExactError(
            f"{name} could not create the environment",
            [Difference("conda", reason)],
            hint=f"try it by hand: {name} create --prefix DIR --file .repro/environment/"
            "conda-explicit.txt",
        )
