"""post-commit: a commit that changes params, metrics or data is recorded as a run.

Or it is linked to the run that it already is. Everything is taken from the commit: what is
uncommitted in the working tree is not the user's to share yet.
"""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from repro.git.repository import GitError, Repository
from repro.hooks.call import Answer, HookCall
from repro.hooks.naming import name_of, named
from repro.hooks.rebasing import rebase_under_way
from repro.hooks.watched import is_settings, read_watched, refresh_watched
from repro.model.ids import NOTES_REF, Oid, RefName, RunId

if TYPE_CHECKING:
    from repro.model.summary import Summary
    from repro.model.values import Number, Value
    from repro.record.committed import Committed
    from repro.record.tree_facts import TreeFiles

__all__ = ["after_commit"]

_MOST_PROJECTS = 8
_MOST_NAMED = 10
_DVC_SUBJECT = "dvc: commit experiment "
_DVC_BASELINE = RefName("refs/exps/exec/EXEC_BASELINE")


class _Change(NamedTuple):
    """A commit that changes something that is watched.

    Attributes:
        oid: The commit.
        tree: Its tree.
        parents: Its parents.
        subject: The first line of its message.
        paths: What it changes of what is watched.
    """

    oid: Oid
    tree: Oid
    parents: tuple[Oid, ...]
    subject: str
    paths: tuple[str, ...]


def after_commit(call: HookCall) -> Answer:
    """Records the commit that HEAD names, or links it to the runs that already are it.

    Nothing is done for the steps of a rebase, for DVC's own commits, for a commit that changes
    nothing that is watched, and for one that was seen before.

    Raises:
        GitError: git could not read the commit or write the record.
        OSError: repro's directory cannot be written.
    """
    repo, head = call.repo, call.repo.head
    if head is None or _is_step_of_rebase(repo, call.around.env):
        return Answer()
    change = _change(repo, head, read_watched(repo))
    if change is not None and any(map(is_settings, change.paths)):
        change = _change(repo, head, refresh_watched(repo, head))
    if change is None or all(map(is_settings, change.paths)):
        return Answer()
    if _is_dvcs(repo, change) or _last_seen(repo) == head:
        return Answer()
    lines = tuple(_record_all(call, change))
    _note_seen(repo, head)
    return Answer(lines)


def _is_step_of_rebase(repo: Repository, env: Mapping[str, str]) -> bool:
    """Tells whether git makes this commit by itself in a rebase, which makes others yet."""
    rebase = rebase_under_way(repo)
    return rebase is not None and rebase.makes_commits(env)


def _change(repo: Repository, commit: Oid, pathspecs: Sequence[str]) -> _Change | None:
    """Returns a commit and what it changes of some files; of a merge, against all its parents.

    Returns:
        None where it changes none of them.
    """
    args = (
        *("diff-tree", "--pretty=format:%T%x00%P%x00%s%x00", "--encoding=UTF-8", "-c", "-r"),
        *("--root", "--name-only", "-z", commit, "--", *pathspecs),
    )
    result = repo.start(*args).result()
    if result.code != 0:
        raise GitError(args, result)
    if not result.out:
        return None
    tree, parents, subject, rest = result.out.split(b"\0", 3)
    return _Change(
        oid=commit,
        tree=Oid(tree.decode("ascii")),
        parents=tuple(map(Oid, parents.decode("ascii").split())),
        subject=subject.decode("utf-8", "replace"),
        # Between the two is a newline, or one more zero.
        paths=tuple(map(os.fsdecode, rest[1:].split(b"\0")[:-1])),
    )


def _is_dvcs(repo: Repository, change: _Change) -> bool:
    """Tells whether DVC makes the commit for an experiment, in a place of its own."""
    if change.subject.startswith(_DVC_SUBJECT):
        return True
    if repo.branch is not None:
        return False
    from repro.git.refs import read_ref

    return read_ref(repo, _DVC_BASELINE) is not None


def _seen_path(repo: Repository) -> str:
    import hashlib

    name = hashlib.sha256(os.fsencode(repo.git_dir)).hexdigest()[:16]
    return f"{repo.state_dir}/hooks/seen-{name}"


def _last_seen(repo: Repository) -> str | None:
    try:
        with open(_seen_path(repo), encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def _note_seen(repo: Repository, commit: Oid) -> None:
    from repro.record.live import atomic_write

    os.makedirs(f"{repo.state_dir}/hooks", exist_ok=True)
    atomic_write(_seen_path(repo), commit.encode())


def _record_all(call: HookCall, change: _Change) -> Iterator[str]:
    """Records each project that a commit changes, and says what came of it."""
    from repro.git.objects import list_rows, start_rows

    rows = start_rows(call.repo, change.oid)  # git lists them while the rest is imported
    from repro.hooks.places import is_reason, places_of
    from repro.record.committed import Header, read_committed
    from repro.record.tree_facts import TreeFiles

    files = TreeFiles(call.repo, list_rows(call.repo, change.oid, started=rows))
    header = Header(*change[:4])
    places = places_of(files, [path for path in change.paths if not is_settings(path)])
    for place in places[:_MOST_PROJECTS]:
        committed = read_committed(call.repo, header, files, place, changed=change.paths)
        if any(is_reason(path, committed) for path in change.paths):
            yield _record(call, committed, files, change.paths)
    if len(places) > _MOST_PROJECTS:
        rest = len(places) - _MOST_PROJECTS
        yield f"{rest} more projects are not recorded; in each: repro record --commit HEAD"


def _record(
    call: HookCall, committed: "Committed", files: "TreeFiles", changed: Sequence[str]
) -> str:
    repo, commit = call.repo, committed.header.oid
    runs = _known_runs(call, committed, files, changed)
    if runs:
        known = [(run.id, oid) for run in runs for oid in (run.commit, *run.commits) if oid]
        return _link(call, commit, [(run.id, run.name) for run in runs], known)
    from repro.record.of_commit import record_committed

    recorded = record_committed(repo, committed, call.around, now=call.now, is_hurried=True)
    if recorded.record is None:
        return _link(call, commit, [(recorded.id, name_of(repo, recorded.id))])
    from repro.git.notes import add_lines

    # That it belongs here is plain, as it began here; the note is for what becomes of the commit.
    lines = {commit: [recorded.id]}
    add_lines(repo, RefName(NOTES_REF), lines, author=call.around.author, at=call.now)
    return f"recorded as {named([(recorded.id, recorded.record.run.name)])}"


def _link(
    call: HookCall,
    commit: Oid,
    runs: Sequence[tuple[RunId, str]],
    known: Sequence[tuple[RunId, Oid]] | None = None,
) -> str:
    from repro.lineage.belonging import attach

    pairs = [(commit, run) for run, _ in runs[:_MOST_NAMED]]
    attach(call.repo, pairs, now=call.now, author=call.around.author, known=known)
    return f"this is {named(runs)}"


def _known_runs(
    call: HookCall, committed: "Committed", files: "TreeFiles", changed: Collection[str]
) -> "list[Summary]":
    """Returns the runs that the commit already is, or that what it rewrites is; newest first."""
    from repro.lineage.held import candidates_for, has_metrics, held_runs
    from repro.model.values import flatten
    from repro.record.committed import metrics_of

    repo, commit = call.repo, committed.header.oid
    params, metrics = flatten(committed.params), committed.values
    runs = candidates_for(repo, committed.header.parents, metrics=metrics)
    # Metrics that the commit brings must be the run's; older ones may be of other runs.
    new = metrics_of(committed, files, changed)
    wanted: dict[str, Number] = {name: metric.value for name, metric in new.summary.items()}
    bringing = [run for run in runs if has_metrics(run, wanted)]
    held = held_runs(repo, commit, bringing, params=params, metrics=metrics, rows=files.rows)
    held = _of_project(repo, runs, held, committed.project.directory)
    if not held:
        # What a commit is a rewriting of takes git a while to tell: only of runs with its values.
        same = [run.id for run in runs if _has_values(run, params, metrics)]
        if same:
            from repro.lineage.origins import runs_behind

            held = runs_behind(repo, commit, same)
            held = _of_project(repo, runs, held, committed.project.directory)
    return [run for run in runs if run.id in set(held)]


def _of_project(
    repo: Repository, runs: "Sequence[Summary]", found: Collection[RunId], directory: str
) -> list[RunId]:
    """Leaves out the runs of other projects: those of one tree may not tell them apart.

    What cannot be read is no reason to keep a project from having a run.
    """
    if not found:
        return []
    from repro.git.objects import read_objects
    from repro.model.decode import RecordError, decode_run

    wanted = [run for run in runs if run.id in set(found)]
    contents = read_objects(repo, [f"{run.oid}:.repro/run.yaml" for run in wanted])
    kept = []
    for run, content in zip(wanted, contents, strict=True):
        with suppress(RecordError):
            if content is not None and decode_run(content).project == directory:
                kept.append(run.id)
    return kept


def _has_values(
    run: "Summary", params: "Mapping[str, Value]", metrics: "Mapping[str, Number]"
) -> bool:
    """Tells whether a run has the metrics of a commit; where either has none, its params."""
    from repro.model.values import is_same

    has_both = bool(metrics) and bool(run.metrics)
    given: Mapping[str, Value] = run.metrics if has_both else run.params
    wanted: Mapping[str, Value] = metrics if has_both else params
    return all(name in given and is_same(given[name], value) for name, value in wanted.items())
