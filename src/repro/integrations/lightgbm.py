"""LightGBM: ``lightgbm.train(..., callbacks=[ReproCallback()])``, and its estimators likewise."""

from typing import TYPE_CHECKING, Any

from repro.api import log_metrics, log_params
from repro.integrations.harmless import harmless
from repro.model.gap import GapKind

if TYPE_CHECKING:
    from lightgbm.callback import CallbackEnv

__all__ = ["ReproCallback"]


class ReproCallback:
    """A callback for LightGBM: the booster's parameters to params, each evaluation to metrics.

    A metric is called by its data and its name: ``valid_0/l2``. Of ``lightgbm.cv`` it is the mean
    of the folds, and ``valid_0/l2_std`` their standard deviation.

    Attributes:
        order: Of the callbacks: after the evaluation's own, before the one that stops early.
        before_iteration: LightGBM calls it after each iteration.
    """

    def __init__(self) -> None:
        # Of the instance: LightGBM gives those that have none a place of their own.
        self.order = 25
        self.before_iteration = False

    @harmless(GapKind.METRICS)
    def __call__(self, env: "CallbackEnv") -> None:
        """Logs an iteration, and the parameters with the first."""
        if env.iteration == env.begin_iteration:
            n_iterations = env.end_iteration - env.begin_iteration
            log_params({**env.params, "num_iterations": n_iterations})
        metrics: dict[str, float] = {}
        for data, name, value, _, *deviation in map(_entry, env.evaluation_result_list or ()):
            metrics[f"{data}/{name}"] = value
            if deviation and deviation[0] is not None:
                metrics[f"{data}/{name}_std"] = deviation[0]
        log_metrics(metrics, step=env.iteration)


def _entry(result: tuple[Any, ...]) -> tuple[Any, ...]:
    """Returns a result as data, metric, value, whether more is better, and the deviation."""
    data, name, *rest = result
    if data == "cv_agg":  # LightGBM 3 and 4.0 to 4.6 put the data into the metric's name
        data, _, name = name.partition(" ")
    return data, name, *rest
