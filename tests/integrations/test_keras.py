import importlib.util

import pytest

from tests.integrations.trained import train
from tests.repos import Scratch

# Looked for, not imported: each test trains in a process of its own.
BACKEND = next((n for n in ("jax", "torch", "tensorflow") if importlib.util.find_spec(n)), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        BACKEND is None or importlib.util.find_spec("keras") is None, reason="no Keras"
    ),
]

DATA = f"""\
import os
os.environ["KERAS_BACKEND"] = "{BACKEND}"
import keras
import numpy

from repro.integrations.keras import ReproCallback

x = numpy.random.default_rng(0).random((64, 4))
y = x[:, 0] + x[:, 1]
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
"""
TRAIN = f"""\
{DATA}
model.compile(optimizer=keras.optimizers.SGD(0.01), loss="mse", metrics=["mae"])
callback = ReproCallback(every_n_batches=2, log_model=True)
fit = dict(batch_size=16, validation_split=0.25, callbacks=[callback], verbose=0)
model.fit(x, y, epochs=2, **fit)
model.evaluate(x, y, callbacks=[callback], verbose=0)
"""
SCHEDULE = f"""\
{DATA}
rate = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
loss = keras.losses.MeanSquaredError()
model.compile(optimizer=keras.optimizers.Adam(rate), loss=loss)
model.fit(x, y, callbacks=[ReproCallback()], verbose=0)
"""


def test_it_logs_the_optimizer_each_epoch_some_batches_and_the_model(repo: Scratch) -> None:
    trained = train(repo, TRAIN, how="neither")
    assert trained.params["epochs"] == 2
    assert trained.params["loss"] == "mse"
    assert trained.params["optimizer.name"].lower() == "sgd"
    assert trained.params["optimizer.learning_rate"] == 0.01
    assert [step for step, _ in trained.curve("loss")] == [0, 1]
    assert [step for step, _ in trained.curve("val_mae")] == [0, 1]
    assert [step for step, _ in trained.curve("batch/loss")] == [2, 4, 6]
    assert trained.last("test/loss") > 0
    assert "test/loss" not in trained.params
    assert trained.artifact("model.keras")["kind"] == "model"
    assert trained.gaps() == []


def test_a_schedule_is_logged_as_what_it_is(repo: Scratch) -> None:
    trained = train(repo, SCHEDULE)
    rate = "optimizer.learning_rate"
    assert trained.params[f"{rate}.class_name"] == "ExponentialDecay"
    assert trained.params[f"{rate}.config.decay_rate"] == 0.9
    assert trained.params["loss"] == "mean_squared_error"
