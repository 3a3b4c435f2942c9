"""What of each run is where, as ``repro ls --remote`` shows it."""

from collections.abc import Sequence
from datetime import datetime

from repro.cli.format import ago
from repro.cli.page import Cell
from repro.cli.table import Column
from repro.model.ids import short_id, started_at_from_id
from repro.share.survey import Whereabouts

__all__ = ["HEADER", "Row", "table", "to_json", "tsv_rows"]

HEADER = ("id", "name", "record", "code", "data")
Row = tuple[Whereabouts, str]
"""Where a run is, and its name; "" where the run is not here."""

_STYLES = {"both": "green", "all": "green", "here": "yellow", "no": "yellow", "some": "yellow"}


def table(rows: Sequence[Row], *, now: datetime) -> list[Column]:
    """Returns the columns for a terminal."""

    def column(title: str, texts: Sequence[str], rank: int = 0) -> Column:
        cells = tuple(Cell(text, _STYLES.get(text, "")) for text in texts)
        return Column(title, cells, rank=rank)

    return [
        column("run", [short_id(where.id) for where, _ in rows]),
        column("name", [name for _, name in rows], rank=2),
        column("started", [ago(started_at_from_id(where.id), now) for where, _ in rows], rank=3),
        column("record", [where.record.value for where, _ in rows]),
        column("code", [where.code.value for where, _ in rows]),
        column("data", [where.data.value for where, _ in rows]),
    ]


def tsv_rows(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Returns the rows for a pipe, under `HEADER`."""
    return [
        (where.id, name, where.record.value, where.code.value, where.data.value)
        for where, name in rows
    ]


def to_json(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Returns the rows for programs."""
    return [
        {
            "id": where.id,
            "name": name or None,
            "record": where.record.value,
            "code": where.code.value,
            "data": where.data.value,
            "data_remotes": list(where.data_remotes),
        }
        for where, name in rows
    ]
