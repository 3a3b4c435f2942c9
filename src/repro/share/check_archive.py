"""Checks archives and logs that came from a remote before they are believed.

An archive lists runs that nobody opens one by one, so its lists must say what the commits say; and
both kinds of chain only ever grow, so what is known here of one must still be in it.
"""

from collections.abc import Collection
from typing import NamedTuple

from repro.git.objects import list_tree, read_objects
from repro.git.repository import Repository
from repro.model.event import EventKind
from repro.model.ids import Oid, RefName, WriterId
from repro.share.check import Suspect
from repro.share.trees import sizes_of
from repro.store.archive import SEGMENT_RUNS, read_segment
from repro.store.log import read_events

__all__ = ["BrokenChain", "has_commit", "is_ancestor", "read_archive", "vet_log"]

_MAX_COMMIT_BYTES = 4 << 20
_MAX_SEGMENT_BYTES = 256 << 20
_MAX_SEGMENTS = 100_000
_MAX_LOG_COMMITS = 1_000_000
_MAX_LOG_BYTES = 1 << 30


class BrokenChain(Exception):  # noqa: N818 - it is a finding, and never reaches a user
    """Why an archive or a log is not to be believed."""


class _Link(NamedTuple):
    parents: tuple[Oid, ...]
    segments: tuple[tuple[bytes, Oid], ...]


def is_ancestor(repo: Repository, older: Oid, newer: Oid) -> bool:
    """Tells whether one commit is, or comes before, another; False where either is not here."""
    if older == newer:
        return True
    return repo.start("merge-base", "--is-ancestor", older, newer).result().code == 0


def has_commit(repo: Repository, oid: Oid) -> bool:
    """Tells whether a commit and what it needs of its chain is here."""
    return sizes_of(repo, [oid]).get(oid, ("", 0))[0] == "commit"


def read_archive(repo: Repository, ref: RefName, tip: Oid, known: Oid | None) -> list[Suspect]:
    """Returns the runs that an archive lists beyond what is known of it, its form checked.

    Args:
        repo: The repository.
        ref: Its ref, for `read_segment`.
        tip: Its last commit.
        known: An earlier one, that is here already; None for none.

    Raises:
        BrokenChain: It is no archive, or does not continue the one that is known.
        GitError: git could not read it.
    """
    links = _walk(repo, tip, known)
    suspects: list[Suspect] = []
    for link in links:
        blob = link.segments[-1][1]
        kind, size_bytes = sizes_of(repo, [blob]).get(blob, ("", 0))
        if kind != "blob" or size_bytes > _MAX_SEGMENT_BYTES:
            raise BrokenChain(f"a segment of {size_bytes:,} bytes")
        runs = link.parents[1:] if len(link.segments) > 1 else link.parents
        suspects += _lines(read_objects(repo, [blob])[0] or b"", runs, ref)
    if len({suspect.id for suspect in suspects}) != len(suspects):
        raise BrokenChain("it lists a run twice")
    return suspects


def _walk(repo: Repository, tip: Oid, known: Oid | None) -> list[_Link]:
    """Returns the commits of the chain beyond `known`, last first."""
    links: list[_Link] = []
    at = tip
    while at != known:
        link = _read_link(repo, at)
        if links and link.segments != links[-1].segments[:-1]:
            raise BrokenChain("a commit of its chain drops what the one before it lists")
        links.append(link)
        if len(link.segments) == 1:
            if known is not None:
                raise BrokenChain("it does not continue the archive that is known here")
            return links
        at = link.parents[0]
    if known is not None:
        before = tuple((entry.path, entry.oid) for entry in list_tree(repo, known))
        if links and links[-1].segments[:-1] != before:
            raise BrokenChain("a commit of its chain drops what the one before it lists")
    return links


def _read_link(repo: Repository, oid: Oid) -> _Link:
    kind, size_bytes = sizes_of(repo, [oid]).get(oid, ("", 0))
    if kind != "commit" or size_bytes > _MAX_COMMIT_BYTES:
        raise BrokenChain("a commit of its chain is missing, or too large to be one")
    head = (read_objects(repo, [oid])[0] or b"").partition(b"\n\n")[0].decode("utf-8", "replace")
    lines = head.split("\n")
    tree = next((Oid(line[5:]) for line in lines if line.startswith("tree ")), None)
    parents = tuple(Oid(line[7:]) for line in lines if line.startswith("parent "))
    if tree is None or sizes_of(repo, [tree]).get(tree, ("", 0))[1] > 64 * _MAX_SEGMENTS:
        raise BrokenChain("its list of segments is damaged")
    entries = list_tree(repo, tree, recursive=False)
    segments = tuple((entry.path, entry.oid) for entry in entries)
    names = [b"%06d.jsonl" % number for number in range(1, len(entries) + 1)]
    if not segments or [name for name, _ in segments] != names:
        raise BrokenChain("its segments are not numbered as an archive's are")
    if any(entry.mode != "100644" for entry in entries):
        raise BrokenChain("a segment that is no file")
    n_runs = len(parents) - (len(segments) > 1)
    if not 0 < n_runs <= SEGMENT_RUNS:
        raise BrokenChain(f"a segment of {n_runs} runs")
    return _Link(parents, segments)


def _lines(content: bytes, runs: Collection[Oid], ref: RefName) -> list[Suspect]:
    suspects = []
    for line in read_segment(ref, content):
        run_id = line.id
        if run_id is None:
            raise BrokenChain("a line that names no run")
        suspects.append(Suspect(run_id, line.oid, line.summary))
    n_lines = sum(1 for line in content.split(b"\n") if line)
    oids = {suspect.oid for suspect in suspects}
    if n_lines != len(suspects) or oids != set(runs) or len(suspects) != len(runs):
        raise BrokenChain("its lines are not those of the runs that it keeps")
    return suspects


def vet_log(
    repo: Repository, tip: Oid, *, known: Oid | None, own: Collection[WriterId], is_own: bool
) -> None:
    """Checks a log.

    Args:
        repo: The repository.
        tip: Its last commit.
        known: An earlier one, that is here already.
        own: The names that this clone writes under: nobody else may hide runs here.
        is_own: Whether it is a log of one of these.

    Raises:
        BrokenChain: It does not continue what is known, or holds what no log may.
        GitError: git could not read it.
    """
    if known is not None and not is_ancestor(repo, known, tip):
        raise BrokenChain("it does not continue the log that is known here")
    beyond = (f"^{known}",) if known is not None else ()
    most = f"--max-count={_MAX_LOG_COMMITS + 1}"
    commits = repo.git("rev-list", most, tip, *beyond).decode("ascii").split()
    if len(commits) > _MAX_LOG_COMMITS:
        raise BrokenChain("it is too long to be a log")
    sizes = [size_bytes for _, size_bytes in sizes_of(repo, commits).values()]
    if max(sizes, default=0) > _MAX_COMMIT_BYTES or sum(sizes) > _MAX_LOG_BYTES:
        raise BrokenChain("a commit too large to be one of a log")
    if is_own:
        return
    events = read_events(repo, tips=[tip], without=[known] if known is not None else [])
    if any(x.kind is EventKind.REMOVE and x.writer in own for x in events):
        raise BrokenChain("it would hide runs in this clone, in this clone's own name")
