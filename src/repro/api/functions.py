"""What a program says of its current run: ``repro.log_metric`` and the others.

Where no run is on, the first of these calls joins the run that the process was started in, or else
begins one that ends with the process. None of them raises: what goes wrong is a warning of the
logger "repro", and a gap in the run's record.
"""

from collections.abc import Iterable, Mapping
from os import PathLike, write
from struct import Struct
from time import time_ns
from typing import Any

from repro.api.artifacts import Kind
from repro.api.begin import the_run
from repro.api.current import innermost, process

__all__ = [
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_metric",
    "log_metrics",
    "log_model",
    "log_param",
    "log_params",
    "log_table",
    "log_text",
    "set_tag",
    "set_tags",
]


pack = Struct(">d").pack


def log_metric(name: str, value: Any, step: int | None = None) -> None:  # noqa: ANN401
    """Logs a point of a learning curve. When it returns, the point survives any death of ours.

    Args:
        name: Such as "train/loss".
        value: A number, or what is one: a scalar or an array of one element of numpy, torch,
            tensorflow, jax. NaN and infinities are kept; True is 1.
        step: A whole number; it may repeat and go back. None where there are no steps.
    """
    # The usual case is written out: a call would take as long as half of the system call does.
    if type(value) is float and (step is None or type(step) is int):
        try:
            journal = (innermost.get() or process.outermost).journal  # type: ignore[union-attr]
            line = f"{time_ns() // 1000000}\t{'' if step is None else step}\t={pack(value).hex()}{journal.tails[name]}".encode()  # type: ignore[union-attr] # noqa: E501
            n_written = write(journal.fd, line)  # type: ignore[union-attr]
        except (AttributeError, KeyError, OSError, TypeError):
            pass  # no run is on, its first point of this name, a full disk
        else:
            if n_written != len(line):
                journal.cut_off(line, n_written)  # type: ignore[union-attr]
            return
    the_run().log_metric(name, value, step)


def log_metrics(metrics: Mapping[str, Any], step: int | None = None) -> None:
    """Logs a point of each of several metrics; see `log_metric`."""
    the_run().log_metrics(metrics, step)


def log_param(name: str, value: object) -> None:
    """Logs a param; see `log_params`."""
    the_run().log_param(name, value)


def log_params(params: object) -> None:
    """Logs params.

    Args:
        params: A mapping, however nested; a dataclass, a Namespace of argparse, a config of hydra
            or omegaconf, a model of pydantic, an object of attrs. Enums, paths, numpy's scalars and
            small arrays become plain values. What has no plain form is recorded as its text, with a
            gap.
    """
    the_run().log_params(params)


def log_artifact(
    path: "str | PathLike[str]", artifact_path: str | None = None, kind: Kind = ""
) -> None:
    """Logs a file or directory with the bytes that it has now.

    Args:
        path: The file or directory.
        artifact_path: The directory of the run's artifacts in which to file it. None for its place
            in the working tree, or its bare name when it lies elsewhere. The last artifact of a
            name counts.
        kind: What it is: "model", "figure", "image", "table", or "".
    """
    the_run().log_artifact(path, artifact_path, kind)


def log_artifacts(path: "str | PathLike[str]", artifact_path: str | None = None) -> None:
    """Logs all that is in a directory.

    Args:
        path: The directory.
        artifact_path: The directory of the run's artifacts that its content goes to; None as in
            `log_artifact`.
    """
    the_run().log_artifacts(path, artifact_path)


def log_text(text: str, artifact_file: str) -> None:
    """Logs a text as a file of this name."""
    the_run().log_text(text, artifact_file)


def log_dict(dictionary: object, artifact_file: str) -> None:
    """Logs a nested value as a file: YAML for a name in ``.yaml`` or ``.yml``, else JSON."""
    the_run().log_dict(dictionary, artifact_file)


def log_figure(figure: object, artifact_file: str) -> None:
    """Logs a figure.

    Args:
        figure: Of matplotlib, or of plotly.
        artifact_file: Its name; what it ends in says what it becomes: ``.png``, ``.svg``, ``.pdf``;
            of plotly ``.html`` and ``.json``, too.
    """
    the_run().log_figure(figure, artifact_file)


def log_image(image: object, artifact_file: str) -> None:
    """Logs an image.

    Args:
        image: Of PIL; the path of a file; or an array of numpy or torch, height x width or height
            x width x channels (grey, grey and alpha, RGB, RGBA), whole numbers 0 to 255 or floats
            0.0 to 1.0.
        artifact_file: Its name. Arrays become PNG without any library, all else by Pillow.
    """
    the_run().log_image(image, artifact_file)


def log_table(table: object, artifact_file: str) -> None:
    """Logs a table.

    Args:
        table: A dict of columns, a list of dicts, or a data frame of pandas, polars or pyarrow.
        artifact_file: Its name, in ``.csv``, ``.tsv`` or ``.json``.
    """
    the_run().log_table(table, artifact_file)


def log_model(path: "str | PathLike[str]", artifact_path: str | None = None) -> None:
    """Logs the file or directory that a model was saved to; see `log_artifact`."""
    the_run().log_model(path, artifact_path)


def set_tag(name: str, value: object = "") -> None:
    """Sets a tag of the run; its value becomes a text."""
    the_run().set_tag(name, value)


def set_tags(tags: Mapping[str, object] | Iterable[str]) -> None:
    """Sets tags of the run: names and values, which become texts, or names alone."""
    the_run().set_tags(tags)
