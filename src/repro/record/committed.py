"""A commit as a state to be recorded: what its tree says, whatever lies in the working tree.

What is uncommitted is nobody's to record while somebody commits something else, and nobody's to be
shared by the next push.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from repro.git.repository import Repository
from repro.model.conventions import METRICS_NAMES, PARAMS_NAMES
from repro.model.gap import Gap, GapKind
from repro.model.ids import Oid
from repro.model.values import Number, Params
from repro.record.inputs import is_pointer
from repro.record.metrics import Metrics, collect_metrics, curve_files
from repro.record.params import collect_params
from repro.record.project import Project, join, load_project, project_directory
from repro.record.redactor import redactor_of
from repro.record.tree_facts import TreeFacts, TreeFiles, facts_of

__all__ = [
    "Committed",
    "Header",
    "Place",
    "metrics_of",
    "parse_header",
    "place_in",
    "read_committed",
]

_CONFIGURATION = (".repro.yaml", "pyproject.toml")


class Header(NamedTuple):
    """What a commit object says.

    Attributes:
        oid: The commit.
        tree: Its tree.
        parents: Its parents.
        subject: The first line of its message.
    """

    oid: Oid
    tree: Oid
    parents: tuple[Oid, ...]
    subject: str


class Place(NamedTuple):
    """A project within a tree; the fields are those of `Project`."""

    directory: str
    cwd: str


class Committed(NamedTuple):
    """A commit, as a state that may be recorded.

    Attributes:
        header: The commit.
        project: The project, as the commit configures it.
        facts: What its tree says.
        params: What its params files say.
        metrics: What its metrics files say.
        new_metrics: What those of them say that the commit adds or changes.
        gaps: What cannot be read of it.
    """

    header: Header
    project: Project
    facts: TreeFacts
    params: Params
    metrics: Metrics
    new_metrics: Metrics
    gaps: tuple[Gap, ...]

    @property
    def values(self) -> dict[str, Number]:
        """The value of each metric that is the commit's own."""
        return {name: metric.value for name, metric in self.new_metrics.summary.items()}


def parse_header(oid: Oid, content: bytes) -> Header:
    """Reads a commit object."""
    head, _, message = content.partition(b"\n\n")
    rows = [line.partition(b" ") for line in head.split(b"\n")]
    tree = next(value for key, _, value in rows if key == b"tree")
    parents = tuple(Oid(value.decode("ascii")) for key, _, value in rows if key == b"parent")
    subject = message.strip().partition(b"\n")[0].decode("utf-8", "replace")
    return Header(oid, Oid(tree.decode("ascii")), parents, subject)


def place_in(files: TreeFiles, cwd: str) -> Place:
    """Returns the project that a directory of a tree belongs to, as `find_project` does on disk."""
    rows = files.rows

    def has(path: str) -> bool:
        return path in rows or (
            path.endswith(".dvc") and (f"{path}/config" in rows or f"{path}/.gitignore" in rows)
        )

    return Place(project_directory(cwd, has), cwd)


def read_committed(
    repo: Repository,
    header: Header,
    files: TreeFiles,
    place: Place,
    *,
    changed: Collection[str] | None = None,
    given: Params | None = None,
) -> Committed:
    """Reads the params and metrics of a commit.

    Args:
        repo: The repository.
        header: The commit.
        files: Its tree.
        place: The project.
        changed: What the commit changes, at least of what may hold metrics; None where the age of
            its metrics does not matter.
        given: Params that somebody typed.

    Raises:
        GitError: git could not read the tree.
    """
    files.read(_of_interest(files, place))  # one process for nearly all that is read below
    project = load_project(repo.top, place.directory, cwd=place.cwd, read=files.get)
    facts = facts_of(files, project, top=None)
    contents = files.read([*facts.metrics, *curve_files(project, files.rows)])
    metrics = collect_metrics(
        project, top=repo.top, files=facts.metrics, since_ns=None, contents=contents
    )
    params, param_gaps = collect_params(
        facts.params, written={}, given=given or {}, redactor=redactor_of(repo)
    )
    old = () if changed is None else tuple(_old_metrics(metrics, changed))
    new = metrics
    if old:
        known = {path: text for path, text in contents.items() if path in (changed or ())}
        files_of = [path for path in facts.metrics if path in known]
        new = collect_metrics(project, top="", files=files_of, since_ns=None, contents=known)
    gaps = (*project.gaps, *facts.gaps, *param_gaps, *new.gaps, *old)
    return Committed(header, project, facts, params, metrics, new, gaps)


def _old_metrics(metrics: Metrics, changed: Collection[str]) -> Iterator[Gap]:
    """Yields a gap for each metrics file that is as it was before the commit.

    Who commits other params, and has trained nothing with them yet, has the metrics of the old ones
    lying there.
    """
    reason = "left from before: the commit does not change it, so it is not recorded as its metrics"
    fix = "repro run the command that writes it, and commit both"
    for path in metrics.files:
        if path not in changed:
            yield Gap(GapKind.METRICS, path, reason, fix)


def _of_interest(files: TreeFiles, place: Place) -> Iterator[str]:
    names = (*_CONFIGURATION, *PARAMS_NAMES, *METRICS_NAMES)
    yield from (join(directory, name) for directory in dict.fromkeys(place) for name in names)
    yield from (path for path in files.rows if is_pointer(path) or path.endswith("dvc.yaml"))


def metrics_of(committed: Committed, files: TreeFiles, paths: Collection[str]) -> Metrics:
    """Returns the metrics that some of a commit's files hold, paths of other files left out."""
    project = committed.project
    known = [path for path in committed.facts.metrics if path in paths]
    contents = files.read([*known, *curve_files(project, paths)])
    return collect_metrics(project, top="", files=known, since_ns=None, contents=contents)
