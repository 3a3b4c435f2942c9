"""Checks runs that came from a remote before they are believed.

Whoever can push to a remote can write anything there. A run is taken when its commit says the same
as the ref that named it and as its own record, when its record can be read whole within bounds, and
when its tree can be unpacked anywhere without leaving its directory.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from repro.git.objects import read_objects
from repro.git.repository import Repository
from repro.model.ids import Oid, RunId, run_ref
from repro.model.run import Record
from repro.model.summary import Summary, SummaryError, parse_message, summarize, summary_text
from repro.share.trees import Entry, Trees, sizes_of, tree_oid

__all__ = ["Checker", "Suspect", "Verdict"]

_MAX_COMMIT_BYTES = 4 << 20
_MAX_TEXT_BYTES = 16 << 20
"""Of a file that is parsed into objects many times its size."""
_MAX_FILE_BYTES = 256 << 20
_MAX_RECORD_BYTES = 512 << 20
_MAX_RECORD_FILES = 20_000
_BATCH_RUNS = 500
_BATCH_BYTES = 64 << 20
_RECORD = ".repro"
_PARSED = (".yaml", ".json", ".toml")
_ENVIRONMENT = "environment/environment.yaml"


class Suspect(NamedTuple):
    """A commit that is said to be a run.

    Attributes:
        id: Which run.
        oid: The commit.
        summary: What an archive says that its summary is; None where none does.
    """

    id: RunId
    oid: Oid
    summary: bytes | None = None


class Verdict(NamedTuple):
    """What a check found.

    Attributes:
        run: What was checked.
        problem: Why it is not believed, as a clause; "" where it is.
        notes: What is not wrong, but worth knowing.
    """

    run: Suspect
    problem: str = ""
    notes: tuple[str, ...] = ()


class _Commit(NamedTuple):
    tree: Oid
    parents: tuple[Oid, ...]
    summary: Summary


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    """Why a run is not believed."""


class Checker:
    """Checks runs, and remembers the trees and environments that many of them share."""

    def __init__(self, repo: Repository) -> None:
        """Asks whether this is a partial clone, where reading a file's size downloads it."""
        self._repo = repo
        promisor = repo.start("config", "--get-regexp", r"^remote\..*\.promisor$").result()
        self._trees = Trees(repo, has_all_blobs=promisor.code != 0)
        self._sound_files: set[Oid] = set()

    def check(self, suspects: Sequence[Suspect]) -> Iterator[Verdict]:
        """Yields what is to be said of each, in their order.

        Raises:
            GitError: git could not read what it has fetched.
        """
        for start in range(0, len(suspects), _BATCH_RUNS):
            yield from self._check_batch(suspects[start : start + _BATCH_RUNS])

    def summaries_match(self, suspects: Sequence[Suspect]) -> Iterator[Verdict]:
        """Yields whether an archive's lines say what the commits say; nothing else is checked."""
        for start in range(0, len(suspects), _BATCH_RUNS):
            batch = suspects[start : start + _BATCH_RUNS]
            for suspect, commit in zip(batch, self._commits(batch), strict=True):
                yield Verdict(suspect, commit if isinstance(commit, str) else "")

    def _check_batch(self, suspects: Sequence[Suspect]) -> Iterator[Verdict]:
        commits = self._commits(suspects)
        self._trees.read([commit.tree for commit in commits if not isinstance(commit, str)])
        problems: dict[int, str] = {}
        notes: dict[int, tuple[str, ...]] = {}
        records: dict[int, dict[str, Oid]] = {}
        for at, commit in enumerate(commits):
            if isinstance(commit, str):
                problems[at] = commit
                continue
            try:
                records[at] = self._record_files(commit)
            except _Refused as refused:
                problems[at] = str(refused)
            links = self._trees.judge(commit.tree).links
            notes[at] = tuple(f"a link of its tree leads elsewhere: {link!a}" for link in links)
        problems |= dict(self._read_records(suspects, commits, records))
        for at, suspect in enumerate(suspects):
            yield Verdict(suspect, problems.get(at, ""), notes.get(at, ()))

    def _commits(self, suspects: Sequence[Suspect]) -> "list[_Commit | str]":
        """Returns the commit of each suspect, or why it is none of a run."""
        sizes = sizes_of(self._repo, [suspect.oid for suspect in suspects])
        sound = [x for x in suspects if _is_small_commit(sizes.get(x.oid))]
        read = zip(sound, read_objects(self._repo, [x.oid for x in sound]), strict=True)
        contents = {suspect.oid: content for suspect, content in read}
        found: list[_Commit | str] = []
        for suspect in suspects:
            try:
                found.append(_read_commit(suspect, contents.get(suspect.oid)))
            except _Refused as refused:
                found.append(str(refused))
        return found

    def _record_files(self, commit: _Commit) -> dict[str, Oid]:
        """Returns the files of the record, when the tree is such that they can be trusted."""
        verdict = self._trees.judge(commit.tree)
        if verdict.problem:
            raise _Refused(verdict.problem)
        entry = next((x for x in self._trees.entries(commit.tree) if x.name == _RECORD), None)
        if entry is None or entry.mode != "40000":
            raise _Refused("it has no record" if entry is None else "its record is no directory")
        if self._trees.judge(entry.oid).n_paths > _MAX_RECORD_FILES:
            raise _Refused(f"its record has more than {_MAX_RECORD_FILES:,} files")
        files = {}
        for path, mode, oid in self._trees.files_below(entry.oid):
            if mode not in ("100644", "100755"):
                raise _Refused(f"{path!a} in its record is no file")
            files[path] = oid
        return files

    def _read_records(
        self,
        suspects: Sequence[Suspect],
        commits: "Sequence[_Commit | str]",
        records: Mapping[int, dict[str, Oid]],
    ) -> Iterator[tuple[int, str]]:
        """Yields the place of each record that is not to be believed, and why."""
        sizes = sizes_of(self._repo, [oid for files in records.values() for oid in files.values()])
        waiting: list[int] = []
        n_bytes = 0
        bases = self._record_bases(commits)

        def read() -> Iterator[tuple[int, str]]:
            oids = list(dict.fromkeys(oid for at in waiting for oid in records[at].values()))
            blobs = dict(zip(oids, read_objects(self._repo, oids), strict=True))
            for at in waiting:
                files = {path: blobs[oid] or b"" for path, oid in records[at].items()}
                commit = commits[at]
                if isinstance(commit, _Commit):
                    problem = self._problem_of_record(
                        suspects[at], commit, files, records[at], bases.get(commit.parents[:1])
                    )
                    if problem:
                        yield at, problem

        for at, files in records.items():
            problem, size_bytes = _weigh(files, sizes)
            if problem:
                yield at, problem
                continue
            if waiting and n_bytes + size_bytes > _BATCH_BYTES:
                yield from read()
                waiting.clear()
                n_bytes = 0
            waiting.append(at)
            n_bytes += size_bytes
        yield from read()

    def _record_bases(
        self, commits: "Sequence[_Commit | str]"
    ) -> dict[tuple[Oid, ...], Entry | None]:
        """Returns what each run's parent itself tracks under the record's name."""
        parents = list(
            dict.fromkeys(x.parents[0] for x in commits if isinstance(x, _Commit) and x.parents)
        )
        stdin = "".join(f"{oid}:{_RECORD}\n" for oid in parents).encode("ascii")
        if not parents:
            return {}
        check = "--batch-check=%(objecttype) %(objectname)"
        lines = self._repo.git("cat-file", check, "--buffer", stdin=stdin).decode(
            "ascii", "replace"
        )
        found: dict[tuple[Oid, ...], Entry | None] = {}
        for parent, line in zip(parents, lines.splitlines(), strict=True):
            kind, _, oid = line.partition(" ")
            found[parent,] = Entry("40000", _RECORD, Oid(oid)) if kind == "tree" else None
        return found

    def _problem_of_record(
        self,
        suspect: Suspect,
        commit: _Commit,
        files: dict[str, bytes],
        oids: Mapping[str, Oid],
        base: Entry | None,
    ) -> str:
        from repro.model.decode import RecordError, decode_record

        environment = oids.get(_ENVIRONMENT)
        if environment in self._sound_files:
            del files[_ENVIRONMENT]
        try:
            record = decode_record(files)
        except RecordError as error:
            return error.message
        if environment is not None:
            self._sound_files.add(environment)
        return _contradiction(suspect, commit, record) or self._problem_of_code(
            commit, record, base
        )

    def _problem_of_code(self, commit: _Commit, record: Record, base: Entry | None) -> str:
        entries = [x for x in self._trees.entries(commit.tree) if x.name != _RECORD]
        if tree_oid(entries, self._repo.hash_name) == record.run.code.tree:
            return ""
        # Where the user's own commits track such a directory, the record stands in its place, and
        # what the whole tree was cannot be said any more unless that was left as it was.
        return "" if base is not None else "its tree is not the one that its record names"


def _is_small_commit(found: tuple[str, int] | None) -> bool:
    return found is not None and found[0] == "commit" and found[1] <= _MAX_COMMIT_BYTES


def _read_commit(suspect: Suspect, content: bytes | None) -> _Commit:
    if content is None:
        raise _Refused("it names no commit, or one too large to be a run's")
    head = content.partition(b"\n\n")[0].decode("utf-8", "replace").split("\n")
    tree = [Oid(line[5:]) for line in head if line.startswith("tree ")]
    parents = tuple(Oid(line[7:]) for line in head if line.startswith("parent "))
    if not tree:
        raise _Refused("its commit is damaged")
    try:
        summary = parse_message(content, oid=suspect.oid, ref=run_ref(suspect.id))
    except SummaryError as error:
        raise _Refused(error.message.removeprefix(f"{run_ref(suspect.id)} ")) from error
    if summary.id != suspect.id:
        raise _Refused(f"its commit is that of another run, {summary.id}")
    if suspect.summary is not None and suspect.summary != summary_text(content):
        raise _Refused("the archive says something else of it than its commit")
    return _Commit(tree[0], parents, summary)


def _weigh(files: Mapping[str, Oid], sizes: Mapping[Oid, tuple[str, int]]) -> tuple[str, int]:
    """Returns what is wrong with the size of a record's files, and how many bytes they have."""
    total_bytes = 0
    for path, oid in files.items():
        kind, size_bytes = sizes.get(oid, ("", 0))
        limit = _MAX_TEXT_BYTES if path.endswith(_PARSED) else _MAX_FILE_BYTES
        total_bytes += size_bytes
        if kind != "blob":
            return f"{path!a} of its record is missing", 0
        if size_bytes > limit or total_bytes > _MAX_RECORD_BYTES:
            return f"{path!a} of its record has {size_bytes:,} bytes, more than a record may", 0
    return "", total_bytes


def _contradiction(suspect: Suspect, commit: _Commit, record: Record) -> str:
    """Returns where record and commit say different things; "" where they agree."""
    run, summary = record.run, commit.summary
    if run.id != suspect.id:
        return f"its record claims to be another run, {run.id}"
    if (run.code.commit,) != (commit.parents or (None,)):
        return "it was begun from another commit than its record names"
    told = summarize(record, oid=suspect.oid, ref=summary.ref)
    for field in ("status", "started_at", "commit", "pillars"):
        if getattr(told, field) != getattr(summary, field):
            return f"its summary and its record differ in {field}"
    if not summary.is_partial and not _are_equal(told.metrics, summary.metrics):
        return "its summary and its record differ in metrics"
    return ""


def _are_equal(a: Mapping[str, float], b: Mapping[str, float]) -> bool:
    return a.keys() == b.keys() and all(
        a[name] == b[name] or (math.isnan(a[name]) and math.isnan(b[name])) for name in a
    )
