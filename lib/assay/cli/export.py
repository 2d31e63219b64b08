"""`assay export`: an experiment's results in the formats of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.errors import InputError

if TYPE_CHECKING:
    from datetime import date

    import pyarrow as pa

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay export checkout --format markdown[/bold]\n\n"
    "[bold]assay export checkout --all --format parquet --out checkout.parquet[/bold]\n\n"
    "[bold]assay export checkout --as-of 2026-03-02 --format growthbook --out checkout.json[/bold]"
)
_FORMATS = "csv, json, parquet, arrow, markdown, latex, growthbook or tea-tasting"
Output = Annotated[str | None, typer.Option("--format", "-f", help=f"Print the comparisons as {_FORMATS}.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="With --format: write here instead.")]


def export(
    experiment: Annotated[str, typer.Argument(help="The experiment; a later round as checkout.2.")],
    output: Annotated[str, typer.Option("--format", "-f", help=f"One of {_FORMATS}.")] = "csv",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write here instead of to stdout.")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="The look at this day; the newest if not given.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All looks.")] = False,
    segments: Annotated[bool, typer.Option("--segments", help="Those of segments too.")] = False,
) -> None:
    """Write the comparisons of an experiment from gold.experiment_results for another tool."""
    import os

    from assay.local import stack
    from assay.serving import queries
    from assay.serving.export import results

    if every and as_of is not None:
        raise InputError("--all and --as-of exclude each other; leave one out")
    day = None if as_of is None else _day(as_of)
    refuse_mixed(output, out)
    os.environ.update(stack.environment())
    found = results.read(queries.query, experiment, as_of=day, every=every, segments=segments)
    exported(found, output, out)


def refuse_mixed(output: str | None, out: Path | None, *, as_json: bool = False) -> None:
    """What is asked for makes sense, before anything is computed.

    Args:
        output: The format, if one is asked for.
        out: The file, if one is asked for.
        as_json: Whether `--json` is given.

    Raises:
        InputError: No such format, two of them, a file without a format, or no file where one is needed.
    """
    from assay.serving.export import formats

    if output is None:
        if out is not None:
            raise InputError(f"--out {out} needs --format: {', '.join(formats.FORMATS)}")
        return
    if as_json:
        raise InputError("--json and --format exclude each other; leave one out")
    chosen = formats.named(output)
    if out is None and not chosen.text:
        raise InputError(f"{chosen.name} is not text; name a file with --out")


def exported(table: pa.Table, output: str, out: Path | None) -> None:
    """Print comparisons in a format, or write them.

    Args:
        table: The comparisons.
        output: Name of the format.
        out: The file; None for stdout.

    Raises:
        InputError: The format has no place for them, or the file cannot be written.
    """
    from assay.serving.export import formats, saving

    content = formats.named(output).content(table)
    if out is None:
        typer.echo(content.decode(), nl=False)
    else:
        saving.save(out, content)
        typer.echo(f"written: {out}")


def _day(text: str) -> date:
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--as-of is {text!r}; it must be a day such as 2026-03-02") from None
