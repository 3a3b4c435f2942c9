"""A run and its record."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from repro.model.gap import Gap
from repro.model.ids import Oid, RunId

if TYPE_CHECKING:
    # A hook that finds nothing to record needs the small classes here, and none of these.
    from repro.model.data import Artifact, DataEntry
    from repro.model.environment import Environment
    from repro.model.values import Metric, Params, Point

__all__ = [
    "FIRST_FORMAT",
    "FORMAT_VERSION",
    "Code",
    "DirtyPath",
    "Host",
    "Identity",
    "Pillars",
    "Record",
    "Run",
    "Status",
    "format_of",
]

FORMAT_VERSION = 3
"""Newest version of the record's format that is read; see docs/data-model.md."""

FIRST_FORMAT = 1
"""The oldest; see `format_of`."""


class Status(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    FINISHED = "finished"
    """The command returned 0."""
    FAILED = "failed"
    """The command returned something else, or died of a signal that nobody asked for."""
    INTERRUPTED = "interrupted"
    """Ctrl-C, or a request to end (SIGINT, SIGTERM, SIGHUP)."""
    CRASHED = "crashed"
    """The program died without a word, or repro did; recorded from the journal."""
    NOT_STARTED = "not-started"
    """The command could not be started."""
    RECORDED = "recorded"
    """No command: the workspace as it stood (`repro record`)."""


class Identity(NamedTuple):
    """A git author.

    Attributes:
        name: May be empty.
        email: May be empty.
    """

    name: str
    email: str


class Host(NamedTuple):
    """Where it ran.

    Attributes:
        name: Host name.
        user: Login name.
    """

    name: str
    user: str


class DirtyPath(NamedTuple):
    """A path that differed from HEAD when the run started.

    Attributes:
        path: Relative to the top of the working tree.
        change: "modified", "added", "deleted", "type changed", "untracked" or "conflicted".
    """

    path: str
    change: str


class Code(NamedTuple):
    """The code pillar.

    Attributes:
        commit: HEAD at the start, None in a repository without commits.
        branch: Short name of the branch, None when HEAD was detached.
        tree: Tree of the whole working tree at the start, without the record.
        dirty: What differed from `commit`, sorted by path.
    """

    commit: Oid | None
    branch: str | None
    tree: Oid
    dirty: tuple[DirtyPath, ...] = ()


class Pillars(NamedTuple):
    """A digest for each pillar: equal digests, equal pillar. SHA-256, first 16 hex digits.

    Attributes:
        code: Over path, mode and blob of every file that is no params file, metrics file, or DVC
            pointer.
        data: Over path and hash of every input.
        params: Over the flat params.
        environment: Over interpreter, platform, packages and variables.
    """

    code: str
    data: str
    params: str
    environment: str


class Run(NamedTuple):
    """What ``run.yaml`` holds.

    Attributes:
        id: The run's id.
        name: Adjective-noun, or the user's.
        status: How it ended.
        started_at: UTC.
        ended_at: UTC; None while it runs.
        code: The code pillar.
        pillars: The digests.
        author: Who ran it; None when git knows no name for them.
        host: Where it ran.
        command: argv; empty for `repro record`.
        cwd: Directory the command ran in, relative to the top of the working tree, "." for the top.
        project: Directory whose configuration was used, relative likewise.
        exit_code: Of the command, 128 + signal when a signal ended it; None when it has none.
        message: The user's words.
        parent_run: The run inside which this one was started.
        resumes: The run whose curves, params and tags this one went on from.
        tags: Labels without values hold "".
        gaps: What could not be captured.
        repro_version: The repro that wrote it.
        format: Version of the record's format.
    """

    id: RunId
    name: str
    status: Status
    started_at: datetime
    ended_at: datetime | None
    code: Code
    pillars: Pillars
    author: Identity | None
    host: Host
    command: tuple[str, ...] = ()
    cwd: str = "."
    project: str = "."
    exit_code: int | None = None
    message: str = ""
    parent_run: RunId | None = None
    tags: Mapping[str, str] = {}
    gaps: tuple[Gap, ...] = ()
    repro_version: str = ""
    format: int = FIRST_FORMAT
    resumes: RunId | None = None

    @property
    def duration_s(self) -> float | None:
        """Seconds from start to end, None while it runs."""
        return None if self.ended_at is None else (self.ended_at - self.started_at).total_seconds()


class Record(NamedTuple):
    """Everything that ``.repro/`` holds.

    Attributes:
        run: ``run.yaml``.
        params: ``params.yaml``, nested as in their source.
        metrics: ``metrics.json``: summary values by flat name.
        history: ``history/``: learning curves by metric, in the order logged.
        data: ``data.yaml``, sorted by path.
        artifacts: ``artifacts.yaml``, sorted by path.
        environment: ``environment/environment.yaml``; None when nothing could be observed.
        lock: ``environment/pylock.toml``; None when none could be made.
        conda: ``environment/conda-explicit.txt``; None outside of conda.
        output: ``logs/output.txt``; None when nothing was printed.
        inline: Bytes of the artifacts whose place is GIT, by path.
        system: ``system.tsv``: what the machine did meanwhile; see `repro.model.system`.
        cells: ``notebook/cells.py``: the cells that a live kernel had executed, in that order; None
            outside of one.
    """

    run: Run
    params: "Params"
    metrics: "Mapping[str, Metric]"
    history: "Mapping[str, Sequence[Point]]" = {}
    data: "tuple[DataEntry, ...]" = ()
    artifacts: "tuple[Artifact, ...]" = ()
    environment: "Environment | None" = None
    lock: bytes | None = None
    conda: bytes | None = None
    output: bytes | None = None
    inline: Mapping[str, bytes] = {}
    system: bytes | None = None
    cells: bytes | None = None


def format_of(data: "Iterable[DataEntry]", artifacts: "Iterable[Artifact]" = ()) -> int:
    """Returns the oldest format that has words for what a run has: a record is written in it.

    So whoever has an older repro reads every record that holds nothing new to it, and is told to
    upgrade for the others. Format 2 has tables, and inputs that the command logged; format 3 has
    artifacts without a place in the working tree. What is new besides is left out by older readers
    without harm.
    """
    from repro.model.data import Source

    if any(artifact.is_logged for artifact in artifacts):
        return 3
    return 2 if any(item.is_table or item.source is Source.LOGGED for item in data) else 1
