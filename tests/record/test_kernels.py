"""Kernels are known by their command lines."""

import pytest

from repro.record.kernels import kernel_command


@pytest.mark.parametrize(
    "argv",
    [
        ("/env/bin/python", "-m", "ipykernel_launcher", "-f", "/run/kernel-1.json"),
        ("/env/bin/python", "-Xfrozen_modules=off", "-m", "ipykernel", "--f=/run/k.json"),
        ("python3", "/env/lib/python3.12/site-packages/ipykernel_launcher.py", "-f", "k.json"),
    ],
)
def test_a_kernel_is_recorded_without_its_sockets(argv: tuple[str, ...]) -> None:
    found = kernel_command(argv)

    assert found is not None
    assert found == argv[: len(found)]
    assert "kernel" in found[-1]
    assert not any(word.endswith(".json") for word in found)


def test_another_program_is_none() -> None:
    assert kernel_command(("python", "train.py", "--kernel", "rbf")) is None
    assert kernel_command(()) is None
