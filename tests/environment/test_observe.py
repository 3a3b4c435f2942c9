"""What is put together for a record, from real environments."""

import json
import shutil
import sys
import time
from pathlib import Path

from repro.environment.observe import observe
from repro.environment.probe import probe
from repro.model.environment import Environment
from repro.model.gap import Gap, GapKind
from repro.secrets.redactor import Redactor
from tests.environment.pythons import install, make_project, make_venv


def _observe(python: str, tmp_path: Path) -> tuple[Environment, tuple[Gap, ...]]:
    return observe(
        probe(python, env={}),
        variables={},
        cache_dir=str(tmp_path / "cache"),
        redactor=Redactor(b"k"),
    )


def test_an_environment_of_an_index_has_no_gaps(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv", "six==1.17.0")
    interpreter = probe(python, env={})
    environment, gaps = observe(
        interpreter,
        variables={"TZ": "UTC", "X": "1"},
        cache_dir=str(tmp_path / "cache"),
        redactor=Redactor(b"k"),
    )
    assert environment.interpreter is not None
    assert environment.interpreter._replace(digest=None) == interpreter
    assert environment.interpreter.digest is not None
    assert [(p.name, p.version) for p in environment.packages] == [("six", "1.17.0")]
    assert environment.variables == {"TZ": "UTC"}
    assert environment.variable_names == ("X",)
    assert gaps == ()


def test_without_an_interpreter_there_is_a_gap(tmp_path: Path) -> None:
    environment, (gap,) = observe(
        None, variables={}, cache_dir=str(tmp_path), redactor=Redactor(b"k")
    )
    assert environment.interpreter is None
    assert environment.packages == ()
    assert environment.platform.system
    assert (gap.kind, gap.reason) == (
        GapKind.ENVIRONMENT,
        "the command started no Python that could be seen",
    )


def test_an_editable_package_of_the_tree_is_no_gap(tmp_path: Path) -> None:
    project = make_project(tmp_path / "repo/libs/tiny")
    python = make_venv(tmp_path / "venv")
    install(python, "--editable", str(project))
    environment, gaps = observe(
        probe(python, env={}),
        variables={},
        cache_dir=str(tmp_path / "cache"),
        redactor=Redactor(b"k"),
        top=str(tmp_path / "repo"),
    )
    assert environment.packages[0].origin == {"url": "./libs/tiny", "editable": "true"}
    assert gaps == ()


def test_a_package_from_a_directory_elsewhere_is_a_gap(tmp_path: Path) -> None:
    project = make_project(tmp_path / "elsewhere")
    python = make_venv(tmp_path / "venv")
    install(python, "--editable", str(project))
    _, (gap,) = observe(
        probe(python, env={}),
        variables={},
        cache_dir=str(tmp_path / "cache"),
        redactor=Redactor(b"k"),
        top=str(tmp_path / "repo"),
    )
    assert gap.subject == "tiny==0.1"
    assert str(project) in gap.reason


def test_an_environment_of_conda_is_no_gap_in_itself(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv", "six==1.17.0")
    (tmp_path / "venv/conda-meta").mkdir()
    files = ["lib/python3/site-packages/six-1.17.0.dist-info/METADATA"]
    document = {"name": "six", "files": files}
    (tmp_path / "venv/conda-meta/six-1.17.0-py_0.json").write_text(json.dumps(document))
    environment, gaps = _observe(python, tmp_path)
    assert gaps == ()
    assert environment.packages[0].installer == "conda"


def test_what_is_wrong_with_packages_is_a_gap(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv", "six==1.17.0")
    (info,) = (tmp_path / "venv").glob("lib/*/site-packages/six-*.dist-info")
    (info / "METADATA").write_bytes(b"\x00\xff" * 500)
    for _ in range(2):  # read, and kept
        environment, (gap,) = _observe(python, tmp_path)
        assert (environment.packages[0].name, environment.packages[0].version) == ("six", "1.17.0")
        assert gap.reason.startswith("its METADATA is damaged")


def test_an_environment_without_its_packages_is_empty(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv", "six==1.17.0")
    interpreter = probe(python, env={})
    shutil.rmtree(tmp_path / "venv")
    environment, gaps = observe(
        interpreter, variables={}, cache_dir=str(tmp_path / "cache"), redactor=Redactor(b"k")
    )
    assert (environment.packages, gaps) == ((), ())
    assert environment.interpreter is not None
    assert environment.interpreter.digest is None


def test_what_the_user_asks_for_and_says_is_observed(tmp_path: Path) -> None:
    variables = {
        "SEED": "3",
        "REPRO_IMAGE": "https://me:hunter2hunter2@registry/x@sha256:12",
        "UV_INDEX": "https://me:hunter2hunter2@index/simple",
        "HOME": str(tmp_path),
    }
    environment, _ = observe(
        None,
        variables=variables,
        cache_dir=str(tmp_path / "cache"),
        redactor=Redactor(b"k"),
        extra=("SEED",),
    )
    assert environment.variables == {"SEED": "3"}
    assert "registry/x@sha256:12" in environment.platform.container
    assert environment.indexes[0].endswith("@index/simple")
    assert "hunter2" not in repr(environment)


def test_a_second_look_is_a_tenth_of_what_a_run_may_take(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv", "six==1.17.0", "click==8.1.7")
    interpreter, times = probe(python, env={}), []
    for _ in range(5):
        start = time.process_time()
        observe(
            interpreter, variables={}, cache_dir=str(tmp_path / "cache"), redactor=Redactor(b"k")
        )
        times.append(time.process_time() - start)
    assert min(times) < 0.015


def test_other_interpreters_are_named_once(tmp_path: Path) -> None:
    interpreter = probe(make_venv(tmp_path / "venv"), env={})
    others = ("/usr/bin/python3", interpreter.executable, "/usr/bin/python3")
    environment, _ = observe(
        interpreter,
        variables={},
        cache_dir=str(tmp_path / "cache"),
        redactor=Redactor(b"k"),
        others=others,
    )
    assert environment.other_interpreters == ("/usr/bin/python3",)


def test_the_password_of_an_index_gives_way_to_a_mark(tmp_path: Path) -> None:
    interpreter = probe(sys.executable, env={})
    variables = {"UV_INDEX": "https://ci:1ndexPass@pypi.corp/simple https://open/simple"}
    redactor = Redactor(b"k")
    environment, _ = observe(
        interpreter, variables=variables, cache_dir=str(tmp_path), redactor=redactor
    )

    mark = redactor.mark("1ndexPass")
    assert environment.indexes[:2] == (
        f"https://ci:{mark}@pypi.corp/simple",
        "https://open/simple",
    )
