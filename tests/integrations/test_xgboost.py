import pytest

from repro.integrations.float32 import shortest
from tests.integrations.trained import train
from tests.repos import Scratch

pytest.importorskip("xgboost")

DATA = """\
import numpy
import xgboost

from repro.integrations.xgboost import ReproCallback

x = numpy.random.default_rng(0).random((200, 4))
y = x[:, 0] + x[:, 1]
data = xgboost.DMatrix(x[:150], y[:150])
"""
TRAIN = f"""\
{DATA}
valid = xgboost.DMatrix(x[150:], y[150:])
xgboost.train(
    {{"max_depth": 3, "eta": 0.3, "nthread": 1}},
    data,
    60,
    evals=[(data, "train"), (valid, "valid")],
    early_stopping_rounds=2,
    verbose_eval=False,
    callbacks=[ReproCallback(log_model=True)],
)
"""
CV = f"""\
{DATA}
xgboost.cv({{"max_depth": 3, "nthread": 1}}, data, 3, nfold=3, callbacks=[ReproCallback()])
"""
TWICE = f"""\
{DATA}
callback = ReproCallback()
for depth in (2, 4):
    model = xgboost.XGBRegressor(n_estimators=2, max_depth=depth, callbacks=[callback])
    model.fit(x, y, eval_set=[(x, y)], verbose=False)
"""


@pytest.mark.parametrize("how", ["repro run", "start_run", "neither"])
def test_it_logs_the_parameters_each_iteration_and_the_model(repo: Scratch, how: str) -> None:
    trained = train(repo, TRAIN, how=how)
    assert trained.params["max_depth"] == 3
    assert trained.params["eta"] == 0.3
    assert trained.params["objective"] == "reg:squarederror"
    curve = trained.curve("valid/rmse")
    assert [step for step, _ in curve] == [*range(len(curve))]
    assert len(curve) == len(trained.curve("train/rmse")) < 60
    assert trained.last("best_iteration") == len(curve) - 3
    assert trained.last("best_score") == pytest.approx(min(value for _, value in curve))
    assert trained.artifact("model.ubj")["kind"] == "model"
    assert trained.gaps() == []


def test_of_a_cross_validation_it_logs_mean_and_deviation(repo: Scratch) -> None:
    trained = train(repo, CV)
    assert len(trained.curve("test/rmse")) == 3
    assert 0 < trained.last("test/rmse_std") < trained.last("test/rmse")


def test_a_callback_may_serve_two_trainings(repo: Scratch) -> None:
    trained = train(repo, TWICE)
    assert trained.params["max_depth"] == 4
    assert [step for step, _ in trained.curve("validation_0/rmse")] == [0, 1, 0, 1]
    # The first value is not forgotten: the record says that there were two.
    assert any(gap["subject"] == "max_depth" for gap in trained.gaps())


@pytest.mark.parametrize(
    ("number", "short"),
    [
        (0.30000001192092896, 0.3),
        (0.009999999776482582, 0.01),
        (1.0, 1.0),
        (1e300, 1e300),
        (0.1234567890123, 0.12345679),
    ],
)
def test_a_float_of_32_bits_is_shown_as_it_was_written(number: float, short: float) -> None:
    assert shortest(number) == short


def test_what_is_no_number_stays_so() -> None:
    assert shortest(float("nan")) != shortest(float("nan"))
    assert shortest(float("inf")) == float("inf")
