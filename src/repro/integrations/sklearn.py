"""scikit-learn, which has no callbacks: what an estimator or a search is, and what it scored."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from repro.api import log_metric, log_metrics, log_model, log_params, log_table
from repro.integrations.harmless import harmless
from repro.model.gap import GapKind

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator
    from sklearn.model_selection._search import BaseSearchCV

__all__ = ["log_estimator", "log_scores", "log_search"]


@harmless(GapKind.PARAMS)
def log_estimator(estimator: "BaseEstimator", *, log_fitted: bool = False) -> None:
    """Logs the parameters of an estimator, or of each step of a pipeline.

    ``Pipeline([("scale", StandardScaler()), ("clf", SVC(C=2))])`` gives ``params.clf.C``, and
    ``params.clf.estimator`` is "SVC".

    Args:
        estimator: Anything with ``get_params``.
        log_fitted: Whether the estimator itself is logged as a model, ``model.joblib``. Only who
            trusts the run should load that: joblib runs what the file says.
    """
    log_params(_params(estimator))
    if not log_fitted:
        return
    import tempfile

    import joblib

    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/model.joblib"
        joblib.dump(estimator, path)
        log_model(path)


@harmless(GapKind.PARAMS)
def log_search(search: "BaseSearchCV") -> None:
    """Logs a fitted ``GridSearchCV`` or the like.

    The estimator's parameters, the best in their places, go to params; ``best_score`` and
    ``best_index`` to metrics; the scores of all candidates to the table ``search.csv``.

    Args:
        search: Fitted. One that was told not to choose (several metrics, ``refit=False``) has no
            best: of such a one the table is logged.
    """
    best = getattr(search, "best_params_", None)
    if best is not None:
        from sklearn.base import clone

        log_params(_params(clone(search.estimator).set_params(**best)))
    figures = {name: getattr(search, f"{name}_", None) for name in ("best_score", "best_index")}
    known = {name: value for name, value in figures.items() if value is not None}
    if known:
        log_metrics(known)
    columns = {
        # What a candidate does not set is None there; what is no figure is said in its own words.
        name: [_cell(value) for value in column.tolist()]
        for name, column in search.cv_results_.items()
        if name != "params"  # each stands in a column of its own, too
    }
    log_table(columns, "search.csv")


@harmless(GapKind.METRICS)
def log_scores(
    scores: "Mapping[str, Sequence[float]] | Sequence[float]", *, name: str = "score"
) -> None:
    """Logs what ``cross_validate`` or ``cross_val_score`` returned.

    Each fold is a step of ``test_score``; ``test_score_mean`` and ``test_score_std`` sum them up.

    Args:
        scores: Arrays by name, or one.
        name: Of the metric where there is but one.
    """
    import numpy as np

    arrays = scores if isinstance(scores, Mapping) else {name: scores}
    for metric, values in arrays.items():
        if metric in ("estimator", "indices"):
            continue
        for fold, value in enumerate(values):
            log_metric(metric, value, step=fold)
        log_metrics({f"{metric}_mean": np.mean(values), f"{metric}_std": np.std(values)})


def _params(estimator: "BaseEstimator") -> dict[str, Any]:
    """Returns the name of an estimator's class and its parameters, those of its parts nested."""
    params: dict[str, Any] = {"estimator": type(estimator).__name__}
    for name, value in estimator.get_params(deep=False).items():
        if _has_params(value):
            params[name] = _params(value)
        elif _are_named_parts(value):
            for part_name, part, *_ in value:
                params[part_name] = _params(part) if _has_params(part) else part
        elif not (isinstance(value, str) and value == "deprecated"):
            params[name] = value
    return params


def _has_params(value: object) -> bool:
    return hasattr(value, "get_params") and not isinstance(value, type)


def _are_named_parts(value: object) -> bool:
    """Tells whether a value is the steps of a pipeline, the transformers of a union, ..."""
    return (
        isinstance(value, (list, tuple))
        and bool(value)
        and all(isinstance(part, tuple) and len(part) >= 2 for part in value)
        and any(_has_params(part[1]) for part in value)
    )


def _cell(value: object) -> object:
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
