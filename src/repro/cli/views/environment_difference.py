"""The difference between the environments of two runs: its page, and its rows in other pages."""

from collections.abc import Callable, Container, Iterable, Mapping

from repro.cli.format import counted
from repro.cli.page import Block, Cell, Line, Section
from repro.cli.views.environment import gathered, memory_text, origin_text
from repro.cli.views.marks import MARKS, Rows, changed, grid, mark, text_rows
from repro.compare.changes import Changes
from repro.compare.environment import EnvironmentChange
from repro.model.environment import Package

__all__ = ["environment_rows", "page", "summary_line"]

_MACHINE_NAMES: Mapping[str, str] = {
    "container": "container",
    "distribution": "distribution",
    "release": "kernel",
    "cpu": "CPU",
    "n_cores": "cores",
    "memory_bytes": "memory",
    "gpus": "GPU",
    "gpu_memory_bytes": "GPU memory",
    "gpu_driver": "driver",
    "cuda": "CUDA",
}
"""What people call the fields of the machine, in the order in which they are shown."""
_AROUND = ("container", "distribution", "release")
"""Shown with the platform, of which they are no part that counts."""
_HARDWARE = tuple(name for name in _MACHINE_NAMES if name not in _AROUND)
_CHIEF = ("cpu", "gpus")
"""Where these differ, nobody asks for the rest."""
_MOST_NAMES = 40


def page(head: Line, difference: EnvironmentChange) -> list[Block]:
    """Returns the page: what is compared, the summary, then each part that differs.

    Args:
        head: Names the two runs.
        difference: Of their environments.
    """
    hardware = [*_machine(difference.machine, around=False), *_flags(difference.cpu_flags)]
    parts: list[tuple[str, Rows]] = [
        ("interpreter", [*text_rows(difference.interpreter), *_build(difference.build)]),
        ("packages", [*_packages(difference.packages), *_origins(difference.origins)]),
        ("variables", text_rows(difference.variables)),
        (
            "platform",
            [*text_rows(difference.platform), *_machine(difference.machine, around=True)],
        ),
        ("hardware", hardware),
        ("runtime", text_rows(difference.runtime)),
        ("indexes", _names(difference.indexes)),
        ("also set", _names(difference.variable_names)),
        ("modules", _names(difference.modules)),
    ]
    sections = [Section(label, tuple(grid(rows, wrap=2))) for label, rows in parts if rows]
    lead: list[Block] = [head, summary_line(difference)]
    if difference.n_observed < 2:  # everything there is would differ
        return lead
    return [*lead, Line.of(), *sections] if sections else lead


def environment_rows(difference: EnvironmentChange) -> Rows:
    """Returns the rows of the pillar, and below them, dim and unmarked, what does not count."""
    beside = (
        *_build(difference.build),
        *_origins(difference.origins),
        *_machine(difference.machine, around=True),
        *_machine(difference.machine, around=False),
        *_flags(difference.cpu_flags),
        *text_rows(difference.runtime),
    )
    return [
        *text_rows(difference.interpreter),
        *text_rows(difference.platform),
        *_packages(difference.packages),
        *text_rows(difference.variables),
        *((Cell(" "), *(Cell(cell.text, "dim") for cell in row[1:])) for row in beside),
    ]


def summary_line(difference: EnvironmentChange) -> Line:
    """Returns one line: "3 packages changed, 1 added; same interpreter; other CPU"."""
    if difference.n_observed < 2:
        texts = ("neither environment was observed", "one of the environments was not observed")
        return Line.of(Cell(texts[difference.n_observed], "yellow"))
    parts = [
        _said(_packages_said(difference), "same packages"),
        _said(_interpreter_said(difference), "same interpreter"),
        _said(_n_differ(difference.variables, "variable")),
        _said("other platform" if difference.platform else ""),
        _said(_other(_AROUND, {name for name, *_ in difference.machine})),
        _said(_hardware_said(difference), "same hardware"),
        _said(_n_differ(difference.runtime, "runtime fact")),
    ]
    cells: list[Cell | str] = []
    for cell in parts:
        if cell.text:
            cells += [Cell("; ", "dim"), cell] if cells else [cell]
    return Line.of(*cells)


def _said(text: str, otherwise: str = "") -> Cell:
    return Cell(text, "yellow") if text else Cell(otherwise, "dim")


def _packages_said(difference: EnvironmentChange) -> str:
    packages = difference.packages
    counts = (
        (len(packages.changed), "changed"),
        (len(packages.added), "added"),
        (len(packages.removed), "removed"),
        (len(difference.origins), "from elsewhere"),
    )
    said = [(n, word) for n, word in counts if n]
    if not said:
        return ""
    (first, word), *rest = said
    others = "".join(f", {n:,} {word}" for n, word in rest)
    return f"{counted(first, 'package')} {word}{others}"


def _interpreter_said(difference: EnvironmentChange) -> str:
    if difference.interpreter:
        return "other interpreter"
    return "other build of the interpreter" if difference.build else ""


def _hardware_said(difference: EnvironmentChange) -> str:
    names = {name for name, *_ in difference.machine}
    return _other([*_CHIEF] if names & {*_CHIEF} else _HARDWARE, names) or (
        "other CPU flags" if difference.cpu_flags else ""
    )


def _other(among: Iterable[str], names: Container[str]) -> str:
    found = [_MACHINE_NAMES[name] for name in among if name in names]
    return (
        f"other {' and '.join(filter(None, (', '.join(found[:-1]), found[-1])))}" if found else ""
    )


def _n_differ(found: Changes[str], noun: str) -> str:
    if not found:
        return ""
    return f"{counted(len(found), noun)} {'differs' if len(found) == 1 else 'differ'}"


def _packages(found: Changes[Package]) -> Rows:
    return [(mark(old, new), Cell(name), Cell(_package_text(old, new))) for name, old, new in found]


def _package_text(old: Package | None, new: Package | None) -> str:
    if old is None or new is None:
        (package,) = (side for side in (old, new) if side is not None)
        return f"{package.version}, {origin_text(package)}" if package.origin else package.version
    text = changed(old, new, lambda package: package.version)
    if old.version == new.version:
        text += f", other build: {changed(old, new, _record_text)}"
    return text if old.origin == new.origin else f"{text}, {changed(old, new, origin_text)}"


def _record_text(package: Package) -> str:
    return package.record[:8] if package.record else "unknown"


def _origins(found: Changes[Package]) -> Rows:
    return [
        (MARKS["changed"], Cell(name), Cell(f"{new.version}, {changed(old, new, origin_text)}"))
        for name, (old, new) in found.changed.items()
    ]


def _build(found: Changes[str]) -> Rows:
    texts: dict[str, Callable[[str], str]] = {"digest": lambda digest: digest[:8]}
    return [
        (MARKS["changed"], Cell(name), Cell(changed(old, new, texts.get(name, str))))
        for name, (old, new) in found.changed.items()
    ]


def _machine(found: Changes[str], *, around: bool) -> Rows:
    sides = {name: (old, new) for name, old, new in found}
    return [
        (mark(*sides[name]), Cell(shown), Cell(changed(*sides[name], _TEXTS.get(name, str))))
        for name, shown in _MACHINE_NAMES.items()
        if name in sides and (name in _AROUND) == around
    ]


def _sizes(sizes: str) -> str:
    return gathered([memory_text(int(n_bytes)) for n_bytes in sizes.split(", ")])


def _gpus(gpus: str) -> str:
    return gathered(gpus.split(", "))


_TEXTS: Mapping[str, Callable[[str], str]] = {
    "memory_bytes": _sizes,
    "gpu_memory_bytes": _sizes,
    "gpus": _gpus,
}


def _flags(found: Changes[str]) -> Rows:
    pairs = (("removed", found.removed), ("added", found.added))
    return [(MARKS[how], Cell("CPU flags"), Cell(" ".join(flags))) for how, flags in pairs if flags]


def _names(found: Changes[str]) -> Rows:
    rows: Rows = [(mark(old, new), Cell(name), Cell("")) for name, old, new in found]
    if len(rows) > _MOST_NAMES:
        more = (Cell(" "), Cell(f"… and {len(rows) - _MOST_NAMES} more: --json", "dim"), Cell(""))
        return [*rows[:_MOST_NAMES], more]
    return rows
