"""Digests of the pillars: equal digests mean equal pillars."""

import hashlib
import json
from collections.abc import Iterable, Mapping

from repro.model.data import DataEntry
from repro.model.environment import Environment, Package
from repro.model.run import Pillars
from repro.model.summary import number_to_json
from repro.model.values import Metric, Params, flatten
from repro.model.variables import is_of_job
from repro.model.yaml_text import dump_yaml

__all__ = [
    "digest_of_code",
    "digest_of_data",
    "digest_of_environment",
    "digest_of_executed",
    "digest_of_params",
    "digest_of_state",
]

_DIGITS = 16


def _digest(rows: Iterable[bytes]) -> str:
    state = hashlib.sha256()
    for row in rows:
        state.update(len(row).to_bytes(8, "big"))
        state.update(row)
    return state.hexdigest()[:_DIGITS]


def _canonical(value: object) -> bytes:
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    except ValueError:  # a whole number with more digits than Python writes
        return dump_yaml(value)
    return text.encode("ascii")


def digest_of_code(rows: Iterable[str]) -> str:
    """Returns the digest of a tree.

    Args:
        rows: For every file, link and submodule a row of ``git ls-tree -r``, in its order: mode,
            kind and object, a tab, the path. Those of another pillar (params files, metrics files,
            DVC pointers) left out.
    """
    text = "\0".join(rows)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGITS]


def digest_of_executed(code: str, cells: bytes | None) -> str:
    """Returns the digest of the code pillar of a run.

    Args:
        code: Digest of the tree.
        cells: ``notebook/cells.py``, whose sources count in their order; None where no kernel
            executed any.
    """
    if cells is None:
        return code
    from repro.model.cells import plain_source

    return _digest([code.encode("ascii"), plain_source(cells).encode("utf-8", "surrogatepass")])


def digest_of_data(entries: Iterable[DataEntry]) -> str:
    """Returns the digest of the inputs; how they were found does not matter."""
    rows = {entry.path: _content(entry) for entry in entries}
    return _digest(
        f"{path}\0{rows[path]}".encode("utf-8", "surrogatepass") for path in sorted(rows)
    )


def _content(entry: DataEntry) -> str:
    # As it was before there were other hashes than MD5: equal data, equal digests, old and new.
    return entry.hash if entry.hash_name == "md5" else f"{entry.hash_name}:{entry.hash}"


def digest_of_params(params: Params) -> str:
    """Returns the digest of the params by flat name; order does not matter."""
    return _digest([_canonical(flatten(params))])


def digest_of_environment(environment: Environment | None) -> str:
    """Returns the digest of what software runs.

    Hardware and kernel are left out, and so are variables that name the job and its devices. A
    package whose files nothing hashes (editable, from elsewhere) counts by the state of its
    repository.
    """
    if environment is None:
        return _digest([])
    interpreter = environment.interpreter
    return _digest(
        [
            _canonical([interpreter.implementation, interpreter.version] if interpreter else None),
            _canonical([environment.platform.system, environment.platform.machine]),
            _canonical([environment.platform.libc]),
            _canonical([_package(package) for package in environment.packages]),
            _canonical({n: v for n, v in environment.variables.items() if not is_of_job(n)}),
        ]
    )


def _package(package: Package) -> list[str | None]:
    origin = package.origin or {}
    state = [origin[name] for name in ("head", "dirty") if name in origin]
    return [package.name, package.version, package.record, *state]


def digest_of_state(pillars: Pillars, metrics: Mapping[str, Metric]) -> str:
    """Returns what makes two records of a workspace the same run: pillars and metrics."""
    summary = {name: number_to_json(metric.value) for name, metric in metrics.items()}
    return _digest([_canonical(list(pillars)), _canonical(summary)])
