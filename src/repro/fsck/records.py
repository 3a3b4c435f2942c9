"""Checks that the record of each run can be read, and belongs to it."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from repro.fsck.archives import KeptRun
from repro.fsck.problem import Kind, Problem, Tell, silent
from repro.fsck.reader import Reader, commit_headers, parse_raw_tree
from repro.model.data import Artifact, DataEntry, Place
from repro.model.ids import Oid, RunId
from repro.model.summary import SummaryError, parse_message, summary_text

__all__ = ["Records", "check_records"]

_BATCH = 500
_RECORD = ".repro"
_TREE = "40000"
_UNREAD = ("artifacts/", "logs/")
"""What can be large and has no form: that its bytes are right is all there is to know."""
_PARTS = ("data.yaml", "artifacts.yaml", "environment/environment.yaml")
"""Equal in many runs, and so read once."""

_Entry = DataEntry | Artifact


class Records(NamedTuple):
    """What the records say.

    Attributes:
        problems: Records that cannot be read, or belong to something else.
        names: The name of each run.
        needs: The runs that need each object of the store, directories by their manifest.
        entries: The entries that need them.
    """

    problems: list[Problem]
    names: dict[RunId, str]
    needs: dict[str, list[RunId]]
    entries: dict[tuple[str, str], _Entry]


class _Files(NamedTuple):
    """The record of one run as git objects: of a file its blob, by path below ``.repro/``."""

    code_tree: Oid
    blobs: Mapping[str, Oid]


def check_records(
    reader: Reader,
    runs: Sequence[KeptRun],
    *,
    hash_name: str,
    tell: Tell = silent,
) -> Records:
    """Checks the records of runs; objects that cannot be read are left to others to report."""
    checker = _Checker(reader, hash_name)
    for start in range(0, len(runs), _BATCH):
        tell("records", start, len(runs))
        checker.check(runs[start : start + _BATCH])
    return checker.found


class _Checker:
    def __init__(self, reader: Reader, hash_name: str) -> None:
        self.found = Records([], {}, {}, {})
        self._reader = reader
        self._hash_name = hash_name
        self._n_hash_bytes = hashlib.new(hash_name, usedforsecurity=False).digest_size
        self._parts: dict[tuple[str, Oid], tuple[_Entry, ...] | str] = {}

    def check(self, runs: Sequence[KeptRun]) -> None:
        commits = dict(self._reader.read(run.oid for run in runs))
        roots: dict[RunId, Oid] = {}
        for run in runs:
            found = commits[run.oid]
            if found is not None and found.kind == "commit" and self._belongs(run, found.content):
                tree, _ = commit_headers(found.content)
                if tree is not None:
                    roots[run.id] = tree
        files = self._files(roots)
        wanted = {
            oid
            for found in files.values()
            for path, oid in found.blobs.items()
            if not path.startswith(_UNREAD)
        }
        blobs = dict(self._reader.read(wanted))
        for run in runs:
            if run.id in files:
                contents = {}
                for path, oid in files[run.id].blobs.items():
                    blob = blobs.get(oid)
                    if path.startswith(_UNREAD):
                        contents[path] = b""
                    elif blob is not None:
                        contents[path] = blob.content
                if len(contents) == len(files[run.id].blobs):
                    self._decode(run, files[run.id], contents)

    def _belongs(self, run: KeptRun, commit: bytes) -> bool:
        """Notes a run's name; returns whether its commit is the one of a run that can be read."""
        try:
            summary = parse_message(commit, oid=run.oid, ref=run.ref)
        except SummaryError as error:
            self._report(run, error.message, hint=error.hint)
            return False
        self.found.names[run.id] = summary.name
        if summary.id != run.id:
            self._report(run, f"its commit {run.oid} is another run, {summary.id}")
            return False
        if run.line is not None and run.line != summary_text(commit):
            self._report(run, f"{run.ref} lists another summary than its commit has")
        return True

    def _files(self, roots: Mapping[RunId, Oid]) -> dict[RunId, _Files]:
        trees = self._trees(roots.values())
        records: dict[Oid, tuple[Oid, Oid | None]] = {}
        for oid, content in trees.items():
            rest, record = self._without_record(content)
            records[oid] = rest, record
        listed = self._list(record for _, record in records.values() if record is not None)
        files = {}
        for run_id, root in roots.items():
            if root not in records:
                continue
            rest, record = records[root]
            if record is None or record in listed:
                files[run_id] = _Files(rest, listed[record] if record is not None else {})
        return files

    def _trees(self, oids: Iterable[Oid]) -> dict[Oid, bytes]:
        return {
            oid: found.content
            for oid, found in self._reader.read(oids)
            if found is not None and found.kind == "tree"
        }

    def _without_record(self, tree: bytes) -> tuple[Oid, Oid | None]:
        """Returns the id that a tree has without the record, and the tree of the record."""
        kept, record, at = [], None, 0
        for mode, name, oid in parse_raw_tree(tree, n_hash_bytes=self._n_hash_bytes):
            end = tree.index(b"\0", at) + 1 + self._n_hash_bytes
            if name == _RECORD and mode == _TREE:
                record = oid
            else:
                kept.append(tree[at:end])
            at = end
        rest = b"".join(kept)
        digest = hashlib.new(self._hash_name, b"tree %d\0" % len(rest), usedforsecurity=False)
        digest.update(rest)
        return Oid(digest.hexdigest()), record

    def _list(self, roots: Iterable[Oid]) -> dict[Oid, dict[str, Oid]]:
        """Returns the files below each tree; those that cannot be listed whole are left out."""
        todo: set[Oid] = set(roots)
        tops = list(todo)
        known: dict[Oid, list[tuple[str, str, Oid]]] = {}
        while todo:
            found = self._trees(todo)
            rows = {
                oid: list(parse_raw_tree(content, n_hash_bytes=self._n_hash_bytes))
                for oid, content in found.items()
            }
            known.update(rows)
            below = {x for row in rows.values() for mode, _, x in row if mode == _TREE}
            todo = below - known.keys() - (todo - found.keys())  # these are lost: not again
        found_whole = {}
        for top in tops:
            files = list(_below(known, top, ""))
            if None not in files:
                found_whole[top] = dict(file for file in files if file is not None)
        return found_whole

    def _decode(self, run: KeptRun, files: _Files, contents: Mapping[str, bytes]) -> None:
        from repro.model.decode import RecordError, decode_record

        if not files.blobs:
            self._report(run, "its commit holds no record")
            return
        try:
            record = decode_record({p: x for p, x in contents.items() if p not in _PARTS})
        except RecordError as error:
            self._report(run, error.message, hint=error.hint if error.has_own_hint else None)
            return
        if record.run.id != run.id:
            self._report(run, f"its record is that of another run, {record.run.id}")
        if record.run.code.tree != files.code_tree:
            self._report(run, "its files are not those that its record names")
        for path in _PARTS:
            if path in contents:
                self._take(run, self._part(path, files.blobs[path], contents[path]), files.blobs)

    def _part(self, path: str, blob: Oid, content: bytes) -> tuple[_Entry, ...] | str:
        """Returns the entries of a part of a record, or what is wrong with it."""
        from repro.model.decode import RecordError, decode_artifacts, decode_data
        from repro.model.decode_environment import decode_environment

        if (path, blob) not in self._parts:
            try:
                entries: tuple[_Entry, ...] = ()
                if path == "data.yaml":
                    entries = decode_data(content)
                elif path == "artifacts.yaml":
                    entries = decode_artifacts(content)
                else:
                    decode_environment(content)
                self._parts[path, blob] = entries
            except RecordError as error:
                self._parts[path, blob] = error.message
        return self._parts[path, blob]

    def _take(self, run: KeptRun, part: tuple[_Entry, ...] | str, blobs: Mapping[str, Oid]) -> None:
        from repro.model.encode import inline_path

        if isinstance(part, str):
            self._report(run, part)
            return
        for entry in part:
            if entry.place is Place.STORE:
                self.found.needs.setdefault(entry.hash, []).append(run.id)
                self.found.entries.setdefault((entry.path, entry.hash), entry)
            elif entry.place is Place.GIT and inline_path(entry.path) not in blobs:
                self._report(run, f"the output {entry.path} is not in its commit")

    def _report(self, run: KeptRun, reason: str, *, hint: str | None = None) -> None:
        self.found.problems.append(
            Problem(Kind.RECORD, run.id, reason, (run.id,), names=(run.oid,), hint=hint or "")
        )


def _below(
    trees: Mapping[Oid, Sequence[tuple[str, str, Oid]]], top: Oid, prefix: str
) -> Iterator[tuple[str, Oid] | None]:
    """Yields path and blob of each file below a tree, None for a tree that is not known."""
    if top not in trees:
        yield None
        return
    for mode, name, oid in trees[top]:
        if mode == _TREE:
            yield from _below(trees, oid, f"{prefix}{name}/")
        elif mode.startswith("100"):
            yield f"{prefix}{name}", oid
