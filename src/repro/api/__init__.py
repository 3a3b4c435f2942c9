"""What a user's program says to the run that it is part of, or that it begins.

It runs inside of other people's training: whatever goes wrong here is told, and goes no further.
"""

from repro.api.active import ActiveRun
from repro.api.begin import current_run, end_run, start_run
from repro.api.decorated import run
from repro.api.functions import (
    log_artifact,
    log_artifacts,
    log_dict,
    log_figure,
    log_image,
    log_metric,
    log_metrics,
    log_model,
    log_param,
    log_params,
    log_table,
    log_text,
    set_tag,
    set_tags,
)
from repro.api.inputs import log_input

__all__ = [
    "ActiveRun",
    "current_run",
    "end_run",
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
    "set_tag",
    "set_tags",
    "start_run",
]
