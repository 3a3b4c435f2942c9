"""Which variables are recorded, and which by name alone."""

import pytest

from repro.environment.variables import choose_variables, is_chosen, other_names
from repro.model.variables import is_of_job
from repro.secrets.redactor import Redactor


def choose(variables: dict[str, str], *, top: str = "") -> dict[str, str]:
    return choose_variables(variables, redactor=Redactor(b"key"), top=top)


@pytest.mark.parametrize(
    "name",
    [
        *("PYTHONHASHSEED", "OMP_NUM_THREADS", "MKL_CBWR", "LC_ALL", "LANG", "TZ"),
        *("CUBLAS_WORKSPACE_CONFIG", "CUDA_VISIBLE_DEVICES", "PYTORCH_CUDA_ALLOC_CONF"),
        *("TF_DETERMINISTIC_OPS", "XLA_FLAGS", "JAX_ENABLE_X64", "OPENBLAS_CORETYPE"),
        *("CUDA_MODULE_LOADING", "TF_NUM_INTEROP_THREADS", "KERAS_BACKEND", "NUMBA_NUM_THREADS"),
        *("ACCELERATE_MIXED_PRECISION", "NCCL_ALGO", "TORCHINDUCTOR_MAX_AUTOTUNE"),
    ],
)
def test_what_changes_results_is_recorded(name: str) -> None:
    assert choose({name: "1"}) == {name: "1"}


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "HOME", "VIRTUAL_ENV", "CONDA_PREFIX", "SLURM_JWT", "SLURM_CONF", "HF_HOME"),
        *("WANDB_API_KEY", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "JAX_API_KEY", "TORCH_HOME"),
        *("JAX_COMPILATION_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "REPRO_TRACE", "OMPX"),
    ],
)
def test_secrets_and_names_of_this_machine_are_not(name: str) -> None:
    assert choose({name: "1"}) == {}


def test_a_credential_in_a_value_is_not_stored() -> None:
    found = choose({"XLA_FLAGS": "--x=https://me:hunter2@host ghp_" + "a" * 36})
    assert "hunter2" not in found["XLA_FLAGS"]
    assert "ghp_" not in found["XLA_FLAGS"]


def test_paths_within_the_tree_are_the_same_in_every_clone() -> None:
    variables = {"PYTHONPATH": "/w/src:/w:/other:/wide"}
    assert choose(variables, top="/w") == {"PYTHONPATH": "src:.:/other:/wide"}


def test_the_bootstrap_on_pythonpath_is_none_of_the_users() -> None:
    ours = "/site-packages/repro/record/bootstrap"
    assert choose({"PYTHONPATH": f"{ours}:a"}) == {"PYTHONPATH": "a"}
    assert choose({"PYTHONPATH": ours}) == {}


def test_variables_are_sorted() -> None:
    assert list(choose({"TZ": "UTC", "LANG": "C"})) == ["LANG", "TZ"]


@pytest.mark.parametrize(
    "name",
    [
        *("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"),
        *("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"),
        *("SLURM_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK"),
    ],
)
def test_what_names_the_job_is_recorded_as_such(name: str) -> None:
    assert choose({name: "1"}) == {name: "1"}
    assert is_of_job(name)
    assert is_chosen(name)


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "RANKING", "MASTER_ADDRESS", "SLURM_CONF"])
def test_other_variables_are_none_of_the_job(name: str) -> None:
    assert not is_of_job(name)


def test_what_the_user_asks_for_is_recorded() -> None:
    variables = {"MY_FLAG": "on", "OTHER": "1", "MY_TOKEN": "hunter2hunter2"}
    redactor = Redactor(b"key")
    found = choose_variables(variables, redactor=redactor, extra=("MY_FLAG", "MY_TOKEN", "NONE"))
    assert found == {"MY_FLAG": "on", "MY_TOKEN": redactor.mark("hunter2hunter2")}


def test_a_secret_in_a_value_that_the_user_asks_for_is_a_mark() -> None:
    value = "https://me:hunter2hunter2@db/x"
    found = choose_variables({"DB": value}, redactor=Redactor(b"key"), extra=["DB"])
    assert "hunter2" not in found["DB"]


def test_the_rest_is_known_by_name() -> None:
    variables = {"WANDB_API_KEY": "x", "DATABASE_URL": "y", "TZ": "UTC", "a_b1": ""}
    assert other_names(variables, choose(variables)) == ("DATABASE_URL", "WANDB_API_KEY", "a_b1")


@pytest.mark.parametrize(
    "name",
    [
        *("_", "SHLVL", "PWD", "OLDPWD", "LS_COLORS", "PATH", "HOME", "TERM", "REPRO_TRACE"),
        *("BASH_FUNC_x%%", "npm_config_//h/:_authToken", "1X", "caf\udce9", "a\nb", ""),
    ],
)
def test_names_that_say_nothing_are_left_out(name: str) -> None:
    assert other_names({name: "x"}, {}) == ()


def test_a_pythonpath_of_repros_own_is_not_named() -> None:
    ours = {"PYTHONPATH": "/site-packages/repro/record/bootstrap"}
    assert other_names(ours, choose(ours)) == ()
