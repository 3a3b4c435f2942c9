"""Params or metrics of a few runs: one row a name, one column a run."""

from collections.abc import Sequence

from repro.cli.console import current_console
from repro.cli.page import Cell
from repro.cli.runs import find_run, open_runs
from repro.cli.table import Column, show_table, to_tsv
from repro.cli.views.listing import raw, text_of
from repro.compare.fields import SCOPES, Key, names_in
from repro.compare.strict_json import strict
from repro.model.summary import Summary, summarize

__all__ = ["show_side_by_side"]


def show_side_by_side(scope: str, texts: Sequence[str], *, as_json: bool) -> None:
    """Shows the params or the metrics of the runs that were named.

    Args:
        scope: "params" or "metrics".
        texts: What names the runs.
        as_json: Whether to write an object by run id, each with an object by name.

    Raises:
        UnknownRunError: One names no run.
        AmbiguousRunError: One names several.
    """
    console = current_console()
    repo = open_runs()
    found = [find_run(repo, text) for text in texts]
    runs = [summarize(record, oid=run.oid, ref=run.ref) for run, record in found]
    names = list(names_in(runs, scope))
    if as_json:
        console.json({run.id: strict(dict(SCOPES[scope](run))) for run in runs})
    elif not names:
        console.talk(f"no {scope}")
    elif console.is_terminal:
        show_table(console, _columns(scope, names, runs), whole=True)
    else:
        values = [[raw(Key(scope, name).value_in(run)) for run in runs] for name in names]
        rows = [[name, *row] for name, row in zip(names, values, strict=True)]
        console.write(to_tsv([scope, *(run.name for run in runs)], rows))


def _columns(scope: str, names: Sequence[str], runs: Sequence[Summary]) -> list[Column]:
    columns = [Column(scope, tuple(map(Cell, names)))]
    for run in runs:
        found = [Key(scope, name).value_in(run) for name in names]
        columns.append(
            Column(run.name, tuple(Cell(text_of(x)) for x in found), right=scope == "metrics")
        )
    return columns
