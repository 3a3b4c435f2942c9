"""What was asked for and what stands around it: from these a run begins."""

import os
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from repro.git.repository import Repository
from repro.model.gap import Gap, GapKind
from repro.model.ids import RunId, is_run_id, new_run_id
from repro.model.naming import random_name
from repro.model.run import Code
from repro.model.values import Params
from repro.record.begun import Begun
from repro.record.flags import params_from_command
from repro.record.project import Project
from repro.record.redactor import redactor_of
from repro.record.surroundings import Surroundings

__all__ = ["Request", "Surroundings", "begin", "no_author"]


class Request(NamedTuple):
    """What the user asked for.

    Attributes:
        command: argv; empty for `repro record`.
        name: None for one of ours.
        message: "" for none.
        params: From ``--param``.
        tags: From ``--tag``.
        is_traced: False with ``--no-trace``.
        is_strict: Whether to refuse while a gap is known; None for what the project says.
        is_sampled: False with ``--no-system-metrics``.
        parent_run: The run inside which it begins; None for what the environment says.
        program: What is executed in its place where `command` is no program, as a notebook is none.
    """

    command: tuple[str, ...]
    name: str | None = None
    message: str = ""
    params: Params = {}
    tags: dict[str, str] = {}
    is_traced: bool = True
    is_strict: bool | None = None
    is_sampled: bool = True
    parent_run: RunId | None = None
    program: tuple[str, ...] = ()


def begin(
    repo: Repository, request: Request, project: Project, around: Surroundings, *, at: datetime
) -> Begun:
    """Takes the snapshot and returns all that is known of a run at its start.

    Nothing is kept of it yet but the snapshot's objects. Secrets are taken out.

    Args:
        repo: The repository.
        request: What the user asked for.
        project: The project.
        around: What stands around it.
        at: The clock.

    Raises:
        GitError: git could not read the tree.
        OSError: The key that marks secrets can be neither read nor written.
    """
    entropy = os.urandom(8)
    snapshot = around.take_snapshot(repo)
    redactor = redactor_of(repo)
    command, secrets = redactor.command(request.command)
    parent = request.parent_run or around.env.get("REPRO_RUN", "")
    return Begun(
        id=new_run_id(at, entropy[:4]),
        name=redactor.text(request.name or random_name(entropy[4:])),
        worktree=repo.top,
        command=command,
        cwd=repo.prefix,
        project=project.directory,
        started_at=at,
        started_ns=0,
        code=Code(repo.head, repo.branch, snapshot.tree, snapshot.dirty),
        author=around.author,
        host=around.host,
        large=tuple(file.path for file in snapshot.large),
        message=redactor.text(request.message),
        params={**params_from_command(command), **request.params},
        tags={name: redactor.value(name, value) for name, value in request.tags.items()},
        gaps=(*snapshot.gaps, *_gaps(around, secrets)),
        parent_run=RunId(parent) if is_run_id(parent) else None,
        environment_of=_executable(request.program or request.command),
        is_traced=request.is_traced,
    )


def _gaps(around: Surroundings, secrets: Sequence[str]) -> list[Gap]:
    gaps = [
        Gap(
            GapKind.SECRET,
            name,
            "looks like a secret; its value is not recorded",
            "pass it in an environment variable",
        )
        for name in secrets
    ]
    if around.author is None:
        gaps.append(no_author())
    return gaps


def no_author() -> Gap:
    """Returns the gap where git does not know who records."""
    fix = "git config --global user.name ... and user.email ..."
    return Gap(GapKind.AUTHOR, "author", "git knows no name and e-mail for you", fix)


def _executable(command: Sequence[str]) -> str | None:
    name = os.path.basename(command[0]) if command else ""
    return command[0] if name.startswith(("python", "pypy")) else None
