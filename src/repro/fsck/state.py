"""Checks what repro keeps beside git: derived databases, its name, its notes, its key."""

import os
from collections.abc import Iterator

from repro.fsck.problem import Kind, Problem
from repro.git.repository import Repository
from repro.model.ids import is_writer_id

__all__ = ["DERIVED", "SIDECARS", "check_state"]

DERIVED = ("runs.sqlite", "cache/files.sqlite", "store/checked.sqlite")
"""Databases that are made anew when they are gone."""
SIDECARS = ("-journal", "-wal", "-shm")
_KEY_BYTES = 16


def check_state(repo: Repository) -> Iterator[Problem]:
    """Yields what is wrong below repro's own directory."""
    for name in DERIVED:
        path = f"{repo.state_dir}/{name}"
        fault = _fault_of_database(path)
        if fault:
            yield Problem(Kind.INDEX, name, f"{fault}; it can be made anew", at=path)
    yield from _check_writer(f"{repo.state_dir}/writer")
    yield from _check_notes(f"{repo.state_dir}/remotes")
    yield from _check_key(f"{repo.state_dir}/secret-key")


def _fault_of_database(path: str) -> str:
    import sqlite3

    if not os.path.exists(path):
        return ""
    try:
        # Only looked at: a database that another process is writing is as it should be.
        database = sqlite3.connect(f"file:{_quoted(path)}?mode=ro", uri=True, timeout=2.0)
        try:
            rows = database.execute("PRAGMA quick_check(1)").fetchall()
        finally:
            database.close()
    except sqlite3.OperationalError as error:
        return "" if "locked" in str(error) or "busy" in str(error) else f"it is damaged: {error}"
    except sqlite3.Error as error:
        return f"it is damaged: {error}"
    return "" if rows == [("ok",)] else f"it is damaged: {str(rows[0][0])[:80]}"


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(os.fsencode(path))


def _check_writer(path: str) -> Iterator[Problem]:
    try:
        with open(path, encoding="ascii", errors="replace") as lines:
            names = [line.strip() for line in lines]
    except FileNotFoundError:
        return
    except OSError as error:
        yield Problem(Kind.STATE, path, f"it cannot be read: {error.strerror}", at=path)
        return
    if not names or not all(map(is_writer_id, names)):
        reason = "does not name this clone; a new name is made up for its next words"
        yield Problem(Kind.STATE, path, reason, at=path)


def _check_notes(directory: str) -> Iterator[Problem]:
    import json

    if not os.path.isdir(directory):
        return
    for name in sorted(os.listdir(directory)):
        if not name.endswith(".json"):
            continue
        path = f"{directory}/{name}"
        try:
            with open(path, encoding="utf-8") as file:
                fields = json.load(file)
            is_whole = isinstance(fields["runs"], list) and isinstance(fields["data"], dict)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            is_whole = False
        if not is_whole:
            reason = "damaged note of what a remote has; asking it makes it anew"
            yield Problem(Kind.STATE, path, reason, at=path)


def _check_key(path: str) -> Iterator[Problem]:
    try:
        with open(path, "rb") as file:
            n_bytes = len(file.read())
    except FileNotFoundError:
        return
    except OSError as error:
        reason = f"the key that marks secrets cannot be read: {error.strerror}"
        yield Problem(Kind.STATE, path, reason, hint=f"chmod 600 {path}")
        return
    if n_bytes < _KEY_BYTES:
        reason = "the key that marks secrets is cut short; a new one marks them differently"
        yield Problem(Kind.STATE, path, reason, at=path)
