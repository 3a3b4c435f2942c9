"""XGBoost: ``xgboost.train(..., callbacks=[ReproCallback()])``, and its estimators likewise."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xgboost import collective
from xgboost.callback import TrainingCallback

from repro.api import log_metrics, log_model, log_params
from repro.integrations.float32 import shortest
from repro.integrations.harmless import harmless
from repro.model.gap import GapKind

if TYPE_CHECKING:
    from xgboost import Booster

__all__ = ["ReproCallback"]

_INTERNAL = ("name", "process_type", "updater", "updater_seq")


class ReproCallback(TrainingCallback):
    """A callback for XGBoost: the booster's parameters to params, each evaluation to metrics.

    A metric is called by its data and its name: ``valid/rmse``. Of ``xgboost.cv`` it is the mean
    of the folds, and ``valid/rmse_std`` their standard deviation.
    """

    def __init__(self, *, log_model: bool = False) -> None:
        """Makes a callback.

        Args:
            log_model: Whether the booster, as it is when the training ends, is logged.
        """
        super().__init__()
        self._log_model = log_model
        self._has_params = False

    def before_training(self, model: "Booster") -> "Booster":
        """Begins anew: a callback may serve several trainings."""
        self._has_params = False
        return model

    def after_iteration(
        self, model: "Booster", epoch: int, evals_log: Mapping[str, Mapping[str, list[Any]]]
    ) -> bool:
        """Logs an iteration; it never asks to stop."""
        if collective.get_rank() == 0:
            if not self._has_params:
                # Not before: only now has the booster filled in what was not said.
                self._has_params = True
                _log_params(model)
            _log_evaluation(epoch, evals_log)
        return False

    def after_training(self, model: "Booster") -> "Booster":
        """Logs the best iteration, where training stopped early, and the model."""
        if collective.get_rank() == 0:
            self._log_end(model)
        return model

    @harmless(GapKind.ARTIFACTS)
    def _log_end(self, model: "Booster") -> None:
        if not hasattr(model, "attributes"):  # the folds of a cross-validation
            return
        best = model.attributes()
        names = ("best_iteration", "best_score")
        metrics = {name: float(best[name]) for name in names if name in best}
        if metrics:
            log_metrics(metrics)
        if not self._log_model:
            return
        import tempfile

        with tempfile.TemporaryDirectory() as directory:
            path = f"{directory}/model.ubj"
            model.save_model(path)
            log_model(path)


@harmless(GapKind.PARAMS)
def _log_params(model: "Booster") -> None:
    import json

    booster = model.cvfolds[0].bst if hasattr(model, "cvfolds") else model
    learner = json.loads(booster.save_config())["learner"]
    params = {"booster": learner["gradient_booster"]["name"]}
    for part in ("generic_param", "gradient_booster", "learner_train_param", "objective"):
        params |= _leaves(learner[part])
    log_params(params)


def _leaves(part: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the parameters of a part of the configuration, and of the parts in it."""
    found: dict[str, Any] = {}
    for name, value in part.items():
        if isinstance(value, dict) and not name.endswith("_model_param"):  # those tell what it is
            found |= _leaves(value)
        elif isinstance(value, str) and name not in _INTERNAL:
            found[name] = _number(value)
    return found


@harmless(GapKind.METRICS)
def _log_evaluation(epoch: int, evals_log: Mapping[str, Mapping[str, list[Any]]]) -> None:
    metrics: dict[str, float] = {}
    for data, values in evals_log.items():
        for name, logged in values.items():
            last = logged[-1]
            mean, *deviation = last if isinstance(last, tuple) else (last,)
            metrics[f"{data}/{name}"] = mean
            if deviation:
                metrics[f"{data}/{name}_std"] = deviation[0]
    log_metrics(metrics, step=epoch)


def _number(text: str) -> int | float | str:
    """Returns the number that a text is: XGBoost keeps all of its configuration as texts."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return shortest(float(text))
    except ValueError:
        return text
