"""repro: every run of an experiment is a commit that can be checked out exactly.

In a training script::

    import repro

    with repro.start_run("baseline", params={"lr": 0.1}):
        for step in range(1000):
            repro.log_metric("train/loss", train(step), step=step)
        repro.log_artifact("model.pt")

and afterwards, in a notebook::

    repro.runs("metrics.accuracy > 0.9").to_pandas()
"""

TYPE_CHECKING = False  # what type checkers take for true; `typing` takes longer than all of this
if TYPE_CHECKING:
    from repro.api import (
        ActiveRun,
        current_run,
        end_run,
        log_artifact,
        log_artifacts,
        log_dict,
        log_figure,
        log_image,
        log_input,
        log_metric,
        log_metrics,
        log_model,
        log_param,
        log_params,
        log_table,
        log_text,
        run,
        set_tag,
        set_tags,
        start_run,
    )
    from repro.notebook import load_ipython_extension, unload_ipython_extension
    from repro.reading import Run, Runs, get_run, runs

__all__ = [
    "ActiveRun",
    "Run",
    "Runs",
    "__version__",
    "current_run",
    "end_run",
    "get_run",
    "load_ipython_extension",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_input",
    "log_metric",
    "log_metrics",
    "log_model",
    "log_param",
    "log_params",
    "log_table",
    "log_text",
    "run",
    "runs",
    "set_tag",
    "set_tags",
    "start_run",
    "unload_ipython_extension",
]

__version__ = "0.1.0"

_PLACES = {
    **dict.fromkeys(("Run", "Runs", "get_run", "runs"), "repro.reading"),
    **dict.fromkeys(("load_ipython_extension", "unload_ipython_extension"), "repro.notebook"),
    "log_input": "repro.api.inputs",  # all that some programs use
}


def __getattr__(name: str) -> object:
    # Loaded when first used: `import repro` stands at the top of scripts that may never log.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # `importlib` takes longer to load than all of this.
    place = _PLACES.get(name, "repro.api")
    found: object = getattr(__import__(place, fromlist=(name,)), name)
    globals()[name] = found  # from now on it is found at once
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
