"""Summaries and records for tests, with only what a test says."""

from datetime import UTC, datetime, timedelta
from typing import Any

from repro.model.data import DataEntry, Source
from repro.model.environment import Environment, Hardware, Interpreter, Package, Platform
from repro.model.ids import Oid, RefName, RunId
from repro.model.run import Code, Host, Pillars, Record, Run, Status
from repro.model.summary import Summary
from repro.model.values import Metric

START = datetime(2026, 1, 31, 8, 0, 0, tzinfo=UTC)
RUN_ID = RunId("20260131T080000-kxwmtrzq")
COMMIT = Oid("a1b2c3d4" * 5)


def summary(**fields: Any) -> Summary:
    """Returns a summary; ``lr=0.1`` goes to the params unless it is a field."""
    given: dict[str, Any] = {
        "id": RUN_ID,
        "name": "calm-otter",
        "status": Status.FINISHED,
        "started_at": START,
        "duration_s": 12.5,
        "oid": Oid("f" * 40),
        "ref": RefName(f"refs/repro/runs/{RUN_ID}"),
        "commit": COMMIT,
        "branch": "main",
        "dirty": False,
        "command": "python train.py",
        "params": {},
        "metrics": {},
    }
    return Summary(**given | fields)


def package(name: str, version: str = "1.0", record: str | None = "aa") -> Package:
    """Returns an installed package."""
    return Package(name, version, record)


def environment(**fields: Any) -> Environment:
    """Returns an environment with one package."""
    given: dict[str, Any] = {
        "platform": Platform("Linux", "6.1", "x86_64", "glibc 2.36", "Debian 12"),
        "hardware": Hardware("Fast CPU", 8, 2**34, ("Big GPU",)),
        "interpreter": Interpreter(
            "cpython", "3.11.7", "3.11.7 (main)", "/venv/bin/python", "/venv", "/usr"
        ),
        "packages": (package("numpy", "2.1.0"),),
        "variables": {"OMP_NUM_THREADS": "1"},
    }
    return Environment(**given | fields)


def entry(path: str, digest: str = "0" * 32) -> DataEntry:
    """Returns an input."""
    return DataEntry(path, digest, 1024, 1, Source.DVC, pointer=f"{path}.dvc")


def run(**fields: Any) -> Run:
    """Returns a finished run."""
    given: dict[str, Any] = {
        "id": RUN_ID,
        "name": "calm-otter",
        "status": Status.FINISHED,
        "started_at": START,
        "ended_at": START + timedelta(seconds=12.5),
        "code": Code(COMMIT, "main", Oid("b" * 40)),
        "pillars": Pillars("c0de", "da7a", "9a9a", "e2e2"),
        "author": None,
        "host": Host("box", "ann"),
        "command": ("python", "train.py"),
        "exit_code": 0,
    }
    return Run(**given | fields)


def record(**fields: Any) -> Record:
    """Returns a record; `metrics` may be given as plain numbers, `run` as fields of the run."""
    metrics = {
        name: value if isinstance(value, Metric) else Metric(value)
        for name, value in fields.pop("metrics", {}).items()
    }
    given: dict[str, Any] = {
        "params": {},
        "environment": environment(),
    }
    return Record(run=run(**fields.pop("run", {})), metrics=metrics, **given | fields)
