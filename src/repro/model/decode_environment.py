"""Reads ``environment/environment.yaml``."""

from repro.model.environment import (
    Environment,
    Hardware,
    Interpreter,
    LockFile,
    Package,
    Platform,
)
from repro.model.fields import Fields, load_yaml

__all__ = ["decode_environment"]


def decode_environment(content: bytes) -> Environment:
    """Returns the environment.

    Raises:
        RecordError: It cannot be read.
    """
    file = "environment/environment.yaml"
    fields = Fields(file, load_yaml(file, content))
    return Environment(
        platform=_platform(fields.fields("platform")),
        hardware=_hardware(fields.fields("hardware")),
        interpreter=fields.optional("interpreter", _interpreter),
        packages=tuple(_package(row) for row in fields.rows("packages")),
        variables=fields.text_map("variables"),
        other_interpreters=fields.texts("other_interpreters"),
        variable_names=fields.texts("variable_names"),
        indexes=fields.texts("indexes"),
        lock_files=tuple(
            LockFile(row.text("path"), row.texts("drift")) for row in fields.rows("lock_files")
        ),
        runtime=fields.text_map("runtime"),
        modules=fields.texts("modules"),
    )


def _interpreter(fields: Fields) -> Interpreter:
    return Interpreter(
        implementation=fields.text("implementation"),
        version=fields.text("version"),
        build=fields.text("build"),
        executable=fields.text("executable"),
        prefix=fields.text("prefix"),
        base_prefix=fields.text("base_prefix"),
        path=fields.texts("path"),
        digest=fields.optional_text("digest"),
    )


def _platform(fields: Fields) -> Platform:
    return Platform(
        system=fields.text("system"),
        release=fields.text("release"),
        machine=fields.text("machine"),
        libc=fields.text("libc", ""),
        distribution=fields.text("distribution", ""),
        container=fields.text("container", ""),
    )


def _hardware(fields: Fields) -> Hardware:
    return Hardware(
        cpu=fields.text("cpu"),
        n_cores=fields.whole("n_cores"),
        memory_bytes=fields.whole("memory_bytes"),
        gpus=fields.texts("gpus"),
        gpu_driver=fields.optional_text("gpu_driver"),
        cpu_flags=fields.text("cpu_flags", ""),
        cuda=fields.optional_text("cuda"),
        gpu_memory_bytes=fields.wholes("gpu_memory_bytes"),
    )


def _package(fields: Fields) -> Package:
    return Package(
        name=fields.text("name"),
        version=fields.text("version"),
        record=fields.optional_text("record"),
        installer=fields.optional_text("installer"),
        origin=fields.text_map("origin") if "origin" in fields else None,
    )
