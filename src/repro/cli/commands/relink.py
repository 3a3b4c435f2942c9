"""``repro relink``: runs of rewritten commits, tied to what these became."""

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from repro.cli.console import Console, current_console
from repro.cli.format import counted
from repro.cli.page import Cell
from repro.cli.runs import open_runs
from repro.cli.table import Column, show_table, to_tsv
from repro.git.identity import author_of
from repro.git.repository import Repository
from repro.lineage.belonging import attach
from repro.lineage.commits import Commit, read_commits
from repro.lineage.unwritten import Unwritten, unwritten
from repro.lineage.why import Why
from repro.model.ids import RunId, short_id
from repro.store.lookup import Lookup

__all__ = ["command"]

_COMMITS = 100
_WHY = {
    Why.NOTED: "a git note names it",
    Why.SAME_TREE: "the same files",
    Why.SAME_CHANGE: "the same change",
    Why.SQUASH: "its commit was squashed into this one",
    Why.HOLDS: "holds what the run ran on, and its results",
}


@click.command("relink", short_help="Tie runs to what became of their commits")
@click.argument("revisions", metavar="[REVISION]...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Only say what would be tied.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def command(revisions: tuple[str, ...], *, dry_run: bool, as_json: bool) -> None:
    """Find commits that are rewritten forms of others, and give them the runs of these.

    With `repro hooks install` an amend or a rebase does so by itself. What happens elsewhere is
    found here: a squash merge on the server, a rebase on a machine without hooks, git filter-repo.
    `repro ls COMMIT` finds such runs anyway; once it is written down, that no longer depends on the
    old commits, and the next `repro push` shares it.

    Looked at are the newest 100 commits of HEAD, all that its upstream has not, or those that
    REVISIONs name, as for git log. Nothing is changed but what is said of runs; to do it again does
    nothing.

    \b
    Examples:
      git pull && repro relink
      repro relink main~20..main
      repro relink --dry-run
    """  # noqa: D301 - click reads the backspace
    console = current_console()
    repo = open_runs()
    commits = _commits(repo, revisions)
    found = unwritten(repo, commits)
    if not dry_run:
        pairs = [(tie.commit, tie.run) for tie in found]
        attach(repo, pairs, now=datetime.now(UTC), author=author_of(repo))
    _write(console, repo, found, as_json=as_json)
    _talk(console, found, len(commits), dry_run=dry_run)


def _commits(repo: Repository, revisions: Sequence[str]) -> list[Commit]:
    if revisions:
        return read_commits(repo, revisions)
    if repo.head is None:
        return []
    ahead = repo.start("rev-list", "--count", "@{upstream}..HEAD").result()
    n_ahead = int(ahead.out) if ahead.code == 0 else 0
    skip = f"--skip={max(_COMMITS, n_ahead)}"
    beyond = repo.git("rev-list", skip, "--max-count=1", "HEAD").decode("ascii").split()
    return read_commits(repo, ["HEAD", *(f"^{commit}" for commit in beyond)])


def _write(
    console: Console, repo: Repository, found: Sequence[Unwritten], *, as_json: bool
) -> None:
    names = _names(repo, {tie.run for tie in found})
    if as_json:
        console.json(
            [
                {
                    "commit": tie.commit,
                    "run": tie.run,
                    "name": names.get(tie.run),
                    "why": tie.why.value,
                }
                for tie in found
            ]
        )
    elif not console.is_terminal:
        rows = [[tie.commit, tie.run, names.get(tie.run, ""), tie.why.value] for tie in found]
        console.write(to_tsv(["commit", "run", "name", "why"], rows))
    elif found:
        texts = {
            "commit": [tie.commit[:8] for tie in found],
            "run": [short_id(tie.run) for tie in found],
            "name": [names.get(tie.run, "") for tie in found],
            "why": [_WHY.get(tie.why, tie.why.value) for tie in found],
        }
        styles = {"commit": "yellow", "run": "cyan", "why": "dim"}
        show_table(
            console,
            [
                Column(
                    title, tuple(Cell(text, styles.get(title, "")) for text in column), rank=rank
                )
                for rank, (title, column) in enumerate(texts.items())
            ],
        )


def _names(repo: Repository, runs: set[RunId]) -> dict[RunId, str]:
    return {run.id: run.name for run in Lookup(repo).of_ids(runs).summaries} if runs else {}


def _talk(console: Console, found: Sequence[Unwritten], n_commits: int, *, dry_run: bool) -> None:
    if not found:
        console.talk(f"nothing to tie in {counted(n_commits, 'commit')}")
        return
    runs = counted(len({tie.run for tie in found}), "run")
    commits = counted(len({tie.commit for tie in found}), "commit")
    if dry_run:
        console.talk(f"would tie {runs} to {commits}; to do it: repro relink")
    else:
        console.talk(f"tied {runs} to {commits}; to share that: repro push")
