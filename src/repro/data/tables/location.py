"""Names of tables: what users write, and what a record keeps of it.

A table is named by its directory, when that is a local one and holds a table, or by a URI::

    delta://PATH-OR-URL      delta+s3://BUCKET/PATH      delta+file:///PATH
    iceberg://CATALOG/NAMESPACE.TABLE                    iceberg+s3://BUCKET/PATH/x.metadata.json

and ``?version=3`` at the end of a URI pins a version. A record keeps the path of a local table, as
of any other data, and the URI of another, never with what could be a credential.
"""

import os
from typing import NamedTuple

from repro.model.table import TableKind

__all__ = ["METADATA", "Location", "find_table", "kind_in", "without_login"]

METADATA = (".metadata.json", ".metadata.json.gz")
"""How the files end that describe an Iceberg table."""

_WITH_ACCOUNT = ("abfs", "abfss", "wasb", "wasbs")
"""Where the part before "@" names a container and lets nobody in."""


class Location(NamedTuple):
    """Where a table is.

    Attributes:
        kind: Its format.
        path: As a record has it: relative to the top of the working tree, absolute, or a URI.
        version: The version that a URI pins, None for none.
        is_explicit: Whether it was named as a table, and is not a directory found to be one.
    """

    kind: TableKind
    path: str
    version: str | None = None
    is_explicit: bool = True

    @property
    def is_uri(self) -> bool:
        """Whether it is elsewhere than in the file system."""
        return "://" in self.path


def find_table(text: str, *, base: str, top: str = "") -> Location | None:
    """Returns the table that a text names, None when it names none.

    Args:
        text: A path or a URI.
        base: Directory, absolute, that a relative path starts from.
        top: The top of the working tree: what lies below becomes relative to it.
    """
    scheme, separator, rest = text.partition("://")
    if not separator:
        full = os.path.normpath(os.path.join(base, text))
        kind = kind_in(full)
        return None if kind is None else Location(kind, _portable(full, top), is_explicit=False)
    name, _, inner = scheme.lower().partition("+")
    if name not in tuple(TableKind):
        return None
    kind = TableKind(name)
    rest, version = _without_query(rest)
    if not inner and "://" in rest:  # delta://s3://bucket/path
        inner, _, rest = rest.partition("://")
    if not inner and kind is TableKind.ICEBERG:
        return Location(kind, f"iceberg://{rest}", version)
    if inner in ("", "file"):
        full = os.path.normpath(os.path.join(base, rest))
        return Location(kind, _portable(full, top), version)
    return Location(kind, f"{kind.value}+{inner}://{_without_login(rest, inner)}", version)


def without_login(uri: str) -> str:
    """Returns a URI without what lets somebody in: user and password, signatures."""
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://{_without_login(_without_query(rest)[0], scheme)}"


def kind_in(full: str) -> TableKind | None:
    """Returns the format of the table in a local directory, or of one that a file describes."""
    if full.endswith(METADATA):
        return TableKind.ICEBERG if os.path.isfile(full) else None
    if os.path.isdir(f"{full}/_delta_log"):
        return TableKind.DELTA
    try:
        names = os.listdir(f"{full}/metadata")
    except OSError:
        return None
    return TableKind.ICEBERG if any(name.endswith(METADATA) for name in names) else None


def _portable(full: str, top: str) -> str:
    return full[len(top) + 1 :] if top and full.startswith(f"{top}/") else full


def _without_query(rest: str) -> tuple[str, str | None]:
    """Returns what stands before "?" and "#", and the version that is asked for.

    All else goes: what object stores take there is signatures.
    """
    rest, _, query = rest.partition("#")[0].partition("?")
    fields = (field.partition("=") for field in query.split("&"))
    version = next((value for key, _, value in fields if key == "version" and value), None)
    return rest, version


def _without_login(rest: str, scheme: str) -> str:
    host, slash, path = rest.partition("/")
    login, separator, place = host.rpartition("@")
    is_container = scheme in _WITH_ACCOUNT and ":" not in login
    return rest if not separator or is_container else f"{place}{slash}{path}"
