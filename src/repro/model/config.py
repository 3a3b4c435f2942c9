"""The project's configuration, ``[tool.repro]``: all optional."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from repro.errors import ReproError
from repro.model.policy import Keep, Rule, StorePolicy, is_pattern

__all__ = ["Config", "ConfigError", "config_from_table"]

_DEFAULT = "default"
_SYSTEM_INTERVAL_S = 10.0
_SYSTEM_LIMITS_S = (0.1, 86_400.0)


class ConfigError(ReproError):
    """A configuration that cannot be read.

    Attributes:
        file: Where it stands.
    """

    def __init__(self, file: str, problem: str, *, hint: str | None = None) -> None:
        super().__init__(f"{file}: {problem}", hint=hint)
        self.file = file
        self.problem = problem


class Config(NamedTuple):
    """What a project may say; every path is relative to the configuration's directory.

    Attributes:
        params: Files that hold params, besides those found by convention.
        metrics: Files that hold metrics, likewise.
        inputs: Files and directories that are data, besides those DVC tracks and those traced.
        outputs: Files and directories that are artifacts, besides those found after the run.
        store_limit_mib: Inputs and outputs beyond this size are known by hash alone, with a gap.
        variables: Names of environment variables to record with their values, besides the usual.
        strict: Whether `repro run` refuses to start while a gap is known, as with ``--strict``.
        store: Which bytes of inputs and outputs are kept.
        system_metrics: Whether hardware figures are sampled, or every how many seconds.
        record_on: Patterns of files, besides params, metrics and what DVC writes: a commit that
            changes one is recorded by the hooks.
    """

    params: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    store_limit_mib: int = 1024
    variables: tuple[str, ...] = ()
    strict: bool = False
    store: StorePolicy = StorePolicy()
    system_metrics: bool | float = True
    record_on: tuple[str, ...] = ()

    @property
    def store_limit_bytes(self) -> int:
        """`store_limit_mib` in bytes."""
        return self.store_limit_mib * 2**20

    @property
    def system_metrics_s(self) -> float | None:
        """Seconds between two samples of the hardware; None for no samples."""
        if isinstance(self.system_metrics, bool):
            return _SYSTEM_INTERVAL_S if self.system_metrics else None
        return self.system_metrics


def config_from_table(table: object, *, file: str) -> Config:
    """Reads the table ``[tool.repro]``; dashes and underscores in keys are the same.

    Raises:
        ConfigError: A key is unknown, or a value has the wrong type.
    """
    if not isinstance(table, Mapping):
        raise ConfigError(file, "the configuration is not a table of keys and values")
    config = Config()
    names = Config._fields
    for key, value in table.items():
        name = str(key).replace("-", "_")
        if name not in names:
            from difflib import get_close_matches

            near = get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(names)}"
            raise ConfigError(file, f"unknown key {key!r}", hint=hint)
        config = config._replace(**{name: _checked(name, value, file)})
    return config


def _checked(name: str, value: object, file: str) -> Any:  # noqa: ANN401 - by the field's type
    if name == "store_limit_mib":
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ConfigError(file, f"{name} must be a whole number of MiB, not {value!r}")
        return value
    if name == "strict":
        if not isinstance(value, bool):
            raise ConfigError(file, f"strict must be true or false, not {value!r}")
        return value
    if name == "store":
        return _policy(value, file)
    if name == "system_metrics":
        return _system_metrics(value, file)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(file, f"{name} must be a list of texts", hint=f'{name} = ["..."]')
    return tuple(value)


def _system_metrics(value: object, file: str) -> bool | float:
    if isinstance(value, bool):
        return value
    least, most = _SYSTEM_LIMITS_S
    if not isinstance(value, int | float) or not least <= value <= most:
        problem = f"system_metrics must be true, false, or seconds from {least} to {most:.0f}"
        hint = "system_metrics = false" if value == 0 else "system_metrics = 10"
        raise ConfigError(file, f"{problem}, not {value!r}", hint=hint)
    return float(value)


def _policy(value: object, file: str) -> StorePolicy:
    if isinstance(value, str):
        return StorePolicy(_keep("store", value, file))
    if not isinstance(value, Mapping):
        problem = f"store must be {_choices()}, or a table of them by pattern, not {value!r}"
        raise ConfigError(file, problem, hint='store = "auto"')
    default = Keep.AUTO
    rules: list[Rule] = []
    for key, keep in value.items():
        pattern = str(key)
        if pattern == _DEFAULT:
            default = _keep("store.default", keep, file)
        elif pattern.startswith("!"):
            problem = f"store: the pattern {pattern!r} cannot be negated"
            raise ConfigError(file, problem, hint=f'"{pattern[1:]}" = "auto", after the others')
        elif not is_pattern(pattern):
            raise ConfigError(file, f"store: {pattern!r} is no pattern of paths in the project")
        else:
            rules.append(Rule(pattern, _keep(f'store."{pattern}"', keep, file)))
    return StorePolicy(default, tuple(rules))


def _keep(key: str, value: object, file: str) -> Keep:
    try:
        return Keep(value)  # type: ignore[arg-type] # whatever it is
    except ValueError:
        raise ConfigError(file, f"{key} must be {_choices()}, not {value!r}") from None


def _choices() -> str:
    *others, last = (f'"{keep.value}"' for keep in Keep)
    return f"{', '.join(others)} or {last}"
