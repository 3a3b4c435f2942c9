"""Makes files of figures, images and objects; their libraries are known by what they can do."""

import io
import math
import os
from typing import Any

from repro.api.plain import Plain
from repro.api.png import encode_png
from repro.errors import ReproError

__all__ = ["UnknownFormError", "figure_bytes", "image_bytes", "object_bytes", "suffix_of"]


class UnknownFormError(ReproError):
    """There is no way to make such a file of such an object. It stays within this package."""


def suffix_of(name: str) -> str:
    """Returns what a name ends in, without the dot, in lower case."""
    return os.path.splitext(name)[1][1:].lower()


def object_bytes(value: object, suffix: str) -> bytes:
    """Returns a nested value as JSON or YAML."""
    plain = Plain().value(value)
    if suffix in ("yaml", "yml"):
        from repro.model.yaml_text import dump_yaml

        return dump_yaml(plain)
    import json

    return json.dumps(plain, indent=2, ensure_ascii=False).encode() + b"\n"


def figure_bytes(figure: Any, suffix: str) -> bytes:  # noqa: ANN401 - of whatever library
    """Returns a figure of matplotlib, plotly, or what is like them.

    Raises:
        UnknownFormError: It is none, or cannot be that kind of file.
    """
    if callable(getattr(figure, "gcf", None)):  # pyplot itself
        figure = figure.gcf()
    if not hasattr(figure, "savefig") and hasattr(getattr(figure, "figure", None), "savefig"):
        figure = figure.figure  # axes, or seaborn's grids
    if callable(getattr(figure, "savefig", None)):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=suffix or "png")
        return buffer.getvalue()
    if suffix in ("html", "htm") and callable(getattr(figure, "to_html", None)):
        return str(figure.to_html()).encode()
    if suffix == "json" and callable(getattr(figure, "to_json", None)):
        return str(figure.to_json()).encode()
    if callable(getattr(figure, "to_image", None)):
        return bytes(figure.to_image(format=suffix or "png"))
    raise UnknownFormError(f"{type(figure).__name__} cannot be saved as {suffix or 'a figure'}")


def image_bytes(image: Any, suffix: str) -> bytes:  # noqa: ANN401 - of whatever library
    """Returns an image of PIL, or an array: height x width, or height x width x channels.

    Whole numbers are 0 to 255, floats 0.0 to 1.0.

    Raises:
        UnknownFormError: It is none, or cannot be that kind of file.
    """
    if callable(getattr(image, "save", None)) and hasattr(image, "mode"):
        buffer = io.BytesIO()
        image.save(buffer, format={"jpg": "jpeg", "": "png"}.get(suffix, suffix))
        return buffer.getvalue()
    for name in ("detach", "cpu", "numpy"):  # torch; tensorflow has the last one only
        if callable(getattr(image, name, None)):
            image = getattr(image, name)()
    if not hasattr(image, "shape") or not hasattr(image, "astype"):
        raise UnknownFormError(f"{type(image).__name__} is neither an image nor an array")
    pixels = _as_bytes(image)
    height, width, *rest = image.shape
    n_channels = rest[0] if rest else 1
    if suffix in ("png", ""):
        return encode_png(pixels, width=width, height=height, n_channels=n_channels)
    try:
        from PIL import Image  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise UnknownFormError(f"to save an array as {suffix} takes Pillow") from None
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[n_channels]
    return image_bytes(Image.frombytes(mode, (width, height), pixels), suffix)


def _as_bytes(array: Any) -> bytes:  # noqa: ANN401 - an array of whatever library
    shape = tuple(array.shape)
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 2, 3, 4)):
        raise UnknownFormError(
            f"its shape is {shape}, not (height, width) or (height, width, 1 to 4 channels)"
        )
    if not math.prod(shape):
        raise UnknownFormError(f"it is empty: its shape is {shape}")
    kind = array.dtype.kind
    if kind == "b":
        array = array.astype("uint8") * 255
    elif kind == "f":
        array = (array.clip(0, 1) * 255).round()
    elif kind in "iu":
        array = array.clip(0, 255)
    else:
        raise UnknownFormError(f"its elements are {array.dtype}, not numbers")
    return bytes(array.astype("uint8").tobytes())
