"""`assay checksum`: rows and a checksum per table, to see whether two runs left the same behind."""

from __future__ import annotations

from typing import Annotated

import typer

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay checksum[/bold]   every table of gold\n\n"
    "[bold]assay checksum silver --json[/bold]"
)


def checksum(
    database: Annotated[str, typer.Argument(help="bronze, silver or gold.")] = "gold",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Rows and a checksum of every table, whatever run, file or order they came in."""
    import os
    from dataclasses import asdict

    import pyarrow as pa

    from assay.cli import show
    from assay.local import stack
    from assay.serving.queries.checksum import checksums

    os.environ.update(stack.environment())
    found = pa.Table.from_pylist([asdict(each) for each in checksums(database)])
    if as_json:
        show.rows(found)
    else:
        show.answer(found)
