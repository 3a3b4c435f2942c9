"""Outputs as objects: by suffix where that runs no code, else by the loader that is named."""

import importlib
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from repro.data.hashing import hash_bytes
from repro.model.data import Artifact, Place
from repro.reading import Run, get_run
from repro.reading.artifacts import UnknownArtifactError
from repro.reading.loading import LoadError, NoLoaderError
from repro.reading.packages import MissingPackageError
from tests.cli.recorded import Shelf


def _put(shelf: Shelf, **contents: bytes) -> Run:
    """Records outputs, ``out_json`` for ``out.json``."""
    inline = {name.replace("_", "."): content for name, content in contents.items()}
    artifacts = tuple(
        Artifact(path, hash_bytes(content), len(content), place=Place.GIT)
        for path, content in inline.items()
    )
    shelf.put("k", artifacts=artifacts, inline=inline)
    return get_run()


def test_texts_are_read_by_suffix(shelf: Shelf) -> None:
    run = _put(
        shelf,
        a_json=b'{"x": [1, null]}',
        a_yaml=b"x: &a [1, 2]\ny: *a\n",
        a_toml=b"x = 1\n",
        a_txt="é\n".encode(),
        a_MD=b"# title",
    )
    assert run.load_artifact("a.json") == {"x": [1, None]}
    assert run.load_artifact("a.yaml") == {"x": [1, 2], "y": [1, 2]}
    assert run.load_artifact("a.toml") == {"x": 1}
    assert run.load_artifact("a.txt") == "é\n"
    assert run.load_artifact("a.MD") == "# title"


def test_tables_are_frames(shelf: Shelf, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": [1, 2], "y": ["a", "b"]})
    path = tmp_path / "a.parquet"
    frame.to_parquet(path)
    rows = b"x,y\n1,a\n2,b\n"
    run = _put(shelf, a_csv=rows, a_tsv=rows.replace(b",", b"\t"), a_parquet=path.read_bytes())
    for name in ("a.csv", "a.tsv", "a.parquet"):
        loaded: Any = run.load_artifact(name)
        assert loaded.to_dict("list") == {"x": [1, 2], "y": ["a", "b"]}


def test_arrays_are_arrays(shelf: Shelf, tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    numpy.save(tmp_path / "a.npy", numpy.arange(3))
    numpy.savez(tmp_path / "a.npz", x=numpy.arange(3), y=numpy.ones(2))
    run = _put(
        shelf, a_npy=(tmp_path / "a.npy").read_bytes(), a_npz=(tmp_path / "a.npz").read_bytes()
    )
    assert run.load_artifact("a.npy").tolist() == [0, 1, 2]
    arrays = run.load_artifact("a.npz")
    assert sorted(arrays) == ["x", "y"]
    assert arrays["y"].tolist() == [1, 1]


def test_images_are_images(shelf: Shelf, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    image.new("RGB", (3, 2)).save(tmp_path / "a.png")
    run = _put(shelf, a_png=(tmp_path / "a.png").read_bytes())
    assert run.load_artifact("a.png").size == (3, 2)


class _Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("it ran",))


def test_arrays_of_pickles_are_refused(shelf: Shelf, tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    numpy.save(tmp_path / "a.npy", numpy.array([_Bomb()], dtype=object), allow_pickle=True)
    run = _put(shelf, a_npy=(tmp_path / "a.npy").read_bytes())
    with pytest.raises(LoadError):
        run.load_artifact("a.npy")


@pytest.mark.parametrize(
    ("suffix", "loader"),
    [
        ("pkl", "pickle.load"),
        ("joblib", "joblib.load"),
        ("pt", "torch.load"),
        ("PTH", "torch.load"),
    ],
)
def test_what_may_run_code_is_read_only_by_a_loader(shelf: Shelf, suffix: str, loader: str) -> None:
    run = _put(shelf, **{f"m_{suffix}": pickle.dumps(_Bomb())})
    with pytest.raises(NoLoaderError, match="may run code") as caught:
        run.load_artifact(f"m.{suffix}")
    assert f"load_artifact('m.{suffix}', loader={loader})" in (caught.value.hint or "")


def test_an_unknown_suffix_needs_a_loader(shelf: Shelf) -> None:
    run = _put(shelf, m_xyz=b"7")
    with pytest.raises(NoLoaderError) as caught:
        run.load_artifact("m.xyz")
    assert caught.value.hint == "load_artifact('m.xyz', loader=FUNCTION)"


def test_a_loader_gets_a_file_whose_name_is_a_path(shelf: Shelf) -> None:
    run = _put(shelf, m_pkl=pickle.dumps([1, 2]))
    assert run.load_artifact("m.pkl", loader=pickle.load) == [1, 2]

    def read(file: Any) -> tuple[str, bytes, bytes]:
        return Path(file.name).name, Path(file.name).read_bytes(), file.read()

    name, by_path, by_file = run.load_artifact("m.pkl", loader=read)
    assert name == "m.pkl"
    assert by_path == by_file == pickle.dumps([1, 2])


def test_an_error_of_the_loader_is_its_own(shelf: Shelf) -> None:
    run = _put(shelf, m_pkl=b"no pickle")
    with pytest.raises(json.JSONDecodeError):
        run.load_artifact("m.pkl", loader=json.load)


@pytest.mark.parametrize(
    "name", ["a.json", "a.yaml", "a.toml", "a.txt", "a.csv", "a.parquet", "a.npy", "a.npz", "a.png"]
)
def test_what_is_not_what_its_suffix_says_is_an_error(shelf: Shelf, name: str) -> None:
    pytest.importorskip("pandas")
    content = {"a.csv": b"", "a.txt": b"\xff"}.get(name, b"{: [")
    run = _put(shelf, **{name.replace(".", "_"): content})
    with pytest.raises(LoadError, match="cannot be read by its suffix") as caught:
        run.load_artifact(name)
    assert "read_bytes()" in (caught.value.hint or "")


def test_an_unknown_output_is_an_error(shelf: Shelf) -> None:
    run = _put(shelf, a_txt=b"x")
    with pytest.raises(UnknownArtifactError):
        run.load_artifact("b.txt")


def test_a_package_that_is_missing_is_named(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    run = _put(shelf, a_csv=b"x\n1\n", a_png=b"")

    def missing(name: str) -> object:
        raise ModuleNotFoundError(name=name.partition(".")[0])

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingPackageError) as caught:
        run.load_artifact("a.csv")
    assert caught.value.hint == "pip install pandas"
    with pytest.raises(MissingPackageError) as caught:
        run.load_artifact("a.png")
    assert caught.value.hint == "pip install pillow"
    with pytest.raises(MissingPackageError):
        run.to_pandas()
