"""The parts of a run's record, each read when it is first asked for, and kept."""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from repro.git.repository import Repository
from repro.model.run import Record, Run
from repro.model.summary import Summary
from repro.reading.record_files import RecordFiles

if TYPE_CHECKING:
    from repro.model.data import Artifact, DataEntry
    from repro.model.environment import Environment
    from repro.model.values import Metric, Params, Point

__all__ = ["LiveParts", "Parts", "RecordedParts"]


class Parts(Protocol):
    """What a record holds; see `repro.model.run.Record`."""

    @property
    def whole(self) -> Record:
        """All of it."""

    @property
    def run(self) -> Run:
        """``run.yaml``."""

    @property
    def params(self) -> "Params":
        """The params, nested."""

    @property
    def metrics(self) -> "Mapping[str, Metric]":
        """The last value of each metric."""

    @property
    def curve_names(self) -> Sequence[str]:
        """The metrics that have a curve."""

    def curve(self, name: str) -> "Sequence[Point] | None":
        """Returns the curve of a metric, None where it has none; no other is read."""

    @property
    def data(self) -> "tuple[DataEntry, ...]":
        """The inputs."""

    @property
    def artifacts(self) -> "tuple[Artifact, ...]":
        """The outputs."""

    @property
    def environment(self) -> "Environment | None":
        """The environment, None where it was not observed."""

    @property
    def output(self) -> bytes:
        """What the command printed."""

    @property
    def system(self) -> bytes | None:
        """The table of the machine's figures."""


class RecordedParts:
    """The record in a run commit."""

    def __init__(self, repo: Repository, summary: Summary) -> None:
        self._repo = repo
        self._summary = summary
        self.files = RecordFiles(repo, summary.oid)

    @cached_property
    def whole(self) -> Record:
        """All of it."""
        from repro.store.runs import read_record

        return read_record(self._repo, self._summary)

    @cached_property
    def run(self) -> Run:
        """``run.yaml``."""
        from repro.model.decode import decode_run

        return decode_run(self.files.require("run.yaml"))

    @cached_property
    def params(self) -> "Params":
        """The params, nested."""
        from repro.model.decode import decode_params

        return decode_params(self.files.require("params.yaml"))

    @cached_property
    def metrics(self) -> "Mapping[str, Metric]":
        """The last value of each metric."""
        from repro.model.decode import decode_metrics

        return decode_metrics(self.files.require("metrics.json"))

    @cached_property
    def curve_names(self) -> Sequence[str]:
        """The metrics that have a curve, in the order in which they were logged."""
        names = self.files.curves
        order = [name for name in self.metrics if name in names]
        return [*order, *sorted(names.keys() - self.metrics.keys())]

    def curve(self, name: str) -> "Sequence[Point] | None":
        """Returns the curve of a metric, None where it has none.

        Raises:
            RecordError: It cannot be read.
        """
        path = self.files.curves.get(name)
        if path is None:
            return None
        from repro.model.curve import Curve, CurveError
        from repro.model.fields import RecordError

        try:
            return Curve(self.files.require(path))
        except CurveError as error:
            raise RecordError(path, "", str(error)) from error

    @cached_property
    def data(self) -> "tuple[DataEntry, ...]":
        """The inputs."""
        from repro.model.decode import decode_data

        content = self.files.read_one("data.yaml")
        return () if content is None else decode_data(content)

    @cached_property
    def artifacts(self) -> "tuple[Artifact, ...]":
        """The outputs."""
        from repro.model.decode import decode_artifacts

        content = self.files.read_one("artifacts.yaml")
        return () if content is None else decode_artifacts(content)

    @cached_property
    def environment(self) -> "Environment | None":
        """The environment, None where it was not observed."""
        from repro.model.decode_environment import decode_environment

        content = self.files.read_one("environment/environment.yaml")
        return None if content is None else decode_environment(content)

    @property
    def output(self) -> bytes:
        """What the command printed."""
        return self.files.read_one("logs/output.txt") or b""

    @property
    def system(self) -> bytes | None:
        """The table of the machine's figures."""
        return self.files.read_one("system.tsv")


class LiveParts:
    """What a run in progress has said until it was first asked."""

    def __init__(self, repo: Repository, record: Record) -> None:
        from repro.record.live import live_run

        self._repo = repo
        self._begun = record
        self._live = live_run(repo, record.run.id)

    @property
    def has_ended(self) -> bool:
        """Whether it has ended before it was asked for anything."""
        return "whole" not in self.__dict__ and not os.path.isdir(self._live.directory)

    @cached_property
    def whole(self) -> Record:
        """All that is known."""
        from repro.record.so_far import read_all_so_far

        return read_all_so_far(self._repo, self._live) or self._begun

    @property
    def run(self) -> Run:
        """What stood at its start, and what was said since."""
        return self.whole.run

    @property
    def params(self) -> "Params":
        """The params, nested."""
        return self.whole.params

    @property
    def metrics(self) -> "Mapping[str, Metric]":
        """The last value of each metric."""
        return self.whole.metrics

    @property
    def curve_names(self) -> Sequence[str]:
        """The metrics that have a curve."""
        return list(self.whole.history)

    def curve(self, name: str) -> "Sequence[Point] | None":
        """Returns the curve of a metric, None where it has none."""
        return self.whole.history.get(name)

    @property
    def data(self) -> "tuple[DataEntry, ...]":
        """The inputs, as far as they are known."""
        return self.whole.data

    @property
    def artifacts(self) -> "tuple[Artifact, ...]":
        """None yet: they are taken in when it ends."""
        return self.whole.artifacts

    @property
    def environment(self) -> "Environment | None":
        """The environment, None until it was observed."""
        return self.whole.environment

    @property
    def output(self) -> bytes:
        """What the command has printed."""
        return self.whole.output or b""

    @property
    def system(self) -> bytes | None:
        """The table of the machine's figures."""
        return self.whole.system
