"""``repro.log_input``: a program names data that it reads."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from repro.data.tables.location import Location

__all__ = ["log_input"]

_DIRECTORY = "REPRO_RUN_DIRECTORY"
_JOURNAL = "inputs.jsonl"
_said: set[str] = set()


def log_input(path: "str | os.PathLike[str]", version: int | str | None = None) -> None:
    """Notes that this run reads a file, a directory, or a version of a lakehouse table.

    A table's version is looked up now, unless it is given. Between this and the program's own look
    somebody may write to the table: give the version that was opened, where it is known::

        table = DeltaTable("warehouse/events")
        repro.log_input("delta://warehouse/events", version=table.version())

    Where no run is on, it begins one that ends with the process, as `repro.log_metric` does. It
    never raises: what goes wrong is logged as a warning of the logger "repro", and is a gap in the
    run's record.

    Args:
        path: A file or directory, or a table: its directory, ``delta://PATH``,
            ``delta+s3://BUCKET/PATH``, ``iceberg://CATALOG/NAMESPACE.TABLE``.
        version: For tables. Delta: a number, or a time as ISO 8601. Iceberg: the id of a snapshot,
            or the name of a branch or tag. None for the version that is current.
    """
    try:
        directory = _run_directory()
        if not directory:
            _warn("log_input: the run is kept in memory: its inputs are not noted", once=True)
            return
        _append(f"{directory}/{_JOURNAL}", _line(path, version))
    except Exception as error:  # noqa: BLE001 - on purpose: no note is worth the user's training
        _warn(f"log_input: {_described(path)} is not noted: {error}")


def _run_directory() -> str:
    """Returns the directory of the current run, which may be in a thread of its own."""
    from repro.api.current import find_run

    run = find_run()
    if run is None and (directory := os.environ.get(_DIRECTORY)):
        return directory
    if run is None:
        from repro.api.begin import the_run

        run = the_run()
    return run.directory


def _line(path: object, version: object) -> dict[str, object]:
    if not isinstance(path, (str, os.PathLike)):
        return _problem(_described(path)[:100], "neither a path nor the URI of a table")
    text = os.fsdecode(path)
    if version is not None and (isinstance(version, bool) or not isinstance(version, (int, str))):
        shown = _described(version)[:100]
        return _problem(text, f"its version is neither a number nor a text: {shown}")
    from repro.data.tables.location import find_table, without_login

    here = os.getcwd()
    location = find_table(text, base=here)
    if location is not None:
        return _table(location, None if version is None else str(version))
    if "://" in text:
        return _problem(
            without_login(text),
            "of what kind this table is its name does not say",
            fix="write delta+ or iceberg+ before its URL",
        )
    if version is not None:
        return _problem(os.path.join(here, text), f"no table is there that has a version {version}")
    return _file(os.path.normpath(os.path.join(here, text)))


def _file(full: str) -> dict[str, object]:
    """Returns the line for a file, with what tells later whether it is still the same."""
    try:
        status = os.stat(full)
    except OSError:  # the recorder says so, too
        return {"path": full}
    return {"path": full, "state": [status.st_size, status.st_mtime_ns, status.st_ino]}


def _table(location: "Location", version: str | None) -> dict[str, object]:
    from repro.data.tables.read import read_version
    from repro.data.tables.version import TablePackageMissingError, TableUnreadableError

    version = version if version is not None else location.version
    line: dict[str, object] = {
        "path": location.path,
        "kind": location.kind.value,
        "version": version,
        "explicit": location.is_explicit,
    }
    try:
        found = read_version(location.kind, location.path, top="", version=version)
    except TablePackageMissingError as error:
        _warn(f"log_input: {error.message}: {error.hint}", once=True)
    except TableUnreadableError as error:
        _warn(f"log_input: {error.message}")
        line["problem"] = error.reason
    else:
        line["found"] = [found.version, found.table_id, found.size_bytes, found.n_files]
    return line


def _problem(subject: str, reason: str, *, fix: str = "") -> dict[str, object]:
    _warn(f"log_input: {subject}: {reason}")
    return {"path": subject, "problem": reason, "fix": fix}


def _append(journal: str, line: dict[str, object]) -> None:
    """Appends a line in one write, so that those of other processes and threads stay whole."""
    import json

    content = json.dumps(line).encode("ascii") + b"\n"
    # The directory goes when the run has ended: a process that lives on leaves nothing behind.
    fd = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, content)
    finally:
        os.close(fd)


def _described(value: object) -> str:
    from repro.api.plain import described

    return described(value)


def _warn(text: str, *, once: bool = False) -> None:
    import logging

    from repro.api.telling import on_one_line

    if once and text in _said:
        return
    _said.add(text)
    logging.getLogger("repro").warning("repro: %s", on_one_line(text))
