"""Reads a record back from the files below ``.repro/``.

Records of every past format stay readable. What is read may be damaged or hostile: every value is
checked, and all that can come out besides a record is a `RecordError` that names file and field.
Texts may hold terminal escapes; what shows them cleans them.
"""

import json
from collections.abc import Mapping

from repro.model.curve import Curve, CurveError
from repro.model.data import LOGGED_DIRECTORY, Place, check_path
from repro.model.decode_entries import decode_artifacts, decode_data
from repro.model.decode_environment import decode_environment
from repro.model.escape import unescape_name
from repro.model.fields import Fields, RecordError, load_yaml
from repro.model.gap import Gap, GapKind
from repro.model.ids import RunId, is_run_id
from repro.model.run import (
    FORMAT_VERSION,
    Code,
    DirtyPath,
    Host,
    Identity,
    Pillars,
    Record,
    Run,
    Status,
)
from repro.model.summary import number_from_json
from repro.model.system import SystemTableError, check_system
from repro.model.values import Metric, Params

__all__ = [
    "FutureRecordError",
    "RecordError",
    "decode_artifacts",
    "decode_data",
    "decode_metrics",
    "decode_params",
    "decode_record",
    "decode_run",
]

_INLINE_DIRECTORIES = {"artifacts": "", "logged": LOGGED_DIRECTORY}


class FutureRecordError(RecordError):
    """A record that a newer repro wrote.

    Attributes:
        format: Its format.
    """

    def __init__(self, file: str, number: int) -> None:
        super().__init__(
            file,
            "format",
            f"format {number} is newer than this repro reads ({FORMAT_VERSION})",
            hint="pip install --upgrade repro-git",
        )
        self.format = number


def decode_record(files: Mapping[str, bytes]) -> Record:
    """Returns the record in the files; files that no format knows are passed over.

    Args:
        files: Content by path below ``.repro/``.

    Raises:
        FutureRecordError: A newer repro wrote it.
        RecordError: It cannot be read.
    """
    run = decode_run(_required(files, "run.yaml"))
    environment = files.get("environment/environment.yaml")
    return Record(
        run=run,
        params=decode_params(_required(files, "params.yaml")),
        metrics=decode_metrics(_required(files, "metrics.json")),
        history=_history(files),
        data=decode_data(files["data.yaml"]) if "data.yaml" in files else (),
        artifacts=decode_artifacts(files["artifacts.yaml"]) if "artifacts.yaml" in files else (),
        environment=None if environment is None else decode_environment(environment),
        lock=files.get("environment/pylock.toml"),
        conda=files.get("environment/conda-explicit.txt"),
        output=files.get("logs/output.txt"),
        inline=_inline(files),
        system=_system(files),
        cells=files.get("notebook/cells.py"),
    )


def decode_run(content: bytes) -> Run:
    """Returns what ``run.yaml`` holds.

    Raises:
        FutureRecordError: A newer repro wrote it.
        RecordError: It cannot be read.
    """
    file = "run.yaml"
    fields = Fields(file, load_yaml(file, content))
    number = fields.whole("format")
    if number > FORMAT_VERSION:
        raise FutureRecordError(file, number)
    if number < 1:
        raise fields.error("format", "there is no format 0")
    return Run(
        id=_run_id(fields, "id"),
        name=fields.text("name"),
        status=fields.choice("status", Status),
        started_at=fields.time("started_at"),
        ended_at=fields.time("ended_at") if "ended_at" in fields else None,
        code=_code(fields.fields("code")),
        pillars=_pillars(fields.fields("pillars")),
        author=fields.optional("author", lambda row: Identity(row.text("name"), row.text("email"))),
        host=_host(fields.fields("host")),
        command=fields.texts("command"),
        cwd=fields.text("cwd", "."),
        project=fields.text("project", "."),
        exit_code=fields.optional_whole("exit_code"),
        message=fields.text("message", ""),
        parent_run=_run_id(fields, "parent_run") if "parent_run" in fields else None,
        resumes=_run_id(fields, "resumes") if "resumes" in fields else None,
        tags=fields.text_map("tags"),
        gaps=tuple(_gap(row) for row in fields.rows("gaps")),
        repro_version=fields.text("repro_version", ""),
        format=number,
    )


def _code(fields: Fields) -> Code:
    return Code(
        commit=fields.oid("commit") if "commit" in fields else None,
        branch=fields.optional_text("branch"),
        tree=fields.oid("tree"),
        dirty=tuple(
            DirtyPath(row.text("path"), row.text("change")) for row in fields.rows("dirty")
        ),
    )


def _pillars(fields: Fields) -> Pillars:
    return Pillars(
        code=fields.text("code"),
        data=fields.text("data"),
        params=fields.text("params"),
        environment=fields.text("environment"),
    )


def _host(fields: Fields) -> Host:
    return Host(fields.text("name"), fields.text("user"))


def _gap(fields: Fields) -> Gap:
    return Gap(
        kind=fields.choice("kind", GapKind),
        subject=fields.text("subject"),
        reason=fields.text("reason", ""),
        fix=fields.text("fix", ""),
    )


def _run_id(fields: Fields, key: str) -> RunId:
    text = fields.text(key)
    if not is_run_id(text):
        raise fields.error(key, "not a run id")
    return RunId(text)


def decode_params(content: bytes) -> Params:
    """Returns what ``params.yaml`` holds.

    Raises:
        RecordError: It cannot be read.
    """
    params = load_yaml("params.yaml", content)
    if not isinstance(params, dict):
        raise RecordError("params.yaml", "", "not a mapping of keys and values")
    return params


def decode_metrics(content: bytes) -> dict[str, Metric]:
    """Returns what ``metrics.json`` holds.

    Raises:
        RecordError: It cannot be read.
    """
    file = "metrics.json"
    try:
        rows = json.loads(content, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RecordError(file, "", f"not JSON: {error}") from error
    if not isinstance(rows, dict):
        raise RecordError(file, "", "not an object of names and values")
    return {name: _metric(file, name, row) for name, row in rows.items()}


def _metric(file: str, name: str, row: object) -> Metric:
    value, step = (row.get("value"), row.get("step")) if isinstance(row, dict) else (row, None)
    if step is not None and (isinstance(step, bool) or not isinstance(step, int)):
        raise RecordError(file, name, "its step is not a whole number")
    try:
        return Metric(number_from_json(value), step)
    except ValueError as error:
        raise RecordError(file, name, "not a number") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("a name appears twice")
    return mapping


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not in JSON")


def _history(files: Mapping[str, bytes]) -> dict[str, Curve]:
    history: dict[str, Curve] = {}
    for path in sorted(files):
        if path.startswith("history/") and path.endswith(".tsv"):
            name = _unescaped(path, path.removeprefix("history/").removesuffix(".tsv"))
            if name in history:
                raise RecordError(path, "", f"a second curve of {name!r}")
            try:
                history[name] = Curve(files[path])
            except CurveError as error:
                raise RecordError(path, "", str(error)) from error
    return history


def _system(files: Mapping[str, bytes]) -> bytes | None:
    file = "system.tsv"
    try:
        if file in files:
            check_system(files[file])
    except SystemTableError as error:
        raise RecordError(file, "", error.message) from error
    return files.get(file)


def _inline(files: Mapping[str, bytes]) -> dict[str, bytes]:
    inline: dict[str, bytes] = {}
    for file in sorted(files):
        directory, _, rest = file.partition("/")
        if directory in _INLINE_DIRECTORIES and rest:
            path = _INLINE_DIRECTORIES[directory] + _unescaped(file, rest)
            if problem := check_path(path, Place.NOWHERE, may_be_logged=True):
                raise RecordError(file, "", problem)
            inline[path] = files[file]
    return inline


def _unescaped(file: str, name: str) -> str:
    try:
        return unescape_name(name)
    except ValueError as error:
        raise RecordError(file, "", "its name was not made by repro") from error


def _required(files: Mapping[str, bytes], file: str) -> bytes:
    try:
        return files[file]
    except KeyError:
        raise RecordError(file, "", "is missing") from None
