"""Runs that already are a commit: what they ran on, and what they made, is what was committed.

Somebody runs an experiment and then commits what it left: the run began from the commit's parent,
with the new params uncommitted. Its tree, but for its outputs, is the commit's; its outputs, where
the commit has them, are the commit's bytes. So it needs no second run that says the same.
"""

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from repro.errors import ReproError
from repro.git.objects import list_tree, read_file, read_objects
from repro.git.repository import Repository
from repro.model.escape import unescape_name
from repro.model.ids import Oid, RunId
from repro.model.summary import Summary
from repro.model.values import Number, Value, is_same
from repro.store.index import ask_index
from repro.store.listing import list_runs

__all__ = ["candidates_for", "has_metrics", "held_runs"]

_RECORD = ".repro/"
_INLINE = f"{_RECORD}artifacts/"
_MOST_FROM_PARENT = 30
_MOST_NEWEST = 30
_MOST_JSON_BYTES = 2**20
_MOST_BYTES = 16 * 2**20


class _Change(NamedTuple):
    """A path that differs between a commit and what it is compared with.

    Attributes:
        path: From the top.
        here: The commit's object, None where it has none.
        there: The other's, None likewise.
        is_submodule: Whether either is.
    """

    path: str
    here: Oid | None
    there: Oid | None
    is_submodule: bool


def candidates_for(
    repo: Repository,
    parents: Iterable[Oid],
    *,
    metrics: Mapping[str, Number] | None = None,
) -> list[Summary]:
    """Returns the runs that may be a commit, newest first: few, and cheaply found.

    Args:
        repo: The repository.
        parents: The commit's parents, from one of which such a run began.
        metrics: What the commit's files say: of the newest runs, those with the same metrics, or
            without any, may be it wherever they began.

    Raises:
        GitError: git could not read them.
    """
    wanted = frozenset(parents)

    def ask(newest: Sequence[Summary], begun: Sequence[Summary]) -> list[Summary]:
        # A commit may be a rewriting of one that has a run without any metrics.
        same = [r for r in newest if not r.metrics or (metrics and has_metrics(r, metrics))]
        found = {run.id: run for run in (*begun, *same)}
        return sorted(found.values(), key=lambda run: run.id, reverse=True)

    found = ask_index(
        repo,
        lambda index: ask(
            index.listing(newest=_MOST_NEWEST).summaries,
            index.of_ids(
                sorted({tie.run for tie in index.ties(wanted)})[-_MOST_FROM_PARENT:]
            ).summaries,
        ),
    )
    if found is not None:
        return found
    runs = list_runs(repo)
    begun = [run for run in runs if run.commit in wanted][:_MOST_FROM_PARENT]
    return ask(runs[:_MOST_NEWEST], begun)


def has_metrics(run: Summary, metrics: Mapping[str, Number]) -> bool:
    """Tells whether a run has some metrics, with the same values."""
    return all(
        name in run.metrics and is_same(run.metrics[name], value) for name, value in metrics.items()
    )


def held_runs(
    repo: Repository,
    commit: Oid,
    candidates: Iterable[Summary],
    *,
    params: Mapping[str, Value] | None = None,
    metrics: Mapping[str, Number] | None = None,
    rows: Mapping[str, str] | None = None,
) -> list[RunId]:
    """Returns those of some runs that already are a commit, in the order given.

    A run is a commit when its tree has what the commit has, outputs of the run excepted, of which
    the commit must have the bytes (JSON: the same numbers) or nothing; what else lay there that
    nobody committed does not matter.

    Args:
        repo: The repository.
        commit: The commit.
        candidates: Such as `candidates_for` gives.
        params: What the commit's files say, flat, where that is known: a run with another value
            under the same name, as a flag of its command gives, is not it.
        metrics: Likewise.
        rows: The commit's tree as `repro.git.objects.list_rows` gives it, where it was read.

    Raises:
        GitError: git could not compare them.
    """
    runs = [run for run in candidates if _agrees(run, params or {}, metrics or {})]
    if not runs:
        return []
    # The run first: git takes the commit for its parent then, and compares these two.
    starts = list(dict.fromkeys(run.commit or commit for run in runs))
    pairs = [(run.oid, commit) for run in runs] + [(commit, start) for start in starts]
    changes = list(_compare(repo, pairs))
    gone = {
        start: {change.path for change in found if change.there is None}
        for start, found in zip(starts, changes[len(runs) :], strict=True)
    }
    claims = [
        claim
        for run, found in zip(runs, changes, strict=False)
        if (claim := _claim_of(run, found, gone[run.commit or commit])) is not None
    ]
    return [claim.run.id for claim in claims if claim.is_true_of(repo, commit, rows)]


def _agrees(run: Summary, params: Mapping[str, Value], metrics: Mapping[str, Number]) -> bool:
    given, measured = run.params, run.metrics
    return all(is_same(given[name], x) for name, x in params.items() if name in given) and all(
        is_same(measured[name], x) for name, x in metrics.items() if name in measured
    )


def _compare(repo: Repository, pairs: Sequence[tuple[Oid, Oid]]) -> Iterator[list[_Change]]:
    """Yields how the first of each pair differs from the second, all with one process."""
    command = ("diff-tree", "--stdin", "--always", "-r", "-z", "--raw", "--no-abbrev")
    stdin = "".join(f"{child} {parent}\n" for child, parent in pairs).encode("ascii")
    words = iter(repo.git(*command, "--no-renames", stdin=stdin).split(b"\0"))
    found: list[_Change] | None = None
    for word in words:
        if word.startswith(b":"):
            before, after, here, there = word[1:].decode("ascii").split()[:4]
            path = os.fsdecode(next(words))
            is_submodule = "160000" in (before, after)
            change = _Change(path, _there(here), _there(there), is_submodule)
            if found is not None:
                found.append(change)
        elif word:
            if found is not None:
                yield found
            found = []
    if found is not None:
        yield found


def _there(oid: str) -> Oid | None:
    return Oid(oid) if oid.strip("0") else None


class _Claim(NamedTuple):
    """That a run is a commit, as far as trees tell.

    Attributes:
        run: The run.
        outputs: The object of each output that its record holds in git, by path.
        made: What the commit has and the run's code has not: the run must have made it.
    """

    run: Summary
    outputs: Mapping[str, Oid]
    made: Mapping[str, Oid]

    def is_true_of(self, repo: Repository, commit: Oid, rows: Mapping[str, str] | None) -> bool:
        """Tells whether what was committed of the run's outputs is what it made."""
        committed = dict(self.made)
        rest = [path for path in self.outputs if path not in committed]
        if rest and rows is not None:
            committed |= {p: Oid(rows[p].split(None, 3)[2]) for p in rest if p in rows}
        elif rest:  # what its code had already, from an earlier run: did it make the same again?
            committed |= {os.fsdecode(x.path): x.oid for x in list_tree(repo, commit, *rest)}
        doubtful = {p: oid for p, oid in committed.items() if self.outputs.get(p) != oid}
        if not doubtful:
            return True
        kept = [path for path in doubtful if path in self.outputs]
        stored = doubtful.keys() - set(kept)
        if stored and not self._made_in_store(repo, {path: doubtful[path] for path in stored}):
            return False
        contents = read_objects(
            repo, [oid for path in kept for oid in (doubtful[path], self.outputs[path])]
        )
        pairs = zip(contents[::2], contents[1::2], strict=True)
        return all(_says_the_same(p, *pair) for p, pair in zip(kept, pairs, strict=True))

    def _made_in_store(self, repo: Repository, files: Mapping[str, Oid]) -> bool:
        """Tells whether files have the hashes of outputs that are too large for the record."""
        from repro.model.decode_entries import decode_artifacts

        content = read_file(repo, self.run.oid, f"{_RECORD}artifacts.yaml")
        try:
            known = {one.path: one for one in decode_artifacts(content or b"")}
        except ReproError:  # a damaged record is no reason to call it the commit
            return False
        if not all(path in known and known[path].size_bytes <= _MOST_BYTES for path in files):
            return False
        contents = read_objects(repo, list(files.values()))
        return all(
            found is not None
            and hashlib.md5(found, usedforsecurity=False).hexdigest() == known[path].hash
            for path, found in zip(files, contents, strict=True)
        )


def _claim_of(run: Summary, changes: Sequence[_Change], gone: Collection[str]) -> _Claim | None:
    """Returns the claim that a run is a commit; None where the code differs.

    Args:
        run: The run.
        changes: From the commit to the run's commit, record and all.
        gone: What the commit deleted of the code that the run began from.
    """
    outputs: dict[str, Oid] = {}
    made: dict[str, Oid] = {}
    for change in changes:
        if change.path.startswith(_RECORD):
            if change.path.startswith(_INLINE) and change.there is not None:
                outputs[_name(change.path[len(_INLINE) :])] = change.there
        elif change.here is None:
            if change.path in gone:
                return None
        elif change.is_submodule or change.here == change.there:  # or only its mode
            return None
        else:
            made[change.path] = change.here
    return _Claim(run, outputs, made)


def _name(path: str) -> str:
    try:
        return unescape_name(path)
    except ValueError:
        return path


def _says_the_same(path: str, left: bytes | None, right: bytes | None) -> bool:
    """Tells whether two files hold the same, but for what formatters do to them."""
    if left is None or right is None:
        return False
    if _lines(left) == _lines(right):
        return True
    if not path.endswith(".json") or max(len(left), len(right)) > _MOST_JSON_BYTES:
        return False
    try:
        values = json.loads(left), json.loads(right)
    except (ValueError, RecursionError):
        return False
    return is_same(*values)


def _lines(content: bytes) -> list[bytes]:
    return [line.rstrip() for line in content.rstrip().split(b"\n")]
