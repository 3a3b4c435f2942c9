"""Which variables are recorded."""

import pytest

from repro.environment.variables import choose_variables
from repro.model.secrets import Redactor


def choose(variables: dict[str, str], *, top: str = "") -> dict[str, str]:
    return choose_variables(variables, redactor=Redactor(b"key"), top=top)


@pytest.mark.parametrize(
    "name",
    [
        *("PYTHONHASHSEED", "OMP_NUM_THREADS", "MKL_CBWR", "LC_ALL", "LANG", "TZ"),
        *("CUBLAS_WORKSPACE_CONFIG", "CUDA_VISIBLE_DEVICES", "PYTORCH_CUDA_ALLOC_CONF"),
        *("TF_DETERMINISTIC_OPS", "XLA_FLAGS", "JAX_ENABLE_X64", "OPENBLAS_CORETYPE"),
    ],
)
def test_what_changes_results_is_recorded(name: str) -> None:
    assert choose({name: "1"}) == {name: "1"}


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "HOME", "VIRTUAL_ENV", "CONDA_PREFIX", "RANK", "SLURM_JOB_ID", "MASTER_ADDR"),
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
