"""Looks at repro's refs as they lie on disk: git itself passes over those that are broken."""

import os
from collections.abc import Iterator
from typing import NamedTuple

from repro.fsck.problem import Kind, Problem
from repro.git.refs import list_refs
from repro.git.repository import Repository
from repro.model.ids import Oid, RefName, RunId, is_oid, run_id_from_ref

__all__ = ["ALL_REFS", "STALE_AFTER_S", "Refs", "runs_of", "scan_refs"]

ALL_REFS = "refs/repro/"
STALE_AFTER_S = 600
"""git holds the lock of a ref for milliseconds: who made one that is so old has died."""


class Refs(NamedTuple):
    """The refs of a repository.

    Attributes:
        good: Those that hold an object id, sorted by name; whether it exists is another question.
        broken: Those that hold none, by name the path of the file.
        problems: The broken ones, and locks that nobody holds.
        packed: What refs named when they were last packed.
    """

    good: dict[RefName, Oid]
    broken: dict[RefName, str]
    problems: list[Problem]
    packed: dict[RefName, Oid] = {}


def scan_refs(repo: Repository, *, now_s: float) -> Refs:
    """Returns repro's refs.

    Args:
        repo: The repository.
        now_s: Seconds since the epoch.

    Raises:
        GitError: Its refs lie in another form than files, and git could not read them.
    """
    if os.path.exists(f"{repo.common_dir}/reftable"):
        return Refs(dict(list_refs(repo, ALL_REFS)), {}, [])
    found: dict[RefName, Oid] = {}
    broken: dict[RefName, str] = {}
    problems = [*_stale_lock(f"{repo.common_dir}/packed-refs.lock", now_s)]
    for path in _files(f"{repo.common_dir}/refs/repro"):
        ref = RefName(os.path.relpath(path, repo.common_dir))
        if ref.endswith(".lock"):
            problems += _stale_lock(path, now_s)
            continue
        try:
            with open(path, encoding="ascii", errors="replace") as file:
                content = file.read(1000)
        except FileNotFoundError:  # packed or dropped meanwhile
            continue
        text = content.strip()
        if is_oid(text):
            found[ref] = Oid(text)
        elif not text.startswith("ref:"):
            broken[ref] = path
            reason = "holds no object id: " + ("it is empty" if not text else "garbage")
            problems.append(Problem(Kind.REF, ref, reason, runs=runs_of(ref), at=path))
    # After the files, as git does: what is packed meanwhile moves this way.
    packed = dict(_packed(repo))
    good = {ref: oid for ref, oid in sorted((packed | found).items()) if ref not in broken}
    return Refs(good, broken, problems, packed)


def runs_of(ref: RefName) -> tuple[RunId, ...]:
    """Returns the run that a ref is named after, if any."""
    run_id = run_id_from_ref(ref)
    return () if run_id is None else (run_id,)


def _packed(repo: Repository) -> Iterator[tuple[RefName, Oid]]:
    try:
        with open(f"{repo.common_dir}/packed-refs", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                oid, _, ref = line.rstrip("\n").partition(" ")
                if ref.startswith(ALL_REFS) and is_oid(oid):
                    yield RefName(ref), Oid(oid)
    except FileNotFoundError:
        return


def _files(top: str) -> Iterator[str]:
    for directory, names, files in os.walk(top):
        names.sort()
        yield from (f"{directory}/{name}" for name in sorted(files))


def _stale_lock(path: str, now_s: float) -> Iterator[Problem]:
    try:
        age_s = now_s - os.lstat(path).st_mtime
    except FileNotFoundError:
        return
    if age_s > STALE_AFTER_S:
        reason = f"left by a process that died {int(age_s // 60):,} minutes ago"
        yield Problem(Kind.LOCK, path, f"{reason}, it keeps git from writing", at=path)
