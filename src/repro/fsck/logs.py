"""Checks logs, and looks for commits that no ref names any more."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from repro.fsck.archives import FOLD_MESSAGE
from repro.fsck.problem import Kind, Problem, counted
from repro.fsck.reader import GitObject, Reader, commit_headers
from repro.git.repository import Repository
from repro.model.event import decode_event
from repro.model.ids import LOG_REFS, Oid, RefName, RunId
from repro.model.summary import SummaryError, parse_message

__all__ = ["Unnamed", "check_logs", "find_unnamed"]


class Unnamed(NamedTuple):
    """Commits that no ref reaches.

    Attributes:
        runs: Run commits by the run's id.
        folds: Archive commits, with their parents.
    """

    runs: dict[RunId, Oid]
    folds: dict[Oid, tuple[Oid, ...]]


def check_logs(repo: Repository, refs: Mapping[RefName, Oid]) -> Iterator[Problem]:
    """Yields lines of logs that are no events; a log that cannot be read is left to others."""
    for ref, tip in refs.items():
        if not ref.startswith(LOG_REFS):
            continue
        result = repo.start("log", "--format=%B", tip, "--").result()
        if result.code != 0:
            continue
        lines = [line for line in result.out.split(b"\n") if line.startswith(b"{")]
        unknown = [line for line in lines if decode_event(line) is None]
        newer = [line for line in unknown if _is_newer(line)]
        if newer:
            reason = f"{counted(len(newer), 'word')} in it of a kind that is not known here"
            hint = "pip install --upgrade repro-git"
            yield Problem(Kind.LOG, ref, reason, is_note=True, hint=hint)
        if len(unknown) > len(newer):
            reason = f"{counted(len(unknown) - len(newer), 'line')} in it that no one can read"
            yield Problem(Kind.LOG, ref, reason, hint=f"git log -p {ref}")


def _is_newer(line: bytes) -> bool:
    """Tells whether a line would be a word but for its kind."""
    try:
        fields = json.loads(line)
        return decode_event(json.dumps({**fields, "kind": "star"})) is not None
    except (ValueError, TypeError, RecursionError):
        return False


def find_unnamed(repo: Repository, reader: Reader, loose: Iterable[Oid]) -> Unnamed:
    """Returns the loose commits of repro's that no ref reaches; none where git cannot tell."""
    kinds = reader.kinds(loose)
    commits = [oid for oid, kind in kinds.items() if kind == "commit"]
    if not commits:
        return Unnamed({}, {})
    stdin = "".join(f"{oid}\n" for oid in commits).encode("ascii")
    args = ("rev-list", "--stdin", "--ignore-missing", "--not", "--glob=refs/*", "HEAD")
    result = repo.start(*args, stdin=stdin).result()
    unreached = result.out.decode("ascii").split() if result.code == 0 else commits
    found = Unnamed({}, {})
    for oid, item in reader.read(map(Oid, unreached)):
        if item is not None:
            _sort_in(found, oid, item)
    return found


def _sort_in(found: Unnamed, oid: Oid, item: GitObject) -> None:
    if item.content.partition(b"\n\n")[2].startswith(FOLD_MESSAGE):
        found.folds[oid] = commit_headers(item.content)[1]
        return
    try:
        found.runs[parse_message(item.content, oid=oid, ref=RefName("")).id] = oid
    except SummaryError:
        return
