"""Which of the files that a commit changes hold params, and which hold metrics."""

import os
import posixpath
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from repro.git.repository import Repository
from repro.record.metrics import metrics_files
from repro.record.params import params_files
from repro.record.project import Project, find_project

if TYPE_CHECKING:
    from repro.data.pipeline import Pipeline

__all__ = ["Roles", "roles_of"]

_PIPELINE = "dvc.yaml"


class Roles(NamedTuple):
    """What files are for.

    Attributes:
        metrics: By path, the project that each metrics file belongs to.
        params: The params files.
        by_pipeline: Those of both that a ``dvc.yaml`` names.
    """

    metrics: dict[str, Project]
    params: frozenset[str]
    by_pipeline: frozenset[str]


def roles_of(repo: Repository, paths: Sequence[str]) -> Roles:
    """Returns what some files are for, to the project that each lies in.

    Args:
        repo: The repository.
        paths: The files, relative to the top.
    """
    metrics: dict[str, Project] = {}
    params: set[str] = set()
    by_pipeline: set[str] = set()
    staged = frozenset(paths)
    for project in _projects(repo, paths):
        pipelines = _pipelines(repo, project, staged)
        of_metrics = [path for pipeline in pipelines for path in pipeline.metrics]
        of_params = [path for pipeline in pipelines for path in pipeline.params]
        by_pipeline.update(staged.intersection((*of_metrics, *of_params)))
        for path in staged.intersection(metrics_files(project, of_metrics)):
            metrics.setdefault(path, project)
        params |= staged.intersection(params_files(project, of_params))
    return Roles(metrics, frozenset(params), frozenset(by_pipeline))


def _projects(repo: Repository, paths: Iterable[str]) -> list[Project]:
    """Returns the projects that a file is in which has a telling name, and that of the top."""
    top = Project(".", ".", find_project(repo).config)
    names = {path.rpartition("/")[2] for path in (*metrics_files(top), *params_files(top))}
    telling = {posixpath.dirname(path) for path in paths if path.rpartition("/")[2] in names}
    found: dict[str, Project] = {}
    for directory in sorted({".", *(place or "." for place in telling)}):
        project = find_project(repo._replace(prefix=directory))
        # A file of that name elsewhere in it, among its tests perhaps, is none of its results.
        found.setdefault(project.directory, project._replace(cwd=project.directory))
    return list(found.values())


def _pipelines(repo: Repository, project: Project, staged: frozenset[str]) -> "list[Pipeline]":
    path = posixpath.normpath(posixpath.join(project.directory, _PIPELINE))
    try:
        with open(f"{repo.top}/{path}", "rb") as file:
            content = file.read()
    except OSError:  # there is none
        return []
    # To read YAML takes longer than all else here: only where it may name one of the files.
    names = {os.fsencode(name.rpartition("/")[2]) for name in staged}
    if b"${" not in content and not any(name in content for name in names):
        return []
    from repro.data.pipeline import PointerError, parse_pipeline

    try:
        return [parse_pipeline(path, content)]
    except PointerError:  # DVC will say so
        return []
