"""``repro doctor``: what repro sees of this machine and repository, and secrets in old runs."""

from collections.abc import Iterator, Sequence

import click

from repro.cli.checks.check import Check, counted
from repro.cli.checks.machine import check_machine, check_names
from repro.cli.checks.place import check_place, check_settings, check_state
from repro.cli.checks.runs import check_key, check_runs
from repro.cli.console import Console, current_console
from repro.cli.page import clean
from repro.cli.run_argument import RUN
from repro.git.repository import Repository, open_repository
from repro.model.ids import Oid, RefName, run_id_from_ref, run_ref, short_id
from repro.store.secrets import Finding, Scan, scan_runs

__all__ = ["command"]

_MAX_SHOWN_REFS = 5


@click.command("doctor", short_help="Check this repository, and runs for secrets")
@click.argument("runs", metavar="[RUN]...", type=RUN, nargs=-1)
@click.option("--secrets", is_flag=True, help="Search the runs, by default all, for secrets.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def command(runs: tuple[str, ...], *, secrets: bool, as_json: bool) -> None:
    """Show what repro works with here, a line each; exit 1 where there is a problem.

    Looked at are versions, clocks, other things named repro, git's configuration and hooks, file
    systems, runs that no remote has, and data that `dvc gc` would delete. What is merely worth
    knowing is a note. `repro fsck` reads every byte of the runs.

    With --secrets: search what the runs hold beyond their commits (uncommitted changes, records,
    messages) for tokens, passwords and keys. What is found is named by its place, never shown;
    exit 1 where there is something.
    """
    if runs and not secrets:
        raise click.UsageError("runs are searched for secrets only; add --secrets")
    console = current_console()
    repo = open_repository()
    if secrets:
        scan = scan_runs(repo, _chosen(repo, runs))
        _show_scan(console, scan, as_json=as_json)
        raise SystemExit(1 if scan.findings else 0)
    checks = list(_checks(repo))
    _show_checks(console, checks, as_json=as_json)
    raise SystemExit(0 if all(check.is_ok for check in checks) else 1)


def _chosen(repo: Repository, texts: Sequence[str]) -> list[tuple[RefName, Oid]] | None:
    if not texts:
        return None
    from repro.lineage.resolve import resolve_run

    found = (resolve_run(repo, text) for text in texts)
    runs = {run_ref(run.id): run.oid for run in found}  # a folded one by the ref that it had
    return sorted(runs.items())


def _show_scan(console: Console, scan: Scan, *, as_json: bool) -> None:
    if as_json:
        rows = [_finding_json(finding) for finding in scan.findings]
        console.json({"n_files": scan.n_files, "n_runs": scan.n_runs, "findings": rows})
        return
    searched = f"{counted(scan.n_files, 'file')} in {counted(scan.n_runs, 'run')}"
    if not scan.findings:
        console.write(f"{searched}: no secrets found\n")
        return
    for finding in scan.findings:
        more = f", and in {counted(len(finding.also), 'more run')}" if finding.also else ""
        place = f"{clean(finding.path)}:{finding.line}"
        console.write(f"{_letters(finding.ref)}\t{place}\t{finding.kind}{more}\n")
    refs = dict.fromkeys(ref for item in scan.findings for ref in (item.ref, *item.also))
    found = f"{counted(len(scan.findings), 'secret')} found, in {counted(len(refs), 'run')}"
    console.talk(f"{searched}: {found}")
    console.talk("hint: first revoke them where they were issued: a copy may be anywhere")
    console.talk("hint: then remove the runs:")
    for ref in list(refs)[:_MAX_SHOWN_REFS]:
        console.talk(f"  repro rm {_letters(ref)}")
    if len(refs) > _MAX_SHOWN_REFS:
        console.talk(f"  and {len(refs) - _MAX_SHOWN_REFS} more: --json lists them")
    console.talk("  repro gc --now && git gc --prune=now")
    console.talk(
        "hint: and on each remote that has them: git push REMOTE --delete refs/repro/runs/ID"
    )
    console.talk("hint: a worktree made of such a run keeps it: git worktree list, and remove")


def _finding_json(finding: Finding) -> dict[str, object]:
    return {
        "run": run_id_from_ref(finding.ref),
        "ref": finding.ref,
        "path": finding.path,
        "line": finding.line,
        "kind": finding.kind,
        "also_in": [run_id_from_ref(ref) for ref in finding.also],
    }


def _letters(ref: RefName) -> str:
    run_id = run_id_from_ref(ref)
    return short_id(run_id) if run_id is not None else clean(ref)


def _show_checks(console: Console, checks: Sequence[Check], *, as_json: bool) -> None:
    if as_json:
        rows = [
            {"name": c.name, "ok": c.is_ok, "text": c.text, "hint": c.hint or None} for c in checks
        ]
        console.json(rows)
        return
    for check in checks:
        state = "problem" if not check.is_ok else "note" if check.hint else "ok"
        console.write(f"{state:<8}{check.name:<12}{clean(check.text)}\n")
        if check.hint:
            console.write(f"{'':<20}hint: {clean(check.hint)}\n")


def _checks(repo: Repository) -> Iterator[Check]:
    yield from check_machine(repo)
    yield Check("repository", True, f"{repo.top} ({repo.hash_name})")
    yield from check_names()
    state = list(check_state(repo))
    yield from state
    yield from check_settings(repo)
    if not state[0].is_ok:
        return
    yield from check_place(repo)
    yield from check_runs(repo)
    yield check_key(repo)
