"""The record of a run in progress, as far as it has come.

What the program logged is shown as it will be recorded: without its secrets.
"""

from collections.abc import Callable, Iterable, Mapping

from repro.git.repository import Repository
from repro.journal.latest import read_latest
from repro.journal.reader import Event
from repro.model.run import Pillars, Record, Run, Status
from repro.model.values import Params, Value
from repro.record.begun import Begun, begun_from_json
from repro.record.live import LiveRun

__all__ = ["read_all_so_far", "read_so_far"]


def read_so_far(repo: Repository, live: LiveRun) -> Record | None:
    """Returns what a listing shows of a run in progress; None when nothing is known of it.

    Takes milliseconds however much was logged; of very much, metrics that are logged seldom may be
    left out (see `repro.journal.latest`).
    """
    value = live.read("run")
    if value is None:
        return None
    from repro.journal.curves import curves_of

    begun = begun_from_json(value)
    latest = read_latest(live.directory)
    begun = _with_events(repo, begun, [event for event in latest.events if event.rank == 0])
    last = curves_of({name: [point] for name, point in latest.points.items()})
    return Record(_run_of(begun), begun.params, last.summary)


def read_all_so_far(repo: Repository, live: LiveRun) -> Record | None:
    """Returns all that is known of a run in progress: its curves, what it printed, the hardware.

    Reads the whole journal, a million points a second.
    """
    value = live.read("run")
    if value is None:
        return None
    from repro.record.cells import read_cells
    from repro.record.observer import load_inputs, load_observed
    from repro.record.output_log import read_output
    from repro.record.redactor import redactor_of
    from repro.record.said import read_said

    said = read_said(live.directory)
    executed = read_cells(live.directory)
    begun = said.applied_to(begun_from_json(value), redactor_of(repo))
    begun = begun._replace(params=_safe(repo, begun.params))
    inputs, observed = load_inputs(live), load_observed(live)
    return Record(
        run=_run_of(begun),
        params=begun.params,
        metrics=said.curves.summary,
        history=said.curves.history,
        data=() if inputs is None else tuple(inputs.entries),
        environment=None if observed is None else observed.environment,
        lock=None if observed is None else observed.lock,
        conda=None if observed is None else observed.conda,
        output=read_output(live.output_path),
        system=_read(f"{live.directory}/system.tsv"),
        cells=None if executed is None else executed.script(None, top=repo.top),
    )


def _with_events(repo: Repository, begun: Begun, events: Iterable[Event]) -> Begun:
    """Returns what is known of the start, with what was said since."""
    params: Params = dict(begun.params)
    tags = dict(begun.tags)
    has_said = False
    for letter, value, _ in events:
        if letter == "p":
            params |= value
            has_said = True
        elif letter == "t":
            tags |= {str(name): str(text) for name, text in value.items()}
            has_said = True
        elif letter == "n":
            begun = begun._replace(
                name=_text_in(repo, value, "name", begun.name),
                message=_text_in(repo, value, "message", begun.message),
            )
    if not has_said:
        return begun
    return begun._replace(params=_safe(repo, params), tags=_cleaned(repo, tags))


def _safe(repo: Repository, params: Params) -> Params:
    texts: list[tuple[str, str]] = []
    _gather(params, texts)
    if not texts:
        return params
    from repro.record.redactor import redactor_of

    return _mapped(params, redactor_of(repo).value)


def _gather(params: Mapping[str, Value], texts: list[tuple[str, str]]) -> None:
    for name, value in params.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                _gather(item, texts)
            elif isinstance(item, str):
                texts.append((name, item))


def _mapped(params: Params, change: Callable[[str, str], str]) -> Params:
    def changed(name: str, value: Value) -> Value:
        if isinstance(value, dict):
            return {key: changed(key, item) for key, item in value.items()}
        if isinstance(value, list):
            return [changed(name, item) for item in value]
        return change(name, value) if isinstance(value, str) else value

    return {name: changed(name, value) for name, value in params.items()}


def _text_in(repo: Repository, value: Mapping[str, object], key: str, otherwise: str) -> str:
    text = value.get(key)
    if not isinstance(text, str):
        return otherwise
    from repro.record.redactor import redactor_of

    return redactor_of(repo).text(text)


def _cleaned(repo: Repository, texts: Mapping[str, str]) -> dict[str, str]:
    if not texts:
        return {}
    from repro.record.redactor import redactor_of

    redactor = redactor_of(repo)
    return {name: redactor.value(name, text) for name, text in texts.items()}


def _run_of(begun: Begun) -> Run:
    return Run(
        id=begun.id,
        name=begun.name,
        status=Status.RUNNING,
        started_at=begun.started_at,
        ended_at=None,
        code=begun.code,
        pillars=Pillars("", "", "", ""),
        author=begun.author,
        host=begun.host,
        command=begun.command,
        cwd=begun.cwd,
        project=begun.project,
        message=begun.message,
        parent_run=begun.parent_run,
        resumes=begun.resumes,
        tags=begun.tags,
        gaps=begun.gaps,
    )


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read() or None
    except FileNotFoundError:
        return None
