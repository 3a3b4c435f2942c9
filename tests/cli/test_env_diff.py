"""`repro env diff`: the summary first, then each part of two environments that differs."""

import json

import pytest

from repro.cli.commands.env_diff import command
from repro.model.environment import Hardware, Interpreter, Package, Platform
from tests.cli.recorded import Shelf, call, shelf
from tests.compare.samples import environment, package
from tests.repos import Scratch

COMMIT = "1a2b3c4d" * 5
PYTHON = Interpreter("cpython", "3.11.7", "GCC", "/venv/bin/python", "/venv", "/usr", (), "ab" * 32)


@pytest.fixture
def runs(repo: Scratch, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    found = shelf(repo, monkeypatch)
    tool = Package("tool", "1.0", None, "uv", {"url": "https://example.org/t", "commit": COMMIT})
    common = (package("six", "1.17.0"), tool)
    old = environment(
        interpreter=PYTHON,
        packages=(package("numpy", "2.1.0"), package("gone", "0.1"), Package("torch", "2", "aa11")),
        hardware=Hardware("Fast CPU", 8, 2**34, cpu_flags="avx avx2 avx512f"),
        runtime={"blas.threads": "8"},
    )
    new = old._replace(
        interpreter=PYTHON._replace(digest="cd" * 32),
        packages=(package("numpy", "2.2.0"), tool, Package("torch", "2", "bb22")),
        hardware=Hardware("Slow CPU", 2, 2**34, ("A100", "A100"), cpu_flags="avx avx2 xop"),
        platform=Platform("Linux", "6.9", "x86_64", "glibc 2.36", "Debian 12", "docker"),
        variables={"OMP_NUM_THREADS": "2", "LANG": "C"},
        variable_names=("HOME",),
        runtime={"blas.threads": "2"},
    )
    found.put("k", environment=old._replace(packages=(*old.packages, *common[:1])))
    found.put("m", minute=1, environment=new._replace(packages=(*new.packages, *common[:1])))
    return found


@pytest.mark.usefixtures("runs")
def test_the_summary_comes_first() -> None:
    lines = call(command, "kk").stdout.splitlines()
    assert lines[0] == "run-k kkkkkkkk → run-m mmmmmmmm"
    assert lines[1] == (
        "2 packages changed, 1 added, 1 removed; other build of the interpreter; "
        "2 variables differ; other container and kernel; other CPU and GPU; 1 runtime fact differs"
    )


@pytest.mark.usefixtures("runs")
def test_each_part_says_what_changed() -> None:
    text = call(command, "kk", "mm").stdout
    for part in (
        "interpreter  ~  digest  abababab → cdcdcdcd",
        "packages     -  gone   0.1",
        "~  numpy  2.1.0 → 2.2.0",
        "+  tool   1.0, git 1a2b3c4 from https://example.org/t",
        "~  torch  2, other build: aa11 → bb22",
        "+  LANG             C",
        "~  OMP_NUM_THREADS  1 → 2",
        "platform     +  container  docker",
        "~  kernel     6.1 → 6.9",
        "~  CPU        Fast CPU → Slow CPU",
        "+  GPU        2 x A100",
        "-  CPU flags  avx512f",
        "+  CPU flags  xop",
        "runtime      ~  blas.threads  8 → 2",
        "also set     +  HOME",
    ):
        assert part in text
    assert "six" not in text


@pytest.mark.usefixtures("runs")
def test_a_terminal_gets_the_same_words_as_a_pipe() -> None:
    piped = call(command, "kk").stdout.split()
    assert call(command, "kk", terminal=True).stdout.split() == piped


@pytest.mark.usefixtures("runs")
def test_an_environment_does_not_differ_from_itself() -> None:
    result = call(command, "kk", "kk", "--exit-code")
    lines = result.stdout.splitlines()
    assert lines[1:] == ["same packages; same interpreter; same hardware"]
    assert result.exit_code == 0


@pytest.mark.usefixtures("runs")
def test_the_exit_code_says_differs_only_when_asked() -> None:
    assert call(command, "kk").exit_code == 0
    assert call(command, "kk", "--exit-code").exit_code == 1
    assert call(command, "kk", "--exit-code", "--json").exit_code == 1


def test_other_hardware_alone_is_no_other_environment(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = shelf(repo, monkeypatch)
    found.put("k", environment=environment(hardware=Hardware("Fast CPU", 8, 2**34)))
    found.put("m", minute=1, environment=environment(hardware=Hardware("Fast CPU", 4, 2**36)))
    result = call(command, "kk", "--exit-code")
    assert "same packages; same interpreter; other cores and memory" in result.stdout
    assert "memory  16 GiB → 64 GiB" in result.stdout
    assert result.exit_code == 0


@pytest.mark.parametrize("first", [None, environment()])
def test_what_was_not_observed_is_never_the_same(
    repo: Scratch, monkeypatch: pytest.MonkeyPatch, first: object
) -> None:
    found = shelf(repo, monkeypatch)
    found.put("k", environment=first)
    found.put("m", minute=1, environment=None)
    result = call(command, "kk", "--exit-code")
    assert "observed" in result.stdout
    assert "numpy" not in result.stdout
    assert result.exit_code == 1
    assert json.loads(call(command, "kk", "--json").stdout)["same"] is False


@pytest.mark.usefixtures("runs")
def test_json_has_every_part() -> None:
    found = json.loads(call(command, "kk", "--json").stdout)
    assert (found["a"], found["b"]) == ("20260131T080000-kkkkkkkk", "20260131T080100-mmmmmmmm")
    assert (found["observed"], found["same"]) == ([True, True], False)
    assert found["packages"]["changed"]["numpy"]["new"]["version"] == "2.2.0"
    assert found["packages"]["added"]["tool"]["origin"]["commit"] == COMMIT
    assert found["build"]["changed"]["digest"] == {"old": "ab" * 32, "new": "cd" * 32}
    assert found["cpu_flags"] == {"added": ["xop"], "removed": ["avx512f"]}
    assert found["machine"]["added"]["gpus"] == "A100, A100"
    assert found["runtime"]["changed"] == {"blas.threads": {"old": "8", "new": "2"}}
