"""`assay schema`: what may stand in a definition, as JSON Schema for an editor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay schema blueprint --out blueprint.schema.json[/bold]\n\n"
    "then, as the first line of the blueprint:   "
    "[bold]# yaml-language-server: $schema=blueprint.schema.json[/bold]"
)


def schema(
    name: Annotated[str, typer.Argument(help="blueprint, source or contract.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write here instead of to stdout.")] = None,
) -> None:
    """Print the JSON Schema of a kind of definition: an editor then completes, explains and checks it."""
    from assay.serving.export import flat, saving
    from assay.spec.schema import named

    text = flat.json_text(named(name))
    if out is None:
        typer.echo(text)
    else:
        saving.save(out, f"{text}\n".encode())
        typer.echo(f"written: {out}")
