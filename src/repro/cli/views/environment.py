"""The environment of a run on one page, and the words for its parts that other pages use too."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from repro.cli.drift import drift_text
from repro.cli.format import counted
from repro.cli.page import Block, Cell, Grid, Line, Section
from repro.model.environment import Environment, Hardware, Interpreter, Package, Platform
from repro.model.gap import Gap, GapKind
from repro.model.ids import short_id
from repro.model.run import Record, Status
from repro.model.summary import Summary

__all__ = [
    "drift_lines",
    "gap_rows",
    "gathered",
    "hardware_text",
    "memory_text",
    "origin_text",
    "page",
    "platform_text",
    "python_name",
    "runtime_text",
]

_TELLING_FLAGS = ("sse4_2", "avx", "fma", "f16c", "amx", "neon", "asimd", "sve", "bf16")
"""Beginnings of the flags that decide which kernels numeric libraries choose."""
_TELLING_FACTS = ("blas", "thread", "determin", "tf32", "benchmark", "capability", "precision")


def page(record: Record, summary: Summary) -> list[Block]:
    """Returns the page of a run's environment.

    Args:
        record: All of the run.
        summary: Of the same run.
    """
    head = Line.of(Cell(summary.name, "bold"), "  ", Cell(short_id(record.run.id), "cyan"))
    environment = record.environment
    if environment is None:
        parts: list[tuple[str, list[Line | Grid]]] = [
            ("environment", [Line.of(Cell("not observed", "yellow"))])
        ]
    else:
        parts = list(_parts(environment, record))
    gaps = [gap for gap in record.run.gaps if gap.kind is GapKind.ENVIRONMENT]
    if summary.status is not Status.RUNNING:
        parts.append(("gaps", list(_gaps(gaps, record.run.gaps))))
    sections = [Section(label, tuple(blocks)) for label, blocks in parts if blocks]
    return [head, Line.of(), *sections]


def _parts(environment: Environment, record: Record) -> Iterator[tuple[str, list[Line | Grid]]]:
    yield "interpreter", list(_interpreter(environment))
    yield "platform", [Line.of(platform_text(environment.platform))]
    if environment.platform.container:
        yield "container", [Line.of(environment.platform.container)]
    yield "hardware", list(_hardware(environment.hardware))
    yield "packages", list(_packages(environment.packages))
    yield "lock", list(_locks(record))
    yield "lock files", list(_lock_files(environment))
    yield "variables", _pairs(environment.variables)
    yield "also set", _words(environment.variable_names)
    yield "indexes", [Line.of(index) for index in environment.indexes]
    yield "runtime", _pairs(environment.runtime)
    yield "modules", [Line.of(module) for module in environment.modules]


def python_name(interpreter: Interpreter) -> str:
    """Returns "Python 3.11.7", or "pypy 3.10.14"."""
    name = "Python" if interpreter.implementation == "cpython" else interpreter.implementation
    return f"{name} {interpreter.version}"


def _interpreter(environment: Environment) -> Iterator[Line | Grid]:
    interpreter = environment.interpreter
    if interpreter is None:
        yield Line.of(Cell("the command started no Python that could be seen", "yellow"))
        return
    digest = f"  {interpreter.digest[:8]}" if interpreter.digest else ""
    yield Line.of(python_name(interpreter), Cell(digest, "yellow"))
    rows = [("build", interpreter.build.removeprefix(interpreter.version).strip())]
    rows.append(("run as", interpreter.executable))
    if interpreter.prefix != interpreter.base_prefix:
        rows.append(("made from", interpreter.base_prefix))
    rows += [("also ran", other) for other in environment.other_interpreters]
    filled = [(Cell(name, "dim"), Cell(text)) for name, text in rows if text]
    yield Grid(tuple(filled), wrap=1)


def platform_text(platform: Platform) -> str:
    """Returns system, distribution and C library."""
    parts = (f"{platform.system} {platform.machine}", platform.distribution, platform.libc)
    return ", ".join(part for part in parts if part)


def hardware_text(hardware: Hardware) -> str:
    """Returns processor, memory and GPUs, "" where nothing is known."""
    cores = f"{hardware.n_cores} x {hardware.cpu}" if hardware.cpu else ""
    memory = memory_text(hardware.memory_bytes) if hardware.memory_bytes else ""
    driver = f"driver {hardware.gpu_driver}" if hardware.gpu_driver else ""
    cuda = f"CUDA {hardware.cuda}" if hardware.cuda else ""
    parts = (cores, memory, *_gpus(hardware), driver, cuda)
    return ", ".join(part for part in parts if part)


def memory_text(n_bytes: int) -> str:
    """Returns an amount of memory: "24 GiB"."""
    return f"{n_bytes / 2**30:.0f} GiB"


def _gpus(hardware: Hardware) -> list[str]:
    sizes = hardware.gpu_memory_bytes
    if len(sizes) == len(hardware.gpus):
        pairs = zip(hardware.gpus, sizes, strict=True)
        names = [f"{gpu} {memory_text(n_bytes)}" for gpu, n_bytes in pairs]
    else:
        names = list(hardware.gpus)
    return [gathered(names)] if names else []


def gathered(names: Sequence[str]) -> str:
    """Returns names with equal ones counted: "2 x A100, T4"."""
    counts = {name: names.count(name) for name in names}
    return ", ".join(f"{n} x {name}" if n > 1 else name for name, n in counts.items())


def _hardware(hardware: Hardware) -> Iterator[Line]:
    text = hardware_text(hardware)
    if text:
        yield Line.of(text)
    flags = hardware.cpu_flags.split()
    if flags:
        telling = " ".join(flag for flag in flags if flag.startswith(_TELLING_FLAGS))
        among = f", among them {telling}" if telling else ""
        yield Line.of(Cell(f"{counted(len(flags), 'CPU flag')}{among}", "dim"))


def _packages(packages: Sequence[Package]) -> Iterator[Line | Grid]:
    if not packages:
        return
    installers = {package.installer for package in packages}
    by = next(iter(installers)) if len(installers) == 1 else None
    yield Line.of(counted(len(packages), "package"), f", installed by {by}" if by else "")
    rows = [
        (
            Cell(package.name),
            Cell(package.version),
            Cell(package.record[:8] if package.record else "", "yellow"),
            *(() if by else (Cell(package.installer or "", "dim"),)),
            Cell(origin_text(package), "" if package.origin else "dim"),
        )
        for package in packages
    ]
    yield Grid(tuple(rows), wrap=len(rows[0]) - 1)


def origin_text(package: Package) -> str:
    """Returns where a package came from: "index", "git 1a2b3c4 from URL", "editable ./lib"."""
    origin = package.origin
    if not origin:
        return "conda" if package.installer == "conda" else "index"
    url = origin.get("url", "")
    place = url.removeprefix("file://")
    inside = f", in {origin['subdirectory']}" if "subdirectory" in origin else ""
    if "commit" in origin:
        return f"{origin.get('vcs', 'git')} {origin['commit'][:7]} from {place}{inside}"
    if "sha256" in origin:
        return f"{place}, sha256 {origin['sha256'][:8]}{inside}"
    how = "editable " if "editable" in origin else ""
    state = f" at {origin['head'][:7]}" if "head" in origin else ""
    changes = " with changes" if "dirty" in origin else ""
    return f"{how}{place}{state}{changes}{inside}"


def _locks(record: Record) -> Iterator[Line]:
    letters = short_id(record.run.id)
    kinds = (
        ("pylock.toml", record.lock, "--lock"),
        ("conda-explicit.txt", record.conda, "--conda"),
    )
    for name, content, flag in kinds:
        if content is not None:
            hint = f"repro env show {letters} {flag}"
            yield Line.of(f"{name}, {len(content):,} bytes: ", Cell(hint, "dim"))
    if record.lock is None and record.conda is None:
        yield Line.of(Cell("none", "yellow"))


def _lock_files(environment: Environment) -> Iterator[Line]:
    for file in environment.lock_files:
        if not file.drift:
            yield Line.of(file.path, Cell("  no drift", "dim"))
            continue
        yield Line.of(file.path, Cell(f"  {_n_differences(file.drift)}", "yellow"))
        yield from (Line.of(f"  {text}") for text in file.drift)


def _n_differences(drift: Sequence[str]) -> str:
    if drift[0].startswith("cannot be read"):
        return ""
    n_cut = int(drift[-1].split()[1]) - 1 if drift[-1].startswith("and ") else 0
    return f"drifted in {counted(len(drift) + n_cut, 'place')}"


def _pairs(texts: Mapping[str, str]) -> list[Line | Grid]:
    rows = [(Cell(name), Cell(text)) for name, text in texts.items()]
    return [Grid(tuple(rows), wrap=1)] if rows else []


def _words(names: Iterable[str]) -> list[Line | Grid]:
    text = " ".join(names)
    return [Line.of(Cell(text, "dim"))] if text else []


def runtime_text(runtime: Mapping[str, str]) -> str:
    """Returns the facts that change results, in one line: BLAS, threads, determinism."""
    telling = [
        f"{name}={text}"
        for name, text in runtime.items()
        if any(word in name.lower() for word in _TELLING_FACTS)
    ]
    return ", ".join(telling)


def _gaps(gaps: Sequence[Gap], every: Sequence[Gap]) -> Iterator[Line | Grid]:
    if not every:
        yield Line.of(Cell("none: reproducible", "green"))
    elif not gaps:
        yield Line.of("none in the environment")
    yield from gap_rows(gaps)


def gap_rows(gaps: Iterable[Gap]) -> Iterator[Grid]:
    """Yields each gap: kind, subject and reason, and below them how to close it."""
    rows = []
    for gap in gaps:
        reason = f": {gap.reason}" if gap.reason else ""
        rows.append((Cell(gap.kind.value, "yellow"), Cell(f"{gap.subject}{reason}")))
        if gap.fix:
            rows.append((Cell(""), Cell(f"fix: {gap.fix}", "cyan")))
    if rows:
        yield Grid(tuple(rows), wrap=1)


def drift_lines(environment: Environment) -> Iterator[Line]:
    """Yields a line for each lock file that the environment has drifted from."""
    for file in environment.lock_files:
        text = drift_text(file, most=3)
        if text:
            yield Line.of(Cell(text, "yellow"))
