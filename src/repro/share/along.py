"""Sends a few runs along with a push of the user's own: in one connection, unasked, unattended.

Unlike `repro.share.push` it asks the remote nothing first. It goes by what is noted of the remote,
offers the rest, and takes the remote's answer to each ref as it comes: what is there already is
left as it is, and whatever else is not simple is left to ``repro push``. No bytes of data are sent;
what is lacking is noted, and the next ``repro push`` sends it.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from repro.git.remote_errors import explain_refusal
from repro.git.remotes import GitRemote, RefPush, push_refs
from repro.git.repository import Repository
from repro.git.unattended import Unattended
from repro.model.ids import Oid, RefName, RunId, log_ref, run_id_from_ref, run_ref
from repro.share.needs import needs_of
from repro.share.pending import note_pending, read_pending
from repro.store.folded import find_folded
from repro.store.shared import note_shared, read_note, read_shared
from repro.store.writer import own_writers

__all__ = ["SentAlong", "Unsent", "send_along", "unsent"]


class Unsent(NamedTuple):
    """What a remote is not known to have.

    Attributes:
        runs: Runs, oldest first.
        logs: This clone's own logs.
    """

    runs: Mapping[RunId, Oid]
    logs: Mapping[RefName, Oid]


class SentAlong(NamedTuple):
    """What became of it.

    Attributes:
        runs: The runs that the remote has now and had not before.
        refused: Why, for each run that it did not take.
        without_data: The runs it has now whose bytes no DVC remote is known to have.
    """

    runs: tuple[RunId, ...]
    refused: Mapping[RunId, str]
    without_data: tuple[RunId, ...]


def unsent(
    repo: Repository, remote: str, runs: Collection[RunId], *, going: Collection[str] = ()
) -> Unsent:
    """Returns what of some runs, and of this clone's words about runs, a remote may lack.

    Nobody is asked: it goes by what was noted when the remote was asked last.

    Args:
        repo: The repository.
        remote: The name that its note goes by.
        runs: Runs that are here.
        going: Refs that are on their way to it as it is.

    Raises:
        GitError: git could not read.
    """
    note = read_note(repo, remote)
    lacking = {run for run in runs if run not in note.runs and run_ref(run) not in going}
    if lacking and note.archives:
        lacking -= read_shared(repo, remote).runs
    logs = [ref for ref in map(log_ref, own_writers(repo)) if ref not in going]
    oids = _read_refs(repo, [*map(run_ref, sorted(lacking)), *logs])
    found = {run: oids[ref] for run in sorted(lacking) if (ref := run_ref(run)) in oids}
    folded = find_folded(repo, lacking - found.keys())
    found |= {run.id: run.oid for run in folded.values()}
    tips = {ref: oids[ref] for ref in logs if ref in oids}
    return Unsent(
        dict(sorted(found.items())),
        {ref: tip for ref, tip in tips.items() if note.logs.get(ref) != tip},
    )


def _read_refs(repo: Repository, refs: Collection[RefName]) -> dict[RefName, Oid]:
    """Returns what refs name; those that do not exist are left out."""
    if not refs:
        return {}
    stdin = "".join(f"{ref}\n" for ref in refs).encode()
    # Unlike for-each-ref it takes any number of names without comparing each ref with each.
    rows = repo.git("cat-file", "--batch-check=%(objectname)", "--buffer", stdin=stdin)
    lines = rows.decode("utf-8", "replace").splitlines()
    return {
        ref: Oid(line)
        for ref, line in zip(refs, lines, strict=True)
        if not line.endswith((" missing", " ambiguous"))
    }


def send_along(
    repo: Repository,
    remote: GitRemote,
    what: Unsent,
    *,
    note_as: str,
    unattended: Unattended,
) -> SentAlong:
    """Offers runs and logs to a remote, and notes what it has then.

    Args:
        repo: The repository.
        remote: The remote.
        what: Not more than some hundred runs.
        note_as: The name that its data is noted by: that of the remote for ``repro push``.
        unattended: How to start git.

    Raises:
        RemoteError: It took nothing, or did not answer in time.
        GitError: git could not read.
        OSError: The notes cannot be written.
    """
    needs = needs_of(repo, list(what.runs.items()))
    noted = read_note(repo, note_as)
    there = frozenset[str]().union(*noted.data.values())
    needing = {run for run, need in needs.items() if need.hashes - there}
    pending = read_pending(repo, note_as, "to-send")
    if not needing <= pending:
        # Before anything is seen of them, so that a push stopped in between sends them yet.
        note_pending(repo, note_as, "to-send", pending | needing)
    pushes = [RefPush(run_ref(run), None, oid) for run, oid in what.runs.items()]
    # Only their end is known, not whether the remote has their beginning: it moves forward or not.
    pushes += [RefPush(ref, tip, tip) for ref, tip in what.logs.items()]
    rows = push_refs(repo, remote, pushes, unattended=unattended)
    there_now = {row.ref for row in rows if row.is_done}
    note = read_note(repo, remote.name)
    found = note._replace(
        runs=note.runs | {run for run in what.runs if run_ref(run) in there_now},
        logs={**note.logs, **{ref: tip for ref, tip in what.logs.items() if ref in there_now}},
    )
    if found != note:
        note_shared(repo, found)
    done, refused = [], {}
    for row in rows:
        run = run_id_from_ref(row.ref)
        if run is None or run not in what.runs:
            continue
        if not row.is_done:
            refused[run] = _refusal(row.reason, row.said, is_clash=row.was_quicker)
        elif not row.was_there:
            done.append(run)
    has_now = [run for run in what.runs if run_ref(run) in there_now and run in needing]
    return SentAlong(tuple(done), refused, tuple(has_now))


def _refusal(reason: str, said: str, *, is_clash: bool) -> str:
    if is_clash and "stale" in reason:
        return "it has another run with this id"
    return explain_refusal(reason, said)
