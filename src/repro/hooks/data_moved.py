"""After a checkout, a merge or a rebase: tells when data is not what DVC's files name any more.

It only tells; DVC alone moves data. Where DVC's own hook ran before ours, there is nothing to tell.
"""

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from repro.git.objects import read_objects
from repro.git.repository import Repository
from repro.hooks.call import Answer, HookCall
from repro.hooks.rebasing import rebase_under_way
from repro.hooks.watched import SETTINGS, refresh_watched
from repro.model.ids import Oid

if TYPE_CHECKING:
    from repro.data.pointers import Pointer

__all__ = ["POINTERS", "after_checkout", "after_merge", "lines_on_data"]

POINTERS = (":(top,glob)**/*.dvc", ":(top,glob)**/dvc.lock")
"""DVC's files that name data, as pathspecs."""

_MOST_FILES = 200
_SHOWN = 3
_RAW = ("--raw", "-z", "--no-abbrev", "--no-renames", "--diff-filter=AMT")


def after_merge(call: HookCall) -> Answer:
    """Tells about data after a merge, a pull, or a squash that is still to be committed.

    Raises:
        GitError: git could not read what changed.
        OSError: The list of watched files cannot be written.
    """
    env = call.around.env
    flag = call.args[0] if call.args else env.get("PRE_COMMIT_IS_SQUASH_MERGE", "0")
    head = call.repo.head
    if head is None or rebase_under_way(call.repo) is not None:
        return Answer()
    if flag == "1":
        return Answer(lines_on_data(call.repo, head, None))
    asked = ("rev-parse", "-q", "--verify", "ORIG_HEAD^{commit}")
    result = call.repo.start(*asked).result()
    if result.code != 0:
        return Answer()
    return Answer(lines_on_data(call.repo, Oid(result.out.decode("ascii").strip()), head))


def after_checkout(call: HookCall) -> Answer:
    """Tells about data after a checkout of another commit; not after one of single files.

    Raises:
        GitError: git could not read what changed.
        OSError: The list of watched files cannot be written.
    """
    names = ("PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF", "PRE_COMMIT_CHECKOUT_TYPE")
    words = call.args if len(call.args) == 3 else [call.around.env.get(name, "") for name in names]
    old, new, flag = words
    is_new = not old.strip("0")  # a clone, or a working tree just added
    if flag != "1" or is_new or old == new or rebase_under_way(call.repo) is not None:
        return Answer()
    return Answer(lines_on_data(call.repo, Oid(old), Oid(new)))


def lines_on_data(repo: Repository, old: Oid, new: Oid | None) -> tuple[str, ...]:
    """Returns what there is to say of data after a move from a commit to another: at most a line.

    The list of watched files is made anew when settings changed on the way.

    Args:
        repo: The repository.
        old: Where the working tree was.
        new: Where it is; None for what is in the index.

    Raises:
        GitError: git could not read what changed.
        OSError: The list of watched files cannot be written.
    """
    specs = (*POINTERS, *SETTINGS)
    if new is None:
        out = repo.git("diff-index", "--cached", *_RAW, old, "--", *specs)
    else:
        out = repo.git("diff-tree", "-r", *_RAW, old, new, "--", *specs)
    fields = out.split(b"\0")
    rows = [
        _Changed(os.fsdecode(path), Oid(head.split()[2].decode("ascii")))
        for head, path in zip(fields[::2], fields[1::2], strict=False)
    ]
    from repro.data.pointers import is_pointer

    pointers = [row for row in rows if is_pointer(row.path)]
    if len(pointers) < len(rows) and os.path.isdir(f"{repo.state_dir}/hooks"):
        refresh_watched(repo)
    if not pointers:
        return ()
    named = _newly_named(repo, old, pointers[:_MOST_FILES])
    return _judged(repo, named)


class _Changed(NamedTuple):
    """A file that changed: its path, and its blob before, of zeros only when there was none."""

    path: str
    old: Oid


class _Named(NamedTuple):
    """Data that a DVC file names and did not name before: now, and before where it did at all."""

    now: "Pointer"
    before: "Pointer | None"


def _newly_named(repo: Repository, old: Oid, changed: Sequence[_Changed]) -> list[_Named]:
    """Returns what DVC files name in the working tree that they did not name in a commit."""
    from repro.data.pointers import pipeline_of

    known = [row.old for row in changed if row.old.strip("0")]
    pipelines = [pipeline for row in changed if (pipeline := pipeline_of(row.path)) is not None]
    specs = [*known, *(f"{old}:{path}" for path in pipelines if "\n" not in path)]
    contents = dict(zip(specs, read_objects(repo, specs), strict=True))
    found = []
    for path, blob in changed:
        pipeline = pipeline_of(path)
        before = _outs(path, contents.get(blob), contents.get(f"{old}:{pipeline}"))
        beside = _read(repo, pipeline) if pipeline is not None else None
        for name, now in _outs(path, _read(repo, path), beside).items():
            was = before.get(name)
            if now.hash is not None and (was is None or was.hash != now.hash):
                found.append(_Named(now, was))
    return _without_tracked(repo, found)


def _read(repo: Repository, path: str) -> bytes | None:
    try:
        with open(os.path.join(repo.top, path), "rb") as file:
            return file.read()
    except OSError:
        return None


def _outs(path: str, content: bytes | None, pipeline: bytes | None) -> "dict[str, Pointer]":
    from repro.data.pointers import PointerError, Role, parse_pointers

    if content is None:
        return {}
    try:
        pointers = parse_pointers(path, content, pipeline=pipeline)
    except PointerError:  # DVC will say so
        return {}
    return {pointer.path: pointer for pointer in pointers if pointer.role is Role.OUT}


def _without_tracked(repo: Repository, named: Sequence[_Named]) -> list[_Named]:
    """Leaves out the outputs that DVC leaves to git, which moved them itself."""
    inside = [item.now.path for item in named if not item.now.path.startswith(("/", "../"))]
    if not inside:
        return list(named)
    literal = {"GIT_LITERAL_PATHSPECS": "1"}
    out = repo.git("ls-files", "-z", "--", *inside[:_MOST_FILES], env=literal)
    tracked = {os.fsdecode(path) for path in out.split(b"\0")[:-1]}
    return [item for item in named if item.now.path not in tracked]


def _judged(repo: Repository, named: Sequence[_Named]) -> tuple[str, ...]:
    if not named:
        return ()
    from repro.data.dvc_config import cache_roots
    from repro.data.standing import Judge, Standing
    from repro.data.stat_cache import StatCache

    files = list(dict.fromkeys(item.now.pointer_path for item in named))
    since_ns = {file: os.stat(os.path.join(repo.top, file)).st_mtime_ns for file in files}
    by: dict[Standing, list[Pointer]] = {standing: [] for standing in Standing}
    with StatCache(f"{repo.state_dir}/cache/files.sqlite") as cache:
        judge = Judge(repo.top, cache=cache, roots=cache_roots(repo.top, inside=files))
        for now, before in named:
            standing = judge.standing_of(now, before, since_ns=since_ns[now.pointer_path])
            # What was named before and is not there was never brought here, or taken away.
            if standing is not Standing.ABSENT or before is None:
                by[standing].append(now)
        off, perhaps, absent = by[Standing.OTHER], by[Standing.UNKNOWN], by[Standing.ABSENT]
        if off:
            said = f"data no longer matches {_files(off)}"
        elif perhaps:
            said = f"data may no longer match {_files(perhaps)}"
        elif absent:
            said = f"the data of {_files(absent)} is not here"
        else:
            return ()
        told = (*off, *perhaps, *absent)
        is_at_hand = all(judge.is_cached(pointer.hash or "") for pointer in told)
    return (f"{said}: {_command(repo, told, 'checkout' if is_at_hand else 'pull')}",)


def _files(pointers: "Iterable[Pointer]") -> str:
    """Returns the DVC files of pointers as people are told of them."""
    files = list(dict.fromkeys(pointer.pointer_path for pointer in pointers))
    if len(files) == 1:
        return files[0]
    more = ", ..." if len(files) > _SHOWN else ""
    return f"{len(files)} files ({', '.join(files[:_SHOWN])}{more})"


def _command(repo: Repository, pointers: "Sequence[Pointer]", verb: str) -> str:
    """Returns what brings the data: in the DVC project that all of it belongs to."""
    from repro.data.dvc_config import projects_of

    found = {projects_of(repo.top, [pointer.pointer_path])[-1:] for pointer in pointers}
    [place, *others] = found
    if others or not place or place[0] == repo.top:
        return f"dvc {verb}"
    return f"dvc --cd {os.path.relpath(place[0], repo.top)} {verb}"
