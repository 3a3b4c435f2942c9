"""Every error of ours has a place in the tree that `repro.errors` draws."""

import ast
from pathlib import Path

import repro.errors

_SRC = Path(repro.errors.__file__).parent


def _error_classes() -> list[tuple[str, str]]:
    """Returns the module, dotted below repro, and the name of every error class."""
    found = [
        (".".join(path.relative_to(_SRC).with_suffix("").parts), node.name)
        for path in sorted(_SRC.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error")
    ]
    return [row for row in found if row[1] != "ReproError"]


def _drawn() -> dict[str, str]:
    """Returns the names that the tree draws for each module, as one text."""
    drawn: dict[str, str] = {}
    module = ""
    for line in (repro.errors.__doc__ or "").splitlines():
        words = line.strip(" │├└─").split(maxsplit=1)
        if "──" in line and len(words) == 2:
            module = words[0]
            drawn[module] = words[1]
        elif module and line.strip().startswith(("│", "Invalid")):
            drawn[module] += " " + line.strip(" │")
    return drawn


def test_every_error_is_drawn_where_it_lives() -> None:
    drawn = _drawn()

    missing = [row for row in _error_classes() if row[1] not in drawn.get(row[0], "")]
    assert missing == []


def test_nothing_is_drawn_that_is_not_there() -> None:
    there = _error_classes()

    names = {
        (module, word.strip(",()"))
        for module, text in _drawn().items()
        for word in text.split()
        if word.strip(",()").endswith("Error")
    }
    assert sorted(names - set(there)) == []
