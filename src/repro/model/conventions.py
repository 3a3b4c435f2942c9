"""Names that files of params and metrics have by convention, DVC's for the most part."""

__all__ = ["CURVES_DIRECTORY", "METRICS_NAMES", "PARAMS_NAMES"]

PARAMS_NAMES = ("params.yaml", "params.yml", "params.toml", "params.json", "dvclive/params.yaml")
"""Where params lie, from the project's directory."""

METRICS_NAMES = (
    "metrics.json",
    "metrics.yaml",
    "metrics.yml",
    "metrics.toml",
    "metrics.csv",
    "dvclive/metrics.json",
)
"""Where metrics lie, likewise."""

CURVES_DIRECTORY = "dvclive/plots/metrics"
"""Where DVCLive writes a learning curve a file, likewise."""
