"""``repro fsck``: what is lost or damaged, which runs need it, and repair."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from repro.cli.console import Console, current_console
from repro.cli.page import clean
from repro.cli.progress_line import progress_line
from repro.cli.run_argument import RUN
from repro.git.repository import Repository
from repro.model.ids import RunId, run_id_from_ref, short_id

if TYPE_CHECKING:
    from repro.fsck.check import Findings
    from repro.fsck.problem import Problem, Report

__all__ = ["command"]

_MAX_SHOWN_RUNS = 5
_MAX_ROUNDS = 3


@click.command("fsck", short_help="Find what is lost or damaged, and repair it")
@click.argument("runs", metavar="[RUN]...", type=RUN, nargs=-1)
@click.option("--repair", "is_repair", is_flag=True, help="Bring back what is still somewhere.")
@click.option("--fast", "is_fast", is_flag=True, help="Believe data that looks unchanged.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def command(runs: tuple[str, ...], *, is_repair: bool, is_fast: bool, as_json: bool) -> None:
    r"""Check all that repro keeps here, or what the given runs need.

    Every git object and every stored file is read and compared with its hash; refs, records,
    archives of folded runs, notes and tags are read too. A line for each thing that is lost or
    damaged says which runs need it. Exit 1 where there is one.

    With --repair: data comes back from DVC's cache, the working tree and DVC's remotes; git objects
    from the working tree and git's remotes. What is taken away is kept in
    .git/repro/fsck/quarantine, with a log that says how to get it back.

    \b
    Examples:
      repro fsck
      repro fsck @ --fast
      repro fsck --repair
    """
    from datetime import UTC, datetime

    from repro.fsck.check import check
    from repro.fsck.opening import open_damaged
    from repro.fsck.quarantine import Quarantine
    from repro.fsck.repair import repair

    console = current_console()
    repo = open_damaged(os.getcwd())
    now = datetime.now(UTC)
    only = _chosen(repo, runs)

    def look(*, fast: bool) -> "Findings":
        with progress_line(console) as line:

            def tell(what: str, done: int, total: int) -> None:
                line.count(f"checking {what}:", done, max(done, total))

            return check(repo, now_s=now.timestamp(), only=only, is_fast=fast, tell=tell)

    findings = look(fast=is_fast)
    done: list[str] = []
    quarantine = Quarantine(repo, now=now)
    # What a run needs shows when its record is back: so again, for as long as that helps.
    for _ in range(_MAX_ROUNDS if is_repair else 0):
        before = findings.report
        if _is_settled(before):
            break
        for line in repair(repo, findings, quarantine=quarantine):
            console.talk(line)
            done.append(line)
        findings = look(fast=False)
        if findings.report.problems == before.problems:
            break
    report = findings.report
    kept_in = quarantine.path if quarantine.n_items else None
    if as_json:
        console.json(_report_json(report, done, kept_in))
    else:
        _show(console, report)
    _summarize(console, report, n_done=len(done), is_repair=is_repair, kept_in=kept_in)
    raise SystemExit(0 if report.is_clean else 1)


def _is_settled(report: "Report") -> bool:
    from repro.fsck.problem import Kind

    # A note may be of work that was left half-done.
    return report.is_clean and all(problem.kind is not Kind.ARCHIVE for problem in report.problems)


def _chosen(repo: Repository, texts: Sequence[str]) -> frozenset[RunId] | None:
    if not texts:
        return None
    from repro.lineage.resolve import resolve_run
    from repro.store.resolve import UnreadableRunError

    found = set()
    for text in texts:
        try:
            found.add(resolve_run(repo, text).id)
        except UnreadableRunError as error:  # it is what is to be looked at
            run_id = run_id_from_ref(error.run.ref)
            if run_id is None:
                raise
            found.add(run_id)
    return frozenset(found)


def _show(console: Console, report: "Report") -> None:
    for problem in report.problems:
        state = "note" if problem.is_note else "problem"
        console.write(f"{state}\t{problem.kind}\t{clean(_line(problem, report))}\n")
        if problem.hint:
            console.write(f"\t\thint: {clean(problem.hint)}\n")


def _line(problem: "Problem", report: "Report") -> str:
    from repro.fsck.problem import Kind

    runs = [_title(run, report) for run in problem.runs[:_MAX_SHOWN_RUNS]]
    more = len(problem.runs) - len(runs)
    if more:
        runs.append(f"{more:,} more")
    if problem.kind is Kind.RECORD:
        return f"{runs[0]}: {problem.reason}"
    needs = f"; needed by {', '.join(runs)}" if runs else ""
    return f"{problem.subject}: {problem.reason}{needs}"


def _title(run: RunId, report: "Report") -> str:
    name = report.names.get(run)
    return f"{name} ({short_id(run)})" if name is not None else short_id(run)


def _summarize(
    console: Console,
    report: "Report",
    *,
    n_done: int,
    is_repair: bool,
    kept_in: str | None,
) -> None:
    from repro.fsck.problem import counted

    counts = (
        (report.n_runs, "run"),
        (report.n_git_objects, "git object"),
        (report.n_data_objects, "data object"),
    )
    checked = ", ".join(counted(number, what) for number, what in counts)
    problems = [problem for problem in report.problems if not problem.is_note]
    runs = {run for problem in problems for run in problem.runs}
    found = f"{counted(len(problems), 'problem')}, {counted(len(runs), 'run')} concerned"
    console.talk(f"checked {checked}: {found if problems else 'nothing is lost or damaged'}")
    if kept_in is not None:
        console.talk(f"what was taken away is in {kept_in}; how to get it back: log.txt there")
    if problems and not is_repair:
        console.talk("hint: repro fsck --repair")
    elif problems:
        where = "" if n_done else "nothing could be repaired; "
        console.talk(f"hint: {where}repro fsck --repair again where a remote has it: repro push")


def _report_json(report: "Report", done: Sequence[str], kept_in: str | None) -> dict[str, object]:
    return {
        "n_runs": report.n_runs,
        "n_git_objects": report.n_git_objects,
        "n_data_objects": report.n_data_objects,
        "problems": [_problem_json(x, report) for x in report.problems if not x.is_note],
        "notes": [_problem_json(x, report) for x in report.problems if x.is_note],
        "repaired": list(done),
        "quarantine": kept_in,
    }


def _problem_json(problem: "Problem", report: "Report") -> dict[str, object]:
    return {
        "kind": problem.kind.value,
        "subject": problem.subject,
        "reason": problem.reason,
        "runs": [{"id": run, "name": report.names.get(run)} for run in problem.runs],
        "path": problem.at or None,
        "hint": problem.hint or None,
    }
