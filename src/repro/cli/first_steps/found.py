"""Looks around in a project: what is there for repro to work with."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from repro.cli.first_steps.files import Files, list_files
from repro.cli.first_steps.managers import Managers, find_managers
from repro.git.repository import Repository
from repro.hooks.status import Status, read_status
from repro.record.project import Project, find_project, is_outside

__all__ = ["Found", "Python", "look_around"]

_LARGE_BYTES = 10 * 2**20
"""Untracked files beyond it a run keeps as data, not in git."""


class Python(NamedTuple):
    """The interpreter whose environment would be recorded.

    Attributes:
        executable: Its path; "" where there is none.
        version: Such as "3.12.1"; "" where it does not start.
        word: What to type for it.
    """

    executable: str
    version: str
    word: str


class Found(NamedTuple):
    """What is there. Paths are relative to the top of the working tree.

    Attributes:
        repo: The repository.
        project: The project inside it.
        files: Its files.
        git_version: Such as "2.39.5".
        has_author: Whether git knows who the user is.
        dvc_remotes: Names of DVC's remotes, the default one first; None where there is no DVC.
        dvc_version: Of the DVC that repro works with.
        params: Files with params.
        metrics: Files with metrics.
        pipelines: ``dvc.yaml`` files.
        pointers: ``*.dvc`` files.
        large: Large files that neither git nor DVC tracks, with their sizes in bytes.
        python: The interpreter.
        remotes: git's remotes.
        managers: Who else has hooks.
        hooks: How those of repro are installed.
        n_runs: How many runs are recorded.
    """

    repo: Repository
    project: Project
    files: Files
    git_version: str
    has_author: bool
    dvc_remotes: tuple[str, ...] | None
    dvc_version: str
    params: tuple[str, ...]
    metrics: tuple[str, ...]
    pipelines: tuple[str, ...]
    pointers: tuple[str, ...]
    large: tuple[tuple[str, int], ...]
    python: Python
    remotes: tuple[str, ...]
    managers: Managers
    hooks: Status
    n_runs: int


def look_around(repo: Repository, env: Mapping[str, str]) -> Found:
    """Looks, and writes nothing.

    Args:
        repo: The repository.
        env: The user's variables.

    Raises:
        GitError: git could not tell.
    """
    from repro.data.pointers import is_pointer
    from repro.git.identity import ASK_IDENTITY

    version = repo.start("version")
    identity = repo.start(*ASK_IDENTITY)
    remotes = repo.start("remote")
    project = find_project(repo)
    files = list_files(repo)
    every = files.all
    pipelines = sorted(path for path in every if path.rpartition("/")[2] == "dvc.yaml")
    pointers = sorted(path for path in every if path.endswith(".dvc") and is_pointer(path))
    params, metrics = _params_and_metrics(repo, project, pipelines)
    dvc_remotes, dvc_version = _dvc(repo, [*pipelines, *pointers])
    number = re.search(rb"\d[\w.]*", version.result().out)
    return Found(
        repo=repo,
        project=project,
        files=files,
        git_version=number[0].decode() if number else "",
        has_author=identity.result().code == 0,
        dvc_remotes=dvc_remotes,
        dvc_version=dvc_version,
        params=params,
        metrics=metrics,
        pipelines=tuple(pipelines),
        pointers=tuple(pointers),
        large=_large(repo, files.untracked, pointers),
        python=_python(repo, env),
        remotes=tuple(os.fsdecode(remotes.result().out).split()),
        managers=find_managers(repo),
        hooks=read_status(repo, env),
        n_runs=_n_runs(repo),
    )


def _params_and_metrics(
    repo: Repository, project: Project, pipelines: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    from repro.data.pipeline import PointerError, parse_pipeline
    from repro.record.metrics import metrics_files
    from repro.record.params import params_files

    params: list[str] = []
    metrics: list[str] = []
    for path in pipelines:
        try:
            with open(f"{repo.top}/{path}", "rb") as file:
                pipeline = parse_pipeline(path, file.read())
        except (OSError, PointerError):  # recording it is what tells of a broken file
            continue
        params += pipeline.params
        metrics += pipeline.metrics
    return (
        _that_exist(repo, params_files(project, params)),
        _that_exist(repo, metrics_files(project, metrics)),
    )


def _that_exist(repo: Repository, paths: Iterable[str]) -> tuple[str, ...]:
    inside = (path for path in paths if not is_outside(path))
    return tuple(path for path in inside if os.path.isfile(f"{repo.top}/{path}"))


def _dvc(repo: Repository, paths: Iterable[str]) -> tuple[tuple[str, ...] | None, str]:
    from repro.data.dvc_config import projects_of

    inside = tuple(paths)
    if not projects_of(repo.top, inside):
        return None, ""
    from importlib.metadata import PackageNotFoundError, version

    from repro.data.dvc_remotes import remote_names

    try:
        return tuple(remote_names(repo.top, inside)), version("dvc")
    except PackageNotFoundError:
        return (), ""


def _large(
    repo: Repository, untracked: Iterable[str], pointers: Iterable[str]
) -> tuple[tuple[str, int], ...]:
    of_dvc = {path.removesuffix(".dvc") for path in pointers}
    sizes = []
    for path in untracked:
        if path in of_dvc:
            continue
        try:
            n_bytes = os.lstat(f"{repo.top}/{path}").st_size
        except OSError:  # removed meanwhile
            continue
        if n_bytes > _LARGE_BYTES:
            sizes.append((path, n_bytes))
    return tuple(sorted(sizes, key=lambda row: (-row[1], row[0])))


def _n_runs(repo: Repository) -> int:
    from repro.store.listing import count_runs, known_runs_directly

    # To ask the index makes one, and this only looks.
    has_state = os.path.isdir(repo.state_dir)
    return count_runs(repo) if has_state else len(known_runs_directly(repo))


def _python(repo: Repository, env: Mapping[str, str]) -> Python:
    from repro.environment.probe import ProbeError, find_on_path, find_python, probe
    from repro.environment.pyenv import behind_shim

    executable = find_python(repo.top, env)
    if executable is None:
        return Python("", "", "python")
    try:
        version = probe(executable, env=env).version
    except ProbeError:
        return Python(executable, "", executable)
    directory = os.path.dirname(executable)
    for word in ("python", "python3"):
        on_path = find_on_path(word, env)
        if on_path is None:
            continue
        if os.path.dirname(behind_shim(on_path, directory=repo.top, env=env)) == directory:
            return Python(executable, version, word)
    inside = os.path.relpath(executable, os.path.join(repo.top, repo.prefix))
    is_near = executable.startswith(f"{repo.top}/")
    return Python(executable, version, inside if is_near else executable)
