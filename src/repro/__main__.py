"""`python -m repro`."""

import sys

from repro.cli.main import main

__all__: list[str] = []

sys.exit(main())
