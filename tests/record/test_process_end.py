"""What a process says at its end, in real interpreters."""

import os
import sys
from pathlib import Path

import pytest

from repro.model.environment import Environment, Hardware, Platform
from repro.record.observer import Observed
from repro.record.process_end import with_end
from repro.record.trace import Exit, Trace, main_interpreter, read_trace, trace_environment
from repro.secrets.redactor import Redactor
from tests.environment.pythons import make_venv, pythons, run_python

_AUDITED = {v: p for v, p in pythons().items() if tuple(map(int, v.split("."))) >= (3, 8)}
_OBSERVED = Observed(Environment(Platform("Linux", "6", "x86_64"), Hardware("", 1, 0)), None, ())


def _trace(cwd: Path, *argv: str, python: str = sys.executable, **variables: str) -> Trace:
    log = cwd / "the trace"
    log.touch()
    env = trace_environment({**os.environ, **variables}, str(log))
    done = run_python(*argv, cwd=cwd, env=env, python=python)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return read_trace(str(log))


def _ended(trace: Trace, top: Path) -> Observed:
    return with_end(_OBSERVED, trace, top=str(top), redactor=Redactor(b"k"))


def _end(trace: Trace) -> Exit:
    (end,) = trace.exits.values()
    return end


@pytest.mark.parametrize("version", sorted(_AUDITED))
def test_every_python_says_what_it_had_loaded(version: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/mine.py").write_text("")
    trace = _trace(
        tmp_path,
        "-c",
        "import mine",
        python=_AUDITED[version],
        PYTHONPATH=str(tmp_path / "elsewhere"),
    )

    assert _end(trace).foreign == (str(tmp_path / "elsewhere/mine.py"),)
    assert trace.interpreters[0].pid in trace.exits


def test_older_pythons_are_not_expected_to(tmp_path: Path) -> None:
    old = {v: p for v, p in pythons().items() if v not in _AUDITED}
    for python in old.values():
        trace = _trace(tmp_path, "-c", "pass", python=python)
        assert not trace.interpreters[-1].notes_its_end


def test_modules_of_the_environment_are_told_apart(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv", "six==1.17.0")
    end = _end(_trace(tmp_path, "-c", "import six", python=python))

    assert [path.rpartition("/")[2] for path in end.loaded] == ["six.py"]


def test_variables_that_the_program_sets_are_told(tmp_path: Path) -> None:
    code = "import os; os.environ['OMP_NUM_THREADS'] = '3'; os.environ['SECRET'] = 'x'"
    runtime = _end(_trace(tmp_path, "-c", code, OMP_PROC_BIND="close")).runtime

    assert {k: v for k, v in runtime.items() if k.startswith("environ.")} == {
        "environ.OMP_NUM_THREADS": "3"
    }


def test_determinism_flags_of_what_is_loaded_are_told(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text(
        "def are_deterministic_algorithms_enabled(): return True\n"
        "def get_num_threads(): return 4\n"
        "def initial_seed(): raise RuntimeError('no')\n"
    )
    code = "import torch\ndef is_it(): return False\n"
    code += "torch.is_deterministic_algorithms_warn_only_enabled = is_it\n"
    code += "torch.get_float32_matmul_precision = lambda: 'highest'\n"
    code += "torch.get_num_interop_threads = lambda: 2\n"
    runtime = _end(_trace(tmp_path, "-c", code)).runtime

    assert runtime["torch.deterministic_algorithms"] == "true"
    assert runtime["torch.num_threads"] == "4"
    assert "torch.initial_seed" not in runtime


def test_threads_and_kernels_of_blas_are_told_where_threadpoolctl_is_loaded(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv", "numpy", "threadpoolctl")
    code = "import numpy, threadpoolctl"
    runtime = _end(_trace(tmp_path, "-c", code, python=python, OPENBLAS_NUM_THREADS="1")).runtime

    assert runtime["blas.0.library"] == "openblas"
    assert runtime["blas.0.threads"] == "1"


def test_libraries_with_threads_are_found_by_an_old_threadpoolctl_too(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv", "numpy==1.26.4", "threadpoolctl==3.0.0")
    runtime = _end(_trace(tmp_path, "-c", "import numpy, threadpoolctl", python=python)).runtime

    assert runtime["blas.0.library"] == "openblas"
    assert runtime["blas.0.threads"].isdigit()


def test_the_build_of_numpy_names_its_blas(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv", "numpy")
    runtime = _end(_trace(tmp_path, "-c", "import numpy", python=python)).runtime
    assert "openblas" in runtime["blas.library"]


def test_what_a_library_warns_of_is_not_printed(tmp_path: Path) -> None:
    (tmp_path / "jax.py").write_text(
        "import warnings\n"
        "class Config:\n"
        "    @property\n"
        "    def jax_enable_x64(self):\n"
        "        warnings.warn('deprecated')\n"
        "        return True\n"
        "config = Config()\n"
    )
    assert _end(_trace(tmp_path, "-c", "import jax")).runtime["jax.enable_x64"] == "true"


def test_a_module_that_waits_to_be_used_is_not_loaded_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "late.py").write_text("print('loaded')")
    code = (
        "import importlib.util as u, sys\n"
        "spec = u.find_spec('late')\n"
        "loader = u.LazyLoader(spec.loader); spec.loader = loader\n"
        "module = u.module_from_spec(spec); sys.modules['late'] = module\n"
        "loader.exec_module(module)\n"
        "sys.modules['odd'] = object(); sys.modules['none'] = None\n"
    )
    assert _end(_trace(tmp_path, "-c", code)).foreign == (str(tmp_path / "late.py"),)


def test_a_variable_that_the_program_takes_away_is_told(tmp_path: Path) -> None:
    code = "import os; del os.environ['OMP_NUM_THREADS']"
    runtime = _end(_trace(tmp_path, "-c", code, OMP_NUM_THREADS="2")).runtime
    assert runtime["environ.OMP_NUM_THREADS"] == "unset"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no such call")
def test_the_cores_are_told_when_they_are_not_all(tmp_path: Path) -> None:
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})"
    if os.cpu_count() == 1:
        pytest.skip("this machine has one core")
    assert _end(_trace(tmp_path, "-c", code)).runtime["process.cores"] == "1"


def test_nothing_is_written_of_what_is_opened_for_this(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    for number in (1, 2):  # the second time from bytecode
        trace = _trace(tmp_path, "-c", "", PYTHONPYCACHEPREFIX=cache, PYTHONDONTWRITEBYTECODE="")
        assert (trace.reads, trace.writes, len(trace.exits)) == ((), (), number)


def test_workers_say_nothing_of_their_end(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(
        "import multiprocessing as m\n"
        "if __name__ == '__main__':\n"
        "    worker = m.get_context('spawn').Process(target=len, args=('',))\n"
        "    worker.start(); worker.join()\n"
    )
    trace = _trace(tmp_path, "work.py")

    assert len(trace.interpreters) > 1
    assert list(trace.exits) == [trace.interpreters[0].pid]


def test_a_fork_does_not_speak_for_its_parent(tmp_path: Path) -> None:
    code = "import os, sys\nif os.fork() == 0:\n    sys.exit(0)\nos.wait()"
    trace = _trace(tmp_path, "-c", code)

    assert list(trace.exits) == [trace.interpreters[0].pid]


def test_a_program_that_closes_everything_ends_as_it_would(tmp_path: Path) -> None:
    trace = _trace(
        tmp_path, "-c", "import os; os.closerange(3, 100); import sys; sys.modules.clear()"
    )
    assert len(trace.interpreters) == 1


def test_what_was_said_becomes_part_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/mine.py").write_text("")
    trace = _trace(tmp_path, "-c", "import mine", PYTHONPATH=str(tmp_path / "elsewhere"))
    seen = _ended(trace, tmp_path / "repo")

    assert seen.environment.modules == (str(tmp_path / "elsewhere/mine.py"),)
    assert seen.environment.runtime["python.hash_randomization"] in ("true", "false")
    assert seen.gaps == ()  # that it was opened is known already


def test_an_end_without_a_word_is_a_gap(tmp_path: Path) -> None:
    trace = _trace(tmp_path, "-c", "import os; os._exit(0)")
    seen = _ended(trace, tmp_path)

    assert main_interpreter(trace, str(tmp_path)) is not None
    assert [gap.subject for gap in seen.gaps] == ["runtime"]


def test_what_a_sitecustomize_raised_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "trace").write_bytes(b"s ValueError: a\n  b\xff\0s \0s ValueError: a b\xff\0" * 9)
    trace = read_trace(str(tmp_path / "trace"))
    reasons = [gap.reason for gap in _ended(trace, tmp_path).gaps]

    assert (
        reasons[0]
        == "it raised ValueError: a b\N{REPLACEMENT CHARACTER}; what it sets up was missing"
    )
    assert len(reasons) == 1


@pytest.mark.parametrize(
    "record", [b"x {1", b"x [1]", b"x {'pid': 'a'}", b"m \n/a", b"f x\n/a", b"x {'pid': 1}"]
)
def test_garbage_is_no_end(record: bytes, tmp_path: Path) -> None:
    log = tmp_path / "trace"
    log.write_bytes(record + b"\0")
    assert read_trace(str(log)).exits == {}
