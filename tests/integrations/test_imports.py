"""What is loaded when: nothing of a framework before its callback is asked for."""

from tests.repos import Scratch

FRAMEWORKS = "keras lightgbm lightning pytorch_lightning sklearn torch transformers xgboost".split()


def test_importing_repro_loads_no_callback_and_no_framework(repo: Scratch) -> None:
    program = "import sys, repro; repro.log_metric; print(*sys.modules)"
    loaded = repo.python("-c", program).stdout.split()
    assert [name for name in loaded if name.startswith("repro.integrations")] == []
    assert sorted(set(loaded) & set(FRAMEWORKS)) == []


def test_those_that_need_no_class_of_it_load_no_framework(repo: Scratch) -> None:
    modules = ("repro.integrations.sklearn", "repro.integrations.lightgbm")
    loaded = repo.python("-c", f"import sys, {', '.join(modules)}; print(*sys.modules)")
    assert sorted(set(loaded.stdout.split()) & set(FRAMEWORKS)) == []
