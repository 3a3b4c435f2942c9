"""The difference between two records, pillar by pillar."""

from collections.abc import Sequence
from typing import NamedTuple

from repro.compare.cells import compare_cells
from repro.compare.changes import Changes, changes
from repro.compare.curves import CurveChange, compare_curves
from repro.compare.environment import EnvironmentChange, compare_environments
from repro.compare.metrics import MetricChange, compare_metrics
from repro.compare.params import compare_params
from repro.model.data import Artifact, DataEntry
from repro.model.ids import Oid
from repro.model.run import Record, Run, Status
from repro.model.values import Value

__all__ = ["CodeChange", "Difference", "FileStat", "compare_records"]


class FileStat(NamedTuple):
    """How a file of the code differs, as git tells it.

    Attributes:
        path: In the second run.
        status: A, D, M, R (renamed), C or T.
        added: Lines, None for a binary file.
        removed: Lines, likewise.
        old_path: In the first run, where it was renamed.
    """

    path: str
    status: str
    added: int | None
    removed: int | None
    old_path: str | None = None


class CodeChange(NamedTuple):
    """The code pillar.

    Attributes:
        is_same: Whether the digests are equal.
        commits: HEAD of either run.
        branches: Branch of either run.
        n_dirty: Paths that differed from HEAD in either run.
        files: What the caller found to differ.
        cells: Unified diff of the cells that were executed, a line at a time.
    """

    is_same: bool
    commits: tuple[Oid | None, Oid | None]
    branches: tuple[str | None, str | None]
    n_dirty: tuple[int, int] = (0, 0)
    files: tuple[FileStat, ...] = ()
    cells: tuple[str, ...] = ()


class Difference(NamedTuple):
    """What differs from one record to another.

    Attributes:
        code: The code pillar.
        data: The data pillar, by path.
        params: The params pillar, by flat name.
        environment: The environment pillar.
        metrics: Every metric that either run has, changed or not.
        artifacts: Outputs, by path.
        n_gaps: How many gaps either run has: with 0 it is reproducible. None while it runs.
        curves: The learning curves that both runs have and that differ.
    """

    code: CodeChange
    data: Changes[DataEntry]
    params: Changes[Value]
    environment: EnvironmentChange
    metrics: tuple[MetricChange, ...]
    artifacts: Changes[Artifact]
    n_gaps: tuple[int | None, int | None] = (0, 0)
    curves: tuple[CurveChange, ...] = ()

    @property
    def pillars(self) -> dict[str, bool]:
        """Whether each pillar is the same."""
        return {
            "code": self.code.is_same,
            "data": not self.data,
            "params": not self.params,
            "environment": self.environment.is_same,
        }

    @property
    def is_same(self) -> bool:
        """Whether all pillars, all metrics with their curves, and all outputs are the same."""
        same_metrics = all(metric.is_same for metric in self.metrics) and not self.curves
        return all(self.pillars.values()) and same_metrics and not self.artifacts


def compare_records(a: Record, b: Record, *, files: Sequence[FileStat] = ()) -> Difference:
    """Returns what differs from `a` to `b`.

    Args:
        a: The older, usually.
        b: The newer.
        files: What git finds to differ in the code; this package touches no git.
    """
    return Difference(
        code=_compare_code(a, b, files),
        data=changes(
            {entry.path: entry for entry in a.data},
            {entry.path: entry for entry in b.data},
            same=lambda old, new: (old.hash_name, old.hash) == (new.hash_name, new.hash),
        ),
        params=compare_params(a.params, b.params),
        environment=compare_environments(a.environment, b.environment),
        metrics=compare_metrics(a.metrics, b.metrics),
        artifacts=changes(
            {artifact.path: artifact for artifact in a.artifacts},
            {artifact.path: artifact for artifact in b.artifacts},
            same=lambda old, new: old.hash == new.hash,
        ),
        n_gaps=(_n_gaps(a.run), _n_gaps(b.run)),
        curves=compare_curves(a.history, b.history),
    )


def _n_gaps(run: Run) -> int | None:
    return None if run.status is Status.RUNNING else len(run.gaps)


def _compare_code(a: Record, b: Record, files: Sequence[FileStat]) -> CodeChange:
    first, second = a.run.code, b.run.code
    return CodeChange(
        is_same=a.run.pillars.code == b.run.pillars.code,
        commits=(first.commit, second.commit),
        branches=(first.branch, second.branch),
        n_dirty=(len(first.dirty), len(second.dirty)),
        files=tuple(files),
        cells=compare_cells(a.cells, b.cells),
    )
