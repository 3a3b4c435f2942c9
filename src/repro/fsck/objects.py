"""Checks git objects: their bytes, that all that is needed is there, and who needs what is not."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from repro.fsck.archives import Archive
from repro.fsck.loose import Loose, check_loose, loose_path
from repro.fsck.packs import BadPack, Packs, check_packs, packed_oids
from repro.fsck.problem import Kind, Problem, Tell, counted, silent
from repro.fsck.reader import Reader
from repro.fsck.refs import runs_of
from repro.fsck.walk import Lost, find_lost, is_connected
from repro.git.repository import Repository
from repro.model.ids import LOG_REFS, Oid, RefName, RunId

__all__ = ["Bytes", "check_bytes", "check_objects", "check_tips"]

_MAX_PATHS = 2


class Bytes(NamedTuple):
    """What reading all bytes has shown.

    Attributes:
        loose: The loose objects.
        packs: The packs.
        also_packed: Damaged loose objects that a whole pack has too.
        unreadable: Objects that are nowhere whole, as far as that shows without looking for them.
        n_objects: How many were read.
    """

    loose: Loose
    packs: Packs
    also_packed: frozenset[Oid]
    unreadable: frozenset[Oid]
    n_objects: int


def check_bytes(repo: Repository, *, tell: Tell = silent) -> Bytes:
    """Reads every object of a repository."""
    objects_dir = f"{repo.common_dir}/objects"
    packs = check_packs(repo, tell=tell)
    loose = check_loose(objects_dir, hash_name=repo.hash_name, tell=tell)
    packed: frozenset[Oid] = frozenset()
    for path in packs.whole:
        packed |= packed_oids(repo, path)
    in_bad = frozenset(oid for pack in packs.bad for oid in pack.damaged)
    damaged = frozenset(loose.damaged)
    return Bytes(
        loose,
        packs,
        also_packed=damaged & packed,
        unreadable=(damaged | in_bad) - packed - loose.whole,
        n_objects=len(loose.whole) + len(damaged) + len(packed | in_bad),
    )


def check_tips(reader: Reader, refs: Mapping[RefName, Oid]) -> list[Problem]:
    """Returns what is wrong with what refs name."""
    kinds = reader.kinds(refs.values())
    problems = []
    for ref, oid in refs.items():
        kind = kinds[oid]
        if kind is None:
            is_there = oid in reader.damaged
            reason = f"names {oid}, {'which is damaged' if is_there else 'which is missing'}"
            problems.append(Problem(Kind.REF, ref, reason, runs_of(ref), names=(oid,)))
        elif kind != "commit":
            reason = f"names a {kind}, not a commit"
            problems.append(Problem(Kind.REF, ref, reason, runs_of(ref), hint=f"git show {ref}"))
    return problems


def check_objects(
    repo: Repository,
    reader: Reader,
    found: Bytes,
    *,
    runs: Mapping[RunId, Oid],
    archives: Collection[Archive],
    tips: Mapping[RefName, Oid],
    tell: Tell = silent,
) -> list[Problem]:
    """Returns the objects that are damaged or missing, with the runs that need them.

    Args:
        repo: The repository.
        reader: Reads it.
        found: What reading all bytes has shown.
        runs: The commit of each run.
        archives: The archives.
        tips: All refs of repro.
        tell: Told how far it is.
    """
    starts = {*tips.values(), *runs.values()}
    is_whole = not found.unreadable and not found.packs.bad and is_connected(repo, starts)
    lost: list[Lost] = []
    if not is_whole:
        chains: dict[str, tuple[Oid, ...]] = {item.ref: item.chain for item in archives}
        chains |= {ref: (oid,) for ref, oid in tips.items() if ref.startswith(LOG_REFS)}
        lost = find_lost(repo, reader, runs=runs, chains=chains, tips=starts, tell=tell)
    of_tips = set(tips.values())
    needed = {item.oid: item for item in lost}
    problems = [_of_lost(repo, item, found) for item in lost if item.oid not in of_tips]
    problems += [_of_pack(pack, needed) for pack in found.packs.bad]
    path = f"{repo.common_dir}/objects"
    for oid, fault in sorted(found.loose.damaged.items()):
        at = loose_path(path, oid)
        if oid in found.also_packed:
            reason = f"{fault}; a pack has it whole"
            problems.append(Problem(Kind.OBJECT, oid, reason, at=at, names=(oid,)))
        elif oid not in needed:
            reason = f"{fault}; no run needs it"
            problems.append(Problem(Kind.OBJECT, oid, reason, at=at, names=(oid,), hint="git fsck"))
        elif oid in of_tips:
            item = needed[oid]
            problems.append(Problem(Kind.OBJECT, oid, fault, item.runs, at=at, names=(oid,)))
    return problems


def _of_lost(repo: Repository, item: Lost, found: Bytes) -> Problem:
    fault = found.loose.damaged.get(item.oid)
    at = "" if fault is None else loose_path(f"{repo.common_dir}/objects", item.oid)
    if fault is None:
        in_pack = any(item.oid in pack.damaged for pack in found.packs.bad)
        fault = "its bytes in a pack are damaged" if in_pack else "it is missing"
    paths = ", ".join(item.paths[:_MAX_PATHS])
    subject = f"{item.kind} {item.oid}" + (f" ({paths})" if paths else "")
    notes = [*item.chains]
    if item.n_later and not item.runs:
        notes.append(f"the history before {counted(item.n_later, 'run')}")
    needs = f"; part of {' and of '.join(notes)}" if notes else ""
    return Problem(
        Kind.OBJECT, subject, f"{fault}{needs}", item.runs, at=at, names=(item.oid, *item.paths)
    )


def _of_pack(pack: BadPack, needed: Mapping[Oid, Lost]) -> Problem:
    runs = {run for oid in pack.damaged if oid in needed for run in needed[oid].runs}
    reason = pack.reason
    if pack.damaged:
        reason += f", {counted(len(pack.damaged), 'object')} of it cannot be read"
    return Problem(
        Kind.PACK, pack.path, reason, tuple(sorted(runs)), at=pack.path, names=tuple(pack.damaged)
    )
