"""Keeps an observed environment as JSON while its run is in progress."""

import json
from typing import Any

from repro.model.environment import Environment, Hardware, Interpreter, Package, Platform

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
            hardware=Hardware(**_with_tuple(hardware, "gpus")),
            interpreter=Interpreter(**_with_tuple(interpreter, "path")) if interpreter else None,
            packages=tuple(Package(**package) for package in document["packages"]),
            variables=document["variables"],
            other_interpreters=tuple(document["other_interpreters"]),
        )
    except (TypeError, KeyError) as error:
        raise ValueError(f"not an environment: {error}") from error


def _with_tuple(document: dict[str, Any], name: str) -> dict[str, Any]:
    return {**document, name: tuple(document[name])}
