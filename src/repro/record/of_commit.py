"""Records a commit: all that its tree says of it, and the environment as it is now."""

import os
from collections.abc import Iterable, Iterator
from datetime import datetime

from repro.git.objects import list_rows, read_objects
from repro.git.repository import Repository
from repro.model.data import DataEntry
from repro.model.gap import Gap, GapKind
from repro.model.ids import Oid, new_run_id
from repro.model.naming import random_name
from repro.model.run import Code, Record, Status
from repro.record.begun import Begun
from repro.record.committed import Committed, parse_header, place_in, read_committed
from repro.record.committed_data import committed_inputs
from repro.record.ending import Ending, run_of
from repro.record.observe_now import observe_now
from repro.record.redactor import redactor_of
from repro.record.request import Request, no_author
from repro.record.sealed import Recorded, keep, seal
from repro.record.surroundings import Surroundings
from repro.record.tree_facts import TreeFacts, TreeFiles
from repro.record.warehouse import warehouse_of

__all__ = ["record_commit", "record_committed"]

_PLAIN = Request(())
_CHANGED = ("diff-tree", "--no-commit-id", "-r", "-c", "--root", "--name-only", "-z")


def record_commit(
    repo: Repository, commit: Oid, request: Request, around: Surroundings, *, now: datetime
) -> Recorded:
    """Records a commit by hand, in the project of the repository's current directory.

    Raises:
        GitError: git could not read the commit or write the record.
    """
    difference = repo.start(*_CHANGED, commit)
    content, rows = read_objects(repo, [commit])[0], list_rows(repo, commit)
    header = parse_header(commit, content or b"")
    files = TreeFiles(repo, rows)
    place = place_in(files, repo.prefix)
    changed = frozenset(map(os.fsdecode, difference.result().out.split(b"\0")))
    committed = read_committed(repo, header, files, place, changed=changed, given=request.params)
    return record_committed(repo, committed, around, now=now, request=request)


def record_committed(
    repo: Repository,
    committed: Committed,
    around: Surroundings,
    *,
    now: datetime,
    request: Request = _PLAIN,
    is_hurried: bool = False,
) -> Recorded:
    """Records a commit, unless its very state is recorded.

    Args:
        repo: The repository.
        committed: The commit.
        around: What stands around; the environment is observed as it is now.
        now: UTC.
        request: Name, message and tags, where somebody gave any.
        is_hurried: Whether somebody waits: see `repro.environment.lock`.

    Raises:
        GitError: git could not write the record.
        OSError: repro's directory cannot be written.
    """
    project, facts = committed.project, committed.facts
    warehouse = warehouse_of(repo, project)
    observed = observe_now(repo, around, project, is_hurried=is_hurried)
    inputs = committed_inputs(project, facts, top=repo.top, warehouse=warehouse)
    record = Record(
        run=run_of(
            _begun(repo, committed, request, around, at=now), Ending(Status.RECORDED, None, now)
        ),
        params=committed.params,
        metrics=committed.new_metrics.summary,
        history=committed.new_metrics.history,
        data=tuple(sorted(inputs.entries, key=lambda entry: entry.path)),
        environment=observed.environment,
        lock=observed.lock,
        conda=observed.conda,
    )
    ours = (*_unread_metrics(facts, record.data), *_gaps(repo, committed, around))
    known = (*committed.gaps, *inputs.gaps, *observed.gaps, *ours)
    record = seal(record, facts, known, repo=repo)
    warehouse.flush()
    return keep(repo, record, is_new=bool(request.name or request.tags))


def _begun(
    repo: Repository,
    committed: Committed,
    request: Request,
    around: Surroundings,
    *,
    at: datetime,
) -> Begun:
    redactor = redactor_of(repo)
    header, project = committed.header, committed.project
    entropy = os.urandom(8)
    return Begun(
        id=new_run_id(at, entropy[:4]),
        name=redactor.text(request.name or random_name(entropy[4:])),
        worktree=repo.top,
        command=(),
        cwd=project.cwd,
        project=project.directory,
        started_at=at,
        started_ns=0,
        code=Code(header.oid, repo.branch if header.oid == repo.head else None, header.tree),
        author=around.author,
        host=around.host,
        message=redactor.text(request.message or header.subject),
        tags={name: redactor.value(name, value) for name, value in request.tags.items()},
    )


def _unread_metrics(facts: TreeFacts, data: Iterable[DataEntry]) -> Iterator[Gap]:
    """Yields a gap for each metrics file that a pipeline keeps in DVC's cache, not in git."""
    reason = "kept by DVC, and not in the commit, so its metrics are not recorded"
    fix = "set cache: false for it in dvc.yaml, or repro run -- dvc repro"
    for path in sorted({entry.path for entry in data}.intersection(facts.metrics) - facts.tracked):
        yield Gap(GapKind.METRICS, path, reason, fix)


def _gaps(repo: Repository, committed: Committed, around: Surroundings) -> Iterator[Gap]:
    if around.author is None:
        yield no_author()
    commit = committed.header.oid
    if commit != repo.head:
        reason = "observed when the commit was recorded, which is not checked out"
        fix = f"git checkout {commit[:10]}, and repro record"
        yield Gap(GapKind.ENVIRONMENT, "environment", reason, fix)
