"""Finding the interpreter that a run had, among the real ones of this machine."""

import os
from pathlib import Path

import pytest

from repro.environment.binary import digest_of_interpreter
from repro.environment.probe import probe
from repro.model.environment import Interpreter
from repro.model.run import Record
from repro.rebuild.differences import NotExactError
from repro.rebuild.environment import rebuild
from repro.rebuild.interpreters import choose_interpreter
from tests.environment.pythons import pythons
from tests.rebuild.records import BASE, environment_of, request_for, with_environment


@pytest.fixture
def here(tmp_path: Path) -> Interpreter:
    """The interpreter of these tests, as a run would have it recorded."""
    found = probe(BASE, env={})
    return found._replace(digest=digest_of_interpreter(found, cache_dir=str(tmp_path / "cache")))


@pytest.fixture
def other() -> str:
    """The executable of a Python 3 of another minor version."""
    own = probe(BASE, env={}).version.rpartition(".")[0]
    for version, executable in sorted(pythons().items(), reverse=True):
        if version.startswith("3.") and not version.startswith(f"{own}."):
            return executable
    pytest.skip("there is but one Python here")


def _elsewhere(interpreter: Interpreter) -> Interpreter:
    """Returns it as recorded on another machine: nothing lies where it lay."""
    return interpreter._replace(executable="/gone/bin/python", prefix="/gone", base_prefix="/gone")


def _place(prefix: Path, executable: str, name: str = "python3") -> None:
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / name).symlink_to(executable)


def _bare(home: Path) -> dict[str, str]:
    return {"PATH": "/nowhere", "HOME": str(home)}


def test_the_one_that_is_still_where_it_was_is_taken(here: Interpreter, tmp_path: Path) -> None:
    found, differences = choose_interpreter(
        here, env=_bare(tmp_path), cache_dir=str(tmp_path / "cache")
    )
    assert os.path.realpath(found.executable) == BASE
    assert differences == ()


@pytest.mark.parametrize(
    "place",
    [
        ".pyenv/versions/a",
        ".local/share/uv/python/cpython-b",
        ".asdf/installs/python/c",
        ".local/share/mise/installs/python/d",
        "miniconda3",
        "miniforge3/envs/e",
        ".conda/envs/f",
    ],
)
def test_it_is_found_wherever_it_is_kept(here: Interpreter, tmp_path: Path, place: str) -> None:
    _place(tmp_path / place, BASE)
    found, differences = choose_interpreter(
        _elsewhere(here), env=_bare(tmp_path), cache_dir=str(tmp_path / "cache")
    )
    assert (found.version, differences) == (here.version, ())


def test_it_is_found_among_the_environments_that_conda_lists(
    here: Interpreter, tmp_path: Path
) -> None:
    _place(tmp_path / "far" / "away", BASE)
    (tmp_path / ".conda").mkdir()
    (tmp_path / ".conda" / "environments.txt").write_text(f"{tmp_path}/far/away\n")
    found, _ = choose_interpreter(
        _elsewhere(here), env=_bare(tmp_path), cache_dir=str(tmp_path / "cache")
    )
    assert found.version == here.version


def test_it_is_found_where_variables_say_that_it_is_kept(here: Interpreter, tmp_path: Path) -> None:
    _place(tmp_path / "x" / "versions" / "3", BASE)
    env = {**_bare(tmp_path / "home"), "PYENV_ROOT": str(tmp_path / "x")}
    found, _ = choose_interpreter(_elsewhere(here), env=env, cache_dir=str(tmp_path / "cache"))
    assert found.version == here.version


def test_a_directorys_name_is_not_believed(here: Interpreter, other: str, tmp_path: Path) -> None:
    _place(tmp_path / ".pyenv" / "versions" / here.version, other)
    with pytest.raises(NotExactError):
        choose_interpreter(_elsewhere(here), env=_bare(tmp_path), cache_dir=str(tmp_path / "cache"))


def test_an_absent_one_is_told_with_the_nearest_and_the_commands(
    here: Interpreter, other: str, tmp_path: Path
) -> None:
    major, minor, patch = here.version.split(".")
    absent = f"{major}.{minor}.{int(patch) + 90}"
    _place(tmp_path / "bin-of-other", other)
    env = {"PATH": f"{tmp_path}/bin-of-other/bin:{os.path.dirname(BASE)}", "HOME": str(tmp_path)}
    with pytest.raises(NotExactError) as caught:
        choose_interpreter(
            _elsewhere(here)._replace(version=absent), env=env, cache_dir=str(tmp_path / "cache")
        )
    error = caught.value
    assert error.exits_with == 4
    assert error.message == f"the run had Python {absent}, which is not on this machine"
    (difference,) = error.differences
    assert difference.reason.startswith(
        f"{absent} was looked for in: PATH, pyenv, uv, conda, asdf, mise; nearest: {here.version} ("
    )
    assert difference.reason.endswith("): same minor, other patch")
    assert difference.fix == f"uv python install {absent}   (or: pyenv install {absent})"
    assert error.hint == (
        f"--python {here.version} goes on with that one, and the result is marked"
    )


def test_a_machine_without_any_python_is_told_so(here: Interpreter, tmp_path: Path) -> None:
    with pytest.raises(NotExactError) as caught:
        choose_interpreter(
            _elsewhere(here)._replace(version="3.99.1"),
            env=_bare(tmp_path),
            cache_dir=str(tmp_path / "cache"),
        )
    assert caught.value.differences[0].reason.endswith("; no other was found")
    assert caught.value.hint == "install it, and try again"


def test_another_build_of_the_version_is_told_and_no_obstacle(
    here: Interpreter, tmp_path: Path
) -> None:
    recorded = here._replace(digest="0" * 64, build=f"{here.version} (main, x) [Clang 17.0.6]")
    found, (difference,) = choose_interpreter(
        recorded, env=_bare(tmp_path), cache_dir=str(tmp_path / "cache")
    )
    assert found.version == here.version
    assert difference.subject == "python"
    assert difference.reason.startswith(f"another build of {here.version}: ")
    assert difference.reason.endswith(" here, main, x, Clang 17.0.6 in the run")


def test_the_same_build_is_preferred_to_another_that_comes_first(
    here: Interpreter, tmp_path: Path
) -> None:
    import shutil

    _place(tmp_path / "first", BASE)
    (tmp_path / "first" / "bin" / "python3").unlink()
    shutil.copy(BASE, tmp_path / "first" / "bin" / "python3")
    with (tmp_path / "first" / "bin" / "python3").open("ab") as file:
        file.write(b"\0")  # another binary, that answers the same
    env = {
        "PATH": f"{tmp_path}/first/bin:{os.path.dirname(BASE)}",
        "HOME": str(tmp_path),
        "PYTHONHOME": here.base_prefix,
    }
    first = probe(f"{tmp_path}/first/bin/python3", env={"PYTHONHOME": here.base_prefix})
    assert first.version == here.version
    found, differences = choose_interpreter(
        _elsewhere(here), env=env, cache_dir=str(tmp_path / "cache")
    )
    assert (os.path.realpath(found.executable), differences) == (BASE, ())


def test_a_named_version_is_taken_and_marked(here: Interpreter, other: str, tmp_path: Path) -> None:
    _place(tmp_path / "bin-of-other", other)
    version = probe(other, env={}).version
    env = {"PATH": f"{tmp_path}/bin-of-other/bin", "HOME": str(tmp_path)}
    for named in (version, version.rpartition(".")[0], other):
        found, (difference,) = choose_interpreter(
            here, env=env, cache_dir=str(tmp_path / "cache"), named=named
        )
        assert found.version == version
        assert difference.reason == f"Python {version} in place of Python {here.version}"


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("3.99", "there is no Python 3.99 on this machine"),
        ("/gone/python", "cannot ask /gone/python what it is: "),
        ("/bin/ls", "cannot ask /bin/ls what it is: "),
    ],
)
def test_a_named_one_that_is_none_is_told(
    here: Interpreter, tmp_path: Path, named: str, message: str
) -> None:
    with pytest.raises(NotExactError) as caught:
        choose_interpreter(
            here, env=_bare(tmp_path), cache_dir=str(tmp_path / "cache"), named=named
        )
    assert caught.value.message.startswith(message)
    assert (caught.value.hint or "").startswith("--python takes a version")


def test_an_environment_is_built_with_the_named_one_and_says_so(
    record: Record, env: dict[str, str], other: str, tmp_path: Path
) -> None:
    built = rebuild(request_for(record, tmp_path, env, python=other), talk=lambda _: None)
    version = probe(other, env={}).version
    assert probe(built.python, env={}).version == version
    (difference,) = built.differences
    assert difference.reason.startswith(f"Python {version} in place of Python ")
    assert built.n_identical == 3
    exact = rebuild(request_for(record, tmp_path, env), talk=lambda _: None)
    assert exact.prefix != built.prefix


def test_no_other_interpreter_is_taken_in_silence(
    record: Record, env: dict[str, str], tmp_path: Path
) -> None:
    environment = environment_of(record)
    assert environment.interpreter is not None
    absent = _elsewhere(environment.interpreter)._replace(version="3.99.1")
    mine = with_environment(record, environment._replace(interpreter=absent))
    for is_inexact in (False, True):
        request = request_for(mine, tmp_path, env, is_inexact_accepted=is_inexact)
        with pytest.raises(NotExactError, match=r"the run had Python 3\.99\.1"):
            rebuild(request, talk=lambda _: None)
