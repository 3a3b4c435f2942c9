"""The files of one run's record, each read from its commit when it is first wanted."""

import os
from collections.abc import Mapping
from functools import cached_property

from repro.git.objects import list_tree, read_objects
from repro.git.repository import Repository
from repro.model.escape import unescape_name
from repro.model.ids import Oid

__all__ = ["RecordFiles"]

_DIRECTORY = ".repro"
_FILE_MODES = frozenset({"100644", "100755"})
_HISTORY, _TSV = "history/", ".tsv"


class RecordFiles:
    """What lies below ``.repro/`` in a run commit.

    Attributes:
        repo: The repository.
        commit: The run commit.
    """

    def __init__(self, repo: Repository, commit: Oid) -> None:
        self.repo = repo
        self.commit = commit

    @cached_property
    def blobs(self) -> Mapping[str, Oid]:
        """The object of each file, by path below ``.repro/``; one call of git."""
        entries = list_tree(self.repo, self.commit, f"{_DIRECTORY}/")
        start = len(_DIRECTORY) + 1
        return {os.fsdecode(e.path)[start:]: e.oid for e in entries if e.mode in _FILE_MODES}

    @cached_property
    def curves(self) -> Mapping[str, str]:
        """The path of each learning curve, by the metric's name."""
        found = {}
        for path in self.blobs:
            if path.startswith(_HISTORY) and path.endswith(_TSV):
                found[unescape_name(path[len(_HISTORY) : -len(_TSV)])] = path
        return found

    def read(self, *paths: str) -> list[bytes | None]:
        """Returns the content of each file, None where there is none; one call of git, or two.

        Raises:
            RecordError: git has lost one.
        """
        there = [path for path in paths if path in self.blobs]
        contents = read_objects(self.repo, [self.blobs[path] for path in there])
        found = dict(zip(there, contents, strict=True))
        for path, content in found.items():
            if content is None:
                from repro.model.fields import RecordError

                problem = f"its object {self.blobs[path]} is missing"
                raise RecordError(path, "", problem, hint="repro fsck --repair")
        return [found.get(path) for path in paths]

    def read_one(self, path: str) -> bytes | None:
        """Returns the content of a file, None where there is none; see `read`."""
        return self.read(path)[0]

    def require(self, path: str) -> bytes:
        """Returns the content of a file that every record has.

        Raises:
            RecordError: It is missing.
        """
        content = self.read_one(path)
        if content is None:
            from repro.model.fields import RecordError

            raise RecordError(path, "", "is missing", hint=f"git show {self.commit}")
        return content
