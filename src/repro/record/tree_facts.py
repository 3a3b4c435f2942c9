"""What the snapshot's tree says about the run: code digest, DVC's pointers, params files."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from repro.git.objects import list_rows, read_objects
from repro.git.repository import Repository
from repro.model.digest import digest_of_code
from repro.model.gap import Gap, GapKind
from repro.model.ids import Oid
from repro.process import Pending
from repro.record.inputs import is_pointer
from repro.record.metrics import metrics_files
from repro.record.params import params_files, read_existing
from repro.record.project import Project, is_outside, outside_gap

if TYPE_CHECKING:
    from repro.data.pipeline import Pipeline

__all__ = ["TreeFacts", "TreeFiles", "facts_of", "read_tree_facts"]


_DVC_ENDINGS = (".dvc", "dvc.lock", "dvc.yaml")
_NOTEBOOK = ".ipynb"


class TreeFacts(NamedTuple):
    """What a tree says.

    Attributes:
        tracked: Every path in it.
        code_digest: Digest of the code pillar.
        pointers: Content of DVC's pointers, and of its ``dvc.yaml``, by path.
        params: Content of the params files, ignored ones on disk included, by path.
        metrics: Where metrics may lie.
        gaps: Files that could not be read.
        code_rows: What `code_digest` was made of, where notebooks are among it.
    """

    tracked: frozenset[str]
    code_digest: str
    pointers: Mapping[str, bytes]
    params: Mapping[str, bytes]
    metrics: tuple[str, ...]
    gaps: tuple[Gap, ...]
    code_rows: tuple[str, ...] = ()

    def without_notebook(self, path: str) -> "TreeFacts":
        """Returns the same, with a code digest to which a notebook is nothing.

        Its cells, as they were executed, stand for it: saving it again, with other outputs, changes
        no code.
        """
        rows = [row for row in self.code_rows if row.partition("\t")[2] != path]
        if len(rows) == len(self.code_rows):
            return self
        return self._replace(code_digest=digest_of_code(rows), code_rows=tuple(rows))


def read_tree_facts(
    repo: Repository, tree: Oid, project: Project, *, rows: Pending | None = None
) -> TreeFacts:
    """Reads a tree, with one process for its names and one for the files of interest.

    Args:
        repo: The repository.
        tree: The snapshot.
        project: The project.
        rows: `start_rows` of the tree, where it was started already.
    """
    files = TreeFiles(repo, list_rows(repo, tree, started=rows))
    return facts_of(files, project, top=repo.top)


class TreeFiles:
    """The files of a tree; what was read is kept.

    Attributes:
        rows: As `list_rows` gives them.
    """

    def __init__(self, repo: Repository, rows: Mapping[str, str]) -> None:
        self.rows = rows
        self._repo = repo
        self._known: dict[str, bytes] = {}

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        """Returns the content of those of some paths that are files here, with one process at most.

        Raises:
            GitError: git could not read them.
        """
        wanted = [path for path in dict.fromkeys(paths) if self._is_file(path)]
        new = [path for path in wanted if path not in self._known]
        contents = read_objects(self._repo, [self.rows[path].split(None, 3)[2] for path in new])
        self._known |= {p: x for p, x in zip(new, contents, strict=True) if x is not None}
        return {path: self._known[path] for path in wanted if path in self._known}

    def get(self, path: str) -> bytes | None:
        """Returns the content of one file, None where there is none."""
        return self.read([path]).get(path)

    def _is_file(self, path: str) -> bool:
        return path in self.rows and " blob " in self.rows[path].partition("\t")[0]


def facts_of(files: TreeFiles, project: Project, *, top: str | None) -> TreeFacts:
    """Returns what a tree says.

    Args:
        files: The tree.
        project: The project.
        top: The top of the working tree, where params files that git ignores lie; None for what the
            tree alone says.
    """
    rows = files.rows
    marked = [path for path in rows if path.endswith(_DVC_ENDINGS)]
    dvc_yamls = [path for path in marked if path.rpartition("/")[2] == "dvc.yaml"]
    pointers = [path for path in marked if is_pointer(path)]
    by_convention = [path for path in params_files(project) if path in rows]
    blobs = files.read([*pointers, *dvc_yamls, *by_convention])
    pipelines, gaps = _read_pipelines({path: blobs[path] for path in dvc_yamls if path in blobs})
    named = {path for pipeline in pipelines for path in (*pipeline.params, *pipeline.metrics)}
    gaps += [outside_gap(path) for path in sorted(named) if is_outside(path)]
    dvc_params = [p for pipeline in pipelines for p in pipeline.params if not is_outside(p)]
    dvc_metrics = [p for pipeline in pipelines for p in pipeline.metrics if not is_outside(p)]
    blobs |= files.read(dvc_params)
    params = params_files(project, dvc_params)
    metrics = metrics_files(project, dvc_metrics)
    contents = {path: blobs[path] for path in params if path in blobs}
    unreadable: list[Gap] = []
    if top is not None:
        contents, unreadable = read_existing(params, top=top, blobs=blobs)
    apart = {*pointers, *params, *metrics}
    code = tuple(row for path, row in rows.items() if path not in apart)
    return TreeFacts(
        tracked=frozenset(rows),
        code_digest=digest_of_code(code),
        pointers={path: blobs[path] for path in (*pointers, *dvc_yamls) if path in blobs},
        params=contents,
        metrics=tuple(metrics),
        gaps=(*gaps, *unreadable),
        code_rows=code if any(path.endswith(_NOTEBOOK) for path in rows) else (),
    )


def _read_pipelines(files: Mapping[str, bytes]) -> "tuple[list[Pipeline], list[Gap]]":
    if not files:
        return [], []
    from repro.data.pipeline import PointerError, parse_pipeline

    parsed: list[Pipeline] = []
    gaps: list[Gap] = []
    for path, content in files.items():
        try:
            parsed.append(parse_pipeline(path, content))
        except PointerError as error:
            fix = error.hint or f"correct {path}"
            gaps.append(Gap(GapKind.DATA, path, error.message, fix))
    return parsed, gaps
