"""Finds what a run wrote: by a walk over the tree, by the trace, by what DVC and config name."""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from repro.errors import ReproError
from repro.git.snapshot import parse_status
from repro.model.data import Artifact, Place, check_path
from repro.model.gap import Gap, GapKind
from repro.model.policy import Keep
from repro.record.inputs import is_private
from repro.record.redact import unkept_gap
from repro.record.warehouse import Warehouse
from repro.secrets.files import secret_file_kind

if TYPE_CHECKING:
    from repro.data.ignore import Ignore

__all__ = [
    "MANY",
    "STATUS",
    "Outputs",
    "Written",
    "add_file",
    "collect_outputs",
    "take",
    "written_files",
]

_SKIPPED = frozenset(
    ".git .repro .venv venv .tox .nox node_modules __pycache__ .mypy_cache .pytest_cache"
    " .ruff_cache .ipynb_checkpoints .hypothesis .dvc .pixi .eggs conda-meta".split()
)
_INLINE_TEXT_BYTES = 64 * 1024
_INLINE_IMAGE_BYTES = 512 * 1024
_INLINE_TOTAL_BYTES = 4 * 2**20
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp")
MANY = 200
"""More loose files than this in one directory that git does not track become one artifact."""


class Written(NamedTuple):
    """A file that the run may have written.

    Attributes:
        path: Relative to the top.
        size_bytes: Its size.
    """

    path: str
    size_bytes: int


class Outputs:
    """What was found.

    Attributes:
        artifacts: By path.
        inline: Content of those that go into git.
        unkept: Content of those that would, but for the policy; params may be read from it.
        gaps: What could not be captured.
    """

    def __init__(self) -> None:
        self.artifacts: dict[str, Artifact] = {}
        self.inline: dict[str, bytes] = {}
        self.unkept: dict[str, bytes] = {}
        self.gaps: list[Gap] = []


STATUS = (
    "status",
    "--porcelain=v2",
    "-z",
    "--untracked-files=all",
    "--ignored=matching",
    "--no-renames",
    "--ignore-submodules=all",
)
"""Lists what `written_files` looks at; git compares a large tree with its index in no time."""


def written_files(
    top: str, status: bytes, *, also: Iterable[str], since_ns: int, skip: frozenset[str]
) -> list[Written]:
    """Returns the files whose content or state changed since an instant, sorted by path.

    Ignored files count; caches, environments, nested repositories and DVC's own directory do not.

    Args:
        top: The top of the working tree.
        status: The output of `STATUS`, taken after that instant.
        also: Further files to look at, relative to the top, though git may find them unchanged.
        since_ns: The instant, by the clock of the file system.
        skip: Directories not to look into, relative to the top.
    """
    found: dict[str, Written] = {}
    ignored = [os.fsdecode(row[2:]) for row in status.split(b"\0") if row.startswith(b"! ")]
    listed = [row.path for row in parse_status(status)]
    for path in (*listed, *(path for path in ignored if not path.endswith("/")), *also):
        if not is_private(path) and (file := _written(top, path, since_ns)) is not None:
            found[path] = file
    for directory in (path[:-1] for path in ignored if path.endswith("/")):
        if not _is_skipped(directory, skip):
            found |= {file.path: file for file in _written_below(top, directory, since_ns, skip)}
    return sorted(found.values(), key=lambda file: file.path)


def _written(top: str, path: str, since_ns: int) -> Written | None:
    try:
        state = os.lstat(f"{top}/{path}")
    except (OSError, ValueError):
        return None
    is_new = max(state.st_ctime_ns, state.st_mtime_ns) >= since_ns
    return Written(path, state.st_size) if is_new and stat.S_ISREG(state.st_mode) else None


def _is_skipped(directory: str, skip: frozenset[str]) -> bool:
    names = directory.split("/")
    return directory in skip or any(n in _SKIPPED or n.endswith(".egg-info") for n in names)


def _written_below(
    top: str, directory: str, since_ns: int, skip: frozenset[str]
) -> Iterator[Written]:
    pending = [directory]
    while pending:
        directory = pending.pop()
        try:
            entries = list(os.scandir(f"{top}/{directory}"))
        except OSError:
            continue
        if {entry.name for entry in entries} & {"pyvenv.cfg", ".git", "conda-meta"}:
            continue
        for entry in entries:
            path = f"{directory}/{entry.name}"
            if not entry.is_dir(follow_symlinks=False):
                file = _written(top, path, since_ns)
                if file is not None:
                    yield file
            elif not _is_skipped(path, skip):
                pending.append(path)


def collect_outputs(
    written: Iterable[Written],
    directories: Sequence[str],
    *,
    top: str,
    tracked: frozenset[str],
    linked: frozenset[str],
    warehouse: Warehouse,
) -> Outputs:
    """Captures the files that a run wrote, small texts and images for git, the rest in the store.

    Args:
        written: The files.
        directories: Those that are one artifact as a whole, relative to the top.
        top: The top of the working tree.
        tracked: Paths in the snapshot.
        linked: Those of `directories` that are DVC's.
        warehouse: Where the bytes go.
    """
    outputs = Outputs()
    whole = [*directories, *_crowded(written, tracked, directories)]
    roots = tuple(f"{directory}/" for directory in whole)
    changed_roots = set()
    for file in written:
        root = next((root for root in roots if file.path.startswith(root)), None)
        if root is not None:
            changed_roots.add(root[:-1])
        elif not is_private(file.path):
            add_file(outputs, file, os.path.join(top, file.path), warehouse)
    for directory in sorted(changed_roots):
        ignore = _ignore_of(top, directory) if directory in linked else None
        take(outputs, directory, warehouse, ignore=ignore)
    return outputs


def _ignore_of(top: str, directory: str) -> "Ignore | None":
    from repro.data.ignore import ignore_of

    return ignore_of(top, directory)


def _crowded(
    written: Iterable[Written], tracked: frozenset[str], directories: Sequence[str]
) -> Iterator[str]:
    counts: dict[str, int] = {}
    for file in written:
        root = file.path.partition("/")[0] if "/" in file.path else None
        if root is not None:
            counts[root] = counts.get(root, 0) + 1
    occupied = {path.partition("/")[0] for path in tracked}
    for root, count in counts.items():
        if count > MANY and root not in occupied and root not in directories:
            yield root


def add_file(outputs: Outputs, file: Written, full: str, warehouse: Warehouse) -> None:
    """Captures one file.

    Args:
        outputs: Gets it, or a gap.
        file: Its path is what it is recorded as.
        full: Where its bytes are.
        warehouse: Where they go.
    """
    kind = secret_file_kind(file.path)
    if kind is not None:
        outputs.gaps.append(unkept_gap(file.path, kind))
        return
    content = _inline_content(file, full, outputs)
    if content is not None and warehouse.rule_of(file.path).keep is Keep.NEVER:
        outputs.unkept[file.path] = content
    elif content is not None:
        outputs.inline[file.path] = content
        outputs.artifacts[file.path] = Artifact(
            path=file.path,
            hash=hashlib.md5(content, usedforsecurity=False).hexdigest(),
            size_bytes=len(content),
            place=Place.GIT,
            executable=os.access(full, os.X_OK),
        )
        return
    take(outputs, file.path, warehouse, full=full)


def take(
    outputs: Outputs,
    path: str,
    warehouse: Warehouse,
    *,
    full: str | None = None,
    ignore: "Ignore | None" = None,
) -> None:
    """Captures a file or directory by its hash, and into the store.

    Args:
        outputs: Gets it, or a gap.
        path: What it is recorded as.
        warehouse: Where its bytes go.
        full: Where they are, when not at `path`.
        ignore: For a directory: what DVC leaves out of it.
    """
    if check_path(path, Place.STORE, may_be_logged=True) is not None:
        reason = "not a path of this working tree; its bytes are not kept"
        fix = "write it below the top of the repository"
        outputs.gaps.append(Gap(GapKind.ARTIFACTS, path, reason, fix))
        return
    try:
        taken = warehouse.take(path, full=full, ignore=ignore)
    except (OSError, ReproError) as error:
        _gap(outputs, path, error)
        return
    if taken.skipped_by is not None:
        reason, fix = warehouse.reason_of(taken.skipped_by, path)
        outputs.gaps.append(Gap(GapKind.ARTIFACTS, path, reason, fix))
    captured = taken.captured
    outputs.artifacts[path] = Artifact(
        path=path,
        hash=captured.hash,
        size_bytes=captured.size_bytes,
        n_files=captured.n_files,
        place=taken.place,
        executable=captured.executable,
        extras=captured.extras,
    )


def _gap(outputs: Outputs, path: str, error: OSError | ReproError) -> None:
    reason = "it changed while it was being read"
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
    outputs.gaps.append(Gap(GapKind.ARTIFACTS, path, reason, "run again"))


def _inline_content(file: Written, full: str, outputs: Outputs) -> bytes | None:
    is_image = file.path.lower().endswith(_IMAGES)
    if file.size_bytes > (_INLINE_IMAGE_BYTES if is_image else _INLINE_TEXT_BYTES):
        return None
    if sum(map(len, outputs.inline.values())) + file.size_bytes > _INLINE_TOTAL_BYTES:
        return None
    try:
        with open(full, "rb") as reader:
            content = reader.read()
        if not is_image:
            content.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return content if is_image or b"\0" not in content else None
