"""Makes files of tables: a dict of columns, a list of rows, or a data frame."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from repro.api.plain import Plain
from repro.api.rendering import UnknownFormError, object_bytes

__all__ = ["table_bytes"]


def table_bytes(table: Any, suffix: str) -> bytes:  # noqa: ANN401 - a frame of whatever library
    """Returns a table as CSV, TSV or JSON (a list of rows).

    Raises:
        UnknownFormError: It is no table, or cannot be that kind of file.
    """
    if suffix not in ("csv", "tsv", "json", ""):
        raise UnknownFormError(f"a table can be saved as .csv, .tsv or .json, not as .{suffix}")
    rows = _rows_of(table)
    if suffix == "json":
        return object_bytes(rows, suffix)
    return _separated(rows, "\t" if suffix == "tsv" else ",")


def _rows_of(table: Any) -> list[Mapping[str, object]]:  # noqa: ANN401 - as above
    if callable(getattr(table, "to_dicts", None)):  # polars
        return list(table.to_dicts())
    if hasattr(table, "columns") and callable(getattr(table, "to_dict", None)):  # pandas
        return list(table.to_dict("records"))
    if callable(getattr(table, "to_pylist", None)):  # pyarrow
        return list(table.to_pylist())
    if isinstance(table, Mapping):
        return _from_columns(table)
    if isinstance(table, Sequence) and not isinstance(table, (str, bytes)):
        rows = [Plain().value(row) for row in table]
        if all(isinstance(row, dict) for row in rows):
            return [row for row in rows if isinstance(row, dict)]
    raise UnknownFormError(f"{type(table).__name__} is no table")


def _from_columns(table: Mapping[Any, Any]) -> list[Mapping[str, object]]:
    columns = {}
    for name, column in table.items():
        values = column.tolist() if callable(getattr(column, "tolist", None)) else column
        is_column = isinstance(values, Iterable) and not isinstance(values, (str, bytes, Mapping))
        columns[str(name)] = list(values) if is_column else [values]
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise UnknownFormError(f"its columns have different lengths: {sorted(lengths)}")
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _separated(rows: list[Mapping[str, object]], separator: str) -> bytes:
    import csv
    import io

    names = list(dict.fromkeys(str(name) for row in rows for name in row))
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator, lineterminator="\n")
    writer.writerow(names)
    plain = Plain()
    for row in rows:
        cells = {str(name): plain.value(value) for name, value in row.items()}
        writer.writerow([cells.get(name) for name in names])
    return buffer.getvalue().encode("utf-8", "backslashreplace")
