"""Clones of one repository that share runs through a bare one, and hostile things to find there."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from repro.git.commits import write_commit
from repro.git.refs import list_refs
from repro.git.remotes import GitRemote, find_remote
from repro.git.repository import Repository, open_repository
from repro.model.encode import encode_record
from repro.model.ids import RUN_REFS, Oid, RunId, run_ref
from repro.model.run import Record
from repro.model.summary import render_message
from repro.share.pull import Pulled, pull_refs
from repro.share.push import PushResult, Sharing, push_runs
from repro.store.archive import fold_runs
from repro.store.runs import write_run
from repro.store.writer import current_writer
from tests.repos import Scratch, run_program
from tests.store.conftest import START, Shelf

__all__ = ["Clone", "Lab", "make_hub"]


class Clone(NamedTuple):
    """A clone of the hub.

    Attributes:
        scratch: It, for git.
        repo: It, for repro.
    """

    scratch: Scratch
    repo: Repository

    @property
    def remote(self) -> GitRemote:
        """The hub, as it is known here."""
        return find_remote(self.repo)

    def record(self, letters: str, *, minute: float = 0, with_data: bool = False) -> Record:
        """Returns the record of a run; its data is nowhere, where it has any."""
        record = Shelf(self.scratch, self.repo).record(letters, minute=minute)
        return record if with_data else record._replace(data=())

    def put(self, letters: str, *, minute: float = 0, with_data: bool = False) -> RunId:
        """Writes a run and returns its id."""
        record = self.record(letters, minute=minute, with_data=with_data)
        parents = [record.run.code.commit] if record.run.code.commit else []
        write_run(self.repo, record, parents=parents, ref=run_ref(record.run.id))
        return record.run.id

    def put_many(self, n_runs: int, *, start: int = 0) -> list[RunId]:
        """Writes many runs and returns their ids."""
        alphabet = "klmnopqrstuvwxyz"
        return [
            self.put(alphabet[n % 16] + alphabet[n // 16 % 16], minute=n)
            for n in range(start, start + n_runs)
        ]

    def forge(
        self,
        letters: str,
        *,
        minute: float = 0,
        record: Record | None = None,
        files: Mapping[str, bytes] | None = None,
        message: bytes | None = None,
        ref: str | None = None,
        tree: str | None = None,
    ) -> RunId:
        """Writes what poses as a run: a good one, but for what is given.

        Args:
            letters: Of its id.
            minute: When it began.
            record: Another record.
            files: Content by path below ``.repro/``, put over that of the record.
            message: Another message.
            ref: Another ref than its own.
            tree: A tree that has the whole of it, the record too.
        """
        record = record or self.record(letters, minute=minute)
        oid = write_commit(
            self.repo,
            tree=Oid(tree) if tree else record.run.code.tree,
            parents=[record.run.code.commit] if record.run.code.commit else [],
            message=message if message is not None else render_message(record),
            author=record.run.author,
            at=record.run.started_at,
            ref=None,
            files={}
            if tree
            else {
                f".repro/{path}": content
                for path, content in {**encode_record(record), **(files or {})}.items()
            },
        )
        own = run_ref(RunId(f"{record.run.started_at:%Y%m%dT%H%M%S}-{(letters * 8)[:8]}"))
        self.scratch.git("update-ref", ref or own, oid)
        return record.run.id

    def fold(self, n_runs: int = 1_000) -> int:
        """Folds the oldest runs."""
        runs = list_refs(self.repo, RUN_REFS)[:n_runs]
        return fold_runs(self.repo, runs, writer=current_writer(self.repo), at=START)

    def push(self, *runs: RunId, data: bool = False) -> PushResult:
        """Pushes all runs, or some."""
        named = {run: Oid(self.scratch.git("rev-parse", run_ref(run))) for run in runs} or None
        return push_runs(self.repo, self.remote, named, sharing=Sharing(data=data))

    def pull(self) -> Pulled:
        """Pulls."""
        return pull_refs(self.repo, self.remote)

    def plant(self) -> None:
        """Sends every ref of repro's to the hub with git alone, whatever is in it."""
        self.scratch.git("push", "--quiet", "origin", "refs/repro/*:refs/repro/*")


class Lab(NamedTuple):
    """A bare repository and two clones of it.

    Attributes:
        hub: The bare one.
        alice: A clone.
        bob: Another.
    """

    hub: Scratch
    alice: Clone
    bob: Clone

    def clone(self, name: str) -> Clone:
        """Makes one more clone."""
        return clone_of(self.hub, self.hub.path.parent / name)


def clone_of(hub: Scratch, path: Path) -> Clone:
    """Clones the hub."""
    scratch = hub.clone(path)
    return Clone(scratch, open_repository(str(scratch.path)))


def make_hub(template: Scratch, base: Path) -> Lab:
    """Makes a bare repository with what the template holds, and two clones."""
    hub = Scratch(base / "hub.git")
    run_program(*("git", "clone", "--quiet", "--bare", str(template.path), str(hub.path)), cwd=base)
    return Lab(hub, clone_of(hub, base / "alice"), clone_of(hub, base / "bob"))
