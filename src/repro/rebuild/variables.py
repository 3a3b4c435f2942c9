"""The environment variables of a command that runs in a rebuilt environment."""

import os
from collections.abc import Mapping

from repro.environment.variables import is_chosen
from repro.model.environment import Environment
from repro.model.variables import is_of_job
from repro.secrets.redactor import REDACTED

__all__ = ["variables_for"]

_PATHS = frozenset({"PYTHONPATH", "LD_LIBRARY_PATH", "LD_PRELOAD"})
_OTHER_ENVIRONMENTS = ("CONDA_", "_CONDA_", "_CE_")
_DROPPED = frozenset({"PYTHONHOME", "VIRTUAL_ENV_PROMPT", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__"})


def variables_for(
    environment: Environment, prefix: str, top: str | None, env: Mapping[str, str]
) -> dict[str, str]:
    """Returns the variables with which a command finds what the run's command found.

    What the run had is set; what is set now, would change results and was not set then is taken
    away; all else is the user's. A value that was a secret stays what it is now, and so does what
    names a device, a rank or a job: the run's job is over.

    Args:
        environment: The run's.
        prefix: Of the rebuilt environment.
        top: The working tree with the run's code, which relative search paths start from.
        env: The user's variables.
    """
    kept = {
        name: value
        for name, value in env.items()
        if name not in _DROPPED
        and not name.startswith(_OTHER_ENVIRONMENTS)
        and not (is_chosen(name) and not is_of_job(name) and name not in environment.variables)
    }
    for name, value in environment.variables.items():
        if not is_of_job(name) and not REDACTED.search(value):
            kept[name] = _absolute(name, value, top) if name in _PATHS and top else value
    path = env.get("PATH", os.defpath).split(":")
    own = env.get("VIRTUAL_ENV")
    if own:
        path = [entry for entry in path if entry != f"{own}/bin"]
    # `uv run` would make the project's own .venv, and take that.
    uv = {"UV_PROJECT_ENVIRONMENT": prefix, "UV_NO_SYNC": "1"}
    return {**kept, **uv, "VIRTUAL_ENV": prefix, "PATH": ":".join([f"{prefix}/bin", *path])}


def _absolute(name: str, value: str, top: str) -> str:
    return ":".join(_place(name, entry, top) for entry in value.split(":"))


def _place(name: str, entry: str, top: str) -> str:
    place = os.path.normpath(os.path.join(top, entry))
    # The loader looks for a name without a slash among the system's libraries.
    is_name = name == "LD_PRELOAD" and "/" not in entry and not os.path.isfile(place)
    return entry if is_name or not entry else place
