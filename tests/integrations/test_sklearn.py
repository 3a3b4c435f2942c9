import pytest

from tests.integrations.trained import train
from tests.repos import Scratch

pytest.importorskip("sklearn")

DATA = """\
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from repro.integrations.sklearn import log_estimator, log_scores, log_search

x, y = load_iris(return_X_y=True)
scale = ColumnTransformer([("std", StandardScaler(), [0, 1])], remainder="passthrough")
pipe = Pipeline([("scale", scale), ("clf", LogisticRegression(C=2.0, max_iter=300))])
"""
FITTED = f"""\
{DATA}
log_estimator(pipe.fit(x, y), log_fitted=True)
log_scores(cross_validate(pipe, x, y, cv=3, return_train_score=True))
log_scores(cross_val_score(pipe, x, y, cv=3), name="accuracy")
"""
SEARCH = f"""\
{DATA}
grid = [{{"clf__C": [0.001, 1.0]}}, {{"scale": ["passthrough"]}}]
log_search(GridSearchCV(pipe, grid, cv=3).fit(x, y))
"""
WITHOUT_BEST = f"""\
{DATA}
scores = dict(scoring=["accuracy", "neg_log_loss"], refit=False)
log_search(GridSearchCV(pipe, {{"clf__C": [0.1, 1.0]}}, cv=3, **scores).fit(x, y))
"""
WRONG = f"""\
{DATA}
log_estimator("no estimator")
log_search(pipe)
log_scores(7)
print("trained")
"""


def test_a_pipeline_gives_the_parameters_of_its_steps_and_the_scores_of_its_folds(
    repo: Scratch,
) -> None:
    trained = train(repo, FITTED, how="neither")
    assert trained.params["estimator"] == "Pipeline"
    assert trained.params["clf.estimator"] == "LogisticRegression"
    assert trained.params["clf.C"] == 2.0
    assert trained.params["scale.std.with_mean"] is True
    assert trained.artifact("model.joblib")["kind"] == "model"
    assert trained.gaps() == []
    curve = trained.curve("test_score")
    assert [step for step, _ in curve] == [0, 1, 2]
    values = [value for _, value in curve]
    assert trained.last("test_score_mean") == pytest.approx(sum(values) / 3)
    assert trained.curve("accuracy") == curve
    assert trained.last("train_score_std") >= 0


def test_a_search_gives_its_best_and_a_table_of_all(repo: Scratch) -> None:
    trained = train(repo, SEARCH)
    assert trained.params["clf.C"] == 1.0 or trained.params.get("scale") == "passthrough"
    assert trained.last("best_score") > 0.9
    entry = trained.artifact("search.csv")
    assert entry["kind"] == "table"
    (ref,) = repo.runs()
    lines = repo.git("show", f"{ref}:{entry['path']}").splitlines()
    assert len(lines) == 4
    assert "mean_test_score" in lines[0]
    assert trained.gaps() == []


def test_a_search_without_a_best_gives_its_table(repo: Scratch) -> None:
    trained = train(repo, WITHOUT_BEST)
    assert "best_score" not in trained.shown["metrics"]
    assert trained.artifact("search.csv")["kind"] == "table"


def test_what_is_no_estimator_is_a_warning_and_a_gap(repo: Scratch) -> None:
    trained = train(repo, WRONG)
    assert trained.done.stdout.endswith("trained\n")
    assert len(trained.gaps()) == 3
