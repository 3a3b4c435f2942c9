"""What is known when a run begins, kept in the live directory so that anybody can finish it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from repro.model.data import DataEntry, DirectoryExtras, Place, Source
from repro.model.gap import Gap, GapKind
from repro.model.ids import Oid, RunId
from repro.model.run import Code, DirtyPath, Host, Identity
from repro.model.values import Params
from repro.record.live import Json

__all__ = [
    "Begun",
    "begun_from_json",
    "entries_from_json",
    "entries_to_json",
    "gaps_from_json",
    "gaps_to_json",
]


class Begun(NamedTuple):
    """A run at its start.

    Attributes:
        id: The run.
        name: Its name.
        worktree: Absolute path of the working tree.
        command: argv without secrets; empty for `repro record`.
        cwd: Relative to the top.
        project: Relative to the top.
        started_at: UTC.
        started_ns: The same instant by the clock of the file system, nanoseconds since the epoch.
        code: The code pillar.
        author: None where git knows none.
        host: Where it runs.
        large: Untracked files that git should not hold, relative to the top.
        message: The user's words.
        params: From ``--param`` and the command's flags.
        tags: From ``--tag``.
        gaps: Known already.
        parent_run: The run inside which it was started.
        environment_of: Executable to probe when the trace names no interpreter; None for none.
        is_traced: Whether the files that it opens are to be noted.
        resumes: The run whose curves, params and tags it goes on from.
        process_started: When the Python that began it had started, seconds since the epoch; None
            for a command that was started for it.
        edited: Code that had changed since then, relative to the top.
        job: Under which its other processes write their journals; None where there are none.
    """

    id: RunId
    name: str
    worktree: str
    command: tuple[str, ...]
    cwd: str
    project: str
    started_at: datetime
    started_ns: int
    code: Code
    author: Identity | None
    host: Host
    large: tuple[str, ...] = ()
    message: str = ""
    params: Params = {}
    tags: dict[str, str] = {}
    gaps: tuple[Gap, ...] = ()
    parent_run: RunId | None = None
    environment_of: str | None = None
    is_traced: bool = True
    resumes: RunId | None = None
    process_started: float | None = None
    edited: tuple[str, ...] = ()
    job: str | None = None

    def to_json(self) -> Json:
        """Returns it as a JSON object."""
        code = self.code._asdict() | {"dirty": [path._asdict() for path in self.code.dirty]}
        return self._asdict() | {
            "started_at": self.started_at.isoformat(),
            "code": code,
            "author": None if self.author is None else self.author._asdict(),
            "host": self.host._asdict(),
            "gaps": gaps_to_json(self.gaps),
        }


def begun_from_json(value: Json) -> Begun:
    """Reverses `Begun.to_json`."""
    code = value["code"]
    author = value["author"]
    rest = {
        key: value[key]
        for key in ("name", "worktree", "cwd", "project", "started_ns", "message", "params", "tags")
    }
    return Begun(
        id=RunId(value["id"]),
        command=tuple(value["command"]),
        started_at=datetime.fromisoformat(value["started_at"]).astimezone(UTC),
        code=Code(
            commit=code["commit"],
            branch=code["branch"],
            tree=Oid(code["tree"]),
            dirty=tuple(DirtyPath(**path) for path in code["dirty"]),
        ),
        author=None if author is None else Identity(**author),
        host=Host(**value["host"]),
        large=tuple(value["large"]),
        gaps=gaps_from_json(value["gaps"]),
        parent_run=value["parent_run"],
        environment_of=value["environment_of"],
        is_traced=value["is_traced"],
        resumes=value.get("resumes"),
        process_started=value.get("process_started"),
        edited=tuple(value.get("edited", ())),
        job=value.get("job"),
        **rest,
    )


def gaps_to_json(gaps: Iterable[Gap]) -> list[Json]:
    """Returns gaps as JSON objects."""
    return [gap._asdict() for gap in gaps]


def gaps_from_json(values: Iterable[Json]) -> tuple[Gap, ...]:
    """Reverses `gaps_to_json`."""
    return tuple(Gap(**{**value, "kind": GapKind(value["kind"])}) for value in values)


def entries_to_json(entries: Iterable[DataEntry]) -> list[Json]:
    """Returns data entries as JSON objects."""
    return [
        entry._asdict() | {"extras": entry.extras._asdict() if entry.extras else None}
        for entry in entries
    ]


def entries_from_json(values: Iterable[Json]) -> tuple[DataEntry, ...]:
    """Reverses `entries_to_json`."""
    return tuple(
        DataEntry(
            **{
                **value,
                "source": Source(value["source"]),
                "place": Place(value["place"]),
                "extras": _extras(value["extras"]),
            }
        )
        for value in values
    )


def _extras(value: Json | None) -> DirectoryExtras | None:
    if value is None:
        return None
    return DirectoryExtras(
        executable=tuple(value["executable"]),
        symlinks=dict(value["symlinks"]),
        empty=tuple(value["empty"]),
    )
