"""`python -m repro`."""

from repro.cli.main import entry

__all__: list[str] = []

entry()
