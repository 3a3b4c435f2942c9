"""Observes, while the command runs: its data, and the environment of the interpreter it runs in."""

import json
import os
import threading
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from repro.environment.codec import environment_from_json, environment_to_json
from repro.git.repository import Repository
from repro.model.data import DataEntry, Source
from repro.model.environment import Environment, Interpreter
from repro.model.gap import Gap, GapKind
from repro.process import Pending
from repro.record.begun import (
    Begun,
    entries_from_json,
    entries_to_json,
    gaps_from_json,
    gaps_to_json,
)
from repro.record.inputs import Collector
from repro.record.live import LiveRun, atomic_write
from repro.record.process_end import with_end
from repro.record.project import Project
from repro.record.redactor import redactor_of
from repro.record.tables import add_declared_tables
from repro.record.trace import Trace, main_interpreter, read_trace
from repro.record.tree_facts import TreeFacts, read_tree_facts
from repro.record.warehouse import Warehouse

__all__ = [
    "Inputs",
    "Observed",
    "Observer",
    "Seen",
    "collect_inputs",
    "load_inputs",
    "load_observed",
]

_FIRST_LOOK_S = 0.03
_LAST_LOOK_S = 5.0
_LOCK = "pylock.toml"
_CONDA = "conda-explicit.txt"


class Inputs(NamedTuple):
    """The data as it lay when the run began.

    Attributes:
        entries: What was captured.
        gaps: What was not.
    """

    entries: tuple[DataEntry, ...]
    gaps: tuple[Gap, ...]


class Observed(NamedTuple):
    """The environment.

    Attributes:
        environment: What was observed.
        lock: ``pylock.toml``, None when none could be made.
        gaps: What could not be observed or locked.
        conda: ``conda-explicit.txt``, None outside of conda.
    """

    environment: Environment
    lock: bytes | None
    gaps: tuple[Gap, ...]
    conda: bytes | None = None


class Seen(NamedTuple):
    """All that an observer found.

    Attributes:
        facts: What the snapshot says.
        inputs: The data at the start.
        observed: The environment.
    """

    facts: TreeFacts
    inputs: Inputs
    observed: Observed


def collect_inputs(
    large: Sequence[str], project: Project, facts: TreeFacts, *, top: str, warehouse: Warehouse
) -> Inputs:
    """Captures what is known to be data before anything is traced.

    Args:
        large: Untracked files that git should not hold, relative to the top.
        project: Whose inputs are declared.
        facts: What the snapshot says.
        top: The top of the working tree.
        warehouse: Where bytes go.
    """
    collector = Collector(top, warehouse)
    collector.add_pointers(facts.pointers, tracked=facts.tracked)
    declared = add_declared_tables(collector, project)
    collector.add_paths([p for p in declared if p not in facts.tracked], Source.DECLARED)
    collector.add_paths(large, Source.UNTRACKED)
    warehouse.flush()
    return Inputs(tuple(collector.entries.values()), tuple(collector.gaps))


def load_inputs(live: LiveRun) -> Inputs | None:
    """Returns what an observer left; None when it came not that far."""
    value = live.read("inputs")
    if value is None:
        return None
    return Inputs(entries_from_json(value["entries"]), gaps_from_json(value["gaps"]))


def load_observed(live: LiveRun) -> Observed | None:
    """Returns what an observer left; None when it came not that far."""
    value = live.read("environment")
    if value is None:
        return None
    return Observed(
        environment_from_json(json.dumps(value["environment"]).encode()),
        _read(f"{live.directory}/{_LOCK}"),
        gaps_from_json(value["gaps"]),
        _read(f"{live.directory}/{_CONDA}"),
    )


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


class Observer:
    """Works in a thread of its own until the command has ended and it has seen enough.

    What goes wrong in it never reaches the command; it is raised when the results are asked for.

    Attributes:
        project: The project.
        warehouse: Where bytes go.
    """

    def __init__(
        self,
        repo: Repository,
        live: LiveRun,
        begun: Begun,
        project: Project,
        *,
        warehouse: Warehouse,
        env: Mapping[str, str],
        rows: Pending | None = None,
    ) -> None:
        self._repo = repo
        self._live = live
        self._begun = begun
        self.project = project
        self.warehouse = warehouse
        self._env = env
        self._rows = rows
        self._has_ended = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._seen: Seen | None = None

    def start(self) -> None:
        """Begins to observe."""
        self._thread.start()

    def finish(self) -> Seen:
        """Waits for the results, and returns them; call it when the command has ended.

        Raises:
            ReproError: What the observer met.
            OSError: Likewise.
        """
        self._has_ended.set()
        self._thread.join()
        if self._error is not None:
            raise self._error
        if self._seen is None:
            raise RuntimeError("the observer was never started")
        return self._seen

    def _work(self) -> None:
        try:
            facts = read_tree_facts(
                self._repo, self._begun.code.tree, self.project, rows=self._rows
            )
            inputs = self._observe_inputs(facts)
            self._seen = Seen(facts, inputs, self._observe_environment())
        except BaseException as error:  # noqa: BLE001 - handed to `finish`, in the main thread
            self._error = error

    def _observe_inputs(self, facts: TreeFacts) -> Inputs:
        inputs = collect_inputs(
            self._begun.large, self.project, facts, top=self._repo.top, warehouse=self.warehouse
        )
        value = {
            "entries": entries_to_json(inputs.entries),
            "gaps": gaps_to_json(inputs.gaps),
        }
        self._live.write("inputs", value)
        self.warehouse.settle()  # a command may run for days, and these are known from now on
        return inputs

    def _observe_environment(self) -> Observed:
        seen: Interpreter | None = None
        observed: Observed | None = None
        wait_s = _FIRST_LOOK_S
        while not self._has_ended.wait(wait_s):
            # Later interpreters are rarer, and a long trace takes longer to read.
            wait_s = min(2 * wait_s, _LAST_LOOK_S)
            trace = read_trace(self._live.trace_path)
            found = _interpreter(trace, self._repo.top)
            if found is not None and found != seen:
                seen = found
                observed = self._note(found, trace, [])
        trace = read_trace(self._live.trace_path)
        found = _interpreter(trace, self._repo.top)
        gaps: list[Gap] = []
        if found is None:
            found = _probed(self._begun.environment_of, self._env, gaps)
        if found is None or found != seen or observed is None:
            observed = self._note(found, trace, gaps)
        ended = with_end(
            observed,
            trace,
            top=self._repo.top,
            redactor=redactor_of(self._repo),
            extra=self.project.config.variables,
        )
        if ended != observed:
            self._write(ended)
        return ended

    def _note(self, interpreter: Interpreter | None, trace: Trace, gaps: Sequence[Gap]) -> Observed:
        observed = observe_environment(
            self._repo,
            interpreter,
            self._env,
            project=self.project,
            others=[started.interpreter.executable for started in trace.interpreters],
            gaps=gaps,
        )
        for name, content in ((_LOCK, observed.lock), (_CONDA, observed.conda)):
            if content is not None:
                atomic_write(f"{self._live.directory}/{name}", content)
        self._write(observed)
        return observed

    def _write(self, observed: Observed) -> None:
        value = {
            "environment": json.loads(environment_to_json(observed.environment)),
            "gaps": gaps_to_json(observed.gaps),
        }
        self._live.write("environment", value)


def observe_environment(
    repo: Repository,
    interpreter: Interpreter | None,
    env: Mapping[str, str],
    *,
    project: Project,
    others: Sequence[str] = (),
    gaps: Sequence[Gap] = (),
    is_hurried: bool = False,
) -> Observed:
    """Observes an interpreter's environment and locks it; both are cached.

    Args:
        repo: The repository.
        interpreter: The Python, None when there is none.
        env: Variables of the command.
        project: Whose lock files count, and whose configuration names variables.
        others: Executables of further Pythons.
        gaps: Known already.
        is_hurried: Whether somebody waits: see `repro.environment.lock`.
    """
    cache_dir = os.path.join(repo.state_dir, "cache")
    from repro.environment.observe import observe

    environment, found = observe(
        interpreter,
        variables=env,
        cache_dir=cache_dir,
        redactor=redactor_of(repo),
        others=others,
        top=repo.top,
        extra=project.config.variables,
    )
    if interpreter is None and gaps:
        found = ()  # why there is none is known better
    pylock: bytes | None = None
    unlocked: tuple[Gap, ...] = ()
    conda: bytes | None = None
    if interpreter is not None:
        from repro.environment.lock import lock
        from repro.environment.lock_files import check_lock_files

        unlisted: tuple[Gap, ...] = ()
        if os.path.isdir(f"{interpreter.prefix}/conda-meta"):
            from repro.environment.conda import explicit_list

            conda, unlisted = explicit_list(interpreter.prefix, cache_dir=cache_dir)
        pylock, unlocked = lock(environment, cache_dir=cache_dir, env=env, is_hurried=is_hurried)
        unlocked = (*unlisted, *unlocked)
        directories = list(dict.fromkeys((".", project.directory)))
        environment = environment._replace(
            lock_files=check_lock_files(repo.top, directories, environment)
        )
    return Observed(environment, pylock, (*gaps, *found, *unlocked), conda)


def _interpreter(trace: Trace, top: str) -> Interpreter | None:
    started = main_interpreter(trace, top)
    return None if started is None else started.interpreter


def _probed(executable: str | None, env: Mapping[str, str], gaps: list[Gap]) -> Interpreter | None:
    if executable is None:
        return None
    from repro.environment.probe import ProbeError, probe

    try:
        return probe(executable, env=env)
    except ProbeError as error:
        gaps.append(Gap(GapKind.ENVIRONMENT, executable, error.message, error.hint or ""))
        return None
