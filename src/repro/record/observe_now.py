"""The environment that a project's commands would run in at this moment."""

import os

from repro.environment.probe import ProbeError, broken_python, cached_probe, find_python
from repro.git.repository import Repository
from repro.model.gap import Gap, GapKind
from repro.record.observer import Observed, observe_environment
from repro.record.project import Project
from repro.record.surroundings import Surroundings

__all__ = ["observe_now"]


def observe_now(
    repo: Repository, around: Surroundings, project: Project, *, is_hurried: bool = False
) -> Observed:
    """Observes the environment that the project's commands would run in at this moment.

    Args:
        repo: The repository.
        around: What stands around.
        project: The project.
        is_hurried: Whether somebody waits: see `repro.environment.lock`.
    """
    executable = find_python(repo.top, around.env)
    interpreter = None
    gaps: list[Gap] = []
    broken = broken_python(repo.top, around.env)
    if broken is not None:
        reason = f"it is a link to {os.path.realpath(broken)}, which is gone"
        instead = f"; {executable} is recorded instead" if executable else ""
        fix = f"make it again: uv venv --clear {os.path.dirname(os.path.dirname(broken))}"
        gaps.append(Gap(GapKind.ENVIRONMENT, broken, f"{reason}{instead}", fix))
    if executable is not None:
        cache_dir = f"{repo.state_dir}/cache"
        try:
            interpreter = cached_probe(executable, cache_dir=cache_dir, env=around.env)
        except ProbeError as error:
            gaps.append(Gap(GapKind.ENVIRONMENT, executable, error.message, error.hint or ""))
    return observe_environment(
        repo, interpreter, around.env, project=project, gaps=gaps, is_hurried=is_hurried
    )
