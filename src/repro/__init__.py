"""repro: every run of an experiment is a commit that can be checked out exactly.

Inside a command that `repro run` started::

    import repro

    repro.log_input("delta://warehouse/events", version=3)
"""

TYPE_CHECKING = False  # what type checkers take for true; `typing` takes longer than all of this
if TYPE_CHECKING:
    from repro.api.inputs import log_input

__all__ = ["__version__", "log_input"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    # Loaded when first used: `import repro` stands at the top of scripts that may never log.
    if name == "log_input":
        from repro.api.inputs import log_input

        return log_input
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
