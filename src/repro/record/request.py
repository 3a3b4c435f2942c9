"""What was asked for and what stands around it: from these a run begins."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from repro.data.progress import Progress
from repro.git.repository import Repository
from repro.git.snapshot import Snapshot, take_snapshot
from repro.model.gap import Gap, GapKind
from repro.model.ids import RunId, is_run_id, new_run_id
from repro.model.naming import random_name
from repro.model.run import Code, Host, Identity
from repro.model.values import Params
from repro.record.begun import Begun
from repro.record.flags import params_from_command
from repro.record.project import Project
from repro.record.redactor import redactor_of, screen_of

__all__ = ["Request", "Surroundings", "begin"]


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


class Surroundings(NamedTuple):
    """What the process was started with and in; read at the edge, handed in here.

    Attributes:
        env: Environment variables.
        host: Where it runs.
        author: Who git says the user is; None when it does not know.
        status: Output of ``git status`` (see `repro.git.snapshot.STATUS`), taken a moment ago.
        snapshot: The working tree, where it was taken a moment ago.
        listener: Told how far hashing and storing data have come, while nothing else is printed.
    """

    env: Mapping[str, str]
    host: Host
    author: Identity | None
    status: bytes | None = None
    snapshot: Snapshot | None = None
    listener: Callable[[Progress], None] | None = None

    def take_snapshot(self, repo: Repository) -> Snapshot:
        """Returns the snapshot, taking it if need be."""
        return self.snapshot or take_snapshot(repo, status=self.status, screen=screen_of(repo))

    def later(self) -> "Surroundings":
        """Returns the same without what was true of the tree a moment ago."""
        return self._replace(status=None, snapshot=None)

    @property
    def home(self) -> str:
        """The user's home directory."""
        return self.env.get("HOME", "/nonexistent")


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
        fix = "git config --global user.name ... and user.email ..."
        gaps.append(Gap(GapKind.AUTHOR, "author", "git knows no name and e-mail for you", fix))
    return gaps


def _executable(command: Sequence[str]) -> str | None:
    name = os.path.basename(command[0]) if command else ""
    return command[0] if name.startswith(("python", "pypy")) else None
