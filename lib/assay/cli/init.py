"""`assay init`: a project of one's own that works at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay init checkout[/bold]   then   [bold]cd checkout && make check && make run[/bold]\n\n"
    "[bold]assay init work/trial --name new_basket[/bold]"
)


def init(
    folder: Annotated[Path, typer.Argument(help="A new or an empty folder.")],
    name: Annotated[
        str | None, typer.Option("--name", help="Of the experiment; the folder's if not given.")
    ] = None,
) -> None:
    """Make a project: experiment, metric, contract, source, a CSV file of example data, and a Makefile."""
    from assay.local import project

    for path in project.make(folder, name):
        typer.echo(f"written: {folder / path}")
    typer.echo(f"next: cd {folder} && make check && make run")
