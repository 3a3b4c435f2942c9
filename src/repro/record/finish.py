"""Makes the record of a run that has ended, from what its live directory holds."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from repro.git.objects import read_file
from repro.git.repository import GitError, Repository
from repro.model.data import DataEntry
from repro.model.digest import digest_of_state
from repro.model.gap import Gap, GapKind
from repro.model.ids import Oid, live_ref, run_ref
from repro.model.run import Record, Status
from repro.model.system import whole_rows
from repro.process import Pending
from repro.record.begun import Begun
from repro.record.changed_code import changed_code_gaps
from repro.record.ending import Ending, run_of
from repro.record.inputs import Collector, is_pointer, outs_of
from repro.record.jobs import take_in_job
from repro.record.live import LiveRun
from repro.record.logged_artifacts import add_logged_artifacts
from repro.record.logged_inputs import LoggedInputs
from repro.record.metrics import Metrics, collect_metrics
from repro.record.observer import Inputs, Observed
from repro.record.output_log import read_output
from repro.record.outputs import STATUS, Outputs, collect_outputs, written_files
from repro.record.params import collect_params
from repro.record.project import Project
from repro.record.redact import unkept_gap
from repro.record.redactor import redactor_of
from repro.record.resumed import earlier_record, joined
from repro.record.said import read_said
from repro.record.sealed import seal
from repro.record.states import remember_state
from repro.record.tables import moved_gaps
from repro.record.trace import Trace, read_trace
from repro.record.tree_facts import TreeFacts
from repro.record.warehouse import Warehouse
from repro.secrets.files import secret_file_kind
from repro.store.folding import tend_refs
from repro.store.runs import write_run

__all__ = ["Finisher"]

_HYDRA_CONFIG = ".hydra/config.yaml"
_DVCLIVE_PARAMS = "dvclive/params.yaml"

_SETTINGS = (
    *(".config", ".local", ".dvc", ".ipython", ".jupyter", ".matplotlib"),
    *(f".cache/{tool}" for tool in ("pip", "uv", "matplotlib", "fontconfig", "numba", "dvc")),
)
"""Directories of the home directory that hold settings; other hidden ones may hold data sets."""

_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
"""repro itself, which a command that logs imports: the record names its version."""


class Finisher(NamedTuple):
    """Everything known of a run that has ended.

    Attributes:
        repo: The repository.
        live: The run's directory.
        begun: What was known at the start.
        project: The project.
        facts: What the snapshot says.
        inputs: The data at the start.
        observed: The environment, None when nobody could observe it.
        warehouse: Where bytes go.
        home: The user's home directory, whose hidden directories hold no data.
        status: `repro.record.outputs.STATUS`, started after the command had ended.
    """

    repo: Repository
    live: LiveRun
    begun: Begun
    project: Project
    facts: TreeFacts
    inputs: Inputs
    observed: Observed | None
    warehouse: Warehouse
    home: str
    status: Pending

    def finish(self, ending: Ending) -> tuple[Record, Oid]:
        """Writes the record, moves the run from live to finished, and removes its directory.

        Raises:
            GitError: git could not write; the directory is kept, and the next repro command tries
                again.
        """
        record = self._record(ending)
        self.warehouse.flush()
        oid = write_run(
            self.repo,
            record,
            parents=[self.begun.code.commit] if self.begun.code.commit is not None else [],
            ref=run_ref(self.begun.id),
            drop_ref=live_ref(self.begun.id),
        )
        remember_state(
            self.repo, digest_of_state(record.run.pillars, record.metrics), self.begun.id
        )
        self.live.remove()
        tend_refs(self.repo, now=record.run.ended_at or record.run.started_at)
        return record, oid

    def _record(self, ending: Ending) -> Record:
        # First: it waits for the other ranks, which write the trace, too.
        take_in_job(self.repo.state_dir, self.begun, self.live.directory)
        trace = read_trace(self.live.trace_path)
        earlier, missing = earlier_record(self.repo, self.begun.resumes)
        said = read_said(self.live.directory, after={} if earlier is None else earlier.history)
        cells, facts, cell_gaps = self._executed_code()
        redactor = redactor_of(self.repo)
        begun = said.applied_to(self.begun, redactor)
        metrics = collect_metrics(
            self.project,
            top=self.repo.top,
            files=self.facts.metrics,
            since_ns=self.begun.started_ns,
            logged=said.curves,
        )
        outputs = self._outputs(trace, metrics)
        add_logged_artifacts(
            outputs, said.artifacts, directory=self.live.directory, warehouse=self.warehouse
        )
        data = self._data(trace, outputs)
        # DVCLive's file is the run's only if the run wrote it: one from before is another run's.
        before = {p: c for p, c in self.facts.params.items() if not p.endswith(_DVCLIVE_PARAMS)}
        files = (_HYDRA_CONFIG, _DVCLIVE_PARAMS)
        texts = outputs.inline | outputs.unkept
        written = {path: c for path, c in texts.items() if path.endswith(files)}
        params, param_gaps = collect_params(
            before, written=written, given=begun.params, redactor=redactor
        )
        record = Record(
            run=run_of(begun, ending),
            params=params,
            metrics=metrics.summary,
            history=metrics.history,
            data=tuple(sorted(data.entries.values(), key=lambda entry: entry.path)),
            artifacts=tuple(outputs.artifacts[path] for path in sorted(outputs.artifacts)),
            environment=self.observed.environment if self.observed else None,
            lock=self.observed.lock if self.observed else None,
            conda=self.observed.conda if self.observed else None,
            output=read_output(self.live.output_path),
            inline=outputs.inline,
            system=whole_rows(_read(f"{self.live.directory}/system.tsv") or b""),
            cells=cells,
        )
        record = joined(earlier, record)
        found = (*said.gaps, *data.gaps, *param_gaps, *metrics.gaps, *outputs.gaps, *ending.gaps)
        found = (*found, *missing, *changed_code_gaps(self.begun, trace))
        if ending.status is not Status.NOT_STARTED:
            found = (*found, *self._trace_gaps(trace))
        gaps = (*self._known_gaps(), *found, *cell_gaps)
        return seal(record, facts, gaps, repo=self.repo)

    def _executed_code(self) -> tuple[bytes | None, TreeFacts, list[Gap]]:
        """Returns the cells of a kernel, the facts of the tree beside them, and what is missing."""
        if not os.path.exists(f"{self.live.directory}/cells.jsonl"):
            return None, self.facts, []
        from repro.record.cells import read_cells

        executed, top = read_cells(self.live.directory), self.repo.top
        if executed is None:
            return None, self.facts, []
        path = executed.path(top)
        saved = None if path is None else read_file(self.repo, self.begun.code.tree, path)
        facts = self.facts if path is None else self.facts.without_notebook(path)
        return executed.script(saved, top=top), facts, executed.gaps(saved, top=top)

    def _trace_gaps(self, trace: Trace) -> list[Gap]:
        if not trace.is_whole:
            reason = "the command opened more files than are noted: inputs may be missing"
        elif not self.begun.is_traced:
            reason = "what the command read was not looked at: --no-trace"
        elif not trace.interpreters and self.begun.environment_of is not None:
            is_known = self.observed is not None and self.observed.environment.interpreter
            why = "its Python ran with -I, -E or -S" if is_known else "no Python of it could be"
            if self.begun.process_started is not None:
                why = "it was not traced"
            reason = f"what the command read could not be seen: {why}"
        else:
            return []
        return [Gap(GapKind.DATA, "trace", reason, "declare inputs in [tool.repro] inputs")]

    def _known_gaps(self) -> tuple[Gap, ...]:
        observed = self.observed.gaps if self.observed else ()
        return (*self.begun.gaps, *self.project.gaps, *self.facts.gaps, *observed)

    def _outputs(self, trace: Trace, metrics: Metrics) -> Outputs:
        top = self.repo.top
        dvc_outs = _dvc_outs(self.repo, self.project)
        declared = [self.project.configured(path) for path in self.project.config.outputs]
        named = list(dict.fromkeys([*dvc_outs, *declared]))
        directories = [path for path in named if os.path.isdir(os.path.join(top, path))]
        inner = {entry.path for entry in self.inputs.entries if entry.is_directory}
        known = {*metrics.files, *named}
        writes = frozenset(trace.writes)
        status = self.status.result()
        if status.code != 0:  # an empty answer would say that the run wrote nothing
            raise GitError(STATUS, status)
        written = written_files(
            top,
            status.out,
            also=(*known, *(p[len(top) + 1 :] for p in writes if p.startswith(f"{top}/"))),
            since_ns=self.begun.started_ns,
            skip=frozenset(inner.difference(directories)),
        )
        return collect_outputs(
            [
                file
                for file in written
                if file.path not in self.facts.tracked
                or file.path in known
                or is_pointer(file.path)
                or f"{top}/{file.path}" in writes
                # Nothing was traced: whatever changed, the command may have changed it.
                or not trace.interpreters
            ],
            directories,
            top=top,
            tracked=self.facts.tracked,
            linked=frozenset(dvc_outs),
            warehouse=self.warehouse,
        )

    def _data(self, trace: Trace, outputs: Outputs) -> Collector:
        top = self.repo.top
        collector = Collector(top, self.warehouse, self.inputs.entries, self.inputs.gaps)
        collector.gaps += self._changed_inputs(outputs)
        secret = self._secret_files(trace.inputs)
        noted = {gap.subject for gap in self.begun.gaps}
        collector.gaps += [
            unkept_gap(shown, kind)
            for path, kind in secret.items()
            if (shown := _shown(path, top)) not in noted
        ]
        LoggedInputs(collector, self.facts.tracked, outputs.artifacts, self.begun.started_ns).add(
            self.live.directory
        )
        collector.gaps += moved_gaps(self.project, collector.entries.values(), top=top)
        overwritten = frozenset(trace.writes).intersection(trace.inputs)
        made = {f"{top}/{path}" for path in outputs.artifacts} - overwritten
        collector.add_traced(
            [p for p in trace.inputs if p not in made | secret.keys() and not self._is_dotfile(p)],
            tracked=self.facts.tracked,
            overwritten=overwritten,
            outside=self._environment_directories(trace),
        )
        return collector

    def _secret_files(self, paths: Sequence[str]) -> dict[str, str]:
        """Returns what was read of files of secrets, and of which kind they are."""
        top = self.repo.top
        known = {f"{top}/{gap.subject}" for gap in self.begun.gaps if gap.kind is GapKind.SECRET}
        found: dict[str, str] = {}
        for path in paths:
            kind = secret_file_kind(path)
            if kind is None and path in known and _shown(path, top) not in self.facts.tracked:
                kind = "private key"
            if kind is not None and _shown(path, top) not in self.facts.tracked:
                found[path] = kind
        return found

    def _is_dotfile(self, full: str) -> bool:
        """Tells whether a file is a program's settings, such as ``~/.gitconfig``."""
        return full.startswith(f"{self.home}/.") and "/" not in full[len(self.home) + 1 :]

    def _changed_inputs(self, outputs: Outputs) -> list[Gap]:
        """Returns a gap for each input that is no longer what it was, outputs excepted."""
        reason = "it changed while the command ran; what was there at the start is recorded"
        fix = "run again while nothing writes it"
        return [
            Gap(GapKind.DATA, entry.path, reason, fix)
            for entry in self.inputs.entries
            if entry.path not in outputs.artifacts
            and not entry.is_table  # a version never changes; see `moved_gaps`
            and not self._is_unchanged(entry)
        ]

    def _is_unchanged(self, entry: DataEntry) -> bool:
        full = os.path.join(self.repo.top, entry.path)
        return self.warehouse.holds(entry, full)

    def _environment_directories(self, trace: Trace) -> tuple[str, ...]:
        interpreters = [started.interpreter for started in trace.interpreters]
        if self.observed is not None and self.observed.environment.interpreter is not None:
            interpreters.append(self.observed.environment.interpreter)
        prefixes = {
            prefix
            for interpreter in interpreters
            for prefix in (interpreter.prefix, interpreter.base_prefix)
            if prefix not in ("/", "/usr", "")
        }
        settings = (f"{self.home}/{name}" for name in _SETTINGS)
        # Our own files are read there by programs that ask for earlier runs.
        return (*sorted(prefixes), *settings, self.repo.state_dir, _OWN)


def _shown(full: str, top: str) -> str:
    return full.removeprefix(f"{top}/")


def _dvc_outs(repo: Repository, project: Project) -> list[str]:
    """Returns what ``dvc.lock`` names now, after the run."""
    paths: list[str] = []
    for lock in project.paths("dvc.lock"):
        content = _read(os.path.join(repo.top, lock))
        if content is not None:
            pipeline = _read(os.path.join(repo.top, os.path.dirname(lock), "dvc.yaml"))
            paths += outs_of(lock, content, pipeline=pipeline)
    return paths


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
