"""`repro record --journal`: a run whose journal was kept outside of the repository.

Where a run cannot be recorded, as on a disk that is full, what it logged is kept in a directory of
its own: ``journal/``, ``artifacts/``, and ``kept.json`` with what is known of its start and end.
Later, this becomes a run like any other, with the workspace as it stands by then.
"""

import json
import os
from datetime import UTC, datetime
from typing import Any, NamedTuple

from repro.errors import ReproError
from repro.git.refs import read_ref
from repro.git.repository import Repository
from repro.journal.writer import DIRECTORY
from repro.model.gap import Gap, GapKind
from repro.model.ids import Oid, RunId, is_run_id, run_ref
from repro.model.run import Record, Status
from repro.record.ending import Ending
from repro.record.live import atomic_write
from repro.record.project import find_project
from repro.record.recover import recover_dead_runs
from repro.record.request import Request, Surroundings, begin
from repro.record.underway import Underway, get_under_way, note_end

__all__ = ["KeptJournalError", "RecordedKept", "record_kept"]

_FACTS = ("kept.json", "run.json")
_ARTIFACTS = "artifacts"
_NOTE = "recorded-as"
_ENDS = {status.value: status for status in (Status.FINISHED, Status.FAILED, Status.INTERRUPTED)}


class KeptJournalError(ReproError):
    """A directory that holds no journal, or one that is still written.

    Attributes:
        directory: The directory.
    """

    def __init__(self, directory: str, problem: str, *, hint: str | None = None) -> None:
        super().__init__(f"{problem}: {directory}", hint=hint)
        self.directory = directory


class RecordedKept(NamedTuple):
    """A kept journal that is a run now.

    Attributes:
        id: The run.
        record: The record; None where it was recorded before, and only the journal was left.
        oid: The run commit, None likewise.
    """

    id: RunId
    record: Record | None = None
    oid: Oid | None = None


def record_kept(
    repo: Repository, directory: str, around: Surroundings, *, now: datetime
) -> RecordedKept:
    """Records a kept journal together with the workspace as it stands, and removes the journal.

    Args:
        repo: The repository.
        directory: Of the journal.
        around: What stands around this process.
        now: The clock, for a journal that does not say when it was begun.

    Raises:
        KeptJournalError: There is no journal, or the program that writes it still runs.
        GitError: The record could not be written; the journal is kept.
        OSError: Likewise.
    """
    facts = _read_facts(directory)
    before = _recorded_before(repo, directory, home=around.home)
    if before is not None:
        _remove(directory)
        return RecordedKept(before)
    run = _begin(repo, facts, around, now)
    try:
        # From here on it is a run that has died, which the next command would record.
        note_end(run.live, _ending(facts, directory))
        for name in (_ARTIFACTS, DIRECTORY):
            _copy(f"{directory}/{name}", f"{run.live.directory}/{name}")
        atomic_write(f"{directory}/{_NOTE}", run.begun.id.encode(), to_disk=True)
        run.observer.start()
        record, oid = run.record(_ending(facts, directory), home=around.home)
    finally:
        run.give_up()
    _remove(directory)
    return RecordedKept(run.begun.id, record, oid)


def _begin(
    repo: Repository, facts: dict[str, Any], around: Surroundings, now: datetime
) -> Underway:
    project = find_project(repo)
    started_at = _time(facts.get("started_at")) or now
    parent = str(facts.get("parent") or "")
    tags, params = facts.get("tags"), facts.get("params")
    request = Request(
        command=tuple(map(str, facts.get("argv") or ())),
        name=_text(facts.get("name")),
        message=_text(facts.get("message")) or "",
        params=params if isinstance(params, dict) else {},
        tags={str(k): str(v) for k, v in tags.items()} if isinstance(tags, dict) else {},
        parent_run=RunId(parent) if is_run_id(parent) else None,
    )
    begun = begin(repo, request, project, around, at=started_at)
    why = _text(facts.get("reason"))
    because = f" ({why})" if why else ""
    gap = Gap(
        GapKind.CODE,
        "working tree",
        f"the run could not be recorded when it ran{because}: code, data and environment were"
        " looked at afterwards",
        "run again",
    )
    begun = begun._replace(
        gaps=(*begun.gaps, gap),
        environment_of=request.command[0] if request.command else None,
        process_started=started_at.timestamp(),
    )
    resumes = _text(facts.get("resumes"))
    if resumes is not None:
        from repro.record.resumed import going_on_from

        begun = going_on_from(repo, resumes, begun, request.name, home=around.home)
    return get_under_way(
        repo, begun, project, env=around.env, started_ns=int(started_at.timestamp() * 1e9)
    )


def _read_facts(directory: str) -> dict[str, Any]:
    if not os.path.isdir(f"{directory}/{DIRECTORY}"):
        hint = "ls ~/.local/state/repro/journals"
        raise KeptJournalError(directory, "no kept journal here", hint=hint)
    facts: dict[str, Any] = {}
    for name in _FACTS:
        try:
            with open(f"{directory}/{name}", "rb") as file:
                value = json.load(file)
        except (FileNotFoundError, ValueError):
            continue
        facts = value if isinstance(value, dict) else {}
        break
    pid = facts.get("pid")
    if facts.get("status") not in _ENDS and isinstance(pid, int) and _is_alive(pid, facts):
        hint = f"wait until it has ended: process {pid}"
        raise KeptJournalError(directory, "the program that writes it still runs", hint=hint)
    return facts


def _is_alive(pid: int, facts: dict[str, Any]) -> bool:
    import psutil

    started = facts.get("started_at")
    try:
        process = psutil.Process(pid)
        is_gone = process.status() == psutil.STATUS_ZOMBIE
        # A number is used again some day: then its process began after the run.
        is_older = not isinstance(started, float) or process.create_time() <= started + 1.0
        return not is_gone and is_older
    except psutil.Error:
        return False


def _recorded_before(repo: Repository, directory: str, *, home: str) -> RunId | None:
    """Returns the run that an earlier attempt, which was killed, has made of the journal."""
    try:
        with open(f"{directory}/{_NOTE}", encoding="ascii") as file:
            run_id = file.read()
    except (FileNotFoundError, ValueError):
        return None
    if not is_run_id(run_id):
        return None
    recover_dead_runs(repo, home=home)
    return RunId(run_id) if read_ref(repo, run_ref(RunId(run_id))) is not None else None


def _ending(facts: dict[str, Any], directory: str) -> Ending:
    status = _ENDS.get(str(facts.get("status")), Status.CRASHED)
    exit_code = facts.get("exit_code")
    ended_at = _time(facts.get("ended_at"))
    if ended_at is None:
        ended_at = datetime.fromtimestamp(os.stat(f"{directory}/{DIRECTORY}").st_mtime, UTC)
    return Ending(status, exit_code if isinstance(exit_code, int) else None, ended_at)


def _copy(source: str, target: str) -> None:
    if os.path.isdir(source):
        import shutil

        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)


def _remove(directory: str) -> None:
    """Removes the journal; what else somebody put there stays."""
    import shutil

    for name in (DIRECTORY, _ARTIFACTS):
        shutil.rmtree(f"{directory}/{name}", ignore_errors=True)
    for name in (*_FACTS, *(f"{name}.tmp" for name in _FACTS), _NOTE):
        try:
            os.unlink(f"{directory}/{name}")
        except OSError:
            continue
    try:
        os.rmdir(directory)
    except OSError:  # not empty, or the current directory of somebody
        return


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _time(value: object) -> datetime | None:
    """Reads a time: seconds since the epoch, or ISO 8601."""
    try:
        if isinstance(value, (int, float)):
            return datetime.fromtimestamp(value, UTC)
        return datetime.fromisoformat(value).astimezone(UTC) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
