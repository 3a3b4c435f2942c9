"""Reads runs as objects, for programs and notebooks.

::

    import repro

    run = repro.get_run("best:accuracy")
    run.params["lr"], run.metrics["accuracy"]
    run.history("loss").values
    model = run.load_artifact("model.joblib", loader=joblib.load)
    repro.runs("params.lr > 0.01 and not dirty", sort="-metrics.accuracy").to_pandas()

Listing runs reads their one-line summaries only; what else a run has is read when it is first asked
for, file by file, and kept. Errors are `repro.errors.ReproError`, with a hint.
"""

from repro.reading.asking import get_run, runs
from repro.reading.run import Run
from repro.reading.run_list import Runs

__all__ = ["Run", "Runs", "get_run", "runs"]
