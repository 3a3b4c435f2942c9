"""Which runs a command speaks of: those recorded, and those that run at this moment."""

import os

from repro.cli.console import current_console
from repro.git.repository import Repository, open_repository
from repro.model.ids import live_ref, short_id
from repro.model.run import Pillars, Record, Run, Status
from repro.model.summary import Summary, summarize
from repro.record.live import list_live_runs

__all__ = ["find_run", "find_summary", "open_runs", "running_records", "running_summaries"]


def open_runs() -> Repository:
    """Opens the repository, and first records the runs whose recorder died.

    Raises:
        NotARepositoryError: There is none here.
        BareRepositoryError: It has no working tree.
    """
    repo = open_repository()
    if list_live_runs(repo):
        from repro.record.recover import recover_dead_runs

        recovered, failures = recover_dead_runs(repo, home=os.path.expanduser("~"))
        console = current_console()
        for run_id in recovered:
            console.talk(f"recorded {short_id(run_id)}, whose recorder had died")
        for failure in failures:
            console.talk(f"warning: could not record {failure}")
    _tell_of_interrupted_checkout(repo)
    return repo


def _tell_of_interrupted_checkout(repo: Repository) -> None:
    if not os.path.exists(f"{repo.git_dir}/repro/checkout-in-progress.json"):
        return
    from repro.restore.state import interrupted

    number = interrupted(repo)
    if number is not None:
        current_console().talk("warning: a checkout was interrupted; to go back: repro undo")


def running_records(repo: Repository) -> list[Record]:
    """Returns what is known of the runs in progress, newest first."""
    found = []
    for live in reversed(list_live_runs(repo)):
        value = live.read("run")
        if value is not None:
            from repro.record.begun import begun_from_json

            begun = begun_from_json(value)
            run = Run(
                id=begun.id,
                name=begun.name,
                status=Status.RUNNING,
                started_at=begun.started_at,
                ended_at=None,
                code=begun.code,
                pillars=Pillars("", "", "", ""),
                author=begun.author,
                host=begun.host,
                command=begun.command,
                cwd=begun.cwd,
                project=begun.project,
                message=begun.message,
                parent_run=begun.parent_run,
                tags=begun.tags,
                gaps=begun.gaps,
            )
            found.append(Record(run, begun.params, {}))
    return found


def running_summaries(repo: Repository, records: list[Record]) -> list[Summary]:
    """Returns the summaries of runs in progress, as people have edited them meanwhile.

    Each is the commit of its code snapshot.
    """
    if not records:
        return []
    from repro.model.event import edits_of
    from repro.store.listing import with_edits
    from repro.store.log import read_events
    from repro.store.runs import list_live

    oids = dict(list_live(repo))
    edits = edits_of(read_events(repo, runs=oids.keys()))
    return [
        with_edits(summarize(record, oid=oids[record.run.id], ref=live_ref(record.run.id)), edits)
        for record in records
        if record.run.id in oids  # else it has just ended, and is among the recorded
    ]


def find_run(repo: Repository, text: str) -> tuple[Summary, Record]:
    """Returns the run that a text names, recorded or in progress.

    The record is what was recorded; the summary has what people said of the run since.

    Raises:
        UnknownRunError: There is none.
        AmbiguousRunError: There are several.
        UnreadableRunError: It is damaged, or a newer repro wrote it.
    """
    from repro.store.resolve import resolve_run
    from repro.store.runs import read_record

    records = running_records(repo)
    running = _find_running(repo, records, text)
    if running is not None:
        return running, next(record for record in records if record.run.id == running.id)
    summary = resolve_run(repo, text)
    return summary, read_record(repo, summary)


def find_summary(repo: Repository, text: str) -> Summary:
    """Returns the summary of the run that a text names, recorded or in progress.

    Raises:
        UnknownRunError: There is none.
        AmbiguousRunError: There are several.
        UnreadableRunError: It is damaged, or a newer repro wrote it.
    """
    from repro.store.resolve import resolve_run

    return _find_running(repo, running_records(repo), text) or resolve_run(repo, text)


def _find_running(repo: Repository, records: list[Record], text: str) -> Summary | None:
    for summary in running_summaries(repo, records):
        letters = short_id(summary.id)
        if text in (summary.id, summary.name) or (len(text) > 3 and letters.startswith(text)):
            return summary
    return None
