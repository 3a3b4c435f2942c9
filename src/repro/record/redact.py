"""Takes the secrets out of a record, before its digests are made and before git sees any of it.

Whatever a record holds is text that somebody else wrote: what a command printed, a message, the URL
of a package. One pass over all of it, at the one place that every record goes through.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import suppress

from repro.git.screen import RULES
from repro.model.data import Artifact, DataEntry
from repro.model.environment import Environment, Package
from repro.model.gap import Gap, GapKind
from repro.model.run import Record, Run
from repro.secrets.gaps import is_private_key, marked_gap
from repro.secrets.redactor import REDACTED, Found, Redactor, find_secrets

__all__ = ["redact_record", "unkept_gap"]

_DO_NOT_WRITE_IN_CELLS = "do not write it in a cell: os.environ, or getpass"
_DO_NOT_PRINT = "do not print it"
_DO_NOT_WRITE = "do not write it to a file that is kept"
_KEYRING = "keep it out of URLs: a keyring, or ~/.netrc"


def redact_record(record: Record, redactor: Redactor, *, searched_dir: str | None = None) -> Record:
    """Returns the record with marks in place of secrets, and a gap for each part that had any.

    Args:
        record: The record.
        redactor: Makes the marks.
        searched_dir: Where to remember locks that hold none: they are the same in run after run.
    """
    pass_ = _Pass(redactor, searched_dir)
    artifacts, inline = pass_.outputs(record.artifacts, record.inline)
    clean = record._replace(
        run=pass_.run(record.run),
        data=pass_.inputs(record.data),
        artifacts=artifacts,
        environment=None if record.environment is None else pass_.environment(record.environment),
        lock=pass_.lock("environment/pylock.toml", record.lock),
        conda=pass_.lock("environment/conda-explicit.txt", record.conda),
        output=pass_.content("logs/output.txt", record.output, _DO_NOT_PRINT),
        inline=inline,
        cells=pass_.content("notebook/cells.py", record.cells, _DO_NOT_WRITE_IN_CELLS),
    )
    gaps = tuple(dict.fromkeys((*clean.run.gaps, *pass_.gaps)))
    return clean._replace(run=clean.run._replace(gaps=gaps))


def unkept_gap(path: str, kind: str) -> Gap:
    """Returns the gap for an output, or what was read, that is a file of secrets."""
    reason = f"looks like a file of secrets ({kind}); neither its bytes nor its hash are kept"
    return Gap(GapKind.SECRET, path, reason)


class _Pass:
    def __init__(self, redactor: Redactor, searched_dir: str | None) -> None:
        self._redactor = redactor
        self._searched_dir = searched_dir
        self.gaps: list[Gap] = []

    def run(self, run: Run) -> Run:
        """Returns what the user typed, and what others said of gaps, without secrets."""
        return run._replace(
            name=self._noted("name", run.name),
            message=self._noted("message", run.message),
            command=tuple(map(self._redactor.text, run.command)),
            tags={name: self._tag(name, value) for name, value in run.tags.items()},
            gaps=tuple(self._gap(gap) for gap in run.gaps),
        )

    def inputs(self, entries: tuple[DataEntry, ...]) -> tuple[DataEntry, ...]:
        """Returns the inputs, the URIs of tables without secrets."""
        return tuple(
            entry._replace(
                path=self._note(
                    "data.yaml", entry.path, self._redactor.text(entry.path), fix=_KEYRING
                )
            )
            if entry.is_table and "://" in entry.path
            else entry
            for entry in entries
        )

    def _gap(self, gap: Gap) -> Gap:
        text = self._redactor.text
        return gap._replace(subject=text(gap.subject), reason=text(gap.reason), fix=text(gap.fix))

    def _tag(self, name: str, value: str) -> str:
        return self._note(f"tag {name}", value, self._redactor.value(name, value))

    def environment(self, environment: Environment) -> Environment:
        """Returns the environment without secrets in values, URLs and paths."""
        subject = "environment/environment.yaml"

        def text(text: str) -> str:
            return self._note(subject, text, self._redactor.text(text), fix=_KEYRING)

        return environment._replace(
            packages=tuple(_with_origin(package, text) for package in environment.packages),
            variables={
                name: self._note(f"variable {name}", value, self._redactor.text(value))
                for name, value in environment.variables.items()
            },
            indexes=tuple(map(text, environment.indexes)),
            lock_files=tuple(
                file._replace(drift=tuple(map(text, file.drift))) for file in environment.lock_files
            ),
            runtime={name: text(value) for name, value in environment.runtime.items()},
            modules=tuple(map(text, environment.modules)),
        )

    def lock(self, subject: str, content: bytes | None) -> bytes | None:
        """Returns a lock without secrets."""
        if content is None or self._searched_dir is None:
            return self.content(subject, content, _KEYRING)
        note = f"{self._searched_dir}/{hashlib.sha256(content).hexdigest()[:32]}-{RULES}"
        if os.path.exists(note):
            return content
        safe = self.content(subject, content, _KEYRING)
        if safe == content:
            with suppress(OSError):  # it is searched again
                os.makedirs(self._searched_dir, exist_ok=True)
                with open(note, "wb"):
                    pass
        return safe

    def content(self, subject: str, content: bytes | None, fix: str) -> bytes | None:
        """Returns a file of the record without secrets."""
        if content is None:
            return None
        safe, found = self._redactor.content(content)
        if safe == content and b"\0" in content:  # a command may print anything
            safe, found = self._binary(content)
        if found:
            self.gaps.append(marked_gap(subject, found, fix=fix))
        return safe

    def _binary(self, content: bytes) -> tuple[bytes, tuple[Found, ...]]:
        text = content.decode("utf-8", "surrogateescape")
        safe = self._redactor.text(text)
        found = [Found(s.kind, text.count("\n", 0, s.start) + 1) for s in find_secrets(text)]
        return safe.encode("utf-8", "surrogateescape"), tuple(found)

    def outputs(
        self, artifacts: tuple[Artifact, ...], inline: Mapping[str, bytes]
    ) -> tuple[tuple[Artifact, ...], dict[str, bytes]]:
        """Returns the outputs, those that git holds without secrets; a private key is left out."""
        kept: dict[str, bytes] = {}
        for path, content in inline.items():
            if is_private_key(content):
                self.gaps.append(unkept_gap(path, "private key"))
            else:
                kept[path] = self.content(path, content, _DO_NOT_WRITE) or b""
        rest = tuple(
            _as_kept(artifact, inline[artifact.path], kept[artifact.path])
            if artifact.path in kept
            else artifact
            for artifact in artifacts
            if artifact.path in kept or artifact.path not in inline
        )
        return rest, kept

    def _noted(self, subject: str, text: str) -> str:
        return self._note(subject, text, self._redactor.text(text))

    def _note(self, subject: str, text: str, safe: str, *, fix: str = "") -> str:
        # A mark that was there before stands for what was taken out when the run began.
        if safe != text or REDACTED.search(safe):
            reason = "a secret was replaced by a mark in the recorded copy"
            gap = Gap(GapKind.SECRET, subject, reason, fix)
            if gap not in self.gaps:
                self.gaps.append(gap)
        return safe


def _with_origin(package: Package, text: Callable[[str], str]) -> Package:
    if package.origin is None:
        return package
    return package._replace(origin={key: text(value) for key, value in package.origin.items()})


def _as_kept(artifact: Artifact, content: bytes, kept: bytes) -> Artifact:
    """Returns the artifact with hash and size of what the run commit holds of it."""
    if kept == content:
        return artifact
    digest = hashlib.md5(kept, usedforsecurity=False).hexdigest()
    return artifact._replace(hash=digest, size_bytes=len(kept))
