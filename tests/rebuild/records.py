"""Records of environments that were really made, as a run would have them."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from repro.environment.lock import lock
from repro.environment.observe import observe
from repro.environment.probe import probe
from repro.model.digest import digest_of_environment
from repro.model.environment import Environment, Package
from repro.model.ids import Oid, RunId
from repro.model.run import Code, Host, Pillars, Record, Run, Status
from repro.rebuild.request import Request
from repro.secrets.redactor import Redactor

__all__ = ["environment_of", "packages_of", "record_of", "request_for", "with_environment"]

_AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def record_of(python: str, *, env: dict[str, str], cache: Path, top: str = "") -> Record:
    """Returns the record of a run in an environment, as it is now."""
    environment, gaps = observe(
        probe(python, env={}),
        variables={},
        cache_dir=str(cache),
        redactor=Redactor(b"k"),
        top=top,
    )
    content, more = lock(environment, cache_dir=str(cache), env=env)
    run = Run(
        id=RunId("20240506T070809-kkkkllll"),
        name="calm-fox",
        status=Status.FINISHED,
        started_at=_AT,
        ended_at=_AT,
        code=Code(None, None, Oid("0" * 40)),
        pillars=Pillars("c", "d", "p", digest_of_environment(environment)),
        author=None,
        host=Host("h", "u"),
        gaps=(*gaps, *more),
    )
    return Record(run, {}, {}, environment=environment, lock=content)


def environment_of(record: Record) -> Environment:
    """Returns the environment of a record that has one."""
    assert record.environment is not None
    return record.environment


def packages_of(record: Record) -> dict[str, Package]:
    """Returns the packages of a record by name."""
    return {package.name: package for package in environment_of(record).packages}


def with_environment(record: Record, environment: Environment) -> Record:
    """Returns a record with another environment, digest included."""
    pillars = record.run.pillars._replace(environment=digest_of_environment(environment))
    return record._replace(run=record.run._replace(pillars=pillars), environment=environment)


def request_for(record: Record, tmp_path: Path, env: dict[str, str], **fields: object) -> Request:
    """Returns the request for a record's environment, kept below a test's directory."""
    request = Request(record=record, home=str(tmp_path / "state" / "envs"), env=env)
    return request._replace(**fields)  # type: ignore[arg-type]


BASE = os.path.realpath(sys.executable)
