"""The variables of a command that runs in a rebuilt environment."""

from pathlib import Path

from repro.model.environment import Environment, Hardware, Platform
from repro.rebuild.variables import variables_for


def _variables(
    recorded: dict[str, str], env: dict[str, str], top: str | None = "/top"
) -> dict[str, str]:
    environment = Environment(
        Platform("Linux", "6", "x86_64"), Hardware("", 1, 0), variables=recorded
    )
    return variables_for(environment, "/envs/k", top, env)


def test_the_environment_comes_first() -> None:
    found = _variables({}, {"PATH": "/usr/bin:/bin", "HOME": "/home/me"})
    assert found == {
        "PATH": "/envs/k/bin:/usr/bin:/bin",
        "VIRTUAL_ENV": "/envs/k",
        "HOME": "/home/me",
        "UV_PROJECT_ENVIRONMENT": "/envs/k",
        "UV_NO_SYNC": "1",
    }


def test_the_environment_that_the_user_stands_in_goes() -> None:
    here = {
        "PATH": "/my/venv/bin:/usr/bin",
        "VIRTUAL_ENV": "/my/venv",
        "VIRTUAL_ENV_PROMPT": "venv",
        "CONDA_PREFIX": "/conda",
        "PYTHONHOME": "/odd",
    }
    found = _variables({}, here)
    assert found["PATH"] == "/envs/k/bin:/usr/bin"
    assert found["VIRTUAL_ENV"] == "/envs/k"
    assert not found.keys() & here.keys() - {"PATH", "VIRTUAL_ENV"}


def test_recorded_variables_are_set_and_those_set_since_are_taken_away() -> None:
    found = _variables(
        {"OMP_NUM_THREADS": "4"},
        {"PATH": "/bin", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "EDITOR": "vi"},
    )
    assert found["OMP_NUM_THREADS"] == "4"
    assert "MKL_NUM_THREADS" not in found
    assert found["EDITOR"] == "vi"


def test_places_in_the_tree_are_those_of_the_tree_that_is_there_now() -> None:
    recorded = {"PYTHONPATH": "src:/elsewhere:.", "LD_LIBRARY_PATH": "lib"}
    found = _variables(recorded, {"PATH": "/bin"})
    assert found["PYTHONPATH"] == "/top/src:/elsewhere:/top"
    assert found["LD_LIBRARY_PATH"] == "/top/lib"
    assert _variables(recorded, {"PATH": "/bin"}, None)["PYTHONPATH"] == "src:/elsewhere:."


def test_a_library_that_is_preloaded_by_name_is_looked_up_by_the_loader(tmp_path: Path) -> None:
    (tmp_path / "own.so").touch()
    recorded = {"LD_PRELOAD": "libjemalloc.so.2:own.so"}
    found = _variables(recorded, {"PATH": "/bin"}, str(tmp_path))
    assert found["LD_PRELOAD"] == f"libjemalloc.so.2:{tmp_path}/own.so"


def test_a_secret_stays_what_it_is_now() -> None:
    recorded = {"MY_SETTING": "<redacted:1a2b3c4d>"}
    assert _variables(recorded, {"PATH": "/bin", "MY_SETTING": "now"})["MY_SETTING"] == "now"
    assert "MY_SETTING" not in _variables(recorded, {"PATH": "/bin"})


def test_what_names_a_job_or_a_device_is_the_users_of_now() -> None:
    recorded = {"RANK": "3", "WORLD_SIZE": "8", "CUDA_VISIBLE_DEVICES": "1", "OMP_NUM_THREADS": "4"}
    found = _variables(recorded, {"CUDA_VISIBLE_DEVICES": "0", "SLURM_JOB_ID": "7", "PATH": "/bin"})

    assert found["CUDA_VISIBLE_DEVICES"] == "0"
    assert found["SLURM_JOB_ID"] == "7"
    assert found["OMP_NUM_THREADS"] == "4"
    assert not {"RANK", "WORLD_SIZE"} & found.keys()
