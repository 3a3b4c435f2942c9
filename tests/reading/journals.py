"""Programs that log by the journal alone, recorded by `repro run`."""

import sys
from collections.abc import Mapping
from typing import Any

from tests.repos import Completed, Scratch

__all__ = ["LARGE_BYTES", "record_logged"]

LARGE_BYTES = 200_000
"""More than what a run's commit takes in."""

_PROGRAM = """\
import json, os, sys
from repro.journal.writer import JournalWriter

said = json.load(open(sys.argv[1]))
directory = os.environ["REPRO_RUN_DIRECTORY"]
writer = JournalWriter(directory)
os.makedirs(directory + "/artifacts")
for letter, value in said["events"]:
    writer.event(letter, value)
for name, points in said["curves"].items():
    for step, value in points:
        writer.points([(name, value)], step)
for number, (name, kind, size, text) in enumerate(said["artifacts"]):
    with open(f"{directory}/artifacts/{number}", "wb") as file:
        file.write(text.encode() if text is not None else bytes(range(250)) * (size // 250))
    writer.event("a", {"name": name, "content": str(number), "in_place": False, "kind": kind})
writer.close()
print("logged")
"""


def record_logged(
    repo: Scratch,
    name: str,
    *,
    events: list[tuple[str, Any]] | None = None,
    curves: Mapping[str, list[tuple[int | None, float]]] | None = None,
    texts: Mapping[str, str] | None = None,
    large: Mapping[str, str] | None = None,
    options: tuple[str, ...] = (),
) -> Completed:
    """Records a run of a program that logs what is given.

    Args:
        repo: Where; the program is not in it.
        name: Of the run.
        events: Letter and value of each, see `repro.journal`.
        curves: Step and value of each point, by metric.
        texts: Content of artifacts that go into the run's commit, by name.
        large: Kind of artifacts that go into the object store, by name.
        options: Of `repro run`.
    """
    import json

    aside = repo.path.parent / "aside"
    aside.mkdir(exist_ok=True)
    (aside / "log.py").write_text(_PROGRAM)
    artifacts = [[path, "", 0, text] for path, text in (texts or {}).items()]
    artifacts += [[path, kind, LARGE_BYTES, None] for path, kind in (large or {}).items()]
    said = {"events": events or [], "curves": curves or {}, "artifacts": artifacts}
    (aside / "said.json").write_text(json.dumps(said))
    command = (sys.executable, str(aside / "log.py"), str(aside / "said.json"))
    return repo.run_cli("run", "-n", name, *options, "--", *command)
