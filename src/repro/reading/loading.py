"""Makes objects of outputs: by suffix where reading runs no code, else by whoever is named."""

import os
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, TypeAlias

from repro.errors import ReproError
from repro.reading.artifacts import Artifact
from repro.reading.packages import need

__all__ = ["LoadError", "Loader", "NoLoaderError", "load"]

Loader: TypeAlias = Callable[[Any], Any]
"""Takes a file opened for reading whose `.name` is its path, or the path of a directory."""

_UNSAFE = {
    ".pkl": "pickle.load",
    ".pickle": "pickle.load",
    ".joblib": "joblib.load",
    ".dill": "dill.load",
    ".cloudpickle": "cloudpickle.load",
    ".pt": "torch.load",
    ".pth": "torch.load",
    ".ckpt": "torch.load",
    ".bin": "torch.load",
    ".keras": "lambda file: keras.models.load_model(file.name)",
    ".h5": "h5py.File",
    ".safetensors": "lambda file: safetensors.torch.load_file(file.name)",
    ".onnx": "onnx.load",
}
_RUNS_CODE = frozenset(
    (".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle", ".pt", ".pth", ".ckpt", ".bin")
)


class NoLoaderError(ReproError):
    """How an output is read must be said.

    Attributes:
        name: Of the output.
    """

    def __init__(self, name: str, suffix: str) -> None:
        loader = _UNSAFE.get(suffix)
        if suffix in _RUNS_CODE:
            what = f"reading {name} may run code that is in it"
        elif loader is None:
            what = f"nothing says how to read {name}"
        else:
            what = f"{name} is read by a package of your choice"
        example = f"load_artifact({name!r}, loader={loader or 'FUNCTION'})"
        hint = f"if you trust the run: {example}" if suffix in _RUNS_CODE else example
        super().__init__(what, hint=hint)
        self.name = name


class LoadError(ReproError):
    """An output is not what its suffix says.

    Attributes:
        name: Of the output.
    """

    def __init__(self, name: str, error: Exception) -> None:
        super().__init__(
            f"{name} cannot be read by its suffix: {error}",
            hint=f"its bytes as they are: run.artifacts[{name!r}].read_bytes()",
        )
        self.name = name


def load(artifact: Artifact, loader: Loader | None = None) -> object:
    """Returns an output as an object.

    Args:
        artifact: The output.
        loader: Reads it; by default what its suffix says. It is called with a file opened for
            reading, whose ``.name`` is a path that ends as the artifact's name does, or with the
            path of a directory. Both are gone when it returns.

    Raises:
        NoLoaderError: Its suffix says nothing, or says that reading it may run code.
        LoadError: It is not what its suffix says.
        MissingPackageError: What reads it is not installed.
        NoBytesError: Its bytes are not to be had.
    """
    if loader is not None:
        return _load_with(artifact, loader)
    suffix = os.path.splitext(artifact.name)[1].lower()
    read = None if artifact.is_directory else _READERS.get(suffix)
    if read is None:
        raise NoLoaderError(artifact.name, suffix)
    with artifact.open() as file:
        try:
            return read(file)
        except ReproError:
            raise
        except Exception as error:  # whatever a parser makes of bytes that may be anybody's
            raise LoadError(artifact.name, error) from error


def _load_with(artifact: Artifact, loader: Loader) -> object:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="repro-load-") as directory:
        path = artifact.download(directory)
        if artifact.is_directory:
            return loader(path)
        with open(path, "rb") as file:
            return loader(file)


def _json(file: BinaryIO) -> object:
    import json

    return json.load(file)


def _yaml(file: BinaryIO) -> object:
    import yaml

    return yaml.safe_load(file)


def _toml(file: BinaryIO) -> object:
    import tomllib

    return tomllib.load(file)


def _text(file: BinaryIO) -> str:
    return file.read().decode("utf-8")


def _pandas() -> Any:  # noqa: ANN401 - a module without types
    return need("pandas", "reading a table")


def _csv(file: BinaryIO) -> object:
    return _pandas().read_csv(file)


def _tsv(file: BinaryIO) -> object:
    return _pandas().read_csv(file, sep="\t")


def _parquet(file: BinaryIO) -> object:
    return _pandas().read_parquet(file)


def _numpy(file: BinaryIO) -> object:
    numpy = need("numpy", "reading an array")
    found = numpy.load(file, allow_pickle=False)
    # An archive reads its arrays when they are asked for, and the file is closed by then.
    return dict(found) if hasattr(found, "files") else found


def _image(file: BinaryIO) -> object:
    image = need("PIL.Image", "reading an image").open(file)
    image.load()
    return image


_READERS: Mapping[str, Callable[[BinaryIO], object]] = {
    ".json": _json,
    **dict.fromkeys((".yaml", ".yml"), _yaml),
    ".toml": _toml,
    **dict.fromkeys((".txt", ".md", ".log", ".rst", ".html", ".svg"), _text),
    ".csv": _csv,
    ".tsv": _tsv,
    ".parquet": _parquet,
    **dict.fromkeys((".npy", ".npz"), _numpy),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp"), _image),
}
