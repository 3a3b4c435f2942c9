"""What programs have for params, and what becomes of it."""

import argparse
import dataclasses
import enum
import itertools
import math
import types
from collections import OrderedDict, namedtuple
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import omegaconf
import pydantic
import pydantic.v1
import pytest

from repro.api.number import NotANumberError, number_from, step_from
from repro.api.plain import Plain


class Color(enum.Enum):
    RED = "red"
    ODD = object()


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Optimizer:
    lr: float
    betas: tuple[float, float] = (0.9, 0.99)


@dataclasses.dataclass
class Config:
    optimizer: Optimizer
    path: Path = Path("data/in.csv")


@attrs.define
class Layer:
    width: int
    kind: Color = Color.RED


class Model(pydantic.BaseModel):
    depth: int
    names: list[str] = ["a"]


class Legacy(pydantic.v1.BaseModel):
    depth: int = 2


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__") or name == "pytestmark":  # pytest looks, too
            return object.__getattribute__(self, name)
        raise RuntimeError(name)


Pair = namedtuple("Pair", ["left", "right"])  # noqa: PYI024 - what older code has


def function() -> None: ...


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": {"b": [1, 2.5, None, True, "x"]}}, {"a": {"b": [1, 2.5, None, True, "x"]}}),
        (OrderedDict(a=1), {"a": 1}),
        ({1: "a", Color.RED: "b"}, {"1": "a", "RED": "b"}),
        (argparse.Namespace(lr=0.1, data=Path("x")), {"lr": 0.1, "data": "x"}),
        (types.SimpleNamespace(a=types.SimpleNamespace(b=1)), {"a": {"b": 1}}),
        (
            Config(Optimizer(0.1)),
            {"optimizer": {"lr": 0.1, "betas": [0.9, 0.99]}, "path": "data/in.csv"},
        ),
        (Layer(3), {"width": 3, "kind": "red"}),
        (Model(depth=2), {"depth": 2, "names": ["a"]}),
        (Legacy(), {"depth": 2}),
        (
            omegaconf.OmegaConf.create({"a": {"lr": 0.1, "same": "${a.lr}"}, "l": [1, {"b": 2}]}),
            {"a": {"lr": 0.1, "same": 0.1}, "l": [1, {"b": 2}]},
        ),
        (Pair(1, "x"), {"left": 1, "right": "x"}),
        (Color.ODD, "ODD"),
        (Level.HIGH, 3),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.longdouble(0.25), 0.25),
        (np.dtype("float32"), "float32"),
        ({3, 1, 2}, [1, 2, 3]),
        (range(3), [0, 1, 2]),
        (complex(1, 2), "(1+2j)"),
        (Path("a/b"), "a/b"),
        (function, "tests.api.test_plain.function"),
        (dict, "dict"),
        (math.inf, math.inf),
    ],
    ids=map(str, itertools.count()),
)
def test_it_becomes_plain(value: object, expected: object) -> None:
    plain = Plain()
    found = plain.value(value)
    if callable(value):  # under which name the tests are imported is pytest's to choose
        assert str(found).endswith(str(expected).rpartition(".")[2])
    else:
        assert found == expected
        assert type(found) is type(expected)
    assert plain.odd == {}


@pytest.mark.parametrize(
    ("value", "text", "reason"),
    [
        (object(), "<object object>", "object has no plain form"),
        (b"\x00", "b'\\x00'", "bytes are no plain value"),
        (np.zeros(20_000), None, "an array of 20000 elements"),
        (Hostile(), None, "cannot be read"),
    ],
    ids=map(str, itertools.count()),
)
def test_what_has_no_plain_form_is_its_text_and_is_noted(
    value: object, text: str | None, reason: str
) -> None:
    plain = Plain()
    found = plain.value({"outer": {"inner": value}})
    assert isinstance(found, dict)
    assert isinstance(found["outer"], dict)
    assert isinstance(found["outer"]["inner"], str)
    if text is not None:
        assert found["outer"]["inner"] == text
    assert reason in plain.odd["outer.inner"]


def test_what_is_in_itself_ends() -> None:
    loop: dict[str, Any] = {"a": 1}
    loop["self"] = loop
    plain = Plain()
    found = plain.value(loop)
    assert isinstance(found, dict)
    assert found["a"] == 1
    assert "in itself" in plain.odd["self"]


def test_one_value_that_cannot_be_read_costs_only_itself() -> None:
    plain = Plain()
    found = plain.value(omegaconf.OmegaConf.create({"a": 1, "b": "???"}))
    assert found == {"a": 1, "b": None}
    assert "cannot be read" in plain.odd["b"]


def test_a_text_can_always_be_written() -> None:
    found = Plain().value("caf\udce9")
    assert isinstance(found, str)
    assert found.encode() == b"caf\\udce9"


class Tensor:
    """As of torch, which has no place in these tests."""

    def item(self) -> float:
        return 0.5


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1),
        (True, 1),
        (0.5, 0.5),
        (Tensor(), 0.5),
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.int32(3), 3),
        (np.array([2.0]), 2.0),
        (np.longdouble(0.5), 0.5),
        (math.inf, math.inf),
    ],
    ids=map(str, itertools.count()),
)
def test_a_metric_is_a_plain_number(value: object, expected: float) -> None:
    found = number_from(value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "value",
    [None, "0.5", b"1", 1j, [1], {}, np.array([1, 2]), 2**5000, Hostile()],
)
def test_what_is_no_number_is_none(value: object) -> None:
    with pytest.raises(NotANumberError):
        number_from(value)


def test_steps_are_whole_numbers() -> None:
    assert [step_from(step) for step in (None, 3, -1, np.int64(5), 2.0)] == ["", 3, -1, 5, 2]
    for step in (0.5, "1", 2**70, math.nan):
        with pytest.raises(NotANumberError):
            step_from(step)
