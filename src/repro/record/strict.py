"""`repro run --strict`: nothing starts while a gap is known that the record would have."""

import os
from collections.abc import Iterator, Mapping, Sequence

from repro.errors import ReproError
from repro.git.objects import start_rows
from repro.git.repository import Repository
from repro.model.gap import Gap, GapKind
from repro.model.run import Record, Status
from repro.record.begun import Begun
from repro.record.ending import Ending, run_of
from repro.record.observer import Observed, collect_inputs, observe_environment
from repro.record.params import collect_params
from repro.record.project import Project
from repro.record.redactor import redactor_of
from repro.record.sealed import seal
from repro.record.trace import python_options
from repro.record.tree_facts import read_tree_facts
from repro.record.warehouse import warehouse_of

__all__ = ["NotReproducibleError", "known_gaps", "python_command", "require_no_gaps"]

_MAX_GAPS = 20
_BLIND = frozenset("IES")
"""Options with which Python does not read PYTHONPATH or ``sitecustomize``."""
_SHEBANG_BYTES = 256


class NotReproducibleError(ReproError):
    """A run that would not be reproducible, and was to be; its command was not started.

    Attributes:
        gaps: All that are known.
    """

    exits_with = 4

    def __init__(self, gaps: Sequence[Gap]) -> None:
        count = "1 gap is" if len(gaps) == 1 else f"{len(gaps)} gaps are"
        super().__init__(
            f"strict: nothing was started, since {count} known",
            hint="close them, or go on without: repro run --no-strict -- ...",
            details=tuple(_lines(gaps)),
        )
        self.gaps = tuple(gaps)


def _lines(gaps: Sequence[Gap]) -> Iterator[str]:
    for gap in gaps[:_MAX_GAPS]:
        yield f"{gap.kind.value}: {gap.subject}: {gap.reason}"
        if gap.fix:
            yield f"  to close it: {gap.fix}"
    if len(gaps) > _MAX_GAPS:
        yield f"and {len(gaps) - _MAX_GAPS} more"


def require_no_gaps(
    repo: Repository, project: Project, begun: Begun, *, env: Mapping[str, str]
) -> None:
    """Raises when a run will have gaps that can be known before it starts.

    Args:
        repo: The repository.
        project: The project.
        begun: The run as it would begin.
        env: Its variables.

    Raises:
        NotReproducibleError: It will.
        GitError: git could not read the tree.
    """
    gaps = known_gaps(repo, project, begun, env=env)
    if gaps:
        raise NotReproducibleError(gaps)


def known_gaps(
    repo: Repository, project: Project, begun: Begun, *, env: Mapping[str, str]
) -> tuple[Gap, ...]:
    """Returns the gaps that a run will have, as far as they can be known before it starts.

    It is recorded as if it had ended already, up to the point where a record would be written.
    What is read on the way stays in the caches in which the recorder will find it.
    """
    facts = read_tree_facts(repo, begun.code.tree, project, rows=start_rows(repo, begun.code.tree))
    warehouse = warehouse_of(repo, project)
    inputs = collect_inputs(begun.large, project, facts, top=repo.top, warehouse=warehouse)
    params, of_params = collect_params(
        facts.params, written={}, given=begun.params, redactor=redactor_of(repo)
    )
    observed = _observe(repo, project, begun.command, env)
    gaps = [*begun.gaps, *project.gaps, *facts.gaps, *inputs.gaps, *of_params]
    gaps += [*(observed.gaps if observed else ()), *_trace_gaps(begun, env)]
    record = Record(
        run=run_of(begun, Ending(Status.NOT_STARTED, None, begun.started_at)),
        params=params,
        metrics={},
        data=inputs.entries,
        environment=observed.environment if observed else None,
        lock=observed.lock if observed else None,
        conda=observed.conda if observed else None,
    )
    # For the gaps that are found when secrets are taken out.
    return seal(record, facts, gaps, repo=repo).run.gaps


def _observe(
    repo: Repository, project: Project, command: Sequence[str], env: Mapping[str, str]
) -> Observed | None:
    """Observes the environment that the command will have; None when it cannot be told yet."""
    python = python_command(command, env)
    if python is None:
        return None
    from repro.environment.probe import ProbeError, cached_probe

    try:
        found = cached_probe(python[0], cache_dir=f"{repo.state_dir}/cache", env=env)
    except ProbeError as error:
        gap = Gap(GapKind.ENVIRONMENT, python[0], error.message, error.hint or "")
        return observe_environment(repo, None, env, project=project, gaps=[gap])
    return observe_environment(repo, found, env, project=project)


def python_command(command: Sequence[str], env: Mapping[str, str]) -> tuple[str, ...] | None:
    """Returns the command line of the Python that a command is: itself, or by its first line.

    None for other programs, which may start one later.

    Args:
        command: argv.
        env: Its variables.
    """
    from repro.environment.probe import find_on_path, is_python

    if is_python(command[0]):
        return tuple(command)
    path = command[0] if "/" in command[0] else find_on_path(command[0], env)
    try:
        with open(path or "", "rb") as file:
            line = file.read(_SHEBANG_BYTES).partition(b"\n")[0]
    except OSError:
        return None
    words = os.fsdecode(line[2:]).split() if line.startswith(b"#!") else []
    if words and words[0].endswith("/env"):
        words = words[2:] if words[1:2] == ["-S"] else words[1:]
    return (*words, *command) if words and is_python(words[0]) else None


def _trace_gaps(begun: Begun, env: Mapping[str, str]) -> list[Gap]:
    python = python_command(begun.command, env) or ()
    if not begun.is_traced:
        reason = "what the command reads would not be looked at: --no-trace"
    elif not _BLIND.isdisjoint(letter for letter, _ in python_options(python)):
        reason = "what the command reads could not be seen: its Python runs with -I, -E or -S"
    else:
        return []
    return [Gap(GapKind.DATA, "trace", reason, "leave the option out")]
