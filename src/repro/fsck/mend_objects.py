"""Brings git objects back: from damaged packs, from the working tree, and from git's remotes."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from repro.fsck.archives import Archive
from repro.fsck.loose import loose_path
from repro.fsck.objects import Bytes
from repro.fsck.packs import BadPack, apart, copy_readable, packed_oids
from repro.fsck.problem import Kind, Problem, counted
from repro.fsck.quarantine import Quarantine
from repro.fsck.reader import Reader
from repro.git.repository import GitError, Repository
from repro.model.ids import ARCHIVE_REFS, LOG_REFS, Oid, RefName, RunId, run_ref, trash_ref
from repro.model.summary import summary_text
from repro.store.archive import encode_segment

__all__ = ["Remotes", "mend_bytes", "rebuild_segments", "take_from_working_tree"]

_HISTORY = ("refs/heads/", "refs/tags/")


def mend_bytes(repo: Repository, found: Bytes, quarantine: Quarantine) -> Iterator[str]:
    """Takes damaged loose objects and packs away, and keeps what in them is whole.

    Yields:
        What was done.
    """
    objects = f"{repo.common_dir}/objects"
    for oid, fault in found.loose.damaged.items():
        if quarantine.take(loose_path(objects, oid), why=fault):
            yield f"moved damaged git object {oid} into quarantine"
    for pack in found.packs.bad:
        yield from _mend_pack(repo, pack, quarantine)


def _mend_pack(repo: Repository, pack: BadPack, quarantine: Quarantine) -> Iterator[str]:
    oids = packed_oids(repo, pack.path) - pack.damaged
    stem = pack.path.removesuffix(".pack")
    moved = {}
    suffixes = (".rev", ".bitmap", ".mtimes", ".idx")
    for suffix in suffixes if pack.has_bad_index else (*suffixes, ".pack"):
        if os.path.exists(stem + suffix):
            moved[suffix] = quarantine.take(stem + suffix, why=pack.reason)
    name = os.path.basename(pack.path)
    if pack.has_bad_index:
        repo.git("index-pack", pack.path)
        yield f"made the index of {name} anew"
        return
    kept = moved.get(".pack")
    if kept is None:
        yield f"moved the index of {name}, which is missing, into quarantine"
        return
    yield f"moved damaged pack {name} into quarantine"
    with apart(repo) as other:
        if oids and ".idx" in moved:
            copy_readable(repo, kept, moved[".idx"] or "", other)
        if oids and _repack(repo, f"{other}/objects", oids):
            yield f"kept {counted(len(oids), 'object')} of it that are whole"
            return
    with open(kept, "rb") as file:
        content = file.read()
    # One by one from its start, as far as it goes.
    repo.start("unpack-objects", "-r", "-q", stdin=content).result()
    yield "kept of it what could be read"


def _repack(repo: Repository, objects_dir: str, oids: Collection[Oid]) -> bool:
    """Writes a pack of objects that another object directory has; returns whether that worked."""
    stdin = "".join(f"{oid}\n" for oid in sorted(oids)).encode("ascii")
    target = f"{repo.common_dir}/objects/pack/pack"
    os.makedirs(os.path.dirname(target), exist_ok=True)
    env = {"GIT_OBJECT_DIRECTORY": objects_dir, "GIT_NO_LAZY_FETCH": "1"}
    return repo.start("pack-objects", "-q", target, stdin=stdin, env=env).result().code == 0


def take_from_working_tree(
    repo: Repository, problems: Iterable[Problem], reader: Reader
) -> Iterator[str]:
    """Writes missing blobs anew where the working tree, or the record in it, has the same bytes.

    Yields:
        What was done.
    """
    for problem in problems:
        if problem.kind is not Kind.OBJECT or not problem.subject.startswith("blob "):
            continue
        oid, *paths = problem.names
        if reader.kinds([Oid(oid)])[Oid(oid)] is not None:
            continue
        for path in paths:
            if not os.path.isfile(f"{repo.top}/{path}") or "\n" in path:
                continue
            with suppress(GitError, OSError):  # it cannot be read: there are other places
                if repo.git("hash-object", "--", path).decode().strip() == oid:
                    repo.git("hash-object", "-w", "--", path)
                    yield f"took git object {oid} from the working tree: {path}"
                    break


def rebuild_segments(
    repo: Repository, archives: Sequence[Archive], lost: Collection[Oid]
) -> Iterator[str]:
    """Writes lost segments of archives anew: they say what the run commits say.

    Yields:
        What was done.
    """
    if not lost:
        return
    reader = Reader(repo)
    for archive in archives:
        for oids in archive.segments.values():
            found = dict(reader.read(oids))
            rows = [(oid, item.content) for oid, item in found.items() if item is not None]
            if not rows or len(rows) != len(oids):
                continue
            segment = encode_segment([(oid, summary_text(content)) for oid, content in rows])
            made = repo.git("hash-object", "--stdin", stdin=segment).decode("ascii").strip()
            if made in lost:
                repo.git("hash-object", "-w", "--stdin", stdin=segment)
                yield f"made git object {made} of {archive.ref} anew from its runs"


class Remotes:
    """git's remotes, as places that may still have what is lost.

    Attributes:
        refs: What the refs of each remote name, by remote; asked once.
        unreachable: Why, for each remote that did not answer.
    """

    def __init__(self, repo: Repository) -> None:
        self._repo = repo
        self.refs: dict[str, dict[RefName, Oid]] = {}
        self.unreachable: dict[str, str] = {}
        for name in repo.git("remote").decode("utf-8", "replace").splitlines():
            result = repo.start("ls-remote", "--refs", "--", name).result()
            if result.code != 0:
                self.unreachable[name] = GitError(("ls-remote",), result).message
                continue
            rows = (line.split("\t", 1) for line in os.fsdecode(result.out).splitlines())
            self.refs[name] = {RefName(ref): Oid(oid) for oid, ref in rows}

    def bring(self, runs: Collection[RunId], *, with_history: bool) -> Iterator[str]:
        """Fetches whatever this repository lacks of runs, archives and logs.

        It is fetched into an empty repository, for in a damaged one git trips over its own refs;
        then the objects that are missing here are taken over.

        Args:
            runs: The runs.
            with_history: Whether branches and tags are wanted too.

        Yields:
            What was done.
        """
        for remote, refs in self.refs.items():
            wanted = _wanted(refs, runs, with_history=with_history)
            if not wanted:
                continue
            with apart(self._repo) as other:
                error = self._fetch(remote, wanted, other)
                if error:
                    self.unreachable[remote] = error
                    continue
                lacking = self._lacking(other)
                if lacking and _repack(self._repo, f"{other}/objects", lacking):
                    yield f"fetched {counted(len(lacking), 'git object')} from {remote}"

    def _fetch(self, remote: str, wanted: Sequence[str], other: str) -> str:
        # With the settings of the remote: its address, and whatever it takes to get in.
        own = f"{self._repo.common_dir}/config"
        config = f"{other}/config"
        with open(config, encoding="utf-8") as file:
            content = file.read()
        with open(config, "w", encoding="utf-8", errors="surrogateescape") as file:
            # What follows counts: it is a bare repository, whatever this one is.
            file.write(f'[include]\n\tpath = "{_escaped(own)}"\n{content}')
        flags = ("--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--quiet")
        # Nor any hook of theirs, nor the filter of a partial clone.
        settings = ("-c", f"core.hooksPath={os.devnull}", "-c", f"remote.{remote}.promisor=false")
        more = ("--no-auto-maintenance", "--no-filter")
        args = (*settings, "fetch", *flags, *more, "--stdin", "--", remote)
        specs = "".join(f"+{ref}:{ref}\n" for ref in wanted).encode("utf-8", "surrogateescape")
        result = self._repo.start(*args, stdin=specs, env={"GIT_DIR": other}).result()
        return "" if result.code == 0 else GitError(("fetch",), result).message

    def _lacking(self, other: str) -> list[Oid]:
        args = ("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
        out = self._repo.git(*args, env={"GIT_DIR": other})
        oids = [Oid(line) for line in out.decode("ascii").splitlines()]
        return [oid for oid, kind in Reader(self._repo).kinds(oids).items() if kind is None]


def _wanted(
    refs: Mapping[RefName, Oid], runs: Collection[RunId], *, with_history: bool
) -> list[str]:
    of_runs = [ref for run in runs for ref in (run_ref(run), trash_ref(run)) if ref in refs]
    # Folded runs are found in no other way.
    prefixes = (ARCHIVE_REFS, LOG_REFS, *(_HISTORY if with_history else ()))
    return [*of_runs, *(ref for ref in refs if ref.startswith(prefixes))]


def _escaped(path: str) -> str:
    return path.replace("\\", "\\\\").replace('"', '\\"')
