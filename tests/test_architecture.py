"""The architecture as failing tests: who may import whom, and where an effect may happen.

Each rule is a table with its reasons; a failure lists the offenders and the rule, so that the way
on is either to move the code or to argue with the table.
"""

import ast
import builtins
import fnmatch
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "repro"

FOREIGN = ("record/bootstrap/*", "notebook/executor/*", "demo/digits/*")
"""Not repro's own process: the bootstrap runs in the user's interpreter, on whatever Python and
beside whatever packages that has, and so does what executes notebooks; the demo's files are an
example of a user's project."""

_MODEL = ("errors", "model")
_GIT = (*_MODEL, "secrets", "process", "git")
_DATA = (*_GIT, "data")
_ENVIRONMENT = (*_DATA, "environment")
_STORE = (*_ENVIRONMENT, "store")
_LINEAGE = (*_STORE, "lineage")
_RECORD = (*_LINEAGE, "sensors", "journal", "record")

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "errors": (),
    "model": ("errors", "model"),
    # Pure: a text in, where its secrets are out.
    "secrets": (*_MODEL, "secrets"),
    "process": ("errors",),
    "git": _GIT,
    "data": _DATA,
    "environment": _ENVIRONMENT,
    # What was observed, built again: it needs a record, and neither git nor the runs.
    "rebuild": (*_MODEL, "secrets", "process", "environment", "rebuild"),
    "store": _STORE,
    # What a program says of its run: written inside of it, read beside it.
    "journal": (*_MODEL, "journal"),
    "record": _RECORD,
    # Pure: two records in, their difference out.
    "compare": (*_MODEL, "compare"),
    # Which runs a filter means, recorded or in progress: for the command line and for programs.
    "selection": (*_RECORD, "compare", "selection"),
    # Which runs belong to which commits, though these be rewritten.
    "lineage": _LINEAGE,
    "restore": (*_GIT, "data", "store", "restore"),
    # Runs and their bytes, to other clones and from them.
    "share": (*_GIT, "data", "store", "share"),
    # Inside of the user's git: never fails, never waits long.
    "hooks": (*_RECORD, "share", "hooks"),
    # Finds what is lost or damaged, and mends it from wherever the bytes still are.
    "fsck": (*_GIT, "data", "store", "share", "fsck"),
    # A person at a keyboard: it knows repro by its command line only.
    "demo": ("errors", "process", "demo"),
    "cli": (
        *(*_RECORD, "compare", "rebuild", "restore", "share", "fsck", "demo", "plot", "notebook"),
        *("selection", "hooks", "cli"),
    ),
    "__main__": ("cli",),
    # What the machine does: figures out of /proc and the driver of the GPUs, or its tool.
    "sensors": ("errors", "process", "sensors"),
    # Pure: curves in, a picture of them out.
    "plot": (*_MODEL, "plot"),
    # Runs as objects, for programs and notebooks.
    "reading": (*_RECORD, "compare", "selection", "restore", "share", "plot", "reading"),
    # Inside of a user's program: what is said goes to the journal, and nothing is raised.
    "api": (*_MODEL, "process", "journal", "data", "api"),
    # Callbacks for frameworks, each imported by who uses it.
    "integrations": (*_MODEL, "api", "integrations"),
    # Inside of a notebook's kernel, and around one.
    "notebook": (*_MODEL, "process", "journal", "api", "reading", "notebook"),
    # Hands out what these have, when it is first asked for.
    "__init__": ("api", "reading", "notebook"),
}
"""What each package may import of repro, beside ``repro.__version__``."""


@dataclass(frozen=True)
class Edge:
    """An effect, and the only places where it may happen.

    Attributes:
        names: Dotted names, fnmatch patterns.
        where: Files, fnmatch patterns.
        why: For the failure's text.
    """

    names: tuple[str, ...]
    where: tuple[str, ...]
    why: str


EDGES = (
    Edge(
        (
            *("subprocess", "subprocess.*", "multiprocessing", "multiprocessing.*", "pty.fork"),
            *("os.system", "os.popen", "os.fork", "os.forkpty", "os.posix_spawn*", "os.spawn*"),
            "os.exec*",
        ),
        ("process.py",),
        "processes are started in process.py, with a scrubbed environment and one kind of error",
    ),
    Edge(
        ("git", "git.*"),
        ("git/history.py", "git/remotes.py"),
        "GitPython lives behind git/history.py and git/remotes.py",
    ),
    Edge(
        ("dvc", "dvc.*", "dvc_data", "dvc_data.*", "dvc_objects", "dvc_objects.*"),
        ("data/dvc.py", "data/dvc_remotes.py"),
        "DVC's libraries live behind data/dvc.py and data/dvc_remotes.py",
    ),
    Edge(
        ("deltalake", "deltalake.*"),
        ("data/tables/delta.py",),
        "deltalake lives behind data/tables/delta.py",
    ),
    Edge(
        ("pyiceberg", "pyiceberg.*", "pyarrow", "pyarrow.*"),
        ("data/tables/iceberg.py",),
        "pyiceberg, and pyarrow with which it reads, live behind data/tables/iceberg.py",
    ),
    Edge(
        ("print", "input", "sys.exit"),
        # What a user's program ends with is its exit code, which nothing else tells it from inside.
        ("cli/*", "__main__.py", "api/ending.py"),
        "only the CLI talks and ends",
    ),
    Edge(
        ("os.environ", "os.environb", "os.getenv"),
        # git's own variables (author, config, ssh) are part of calling git; DVC's say where its
        # configuration lies; a user's program is told in one which run it is part of.
        ("cli/*", "git/repository.py", "data/dvc_config.py", "api/*"),
        "the environment is an argument, so that a hook's or a test's cannot leak in",
    ),
    Edge(
        ("os.getcwd", "os.getcwdb", "os.chdir", "os.fchdir", "pathlib.Path.cwd"),
        # The default of open_repository: where the user stands; and what a path means in a program.
        ("cli/*", "git/repository.py", "api/*"),
        "paths are arguments: the current directory belongs to the user",
    ),
    Edge(
        (
            *("time.time", "time.time_ns", "time.localtime", "time.gmtime"),
            *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today"),
        ),
        # A file that changed within the clock's resolution cannot be trusted to its mtime; a lock
        # that failed for want of a network is not tried again at once; a run's start and end are
        # the moments at which they happen.
        (
            *("cli/*", "data/stat_cache.py", "environment/lock.py", "git/screen.py"),
            # An undo entry says when it was made.
            "reading/checking_out.py",
            *("record/session.py", "record/unchanged.py", "record/workspace.py"),
            # A point is logged when it is logged, inside of the user's program; figures likewise.
            *("journal/writer.py", "api/*", "notebook/*", "record/sampler.py", "record/recorder*"),
        ),
        "the clock is an argument (`now`, `at`), so that a test can set it",
    ),
    Edge(
        # Not os.urandom: a temporary file's name must be unique, and nothing depends on it.
        ("random", "random.*", "secrets", "secrets.*", "uuid", "uuid.*"),
        ("cli/*",),
        "randomness is an argument, so that a test can set it",
    ),
    Edge(("pickle", "pickle.*", "marshal", "marshal.*"), (), "reading them runs code"),
)

HEAVY = frozenset(
    "asyncio concurrent deepdiff deltalake dvc dvc_data dvc_objects email git http "
    "importlib.metadata importlib.resources inspect logging multiprocessing pathlib psutil pyarrow "
    "pyiceberg rich shutil socket sqlite3 subprocess tempfile tomllib unittest urllib.request uv "
    "yaml".split()
)
"""Cost milliseconds that a recorder inside other people's commits has not."""

MAY_BE_HEAVY = ("cli/console.py", "cli/table.py", "demo/*")
"""Never loaded while recording."""

RECORDING = ("repro.cli.main", "repro.cli.commands.run", "repro.cli.commands.record")
HEAVY_ON_RECORDING = ("rich", "yaml", "git", "dvc", "deepdiff", "sqlite3", "subprocess", "psutil")

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_POSITIONAL = 5


@dataclass(frozen=True)
class Source:
    """A parsed file: its path below src/repro, its text and its tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        return self.path.partition("/")[0].removesuffix(".py")


@cache
def sources() -> tuple[Source, ...]:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if not is_among(name, FOREIGN):
            text = path.read_text(encoding="utf-8")
            found.append(Source(name, text, ast.parse(text, name)))
    return tuple(found)


def is_among(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


def imports(source: Source, within: ast.AST | None = None) -> Iterator[tuple[int, str]]:
    """Yields the line and dotted name of all that a file imports; for ``from a import b``: a.b."""
    for node in ast.walk(within or source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source.path}:{node.lineno}: relative import"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def top_imports(source: Source) -> Iterator[tuple[int, str]]:
    """Yields what is imported with the module itself, TYPE_CHECKING blocks left out."""
    for statement in source.tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            continue
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
            continue
        yield from imports(source, statement)


def uses(source: Source) -> Iterator[tuple[int, str]]:
    """Yields the line and full dotted name of every import and of every use of an imported name."""
    known = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    yield from imports(source)
    for node in ast.walk(source.tree):
        if isinstance(node, (ast.Attribute, ast.Name)) and isinstance(node.ctx, ast.Load):
            head, dot, rest = ast.unparse(node).partition(".")
            if head in known or (not dot and hasattr(builtins, head)):
                yield node.lineno, f"{known.get(head, head)}{dot}{rest}"


def functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(source.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def fail_on(offenders: list[str], rule: str) -> None:
    assert not offenders, "\n  ".join([f"{rule}:", *sorted(set(offenders))])


def test_every_package_has_its_row_in_the_table() -> None:
    fail_on(
        [s.package for s in sources() if s.package not in MAY_IMPORT],
        "a new package needs a row in MAY_IMPORT and in docs/design.md",
    )


def test_imports_point_one_way() -> None:
    offenders = []
    for source in sources():
        for line, name in imports(source):
            top, _, rest = name.partition(".")
            target = rest.partition(".")[0]
            if top != "repro" or target == "__version__":
                continue
            if target not in MAY_IMPORT[source.package]:
                offenders.append(f"{source.path}:{line}: {name}")
    fail_on(offenders, "an import against the table MAY_IMPORT")


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: edge.names[0])
def test_an_effect_happens_at_its_edge_only(edge: Edge) -> None:
    offenders = [
        f"{source.path}:{line}: {name}"
        for source in sources()
        if not is_among(source.path, edge.where)
        for line, name in uses(source)
        if is_among(name, edge.names)
    ]
    fail_on(offenders, f"{edge.why} (allowed in: {', '.join(edge.where) or 'nothing'})")


def test_heavy_modules_are_imported_inside_functions() -> None:
    offenders = [
        f"{source.path}:{line}: {name}"
        for source in sources()
        if not is_among(source.path, MAY_BE_HEAVY)
        for line, name in top_imports(source)
        if any(name == heavy or name.startswith(f"{heavy}.") for heavy in HEAVY)
    ]
    fail_on(offenders, "imported with the module, though recording must be nearly free")


@pytest.mark.parametrize("module", RECORDING)
def test_recording_starts_without_heavy_modules(module: str) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        (sys.executable, "-c", program), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    fail_on(sorted(set(done.stdout.split()) & set(HEAVY_ON_RECORDING)), f"loaded by {module}")


def test_files_are_short() -> None:
    offenders = [
        f"{source.path}: {lines} lines"
        for source in sources()
        if (lines := len(source.text.splitlines())) > MAX_FILE_LINES
    ]
    fail_on(offenders, f"more than {MAX_FILE_LINES} lines: split by idea")


def test_functions_are_short() -> None:
    offenders = [
        f"{source.path}:{function.lineno}: {function.name}, {lines} lines"
        for source in sources()
        for function in functions(source)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > MAX_FUNCTION_LINES
    ]
    fail_on(offenders, f"more than {MAX_FUNCTION_LINES} lines: name the parts")


def test_options_are_keyword_only() -> None:
    offenders = []
    for source in sources():
        for function in functions(source):
            names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
            count = len([name for name in names if name not in ("self", "cls")])
            is_command = any("command" in ast.unparse(d) for d in function.decorator_list)
            if count > MAX_POSITIONAL and not is_command:
                offenders.append(f"{source.path}:{function.lineno}: {function.name}, {count}")
    fail_on(
        offenders, f"more than {MAX_POSITIONAL} positional parameters: make options keyword-only"
    )


def test_an_except_of_everything_says_why() -> None:
    offenders = []
    for source in sources():
        lines = source.text.splitlines()
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.ExceptHandler):
                continue
            caught = "BaseException" if node.type is None else ast.unparse(node.type)
            is_broad = caught in ("Exception", "BaseException")
            last = node.body[-1]
            raises_again = isinstance(last, ast.Raise) and last.exc is None
            if is_broad and not raises_again and "#" not in lines[node.lineno - 1]:
                offenders.append(f"{source.path}:{node.lineno}")
    fail_on(offenders, "catches everything without a reason on the line; what is lost is a Gap")


def test_every_module_says_what_it_knows() -> None:
    offenders = [s.path for s in sources() if not ast.get_docstring(s.tree)]
    fail_on(offenders, "no module docstring")


def test_every_module_lists_what_it_offers() -> None:
    offenders = []
    for source in sources():
        defines = any(isinstance(n, (ast.FunctionDef, ast.ClassDef)) for n in source.tree.body)
        assigned = [t for n in source.tree.body if isinstance(n, ast.Assign) for t in n.targets]
        has_all = any(isinstance(t, ast.Name) and t.id == "__all__" for t in assigned)
        if defines and not has_all:
            offenders.append(source.path)
    fail_on(offenders, "no __all__")


def test_module_names_name_an_idea() -> None:
    vague = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py", "base.py", "core.py"}
    offenders = [s.path for s in sources() if s.path.rpartition("/")[2] in vague]
    fail_on(offenders, "the name says nothing: name the idea")
