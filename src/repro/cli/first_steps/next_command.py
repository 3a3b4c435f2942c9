"""The command to type next, made of what is there."""

import os
import shlex
from collections.abc import Iterable, Mapping

from repro.cli.first_steps.found import Found
from repro.environment.probe import find_on_path

__all__ = ["next_command"]

_NAMES = ("train.py", "main.py", "run.py", "experiment.py", "fit.py")
_NEVER = frozenset({"setup.py", "conftest.py", "noxfile.py", "fabfile.py", "__init__.py"})
_ELSEWHERE = frozenset({"tests", "test", "docs", "node_modules", "site-packages"})


def next_command(found: Found, env: Mapping[str, str]) -> str:
    """Returns a command that records a run, or shows those that are there.

    Args:
        found: What is there.
        env: The user's variables: what is on PATH is typed by its name.
    """
    if found.n_runs:
        return "repro ls"
    pipeline = _nearest(found, found.pipelines)
    has_dvc = find_on_path("dvc", env) is not None
    if pipeline is not None and has_dvc:
        return f"repro run -- dvc repro{'' if pipeline == 'dvc.yaml' else ' ' + _quoted(pipeline)}"
    script = _script(found)
    if script is not None and script.endswith(".ipynb"):
        return f"repro run {_quoted(script)}"
    if script is not None and script.endswith(".sh"):
        return f"repro run -- sh {_quoted(script)}"
    if script is not None:
        return f"repro run -- {_quoted(found.python.word)} {_quoted(script)}"
    return "repro run -- COMMAND (what you type to train)"


def _quoted(path: str) -> str:
    return shlex.quote(path)


def _script(found: Found) -> str | None:
    """Returns the script that most likely trains, from where the user stands; None without one."""
    here = _here(found, found.files.all)
    paths = [path for path in here if _may_train(path)]
    for name in _NAMES:
        named = [path for path in paths if path.rpartition("/")[2] == name]
        if named:
            return _first(named)
    for ending in (".py", ".sh", ".ipynb"):
        training = [
            path
            for path in paths
            if path.endswith(ending) and path.rpartition("/")[2].startswith("train")
        ]
        if training:
            return _first(training)
    for ending in (".py", ".ipynb"):
        of_kind = [path for path in paths if path.endswith(ending)]
        if len(of_kind) == 1:
            return of_kind[0]
    return None


def _may_train(path: str) -> bool:
    *above, name = path.split("/")
    is_test = name.startswith("test_") or name.endswith("_test.py")
    return name not in _NEVER and not is_test and _ELSEWHERE.isdisjoint(above)


def _first(paths: Iterable[str]) -> str:
    return min(paths, key=lambda path: (path.count("/"), path))


def _here(found: Found, paths: Iterable[str]) -> list[str]:
    """Returns the paths below the current directory, from there; all where there are none."""
    prefix = found.repo.prefix
    if prefix == ".":
        return list(paths)
    below = [path.removeprefix(f"{prefix}/") for path in paths if path.startswith(f"{prefix}/")]
    return (
        below
        if any(_may_train(path) and path.endswith(".py") for path in below)
        else [os.path.relpath(path, prefix) for path in paths]
    )


def _nearest(found: Found, pipelines: Iterable[str]) -> str | None:
    """Returns the project's ``dvc.yaml``, from where the user stands; None without one."""
    own = os.path.normpath(os.path.join(found.project.directory, "dvc.yaml"))
    return os.path.relpath(own, found.repo.prefix) if own in pipelines else None
