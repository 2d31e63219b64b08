"""Runs the notebooks of docs/notebooks: `make notebooks` writes what they answer now, `--check` compares.

Cells run in a fresh kernel each time, in the folder of the notebooks. What a notebook keeps is its cells and
their outputs: no counters, times or ids, so that a run without a change leaves the file as it is.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import nbclient
import nbformat

FOLDER = Path(__file__).parent / "notebooks"
RICHEST = ("image/svg+xml", "text/html", "text/plain")
"""Forms of an answer; the first that there is, is kept."""
_SECONDS = 300


def run(path: Path) -> str:
    """The notebook's text after its cells were run.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell failed.
    """
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook,
        timeout=_SECONDS,
        kernel_name="python3",
        extra_arguments=["--IPKernelApp.log_level=40"],  # or it warns of its ports, which are local
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    document = {
        "cells": [_kept(cell) for cell in notebook.cells],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _kept(cell: Any) -> dict[str, Any]:
    kept: dict[str, Any] = {
        "cell_type": cell.cell_type,
        "metadata": {},
        "source": cell.source.splitlines(keepends=True),
    }
    if cell.cell_type == "code":
        kept |= {"execution_count": None, "outputs": [_answer(each) for each in cell.outputs]}
    return kept


def _answer(output: Any) -> dict[str, Any]:
    if output.output_type == "stream":
        return {"output_type": "stream", "name": output.name, "text": output.text.splitlines(keepends=True)}
    kind = next(each for each in RICHEST if each in output.data)
    return {
        "output_type": "display_data",
        "data": {kind: str(output.data[kind]).splitlines(keepends=True)},
        "metadata": {},
    }


def main() -> int:
    """Run all; exit with 1 if `--check` finds another answer than a notebook shows."""
    check = sys.argv[1:] == ["--check"]
    changed = []
    for path in sorted(FOLDER.glob("*.ipynb")):
        text = run(path)
        if text != path.read_text(encoding="utf-8"):
            changed.append(path.name)
            if not check:
                path.write_text(text, encoding="utf-8")
    for name in changed:
        sys.stderr.write(
            f"docs/notebooks/{name}: {'shows another answer; run make notebooks' if check else 'written'}\n"
        )
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
