"""repro: every run of an experiment is a commit that can be checked out exactly."""

__all__ = ["__version__"]

__version__ = "0.1.0"
