"""Files that a program logs: under which names, and with which bytes."""

import json
import os
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd  # type: ignore[import-untyped,unused-ignore]
import plotly.graph_objects as go  # type: ignore[import-untyped,unused-ignore]
import pytest
from PIL import Image

from repro.api.copying import copy_path
from repro.api.rendering import UnknownFormError, figure_bytes, image_bytes, object_bytes
from repro.api.tables import table_bytes
from tests.api.programs import artifacts, shown, train
from tests.repos import Scratch

LOGGED = ".repro/logged/"


def test_a_file_has_the_bytes_that_it_had_when_it_was_logged(repo: Scratch) -> None:
    train(
        repo,
        "with repro.start_run():\n"
        "    for text in ('one', 'two'):\n"
        "        open('model.bin', 'w').write(text)\n"
        "        repro.log_model('model.bin', 'models')\n"
        "    open('model.bin', 'w').write('three')",
    )
    found = artifacts(repo)[f"{LOGGED}models/model.bin"]
    assert found["kind"] == "model"
    assert repo.git("show", f"{shown(repo)['ref']}:{LOGGED}models/model.bin") == "two"


def test_a_file_of_the_working_tree_keeps_its_place(repo: Scratch) -> None:
    (repo.path / "sub").mkdir()
    train(
        repo,
        "import os\nos.chdir('sub')\n"
        "with repro.start_run():\n"
        "    open('a.txt', 'w').write('a')\n"
        "    repro.log_artifact('a.txt')",
    )
    assert list(artifacts(repo)) == ["sub/a.txt"]


def test_a_file_from_elsewhere_has_its_bare_name(repo: Scratch, tmp_path: Path) -> None:
    (tmp_path / "far.txt").write_text("far")
    (tmp_path / "dir" / "deep").mkdir(parents=True)
    (tmp_path / "dir" / "deep" / "x.txt").write_text("x")
    train(
        repo,
        "import sys\n"
        "with repro.start_run():\n"
        "    repro.log_artifact(sys.argv[1] + '/far.txt')\n"
        "    repro.log_artifacts(sys.argv[1] + '/dir')\n"
        "    repro.log_artifacts(sys.argv[1] + '/dir', 'plots')\n"
        "    repro.log_artifact(sys.argv[1] + '/dir', 'plots')",
        str(tmp_path),
    )
    assert sorted(artifacts(repo)) == [
        f"{LOGGED}dir/deep/x.txt",
        f"{LOGGED}far.txt",
        f"{LOGGED}plots/deep/x.txt",
        f"{LOGGED}plots/dir/deep/x.txt",
    ]


def test_what_has_no_file_is_logged_by_name(repo: Scratch) -> None:
    train(
        repo,
        "with repro.start_run():\n"
        "    repro.log_text('hello', 'notes/a.txt')\n"
        "    repro.log_dict({'a': [1, {'b': None}]}, 'config.yaml')\n"
        "    repro.log_dict({'a': 1}, 'config.json')\n"
        "    repro.log_table({'x': [1, 2], 'y': ['a', 'b']}, 'table.csv')",
    )
    found = artifacts(repo)
    assert sorted(found) == [
        f"{LOGGED}{name}" for name in ("config.json", "config.yaml", "notes/a.txt", "table.csv")
    ]
    assert found[f"{LOGGED}table.csv"]["kind"] == "table"
    ref = shown(repo)["ref"]
    assert repo.git("show", f"{ref}:{LOGGED}table.csv") == "x,y\n1,a\n2,b"
    assert repo.git("show", f"{ref}:{LOGGED}config.yaml") == "a:\n  - 1\n  - b: null"


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("log_artifact('gone.txt')", "it is not there"),
        ("log_artifact(7)", "neither a file nor a directory"),
        ("log_model(object())", "neither a file nor a directory"),
        ("log_text('x', '../out.txt')", "leads out"),
        ("log_text('x', '/abs.txt')", "outside"),
        ("log_text('x', '')", "no name"),
        ("log_figure(object(), 'a.png')", "cannot be saved"),
        ("log_image([1], 'a.png')", "neither an image nor an array"),
        ("log_table({'a': [1], 'b': [1, 2]}, 'a.csv')", "different lengths"),
        ("log_artifact('pipe')", "it is no file"),
    ],
)
def test_what_cannot_be_logged_is_one_warning_and_a_gap(
    repo: Scratch, call: str, reason: str
) -> None:
    os.mkfifo(repo.path / "pipe")
    done = train(
        repo,
        f"with repro.start_run(quiet=True):\n    for _ in range(2): repro.{call}\nprint('on')",
    )
    assert done.stdout == "on\n"
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert [gap for gap in shown(repo)["gaps"] if reason in gap["reason"]]


def test_an_earlier_copy_gives_way(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a").write_text("1")
    first = copy_path(str(source), "key", directory=str(tmp_path))
    (source / "a").write_text("2")
    second = copy_path(str(source), "key", directory=str(tmp_path))
    assert first.content == second.content
    assert (tmp_path / "artifacts" / first.content / "a").read_text() == "2"
    third = copy_path(str(source / "a"), "key", directory=str(tmp_path))
    assert (tmp_path / "artifacts" / third.content).read_text() == "2"
    assert len(os.listdir(tmp_path / "artifacts")) == 1


def test_what_cannot_be_read_of_a_directory_is_told(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "a").write_text("1")
    os.mkfifo(source / "pipe")
    (source / "dangling").symlink_to("gone")
    (source / "linked").symlink_to("deep")
    copied = copy_path(str(source), "key", directory=str(tmp_path))
    assert sorted(map(os.path.basename, copied.problems)) == ["dangling", "linked", "pipe"]
    assert os.listdir(tmp_path / "artifacts" / copied.content) == ["a"]


def test_the_bytes_and_the_mode_are_the_same(tmp_path: Path) -> None:
    data = os.urandom(3 * 2**20)
    (tmp_path / "a").write_bytes(data)
    (tmp_path / "a").chmod(0o755)
    copied = copy_path(str(tmp_path / "a"), "key", directory=str(tmp_path))
    target = tmp_path / "artifacts" / copied.content
    assert target.read_bytes() == data
    assert target.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12, dtype=np.uint8).reshape(3, 4),
        np.arange(24, dtype=np.uint8).reshape(3, 4, 2),
        np.arange(36, dtype=np.uint8).reshape(3, 4, 3),
        np.arange(48, dtype=np.uint8).reshape(3, 4, 4),
    ],
    ids=["grey", "grey+alpha", "rgb", "rgba"],
)
def test_an_array_becomes_an_image_that_others_read(array: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(image_bytes(array, "png"))
    with Image.open(tmp_path / "a.png") as image:
        assert np.array_equal(np.asarray(image), array)


def test_floats_and_booleans_are_scaled(tmp_path: Path) -> None:
    for array in (np.array([[0.0, 2.0]]), np.array([[False, True]])):
        (tmp_path / "a.png").write_bytes(image_bytes(array, "png"))
        with Image.open(tmp_path / "a.png") as image:
            assert np.asarray(image).tolist() == [[0, 255]]


def test_images_of_pillow_and_other_formats() -> None:
    image = Image.new("RGB", (4, 4))
    assert image_bytes(image, "png").startswith(b"\x89PNG")
    assert image_bytes(image, "jpg").startswith(b"\xff\xd8")
    assert image_bytes(np.zeros((4, 4), np.uint8), "jpeg").startswith(b"\xff\xd8")
    for array in (np.zeros(3), np.zeros((2, 2, 9)), np.zeros((0, 2)), np.array([["a"]])):
        with pytest.raises(UnknownFormError):
            image_bytes(array, "png")


def test_figures_become_what_their_name_ends_in() -> None:
    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots()
    axes.plot([1, 2])
    assert figure_bytes(figure, "png").startswith(b"\x89PNG")
    assert b"<svg" in figure_bytes(axes, "svg")
    plt.close(figure)
    drawn = go.Figure(go.Scatter(y=[1, 2]))
    assert b"<html" in figure_bytes(drawn, "html")
    assert json.loads(figure_bytes(drawn, "json"))["data"]


@pytest.mark.parametrize(
    "table",
    [
        {"x": [1, 2], "y": ["a", None]},
        [{"x": 1, "y": "a"}, {"x": 2}],
        {"x": np.array([1, 2]), "y": ("a", None)},
        pd.DataFrame({"x": [1, 2], "y": pd.Series(["a", None], dtype=object)}),
    ],
    ids=["columns", "rows", "arrays", "frame"],
)
def test_tables_become_csv_and_json(table: object) -> None:
    assert table_bytes(table, "csv") == b"x,y\n1,a\n2,\n"
    rows = json.loads(table_bytes(table, "json"))
    assert [row["x"] for row in rows] == [1, 2]
    with pytest.raises(UnknownFormError):
        table_bytes(table, "xlsx")


def test_nested_values_become_json_or_yaml() -> None:
    assert json.loads(object_bytes({"a": Path("x")}, "json")) == {"a": "x"}
    assert object_bytes({"a": 1}, "yml") == b"a: 1\n"
