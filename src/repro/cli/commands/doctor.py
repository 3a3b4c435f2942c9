"""``repro doctor``: what repro sees of this machine and repository, and secrets in old runs."""

import os
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import click

from repro.cli.console import Console, current_console
from repro.cli.page import clean
from repro.cli.run_argument import RUN
from repro.git.repository import GitError, Repository, open_repository
from repro.model.ids import Oid, RefName, run_id_from_ref, short_id
from repro.process import CommandNotFoundError, start
from repro.record.live import list_live_runs
from repro.store.listing import read_listing
from repro.store.secrets import Finding, Scan, scan_runs

__all__ = ["command"]

_MAX_SHOWN_REFS = 5


class Check(NamedTuple):
    """One thing that was looked at.

    Attributes:
        name: What.
        is_ok: Whether repro can work with it.
        text: What it is.
        hint: The command that mends it.
    """

    name: str
    is_ok: bool
    text: str
    hint: str = ""


@click.command("doctor", short_help="Check this repository, and runs for secrets")
@click.argument("runs", metavar="[RUN]...", type=RUN, nargs=-1)
@click.option("--secrets", is_flag=True, help="Search the runs, by default all, for secrets.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def command(runs: tuple[str, ...], *, secrets: bool, as_json: bool) -> None:
    """Show what repro works with here, a line each; exit 1 where there is a problem.

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
    from repro.store.resolve import resolve_run

    runs = {run.ref: run.oid for run in (resolve_run(repo, text) for text in texts)}
    return sorted(runs.items())


def _show_scan(console: Console, scan: Scan, *, as_json: bool) -> None:
    if as_json:
        rows = [_finding_json(finding) for finding in scan.findings]
        console.json({"n_files": scan.n_files, "n_runs": scan.n_runs, "findings": rows})
        return
    searched = f"{_counted(scan.n_files, 'file')} in {_counted(scan.n_runs, 'run')}"
    if not scan.findings:
        console.write(f"{searched}: no secrets found\n")
        return
    for finding in scan.findings:
        more = f", and in {_counted(len(finding.also), 'more run')}" if finding.also else ""
        place = f"{clean(finding.path)}:{finding.line}"
        console.write(f"{_letters(finding.ref)}\t{place}\t{finding.kind}{more}\n")
    refs = dict.fromkeys(ref for item in scan.findings for ref in (item.ref, *item.also))
    found = f"{_counted(len(scan.findings), 'secret')} found, in {_counted(len(refs), 'run')}"
    console.talk(f"{searched}: {found}")
    console.talk("hint: first revoke them where they were issued: a copy may be anywhere")
    console.talk("hint: then remove the runs, here and on every remote that has them:")
    for ref in list(refs)[:_MAX_SHOWN_REFS]:
        console.talk(f"  git update-ref -d {ref}")
    if len(refs) > _MAX_SHOWN_REFS:
        console.talk(f"  and {len(refs) - _MAX_SHOWN_REFS} more: --json lists them")
    console.talk("  git gc --prune=now")
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


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _show_checks(console: Console, checks: Sequence[Check], *, as_json: bool) -> None:
    if as_json:
        rows = [
            {"name": c.name, "ok": c.is_ok, "text": c.text, "hint": c.hint or None} for c in checks
        ]
        console.json(rows)
        return
    for check in checks:
        state = "ok" if check.is_ok else "problem"
        console.write(f"{state:<8}{check.name:<12}{clean(check.text)}\n")
        if check.hint:
            console.write(f"{'':<20}hint: {clean(check.hint)}\n")


def _checks(repo: Repository) -> Iterator[Check]:
    git = repo.git("version").decode("utf-8", "replace").strip()
    yield Check("git", True, git.removeprefix("git version "))
    yield _uv()
    yield _installed("dvc")
    yield Check("python", True, f"{sys.version.split()[0]} at {sys.executable}")
    yield Check("repository", True, f"{repo.top} ({repo.hash_name})")
    state = _state_dir(repo)
    yield state
    if not state.is_ok:
        return
    yield from _runs(repo)
    yield _key(repo)


def _uv() -> Check:
    from repro.environment.ask_uv import find_uv

    path = find_uv()
    try:
        result = start((path, "--version"), env=dict(os.environ)).result()
    except CommandNotFoundError:
        return Check("uv", False, "not found: no environment can be locked", "pip install uv")
    text = result.out.decode("utf-8", "replace").strip().removeprefix("uv ")
    return Check("uv", result.code == 0, f"{text} at {path}")


def _installed(name: str) -> Check:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return Check(name, True, version(name))
    except PackageNotFoundError:
        return Check(name, False, "not installed beside repro", f"pip install {name}")


def _state_dir(repo: Repository) -> Check:
    path = f"{repo.state_dir}/doctor.{os.getpid()}"
    try:
        os.makedirs(repo.state_dir, exist_ok=True)
        with open(path, "wb") as file:
            file.write(b"x" * 4096)
        os.unlink(path)
    except OSError as error:
        hint = "make it writable, or free some disk space: df -h ."
        return Check("state", False, f"{repo.state_dir}: {error.strerror}", hint)
    return Check("state", True, f"{repo.state_dir} can be written")


def _runs(repo: Repository) -> Iterator[Check]:
    try:
        listing = read_listing(repo)
    except GitError as error:
        yield Check("runs", False, error.message, "git fsck")
        return
    yield Check("runs", True, _counted(len(listing.summaries), "run"))
    for run in listing.unreadable:
        yield Check("run", False, run.reason, run.hint or "git fsck")
    live = list_live_runs(repo)
    claims = [claim for run in live if (claim := run.claim()) is not None]
    for claim in claims:
        os.close(claim)
    n_dead = len(claims)
    yield Check("in progress", True, _counted(len(live) - n_dead, "run"))
    if n_dead:
        text = f"{_counted(n_dead, 'run')} whose recorder died; not recorded yet"
        yield Check("unfinished", False, text, "repro ls")


def _key(repo: Repository) -> Check:
    path = f"{repo.state_dir}/secret-key"
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return Check(
            "key", True, "none yet: the first run makes the key that secrets are marked by"
        )
    if mode & 0o077:
        return Check("key", False, f"others can read {path}", f"chmod 600 {path}")
    return Check("key", True, "secrets are marked by a key that only you can read")
