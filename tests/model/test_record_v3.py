"""Format 3 is read for ever: artifacts that were logged by name; see test_record_v1.

A change that makes these tests fail needs a new format, not new files.
"""

from pathlib import Path

import pytest

from repro.model.curve import Curve
from repro.model.data import LOGGED_DIRECTORY, Artifact, Place
from repro.model.decode import RecordError, decode_artifacts, decode_record
from repro.model.encode import encode_record
from repro.model.ids import RunId
from repro.model.run import FORMAT_VERSION, format_of
from tests.model.records import simple_record

FILES = Path(__file__).parent.parent / "fixtures" / "record-v3"

NOTES = Artifact(f"{LOGGED_DIRECTORY}notes.txt", "cd" * 16, 5, place=Place.GIT)
MODEL = Artifact(f"{LOGGED_DIRECTORY}models/best.pt", "ef" * 16, 2**20, kind="model")
PLOT = Artifact("plot.svg", "cd" * 16, 5, place=Place.GIT, kind="figure")
_SIMPLE = simple_record()
EXPECTED = _SIMPLE._replace(
    run=_SIMPLE.run._replace(format=3, resumes=RunId("20240505T070809-zyxwvuts")),
    history={"train/loss": Curve(b"0\t1.5\t0.5\n1\t2.5\tnan\n1\t2.6\t3\n")},
    artifacts=(MODEL, NOTES, PLOT),
    inline={"plot.svg": b"<svg>", NOTES.path: b"hello"},
    system=b"time_s\tcpu_utilization_percentage\n1.5\t\n2.5\t12.5\n",
    cells=b"# %% [1]\nimport numpy\n",
)


def test_a_record_of_format_3_is_read() -> None:
    files = {
        path.relative_to(FILES).as_posix(): path.read_bytes()
        for path in FILES.rglob("*")
        if path.is_file()
    }
    assert files["logged/notes.txt"] == b"hello"
    assert decode_record(files) == EXPECTED
    assert encode_record(EXPECTED) == files


def test_only_an_artifact_without_a_place_in_the_tree_needs_it() -> None:
    assert FORMAT_VERSION == 3
    assert format_of((), [PLOT]) == 1
    assert [format_of((), [artifact]) for artifact in (NOTES, MODEL)] == [3, 3]
    assert (MODEL.name, MODEL.is_logged) == ("models/best.pt", True)
    assert (PLOT.name, PLOT.is_logged) == ("plot.svg", False)


@pytest.mark.parametrize(
    "path", ["../x", "/x", "", ".repro/logged", ".repro/logged/", ".repro/run.yaml", ".repro"]
)
def test_a_name_that_leads_out_of_its_place_is_refused(path: str) -> None:
    for name in (path, f"{LOGGED_DIRECTORY}../run.yaml", f"{LOGGED_DIRECTORY}a/../../x"):
        record = EXPECTED._replace(artifacts=(MODEL._replace(path=name),))
        with pytest.raises(RecordError) as caught:
            decode_artifacts(encode_record(record)["artifacts.yaml"])
        assert caught.value.field == "[0].path"
