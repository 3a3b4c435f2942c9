"""Inputs that the command logged itself, added to what else is known of its data."""

import os
from collections.abc import Collection
from typing import NamedTuple

from repro.model.data import DataEntry, Source
from repro.model.gap import Gap, GapKind
from repro.model.table import TableHash, table_hash_from
from repro.record.inputs import Collector
from repro.record.logged import Logged, LoggedTable, read_logged
from repro.record.redact import unkept_gap
from repro.record.tables import put_table, table_entry
from repro.secrets.files import secret_file_kind

__all__ = ["LoggedInputs"]


class LoggedInputs(NamedTuple):
    """Adds what a run's command logged.

    Attributes:
        collector: Has the inputs that were there at the start.
        tracked: Paths in the snapshot: git keeps them.
        written: Paths of the run's outputs, relative to the top.
        since_ns: When the run began.
    """

    collector: Collector
    tracked: frozenset[str]
    written: Collection[str]
    since_ns: int

    def add(self, directory: str) -> None:
        """Adds all that was logged.

        Args:
            directory: Of the live run.
        """
        for item in read_logged(directory):
            if item.problem:
                fix = item.fix or "correct the call of repro.log_input"
                self._note(self._path(item), f"logged, but not as meant: {item.problem}", fix)
            elif item.table is not None:
                self._add_table(self._path(item), item.table)
            else:
                self._add_file(item)

    def _path(self, item: Logged) -> str:
        top = self.collector.top
        return item.path[len(top) + 1 :] if item.path.startswith(f"{top}/") else item.path

    def _note(self, path: str, reason: str, fix: str) -> None:
        self.collector.gaps.append(Gap(GapKind.DATA, path, reason, fix))

    def _add_table(self, path: str, logged: LoggedTable) -> None:
        known = self.collector.entries.get(path)
        if self.collector.covers(path) and (known is None or not known.is_table):
            return  # with all its bytes
        entry = self._entry_of(path, logged)
        if entry is None:
            return
        if known is not None and known.source is Source.LOGGED:
            entry = self._joined(known, entry)
        put_table(self.collector, entry)

    def _entry_of(self, path: str, logged: LoggedTable) -> DataEntry | None:
        """Returns the entry of a table; None where nothing tells its version."""
        from repro.data.tables.version import (
            TablePackageMissingError,
            TableUnreadableError,
            TableVersion,
        )

        if logged.found is not None:
            found = TableVersion(
                logged.kind,
                logged.found.versions[0],
                logged.found.table_id,
                logged.size_bytes,
                logged.n_files,
            )
            return table_entry(path, found, Source.LOGGED)
        from repro.data.tables.read import read_version

        try:
            found = read_version(logged.kind, path, top=self.collector.top, version=logged.version)
        except (TablePackageMissingError, TableUnreadableError) as error:
            if not logged.is_explicit and logged.version is None:
                self.collector.add_paths([path], Source.LOGGED)
                return None
            reason = error.reason if isinstance(error, TableUnreadableError) else error.message
            self._note(path, f"its version is not known: {reason}", error.hint or "")
            return None
        if logged.version is None:
            reason = "its version was looked up only when the command had ended"
            fix = f"where the command runs: pip install 'repro-git[{logged.kind.value}]'"
            self._note(path, reason, fix)
        return table_entry(path, found, Source.LOGGED)

    def _joined(self, known: DataEntry, entry: DataEntry) -> DataEntry:
        """Returns the entry of a table of which a run read more than one version."""
        old, new = table_hash_from(known.hash), table_hash_from(entry.hash)
        if old is None or new is None or set(new.versions) <= set(old.versions):
            return known
        if (old.table_id, known.hash_name) != (new.table_id, entry.hash_name):
            reason = "it was made anew while the command ran; the first one is recorded"
            self._note(known.path, reason, "run again while nothing replaces it")
            return known
        both: TableHash = old.joined(new.versions)
        return known._replace(
            hash=both.text,
            size_bytes=known.size_bytes + entry.size_bytes,
            n_files=known.n_files + entry.n_files,
        )

    def _add_file(self, item: Logged) -> None:
        path, full = self._path(item), item.path
        kind = secret_file_kind(path)
        if path in self.tracked or self.collector.covers(path):
            return
        if kind is not None:
            self.collector.gaps.append(unkept_gap(path, kind))
        elif path in self.written:
            if item.state is not None and item.state[1] < self.since_ns:
                reason = "the command wrote it after it had logged it; what it read is not kept"
                self._note(path, reason, "write the result elsewhere")
        elif path == full and os.path.isfile(full):
            self.collector.add_outside(full, Source.LOGGED)
        else:
            if self._has_changed(full, item):
                reason = "it changed while the command ran; what was there at the end is recorded"
                self._note(path, reason, "run again while nothing writes it")
            self.collector.add_paths([path], Source.LOGGED)

    def _has_changed(self, full: str, item: Logged) -> bool:
        if item.state is None:
            return False
        try:
            if os.path.isdir(full):
                return any(
                    os.lstat(f"{directory}/{name}").st_mtime_ns > self.since_ns
                    for directory, _, names in os.walk(full)
                    for name in names
                )
            status = os.stat(full)
        except OSError:  # gone: `add_paths` says so
            return False
        return (status.st_size, status.st_mtime_ns, status.st_ino) != item.state
