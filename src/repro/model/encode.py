"""Writes a record as the files below ``.repro/``: YAML for people, JSON and TSV for tools.

Written at the end of every run, so nothing here takes long to import. What equals its default is
left out where a reader does not miss it, and a part that is empty has no file. Keys stand in a
fixed order: equal records, equal bytes.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from repro.model.curve import curve_text
from repro.model.data import LOGGED_DIRECTORY, Artifact, DataEntry, DirectoryExtras, Place
from repro.model.environment import Environment, LockFile, Package
from repro.model.escape import escape_name, escape_names
from repro.model.run import Code, Record, Run
from repro.model.summary import number_to_json
from repro.model.values import Metric
from repro.model.yaml_text import dump_yaml

__all__ = ["encode_record", "inline_path"]

_SURROGATE = re.compile("[\ud800-\udfff]")


def encode_record(record: Record) -> dict[str, bytes]:
    """Returns the record's files: content by path below ``.repro/``."""
    files = {
        "run.yaml": dump_yaml(_run(record.run)),
        "params.yaml": dump_yaml(record.params),
        "metrics.json": _metrics(record.metrics),
    }
    paths = escape_names(record.history, suffix=".tsv")
    for name, points in record.history.items():
        files[f"history/{paths[name]}"] = curve_text(points)
    if record.data:
        files["data.yaml"] = dump_yaml([_data(entry) for entry in record.data])
    if record.artifacts:
        files["artifacts.yaml"] = dump_yaml([_artifact(entry) for entry in record.artifacts])
    for path, content in record.inline.items():
        files[inline_path(path)] = content
    if record.environment is not None:
        files["environment/environment.yaml"] = dump_yaml(_environment(record.environment))
    if record.lock is not None:
        files["environment/pylock.toml"] = record.lock
    if record.conda is not None:
        files["environment/conda-explicit.txt"] = record.conda
    if record.output is not None:
        files["logs/output.txt"] = record.output
    if record.system is not None:
        files["system.tsv"] = record.system
    if record.cells is not None:
        files["notebook/cells.py"] = record.cells
    return files


def inline_path(path: str) -> str:
    """Returns where below ``.repro/`` an artifact with the place GIT has its bytes."""
    name = path.removeprefix(LOGGED_DIRECTORY)
    return f"{'logged' if name != path else 'artifacts'}/{escape_name(name)}"


def _run(run: Run) -> dict[str, object]:
    return _without_none(
        format=run.format,
        id=run.id,
        name=run.name,
        status=run.status,
        exit_code=run.exit_code,
        started_at=_time(run.started_at),
        ended_at=None if run.ended_at is None else _time(run.ended_at),
        command=run.command,
        cwd=run.cwd,
        project=run.project if run.project != "." else None,
        message=run.message or None,
        parent_run=run.parent_run,
        resumes=run.resumes,
        tags=run.tags or None,
        author=None if run.author is None else {"name": run.author.name, "email": run.author.email},
        host={"name": run.host.name, "user": run.host.user},
        code=_code(run.code),
        pillars={
            "code": run.pillars.code,
            "data": run.pillars.data,
            "params": run.pillars.params,
            "environment": run.pillars.environment,
        },
        gaps=[
            _without_none(
                kind=gap.kind, subject=gap.subject, reason=gap.reason, fix=gap.fix or None
            )
            for gap in run.gaps
        ],
        repro_version=run.repro_version or None,
    )


def _code(code: Code) -> dict[str, object]:
    return _without_none(
        commit=code.commit,
        branch=code.branch,
        tree=code.tree,
        dirty=[{"path": dirty.path, "change": dirty.change} for dirty in code.dirty],
    )


def _metrics(metrics: Mapping[str, Metric]) -> bytes:
    """Writes each as a number, or as value and step where there is a step."""
    rows = {
        name: number_to_json(metric.value)
        if metric.step is None
        else {"value": number_to_json(metric.value), "step": metric.step}
        for name, metric in metrics.items()
    }
    text = json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False)
    text = _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
    return f"{text}\n".encode()


def _data(entry: DataEntry) -> dict[str, object]:
    return _without_none(
        path=entry.path,
        **_hashed(entry),
        source=entry.source,
        pointer=entry.pointer,
        matches_pointer=False if not entry.matches_pointer else None,
    )


def _artifact(entry: Artifact) -> dict[str, object]:
    return _without_none(path=entry.path, **_hashed(entry), kind=entry.kind or None)


def _hashed(entry: DataEntry | Artifact) -> dict[str, object]:
    return {
        "hash": entry.hash,
        "hash_name": entry.hash_name if entry.hash_name != "md5" else None,
        "size_bytes": entry.size_bytes,
        "n_files": entry.n_files if entry.n_files != 1 else None,
        "place": entry.place if entry.place is not Place.STORE else None,
        "executable": True if entry.executable else None,
        "extras": None if entry.extras is None else _extras(entry.extras),
    }


def _extras(extras: DirectoryExtras) -> dict[str, object]:
    return _without_none(
        executable=extras.executable or None,
        symlinks=extras.symlinks or None,
        empty=extras.empty or None,
    )


def _environment(environment: Environment) -> dict[str, object]:
    platform, hardware = environment.platform, environment.hardware
    interpreter = environment.interpreter
    return _without_none(
        interpreter=None
        if interpreter is None
        else _without_none(
            implementation=interpreter.implementation,
            version=interpreter.version,
            build=interpreter.build,
            executable=interpreter.executable,
            prefix=interpreter.prefix,
            base_prefix=interpreter.base_prefix,
            path=interpreter.path or None,
            digest=interpreter.digest,
        ),
        other_interpreters=environment.other_interpreters or None,
        platform=_without_none(
            system=platform.system,
            release=platform.release,
            machine=platform.machine,
            libc=platform.libc or None,
            distribution=platform.distribution or None,
            container=platform.container or None,
        ),
        hardware=_without_none(
            cpu=hardware.cpu,
            n_cores=hardware.n_cores,
            memory_bytes=hardware.memory_bytes,
            gpus=hardware.gpus or None,
            gpu_memory_bytes=hardware.gpu_memory_bytes or None,
            gpu_driver=hardware.gpu_driver,
            cuda=hardware.cuda,
            cpu_flags=hardware.cpu_flags or None,
        ),
        variables=environment.variables or None,
        variable_names=environment.variable_names or None,
        runtime=environment.runtime or None,
        modules=environment.modules or None,
        indexes=environment.indexes or None,
        lock_files=[_lock_file(file) for file in environment.lock_files] or None,
        packages=[_package(package) for package in environment.packages],
    )


def _lock_file(file: LockFile) -> dict[str, object]:
    return _without_none(path=file.path, drift=file.drift or None)


def _package(package: Package) -> dict[str, object]:
    return _without_none(
        name=package.name,
        version=package.version,
        record=package.record,
        installer=package.installer,
        origin=package.origin,
    )


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _without_none(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
