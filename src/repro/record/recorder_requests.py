"""What a Python program asks of its recorder: a JSON object a line, checked before it is believed.

::

    {
        "do": "begin",
        "pid": 4711,
        "argv": [...],
        "cwd": "/abs",
        "name": null,
        "message": "",
        "params": {},
        "tags": {},
        "parent": null,
        "resumes": null,
        "job": null,
        "process_started": 1764000000.1,
        "quiet": false,
    }
    {
        "do": "end",
        "run": "20260131T080000-kxwmtrzq",
        "status": "finished",
        "exit_code": 0,
        "gaps": [{"kind": "data", "subject": "...", "reason": "...", "fix": "..."}],
    }
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias, TypeVar

from repro.errors import ReproError
from repro.model.gap import Gap, GapKind
from repro.model.ids import RunId, is_run_id
from repro.model.run import Status
from repro.model.values import Params

__all__ = ["Begin", "End", "RequestError", "read_request"]

_T = TypeVar("_T")
_ENDS = {status.value: status for status in (Status.FINISHED, Status.FAILED, Status.INTERRUPTED)}


class RequestError(ReproError):
    """A request to the recorder that it does not understand."""


class Begin(NamedTuple):
    """A run begins.

    Attributes:
        pid: The process that it lives in.
        argv: Its whole command line, the interpreter first.
        cwd: Its current directory, absolute.
        name: None for one of ours.
        message: "" for none.
        params: Nested.
        tags: By name.
        parent: The run inside which it begins.
        resumes: Names the run that it goes on from, as a user types it.
        job: Names the journals of the other processes of distributed training.
        process_started: Seconds since the epoch.
        is_quiet: Whether nothing is to be printed of it.
    """

    pid: int
    argv: tuple[str, ...]
    cwd: str
    name: str | None = None
    message: str = ""
    params: Params = {}
    tags: Mapping[str, str] = {}
    parent: RunId | None = None
    resumes: str | None = None
    job: str | None = None
    process_started: float | None = None
    is_quiet: bool = False


class End(NamedTuple):
    """A run has ended.

    Attributes:
        run: Which.
        status: How.
        exit_code: None when the process goes on.
        gaps: What the program knows to be missing.
    """

    run: RunId
    status: Status
    exit_code: int | None = None
    gaps: tuple[Gap, ...] = ()


Request: TypeAlias = Begin | End


def read_request(line: bytes) -> Request:
    """Reads a line.

    Raises:
        RequestError: It is not a request, or lacks what it needs.
    """
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise RequestError("a request that is no JSON object")
    match value.get("do"):
        case "begin":
            return _begin(value)
        case "end":
            return _end(value)
        case other:
            raise RequestError(f"a request to do {other!r:.60}")


def _begin(value: dict[str, Any]) -> Begin:
    argv = _field(value, "argv", list, ())
    cwd = _field(value, "cwd", str, "")
    pid = _field(value, "pid", int, 0)
    if not cwd.startswith("/") or pid <= 0:
        raise RequestError("a run that says neither where nor in which process it begins")
    parent = _field(value, "parent", str, "")
    started = value.get("process_started")
    return Begin(
        pid=pid,
        argv=tuple(map(str, argv)),
        cwd=cwd,
        name=_safe(_field(value, "name", str, "")) or None,
        message=_safe(_field(value, "message", str, "")),
        params=_field(value, "params", dict, {}),
        tags={_safe(str(k)): _safe(str(v)) for k, v in _field(value, "tags", dict, {}).items()},
        parent=RunId(parent) if is_run_id(parent) else None,
        resumes=_field(value, "resumes", str, "") or None,
        job=_field(value, "job", str, "") or None,
        process_started=float(started) if isinstance(started, (int, float)) else None,
        is_quiet=value.get("quiet") is True,
    )


def _end(value: dict[str, Any]) -> End:
    run, status = _field(value, "run", str, ""), _field(value, "status", str, "")
    if not is_run_id(run) or status not in _ENDS:
        raise RequestError(f"an end that says neither of which run nor how: {status!r:.60}")
    exit_code = value.get("exit_code")
    gaps = map(_gap, _field(value, "gaps", list, []))
    return End(
        RunId(run),
        _ENDS[status],
        exit_code if isinstance(exit_code, int) else None,
        tuple(gap for gap in gaps if gap is not None),
    )


def _field(value: dict[str, Any], name: str, kind: type[Any], default: _T) -> Any:  # noqa: ANN401
    found = value.get(name)
    if found is None:
        return default
    if not isinstance(found, kind):
        raise RequestError(f"a request whose {name} is {found!r:.60}")
    return found


def _safe(text: str) -> str:
    """Returns a text that git can keep: UTF-8, and without a NUL."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def _gap(value: object) -> Gap | None:
    if not isinstance(value, dict):
        return None
    try:
        kind = GapKind(value["kind"])
        return Gap(kind, str(value["subject"]), str(value["reason"]), str(value.get("fix") or ""))
    except (KeyError, ValueError):
        return None
