import pytest

from tests.integrations.trained import train
from tests.repos import Scratch

pytest.importorskip("lightgbm")

DATA = """\
import lightgbm
import numpy

from repro.integrations.lightgbm import ReproCallback

x = numpy.random.default_rng(0).random((200, 4))
y = x[:, 0] + x[:, 1]
data = lightgbm.Dataset(x[:150], y[:150])
"""
TRAIN = f"""\
{DATA}
valid = data.create_valid(x[150:], y[150:])
params = {{"objective": "regression", "learning_rate": 0.2, "verbose": -1, "num_threads": 1}}
lightgbm.train(params, data, 4, valid_sets=[valid], callbacks=[ReproCallback()])
"""
CV = f"""\
{DATA}
params = {{"objective": "regression", "verbose": -1, "num_threads": 1}}
lightgbm.cv(params, data, 3, nfold=3, stratified=False, callbacks=[ReproCallback()])
"""


@pytest.mark.parametrize("how", ["repro run", "start_run", "neither"])
def test_it_logs_the_parameters_and_each_iteration(repo: Scratch, how: str) -> None:
    trained = train(repo, TRAIN, how=how)
    assert trained.params["learning_rate"] == 0.2
    assert trained.params["num_iterations"] == 4
    curve = trained.curve("valid_0/l2")
    assert [step for step, _ in curve] == [0, 1, 2, 3]
    assert curve[3][1] < curve[0][1]
    assert trained.last("valid_0/l2") == curve[3][1]
    assert trained.gaps() == []


def test_of_a_cross_validation_it_logs_mean_and_deviation(repo: Scratch) -> None:
    trained = train(repo, CV)
    assert len(trained.curve("valid/l2")) == 3
    assert 0 < trained.last("valid/l2_std") < trained.last("valid/l2")


def test_outside_of_a_repository_the_training_goes_on(repo: Scratch) -> None:
    repo.write("train.py", TRAIN + "print('trained')\n")
    (repo.path / ".git").rename(repo.path / "no-git")
    done = repo.python("train.py")
    assert done.stdout.endswith("trained\n")
    assert "repro: " in done.stderr
    assert "Traceback" not in done.stderr
