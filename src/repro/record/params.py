"""Finds the params of a run: files, hydra's output, the command's flags, ``--param``."""

import os
from collections.abc import Iterable, Mapping

from repro.model.conventions import PARAMS_NAMES
from repro.model.gap import Gap, GapKind
from repro.model.values import Params, Value, is_same
from repro.record.formats import FormatError, load_mapping
from repro.record.project import Project
from repro.secrets.redactor import Redactor

__all__ = ["collect_params", "params_files", "read_existing", "united"]


def params_files(project: Project, dvc_files: Iterable[str] = ()) -> list[str]:
    """Returns where params may lie, relative to the top, whether or not there is a file.

    Args:
        project: The project.
        dvc_files: Further files that ``dvc.yaml`` names.
    """
    names = [path for name in PARAMS_NAMES for path in project.paths(name)]
    names += [project.configured(name) for name in project.config.params]
    return list(dict.fromkeys([*names, *dvc_files]))


def collect_params(
    files: Mapping[str, bytes],
    *,
    written: Mapping[str, bytes],
    given: Params,
    redactor: Redactor,
) -> tuple[Params, list[Gap]]:
    """Returns the params, each later source going over the earlier ones.

    Args:
        files: Content of the params files at the start, by path.
        written: Content of the config files that hydra wrote during the run, by path.
        given: From the command's flags and ``--param``.
        redactor: Takes secrets out of values.
    """
    gaps: list[Gap] = []
    params: Params = {}
    for path, content in {**files, **written}.items():
        try:
            values = load_mapping(path, content)
        except FormatError as error:
            where = path if error.line is None else f"{path}:{error.line}"
            gaps.append(Gap(GapKind.PARAMS, where, error.problem, f"correct {where}"))
            continue
        _merge(params, values, path)
    for name, value in given.items():
        _give(params, name, value)
    return _without_secrets(params, redactor, gaps), gaps


def _merge(params: Params, values: Params, path: str) -> None:
    """Adds a file's values; a name that another file gives another value keeps its file's name."""
    for key, value in values.items():
        old = params.get(key)
        if key in params and not _agree(old, value):
            params[f"{path}:{key}"] = value
        elif isinstance(value, dict) and isinstance(old, dict):
            params[key] = united(old, value)
        else:
            params[key] = value


def _agree(old: Value, new: Value) -> bool:
    """Tells whether no name has two values."""
    if isinstance(old, dict) and isinstance(new, dict):
        return all(_agree(old[key], value) for key, value in new.items() if key in old)
    return is_same(old, new)


def _give(params: Params, name: str, value: Value) -> None:
    """Sets a param that was typed: ``model.depth=3`` goes over the depth that a file gives."""
    at = params
    *above, last = [name] if name in params else name.split(".")
    for key in above:
        below = at.get(key)
        if not isinstance(below, dict):
            params[name] = value
            return
        at[key] = at = dict(below)
    at[last] = value


def united(old: Params, new: Params) -> Params:
    """Returns the old params with the new ones over them, nested ones one by one."""
    both = dict(old)
    for key, value in new.items():
        below = both.get(key)
        is_nested = isinstance(value, dict) and isinstance(below, dict)
        both[key] = united(below, value) if is_nested else value  # type: ignore[arg-type]
    return both


def _without_secrets(params: Params, redactor: Redactor, gaps: list[Gap]) -> Params:
    def clean(name: str, value: Value) -> Value:
        if isinstance(value, dict):
            return {key: clean(key, item) for key, item in value.items()}
        if isinstance(value, list):
            return [clean(name, item) for item in value]
        if not isinstance(value, str):
            return value
        safe = redactor.value(name, value)
        if safe != value:
            reason = "looks like a secret; its value is not recorded"
            gaps.append(Gap(GapKind.SECRET, name, reason, "pass it in an environment variable"))
        return safe

    return {name: clean(name, value) for name, value in params.items()}


def read_existing(
    paths: Iterable[str], *, top: str, blobs: Mapping[str, bytes]
) -> tuple[dict[str, bytes], list[Gap]]:
    """Returns the content of the files that exist: from the snapshot, ignored ones from disk.

    Returns:
        Content by path, and a gap for each that is there and cannot be read.
    """
    found: dict[str, bytes] = {}
    gaps: list[Gap] = []
    for path in paths:
        if path in blobs:
            found[path] = blobs[path]
        else:
            try:
                with open(os.path.join(top, path), "rb") as file:
                    found[path] = file.read()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                continue
            except OSError as error:
                reason = f"it cannot be read: {error.strerror}"
                gaps.append(Gap(GapKind.PARAMS, path, reason, f"make {path} readable"))
    return found, gaps
