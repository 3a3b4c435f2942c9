"""A run that is on: what a program can say of it."""

import os
from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

from repro.api import children
from repro.api.artifacts import Kind, Subject, log_bytes, log_path
from repro.api.current import process
from repro.api.ending import ending_of, status_from, unwatch_exit
from repro.api.harmless import harmless
from repro.api.keepers import End, Keeper, Others
from repro.api.number import NotANumberError, number_from, step_from
from repro.api.plain import Plain, as_key, described, labelled
from repro.api.ranks import Rank
from repro.api.rendering import figure_bytes, image_bytes, object_bytes, suffix_of
from repro.api.tables import table_bytes
from repro.api.telling import warn
from repro.journal.writer import JournalWriter
from repro.model.gap import GapKind

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["ActiveRun"]

_ALONE = Rank()
_graves: deque[JournalWriter] = deque()
_N_GRAVES = 16
_MAX_SUBJECT = 300


class ActiveRun:
    """A run that is on. `repro.start_run` makes it.

    It ends with its ``with`` block, by `repro.end_run`, or with the process. Nothing that goes
    wrong is raised: it is a warning of the logger "repro", and a gap in the run's record.

    Attributes:
        id: The run's id; "" where it has none: on ranks other than 0, and where it cannot be
            recorded now.
        name: What it is called; "" likewise.
        directory: Where its journal is; "" where it can be kept in memory only.
        top: The top of the working tree; "" where there is none.
        rank: Of this process in distributed training, 0 on its own.
        n_ranks: How many processes train together.
        journal: Not for callers.
        outer: The run inside which it began.
    """

    def __init__(
        self,
        keeper: Keeper,
        *,
        id: str = "",  # noqa: A002 - the field's word
        name: str = "",
        directory: str = "",
        top: str = "",
        rank: Rank = _ALONE,
        outer: "ActiveRun | None" = None,
    ) -> None:
        self.id = id
        self.name = name
        self.directory = directory
        self.rank = rank.number
        self.n_ranks = rank.n_ranks
        self.outer = outer
        self.journal: JournalWriter | None = None
        self.tracing: children.Tracing | None = None
        self._keeper = keeper
        self.top = top
        self._is_on = True
        self._told: set[tuple[str, str]] = set()
        if self.n_ranks > 1:
            self._writer()  # so that rank 0's record knows that this one was there

    def __repr__(self) -> str:
        return f"<ActiveRun {self.id or self.directory} {self.name}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: "TracebackType | None",
    ) -> Literal[False]:
        self.end(*ending_of(error))
        return False

    @property
    def is_recording(self) -> bool:
        """Whether it is on, so that what is logged is part of it."""
        return self._is_on

    @property
    def _title(self) -> str:
        title = self.name or self.id
        return f"{title}: " if title else ""

    @property
    def is_of_others(self) -> bool:
        """Whether somebody else ends it."""
        return isinstance(self._keeper, Others)

    def log_param(self, name: str, value: object) -> None:
        """Logs a param; see `repro.log_params` for what a value may be."""
        self.log_params({as_key(name): value})

    @harmless(GapKind.PARAMS)
    def log_params(self, params: object) -> None:
        """Logs params: a mapping, however nested, or an object with fields."""
        found = Plain()
        values = found.value(params)
        if not isinstance(values, dict):
            reason = f"they have no names: {described(params):.80}"
            self.complain(GapKind.PARAMS, "params", reason, "give a dict: repro.log_params({...})")
            return
        if values:
            self.say("p", values)
        for name, reason in found.odd.items():
            self.complain(GapKind.PARAMS, name, reason, "log what is in it: numbers and texts")

    def log_metric(self, name: str, value: Any, step: int | None = None) -> None:  # noqa: ANN401
        """Logs a point of a learning curve; see `repro.log_metric`."""
        journal = self.journal
        is_plain = type(value) is float and type(name) is str
        if is_plain and journal is not None and (step is None or type(step) is int):
            journal.metric(name, value, "" if step is None else step)
        else:
            self.log_metrics({as_key(name): value}, step)

    @harmless(GapKind.METRICS)
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Logs a point of each of several metrics."""
        try:
            at = step_from(step)
        except NotANumberError as error:
            at = ""
            name = next(iter(metrics), "")
            self.complain(GapKind.METRICS, str(name), str(error), "give a whole number as step")
        points = []
        for name, value in metrics.items():
            try:
                points.append((str(name), number_from(value)))
            except NotANumberError as error:
                reason = f"not a number: {error}"
                self.complain(GapKind.METRICS, str(name), reason, "log a number")
        journal = self._writer() if points else None
        if journal is not None:
            journal.points(points, at)

    @harmless(GapKind.ARTIFACTS)
    def log_artifact(self, path: object, artifact_path: str | None = None, kind: Kind = "") -> None:
        """Logs a file or directory, as it is now; see `repro.log_artifact`."""
        log_path(self, Subject(path, artifact_path, kind))

    @harmless(GapKind.ARTIFACTS)
    def log_artifacts(self, path: object, artifact_path: str | None = None) -> None:
        """Logs what is in a directory, as it is now; see `repro.log_artifacts`."""
        log_path(self, Subject(path, artifact_path, is_content=True))

    @harmless(GapKind.ARTIFACTS)
    def log_model(self, path: object, artifact_path: str | None = None) -> None:
        """Logs the file or directory of a model, as it is now."""
        log_path(self, Subject(path, artifact_path, "model"))

    @harmless(GapKind.ARTIFACTS)
    def log_text(self, text: str, artifact_file: str) -> None:
        """Logs a text as a file."""
        log_bytes(self, artifact_file, lambda: str(text).encode("utf-8", "backslashreplace"))

    @harmless(GapKind.ARTIFACTS)
    def log_dict(self, dictionary: object, artifact_file: str) -> None:
        """Logs a nested value as YAML where the name ends so, else as JSON."""
        suffix = suffix_of(str(artifact_file))
        log_bytes(self, artifact_file, lambda: object_bytes(dictionary, suffix))

    @harmless(GapKind.ARTIFACTS)
    def log_figure(self, figure: object, artifact_file: str) -> None:
        """Logs a figure of matplotlib or plotly, as what the name ends in."""
        suffix = suffix_of(str(artifact_file))
        log_bytes(self, artifact_file, lambda: figure_bytes(figure, suffix), kind="figure")

    @harmless(GapKind.ARTIFACTS)
    def log_image(self, image: object, artifact_file: str) -> None:
        """Logs an image of PIL, an array, or a file; see `repro.log_image`."""
        if isinstance(image, (str, os.PathLike)):
            log_path(self, Subject(image, kind="image", name=str(artifact_file)))
            return
        suffix = suffix_of(str(artifact_file))
        log_bytes(self, artifact_file, lambda: image_bytes(image, suffix), kind="image")

    @harmless(GapKind.ARTIFACTS)
    def log_table(self, table: object, artifact_file: str) -> None:
        """Logs a dict of columns, a list of rows or a data frame; see `repro.log_table`."""
        suffix = suffix_of(str(artifact_file))
        log_bytes(self, artifact_file, lambda: table_bytes(table, suffix), kind="table")

    def set_tag(self, name: str, value: object = "") -> None:
        """Sets a tag."""
        self.set_tags({as_key(name): value})

    @harmless(GapKind.PARAMS)
    def set_tags(self, tags: Mapping[str, object] | Iterable[str]) -> None:
        """Sets tags; their values become texts, and names alone have none."""
        plain = Plain()
        found = {str(name): plain.value(value) for name, value in labelled(tags).items()}
        texts = {k: v if isinstance(v, str) else str(v) for k, v in found.items()}
        if texts:
            self.say("t", texts)

    def complain(self, kind: GapKind, subject: str, reason: str, fix: str = "") -> None:
        """Warns of what could not be logged, and makes a gap of it; once for each subject.

        Args:
            kind: The part of the record concerned.
            subject: What is missing.
            reason: Why; a clause.
            fix: What to do about it, "" where there is nothing.
        """
        subject = subject[:_MAX_SUBJECT]
        if (kind.value, subject) in self._told:
            return
        self._told.add((kind.value, subject))
        warn(f"{subject}: {reason}", key=f"{self.directory} {kind.value} {subject}")
        self.say("g", {"kind": kind.value, "subject": subject, "reason": reason, "fix": fix})

    def say(self, letter: str, value: object) -> None:
        """Writes a line that is no point; see `repro.journal`. Not for callers."""
        journal = self._writer()
        if journal is not None:
            journal.event(letter, value)

    def end(self, status: str = "finished", exit_code: int | None = None) -> None:
        """Ends the run; where `repro run` or another process began it, it goes on there.

        Args:
            status: "finished", "failed" or "interrupted".
            exit_code: Of the process, where it is known.
        """
        with process.lock:
            if not self._is_on:
                return
            self._is_on = False
        journal, self.journal = self.journal, None
        process.drop(self)
        if not process.active:
            unwatch_exit()
        children.retract(self.directory)
        gaps = [*self._end_tracing(), *_lost(journal, self.directory, self.rank)]
        try:
            self._keeper.end(
                End(status_from(status), exit_code, tuple(gaps)), journal, self.directory
            )
        finally:
            _bury(journal)

    def leave_to_parent(self) -> None:
        """In a forked child: what is said goes to a file of its own, and nothing here ends it."""
        self._keeper = Others()
        self.journal = None
        self.tracing = None

    def _end_tracing(self) -> list[dict[str, str]]:
        try:
            if self.tracing is not None:
                self.tracing.end()
        except Exception as error:  # noqa: BLE001 - it looks into whatever libraries are loaded
            reason = f"what was loaded could not be noted: {error}"
            return [{"kind": "environment", "subject": "runtime", "reason": reason, "fix": ""}]
        return []

    def _writer(self) -> JournalWriter | None:
        """Returns the journal, making its file if need be; None when the run has ended."""
        if self.journal is not None:
            return self.journal
        with process.lock:
            if not self._is_on:
                warn(f"{self._title}the run has ended; what is logged now is lost")
            elif self.journal is None:
                self.journal = self._new_journal()
        return self.journal

    def _new_journal(self) -> JournalWriter:
        if self.directory and not os.path.isdir(self.directory):
            warn(f"{self._title}the run has ended elsewhere; what is logged is lost")
        elif self.directory:
            try:
                return JournalWriter(self.directory, rank=self.rank, n_ranks=self.n_ranks)
            except OSError as error:
                reason = f"{self.directory}: {error.strerror}"
                warn(f"what is logged waits in memory, since it cannot be written: {reason}")
        return JournalWriter(None, rank=self.rank, n_ranks=self.n_ranks)


def _lost(journal: JournalWriter | None, directory: str, rank: int) -> list[dict[str, str]]:
    """Writes what waits, and returns a gap for what cannot be written."""
    if journal is None or not directory:
        return []
    why = "too many lines waited"
    try:
        is_whole = journal.flush() if journal.path else journal.open(directory, rank=rank)
        why = why if journal.error is None else str(journal.error.strerror)
    except OSError as error:
        is_whole, why = False, str(error.strerror)
    if is_whole and not journal.n_lost:
        return []
    reason = f"{journal.n_lost + journal.n_waiting} lines of it could not be written: {why}"
    return [
        {
            "kind": GapKind.METRICS.value,
            "subject": "journal",
            "reason": reason,
            "fix": "free some disk space: df -h .",
        }
    ]


def _bury(journal: JournalWriter | None) -> None:
    """Closes a journal, but late: a thread may be about to write to its descriptor.

    Were the number given to a file of the program's meanwhile, the line would end up there.
    """
    if journal is not None:
        _graves.append(journal)
    while len(_graves) > _N_GRAVES:
        _graves.popleft().close()
