"""What is put together for a record, from real environments."""

from pathlib import Path

from repro.environment.observe import observe
from repro.environment.probe import probe
from repro.model.gap import GapKind
from repro.model.secrets import Redactor
from tests.environment.pythons import install, make_project, make_venv


def test_an_environment_of_an_index_has_no_gaps(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv", "six==1.17.0")
    interpreter = probe(python, env={})
    environment, gaps = observe(
        interpreter,
        variables={"TZ": "UTC", "X": "1"},
        cache_dir=str(tmp_path / "cache"),
        redactor=Redactor(b"k"),
    )
    assert environment.interpreter == interpreter
    assert [(p.name, p.version) for p in environment.packages] == [("six", "1.17.0")]
    assert environment.variables == {"TZ": "UTC"}
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


def test_what_conda_adds_is_a_gap(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv")
    (tmp_path / "venv/conda-meta").mkdir()
    _, (gap,) = observe(
        probe(python, env={}),
        variables={},
        cache_dir=str(tmp_path / "cache"),
        redactor=Redactor(b"k"),
    )
    assert (gap.subject, gap.fix) == ("conda", "conda list --explicit > conda-explicit.txt")


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
