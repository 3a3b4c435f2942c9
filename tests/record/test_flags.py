"""Reads params off command lines."""

import shlex

import pytest

from repro.model.values import Params
from repro.record.flags import params_from_command


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("python train.py --lr 0.1", {"lr": 0.1}),
        ("python train.py --lr=0.1 --amp", {"lr": 0.1, "amp": True}),
        ("python train.py --batch-size 32 --name x", {"batch_size": 32, "name": "x"}),
        ("python train.py --shift -3 --low -1e-3", {"shift": -3, "low": -0.001}),
        ("python train.py --layers 1 2 3 --x", {"layers": [1, 2, 3], "x": True}),
        ("python train.py model.depth=3 +opt=adam", {"model.depth": 3, "opt": "adam"}),
        ("python train.py --lr 0.1 model.depth=3", {"lr": 0.1, "model.depth": 3}),
        ("python train.py --amp model.depth=3", {"amp": True, "model.depth": 3}),
        ("python train.py -- --lr 1", {}),
        ("python -W ignore -X dev -u train.py --lr 1", {"lr": 1}),
        ("python -m pkg.train --lr 1", {"lr": 1}),
        ("python -mpkg.train --lr 1", {"lr": 1}),
        ("python -c 'x=1' --lr 1", {"lr": 1}),
        ("python --version", {}),
        ("python", {}),
        ("/opt/bin/python3.11 train.py --lr 1", {"lr": 1}),
        ("./train --lr 1", {"lr": 1}),
        ("torchrun --nproc-per-node 8 train.py --lr 1", {"lr": 1}),
        ("accelerate launch --num_processes 2", {}),
        ("dvc repro -S train.lr=2 --set-param params.yaml:depth=3", {"train.lr": 2, "depth": 3}),
        ("make --jobs 4", {}),
        ("sh -c 'train --lr 1'", {}),
        ("python train.py --flag none --no true", {"flag": None, "no": True}),
        ("python train.py http://x/?a=1 1=2", {}),
        ("python train.py --x --x", {"x": True}),
    ],
)
def test_a_command_line_gives_these_params(line: str, expected: Params) -> None:
    assert params_from_command(shlex.split(line)) == expected


def test_no_command_has_no_params() -> None:
    assert params_from_command([]) == {}
