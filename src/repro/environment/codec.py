"""Keeps an observed environment as JSON while its run is in progress."""

import json
from typing import Any

from repro.model.environment import (
    Environment,
    Hardware,
    Interpreter,
    LockFile,
    Package,
    Platform,
)

__all__ = ["environment_from_json", "environment_to_json"]


def environment_to_json(environment: Environment) -> bytes:
    """Returns the environment as JSON that `environment_from_json` reads back as an equal one."""
    interpreter = environment.interpreter
    document = {
        "platform": environment.platform._asdict(),
        "hardware": environment.hardware._asdict(),
        "interpreter": interpreter._asdict() if interpreter else None,
        "packages": [package._asdict() for package in environment.packages],
        "variables": environment.variables,
        "other_interpreters": environment.other_interpreters,
        "variable_names": environment.variable_names,
        "indexes": environment.indexes,
        "lock_files": [file._asdict() for file in environment.lock_files],
        "runtime": environment.runtime,
        "modules": environment.modules,
    }
    return json.dumps(document, separators=(",", ":")).encode("ascii")


def environment_from_json(content: bytes) -> Environment:
    """Reads an environment back.

    Raises:
        ValueError: It is not what `environment_to_json` writes.
    """
    document = json.loads(content)
    try:
        hardware, interpreter = document["hardware"], document["interpreter"]
        return Environment(
            platform=Platform(**document["platform"]),
            hardware=Hardware(**_with_tuples(hardware, "gpus", "gpu_memory_bytes")),
            interpreter=Interpreter(**_with_tuples(interpreter, "path")) if interpreter else None,
            packages=tuple(Package(**package) for package in document["packages"]),
            variables=document["variables"],
            other_interpreters=tuple(document["other_interpreters"]),
            variable_names=tuple(document["variable_names"]),
            indexes=tuple(document["indexes"]),
            lock_files=tuple(
                LockFile(**_with_tuples(file, "drift")) for file in document["lock_files"]
            ),
            runtime=document["runtime"],
            modules=tuple(document["modules"]),
        )
    except (TypeError, KeyError) as error:
        raise ValueError(f"not an environment: {error}") from error


def _with_tuples(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**document, **{name: tuple(document[name]) for name in names}}
