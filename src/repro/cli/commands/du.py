"""``repro du``: where the bytes are."""

import os
from typing import NamedTuple

import click

from repro.cli.console import Console, current_console
from repro.cli.format import size
from repro.cli.run_argument import RUN
from repro.cli.runs import open_runs
from repro.git.repository import Repository
from repro.model.ids import short_id
from repro.model.summary import Summary
from repro.store.usage import RunUsage

__all__ = ["command"]

_LARGEST = 20
_NONE = RunUsage(0, 0, 0)


class _Total(NamedTuple):
    """Bytes of one kind.

    Attributes:
        kind: For ``--json``.
        label: For people.
        n_bytes: On disk.
        note: What is to be said of it.
    """

    kind: str
    label: str
    n_bytes: int | None
    note: str = ""


@click.command("du", short_help="Show how much space runs take")
@click.argument("runs", metavar="[RUN...]", nargs=-1, type=RUN)
@click.option(
    "-n", "--limit", type=click.IntRange(min=0), metavar="N", help="Show N runs, 0 for all."
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def command(runs: tuple[str, ...], *, limit: int | None, as_json: bool) -> None:
    """Show how many bytes runs take, those with the most of their own first, and in total.

    DATA and ARTIFACTS are what a run read and wrote, wherever the bytes are; many runs share them.
    OWN is what the object store keeps for this run alone: so much is free when it is removed and
    `repro gc` has emptied the trash.

    A terminal gets the 20 largest; a pipe gets all, as tab-separated values, and the totals on
    stderr.

    \b
      repro du
      repro du best:accuracy @
      repro du --json | jq .total
    """  # noqa: D301 - click reads the backspace
    console = current_console()
    repo = open_runs()
    chosen = _chosen(repo, runs)
    rows, totals = _measure(repo, chosen)
    if as_json:
        console.json(_to_json(rows, totals))
        return
    if limit is None:
        limit = _LARGEST if console.is_terminal else 0
    shown = rows[:limit] if limit else rows
    if console.is_terminal:
        _draw(console, shown, totals)
    else:
        _write(console, shown, totals)
    if len(shown) < len(rows):
        console.talk(f"… and {len(rows) - len(shown):,} more: repro du -n 0")


def _chosen(repo: Repository, texts: tuple[str, ...]) -> list[Summary]:
    from repro.lineage.resolve import resolve_run
    from repro.store.listing import list_runs

    if not texts:
        return list_runs(repo)
    return list({run.id: run for run in (resolve_run(repo, text) for text in texts)}.values())


_Row = tuple[Summary, RunUsage]


def _measure(repo: Repository, runs: list[Summary]) -> tuple[list[_Row], list[_Total]]:
    from repro.cli.garbage.needs import Without, needs_of
    from repro.cli.garbage.objects import store_of
    from repro.data.sweep import list_objects
    from repro.store.usage import usage_of

    store = store_of(repo)
    objects = list_objects(store.root)
    needs = needs_of(repo, store, without=Without())
    usage = usage_of(needs.holdings, needs.expanded, objects, others=needs.others)
    rows = [(run, usage.get(run.oid, _NONE)) for run in runs]
    rows.sort(key=lambda row: (row[1].unique_bytes, sum(row[1])), reverse=True)
    own = sum(stored.size_bytes for stored in objects if not stored.is_shared)
    shared = sum(stored.size_bytes for stored in objects if stored.is_shared)
    unneeded = [x for x in objects if x.hash not in needs.hashes and not x.is_shared]
    totals = [
        *_in_git(repo),
        _Total("store", "object store", own, f"and {size(shared)} that other files share"),
        _Total("store_shared", "", shared),
        _Total("unneeded", "  nothing needs", sum(x.size_bytes for x in unneeded), "repro gc"),
        *_on_disk(repo),
    ]
    return rows, totals


def _in_git(repo: Repository) -> list[_Total]:
    from repro.git.disk_usage import disk_usage
    from repro.git.refs import list_refs
    from repro.model.ids import TRASH_REFS

    others = ("--not", "HEAD", "--branches", "--tags", "--remotes")
    users = others if repo.head is not None else (others[0], *others[2:])
    git = disk_usage(repo, "--glob=refs/repro/*", *users)
    trash = [oid for _, oid in list_refs(repo, TRASH_REFS)]
    stdin = "".join(f"{oid}\n" for oid in trash).encode()
    rest = ("--not", f"--exclude={TRASH_REFS}*", "--all")
    n_bytes = disk_usage(repo, *rest, stdin=stdin) if trash else 0
    note = f"{len(trash):,} removed; repro gc empties it" if trash else ""
    return [
        _Total("git", "git objects", git, "of runs alone"),
        _Total("trash", "  in the trash", n_bytes, note),
    ]


def _on_disk(repo: Repository) -> list[_Total]:
    return [
        _Total("environments", "environments", _bytes_in(repo, "envs")),
        _Total("worktrees", "working trees", _bytes_in(repo, "worktrees")),
        _Total("caches", "caches", _bytes_in(repo, "cache", "index", "states", "unchanged")),
    ]


def _bytes_in(repo: Repository, *names: str) -> int:
    from repro.cli.garbage.freed import disk_bytes

    paths = [f"{repo.state_dir}/{name}" for name in names]
    return sum(disk_bytes(path) for path in paths if os.path.isdir(path))


def _to_json(rows: list[_Row], totals: list[_Total]) -> dict[str, object]:
    return {
        "runs": [{"id": run.id, "name": run.name, **usage._asdict()} for run, usage in rows],
        "total": {f"{total.kind}_bytes": total.n_bytes for total in totals},
    }


def _write(console: Console, rows: list[_Row], totals: list[_Total]) -> None:
    from repro.cli.table import to_tsv

    header = ("id", "name", *RunUsage._fields)
    console.write(to_tsv(header, ([run.id, run.name, *map(str, use)] for run, use in rows)))
    for total in totals:
        if total.label:
            console.talk(f"{total.label.strip()}: {_size(total)}{_noted(total)}")


def _draw(console: Console, rows: list[_Row], totals: list[_Total]) -> None:
    from repro.cli.page import Cell, Grid, Line
    from repro.cli.table import Column, show_table

    if rows:
        columns = [
            Column("run", tuple(Cell(short_id(run.id), "yellow") for run, _ in rows)),
            Column("name", tuple(Cell(run.name) for run, _ in rows)),
            *(
                Column(title, tuple(Cell(size(use[at])) for _, use in rows), right=True)
                for at, title in enumerate(("data", "artifacts", "own"))
            ),
        ]
        show_table(console, columns)
        console.show([Line.of("")])
    cells = [
        (Cell(total.label), Cell(_size(total)), Cell(total.note, "dim"))
        for total in totals
        if total.label
    ]
    console.show([Grid(tuple(cells), right=frozenset({1}))])


def _size(total: _Total) -> str:
    return "not known" if total.n_bytes is None else size(total.n_bytes)


def _noted(total: _Total) -> str:
    return f" ({total.note})" if total.note else ""
