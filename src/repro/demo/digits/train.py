"""Trains a classifier of handwritten digits on data/digits.csv, as params.yaml says.

Writes metrics.json and model.pkl. Nothing here knows of repro.
"""

import json
import pickle
import time

import numpy as np
import yaml
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier


def make_model(params):
    if params["kind"] == "random_forest":
        return RandomForestClassifier(
            n_estimators=params["n_estimators"], random_state=params["seed"]
        )
    if params["kind"] == "logistic":
        return LogisticRegression(C=params["C"], max_iter=2000)
    if params["kind"] == "nearest":
        return KNeighborsClassifier(n_neighbors=params["n_neighbors"])
    raise SystemExit(f"params.yaml: model.kind is unknown: {params['kind']}")


def main():
    with open("params.yaml") as file:
        params = yaml.safe_load(file)["model"]

    table = np.loadtxt("data/digits.csv", delimiter=",", skiprows=1)
    pixels, labels = table[:, :-1], table[:, -1].astype(int)
    print(f"{len(labels)} images, {params['kind']}")

    x_train, x_test, y_train, y_test = train_test_split(
        pixels, labels, test_size=params["test_size"], random_state=params["seed"], stratify=labels
    )
    model = make_model(params)
    start = time.perf_counter()
    model.fit(x_train, y_train)
    print(f"trained on {len(y_train)} images in {time.perf_counter() - start:.2f} s")

    guesses = model.predict(x_test)
    metrics = {
        "accuracy": float(accuracy_score(y_test, guesses)),
        "f1_macro": float(f1_score(y_test, guesses, average="macro")),
        "log_loss": float(log_loss(y_test, model.predict_proba(x_test), labels=model.classes_)),
    }
    for name, value in metrics.items():
        print(f"{name:<9} {value:.4f}")

    with open("metrics.json", "w") as file:
        json.dump(metrics, file, indent=2)
    with open("model.pkl", "wb") as file:
        pickle.dump(model, file)


if __name__ == "__main__":
    main()
