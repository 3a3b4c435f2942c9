"""Which runs a command speaks of: those recorded, and those that run at this moment."""

import os

from repro.cli.console import current_console
from repro.git.repository import Repository, open_repository
from repro.model.ids import RunId, short_id
from repro.model.run import Record
from repro.model.summary import Summary
from repro.record.live import list_live_runs, live_run
from repro.record.liveness import Elsewhere, elsewhere
from repro.selection.running import find_running, running_records

__all__ = ["find_run", "find_summary", "open_runs", "runs_elsewhere"]


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


def find_run(repo: Repository, text: str) -> tuple[Summary, Record]:
    """Returns the run that a text names, recorded or in progress.

    The record is what was recorded; the summary has what people said of the run since.

    Raises:
        UnknownRunError: There is none.
        AmbiguousRunError: There are several.
        UnreadableRunError: It is damaged, or a newer repro wrote it.
    """
    from repro.lineage.resolve import resolve_run
    from repro.store.runs import read_record

    running = find_running(repo, running_records(repo), text)
    if running is not None:
        from repro.record.so_far import read_all_so_far

        so_far = read_all_so_far(repo, live_run(repo, running.id))
        if so_far is not None:
            return running, so_far
        text = running.id  # it has just ended
    summary = resolve_run(repo, text)
    return summary, read_record(repo, summary)


def find_summary(repo: Repository, text: str) -> Summary:
    """Returns the summary of the run that a text names, recorded or in progress.

    Raises:
        UnknownRunError: There is none.
        AmbiguousRunError: There are several.
        UnreadableRunError: It is damaged, or a newer repro wrote it.
    """
    from repro.lineage.resolve import resolve_run

    return find_running(repo, running_records(repo), text) or resolve_run(repo, text)


def runs_elsewhere(repo: Repository) -> dict[RunId, Elsewhere]:
    """Returns which runs in progress are on other machines, so that nobody here sees them live."""
    found = {live.id: _elsewhere(live.directory) for live in list_live_runs(repo)}
    return {run_id: where for run_id, where in found.items() if where is not None}


def _elsewhere(directory: str) -> Elsewhere | None:
    try:
        return elsewhere(directory)
    except FileNotFoundError:  # it has just ended
        return None
