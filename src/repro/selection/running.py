"""The runs in progress, as far as their live directories and snapshots tell."""

from repro.git.repository import Repository
from repro.model.ids import live_ref, short_id
from repro.model.run import Record
from repro.model.summary import Summary, summarize
from repro.record.live import list_live_runs

__all__ = ["find_running", "running_records", "running_summaries"]


def running_records(repo: Repository) -> list[Record]:
    """Returns what is known of the runs in progress, newest first."""
    live_runs = list_live_runs(repo)
    if not live_runs:
        return []
    from repro.record.so_far import read_so_far

    records = (read_so_far(repo, live) for live in reversed(live_runs))
    return [record for record in records if record is not None]


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


def find_running(repo: Repository, records: list[Record], text: str) -> Summary | None:
    """Returns the run in progress that a text names: its id, letters of it, or its name."""
    for summary in running_summaries(repo, records):
        letters = short_id(summary.id)
        if text in (summary.id, summary.name) or (len(text) > 3 and letters.startswith(text)):
            return summary
    return None
