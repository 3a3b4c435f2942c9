"""Runs made of a working tree as it stands, without the recorder, and looks at all of a tree."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from repro.data.capture import capture
from repro.data.hashing import hash_bytes
from repro.git.repository import Repository, open_repository
from repro.git.snapshot import take_snapshot
from repro.model.data import Artifact, DataEntry, Place, Source
from repro.model.ids import RunId, run_ref
from repro.model.run import Code, Host, Pillars, Record, Run, Status
from repro.model.summary import Summary, summarize
from repro.record.redactor import screen_of
from repro.restore.checkout import Outcome, checkout
from repro.restore.stores import open_stores
from repro.restore.undo import undo
from repro.store.runs import write_run
from tests.repos import Scratch

Contents = dict[str, tuple[int, bytes]]

AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Recorded:
    """A run, and what was there when it was recorded."""

    summary: Summary
    record: Record
    contents: Contents
    status: str


def contents_of(scratch: Scratch) -> Contents:
    """Mode and bytes of everything outside of .git; links to directories too."""
    found = dict(scratch.contents())
    for directory, names, _ in os.walk(scratch.path):
        if ".git" in names:
            names.remove(".git")
        for full in (os.path.join(directory, name) for name in names):
            if os.path.islink(full):
                content = os.fsencode(os.readlink(full))
                found[os.path.relpath(full, scratch.path)] = (os.lstat(full).st_mode, content)
    return found


def opened(scratch: Scratch) -> Repository:
    return open_repository(str(scratch.path))


def record_run(
    scratch: Scratch,
    letters: str = "k",
    *,
    data: Sequence[str] = (),
    outputs: Sequence[str] = (),
    inline: Sequence[str] = (),
    more: Sequence[DataEntry] = (),
) -> Recorded:
    """Records the working tree: `data` and large files into the store, outputs, too."""
    repo = opened(scratch)
    stores = open_stores(repo)
    snapshot = take_snapshot(repo, screen=screen_of(repo))
    entries = [stores.look_at(path, save=True) for path in data]
    entries += [stores.look_at(file.path, save=True) for file in snapshot.large]
    run = Run(
        id=RunId(f"20240506T070809-{letters * 8}"),
        name=f"run-{letters}",
        status=Status.FINISHED,
        started_at=AT,
        ended_at=AT + timedelta(seconds=1),
        code=Code(repo.head, repo.branch, snapshot.tree, snapshot.dirty),
        pillars=Pillars("", "", "", ""),
        author=None,
        host=Host("", ""),
        gaps=snapshot.gaps,
    )
    contents = {path: (scratch.path / path).read_bytes() for path in inline}
    record = Record(
        run,
        {},
        {},
        data=(*entries, *more),
        artifacts=(*_stored(repo, outputs), *(_inline(p, c) for p, c in contents.items())),
        inline=contents,
    )
    ref = run_ref(run.id)
    oid = write_run(repo, record, parents=[repo.head] if repo.head else [], ref=ref)
    summary = summarize(record, oid=oid, ref=ref)
    return Recorded(summary, record, contents_of(scratch), visible_status(scratch))


def _stored(repo: Repository, paths: Sequence[str]) -> list[Artifact]:
    stores = open_stores(repo)
    found = []
    for path in paths:
        entry = capture(f"{repo.top}/{path}", cache=stores.cache, store=stores.store)
        found.append(
            Artifact(path, entry.hash, entry.size_bytes, entry.n_files, extras=entry.extras)
        )
    return found


def _inline(path: str, content: bytes) -> Artifact:
    return Artifact(path, hash_bytes(content), len(content), place=Place.GIT)


def nowhere(path: str) -> DataEntry:
    """An input known by hash alone."""
    return DataEntry(path, hash_bytes(b"lost"), 4, 1, Source.TRACED, place=Place.NOWHERE)


def check_out(
    scratch: Scratch, run: Recorded, *, keep: bool = False, outputs: bool = False
) -> Outcome:
    return checkout(opened(scratch), run.summary, run.record, at=AT, keep=keep, outputs=outputs)


def go_back(scratch: Scratch, number: int | None = None) -> Outcome:
    return undo(opened(scratch), number, at=AT)


def visible_status(scratch: Scratch) -> str:
    """The paths that ``git status`` lists, staged or not."""
    rows = scratch.git(
        "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames"
    ).split("\0")
    return "\n".join(sorted(row[3:] for row in rows if row))


def own_files(contents: Contents) -> Contents:
    """What is neither the record's nor DVC's own."""
    tools = (".repro/", ".dvc/tmp/", ".dvc/cache/")
    return {path: content for path, content in contents.items() if not path.startswith(tools)}


def whole_state(scratch: Scratch) -> tuple[object, ...]:
    """Everything of a working tree: files, HEAD, what is staged, git's status."""
    contents = contents_of(scratch)
    return (
        own_files(contents),
        {path: c for path, c in contents.items() if path.startswith(".repro/")},
        scratch.git("symbolic-ref", "-q", "HEAD", check=False) or scratch.git("rev-parse", "HEAD"),
        scratch.git("ls-files", "--stage", "-z"),
        scratch.git("status", "--porcelain=v1", "-z", "--untracked-files=all"),
        {k: v for k, v in scratch.refs().items() if not k.startswith("refs/repro/")},
    )


def fingerprint(scratch: Scratch) -> tuple[object, ...]:
    """Everything that a refusal must leave alone, to the byte and the mtime."""
    return (
        scratch.standing(),
        hashlib.sha256(repr(sorted(contents_of(scratch).items())).encode()).hexdigest(),
        scratch.refs(),
        _state_files(scratch.path),
    )


def _state_files(top: Path) -> list[str]:
    git_dir = top / ".git"
    names = set(os.listdir(git_dir)) - {"repro", "worktrees"} if git_dir.is_dir() else set()
    return sorted(names) + sorted(path.name for path in (git_dir / "repro").glob("*.json"))
