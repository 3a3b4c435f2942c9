"""Notebooks made for tests."""

import json
from collections.abc import Sequence
from typing import Any

__all__ = ["code", "markdown", "notebook"]


def code(source: str, *, tags: Sequence[str] = (), outputs: Sequence[Any] = ()) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"tags": list(tags)} if tags else {},
        "outputs": list(outputs),
        "source": source.splitlines(keepends=True),
    }


def markdown(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def notebook(
    *cells: str | dict[str, Any], kernel: str = "python3", language: str = "python"
) -> str:
    """Returns the text of a notebook; a cell that is a text is code."""
    whole = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    for at, cell in enumerate(whole):
        cell["id"] = f"cell-{at}"
    spec = {"display_name": kernel, "language": language, "name": kernel}
    content = {
        "cells": whole,
        "metadata": {"kernelspec": spec},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1) + "\n"
